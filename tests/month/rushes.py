"""What comes about where many mistakes come at once, and too seldom by chance alone to prove anything."""

from collections.abc import Sequence
from datetime import datetime

from recovery.domain.callbacks import Outcome
from recovery.models import Site, Ticket
from recovery.services.calling import booking
from recovery.services.calling.slots import open_slots
from recovery.services.session import DeskSession
from recovery.services.ticketing import customer_page, tickets
from recovery.services.ticketing.logging_mistakes import NewTicket, log
from tests.month import staff
from tests.month.acts import Case, Scene, Script
from tests.month.stories import REMAKE, book, make_the_calls, money


def type_in(scene: Scene, slips: Sequence[Case]) -> Script:
    """What was put right on the spot in a rush, by the paper slips of it: each was given what it took. Few left a number."""

    def log_one(session: DeskSession, slip: Case) -> Ticket:
        customer = slip.customer if slip.chances(0.08) else None
        given = () if slip.chances(0.5) else (REMAKE,) if slip.chances(0.8) else (money(slip, 600),)
        failure = slip.new["failure"]
        new = NewTicket(slip.place.slug, failure, customer=customer, remedies=given, apologised_in_person=True)
        ticket = log(session, new, now=scene.now, by=slip.me)
        if customer is not None:
            session.flush()  # the next slip may be theirs as well
        return ticket

    def work(session: DeskSession) -> None:
        session.autoflush = False
        tickets_logged = [log_one(session, slip) for slip in slips]
        session.flush()
        for slip, ticket in zip(slips, tickets_logged, strict=True):
            if slip.chances(0.2):
                staff.hand_over_all(slip, session, ticket, slip.me)
                session.flush()
            if slip.chances(0.995):
                tickets.resolve(session, ticket, how=None, now=scene.now, by=slip.me)
            scene.counts["tickets logged"] += 1

    scene.do("slips typed in", work)
    yield from ()


def give_generously(scene: Scene, slips: Sequence[Case]) -> Script:
    """By one and the same person, or to one and the same customer, until it is more than they may give in a day, or have in a
    month, without anybody else being asked."""
    for slip in slips:
        yield slip.minutes(0.1, 1)
        slip.new |= {"remedies": (money(slip, 1300, least=1150),), "apologised_in_person": True}
        if slip.log():
            staff.decide(slip, grant=True, by=slip.boss)
            staff.finish(slip)
            scene.counts["given generously"] += 1


def wants_the_same_time(case: Case, seen: list[datetime], *, by_staff: bool) -> Script:
    """Several have read the same free times, and like the same one best. Staff may book a time that is not offered any more."""
    if not case.log():
        return
    yield case.minutes(0.5, 8)
    if not seen:
        with case.scene.desk.read() as session:
            seen += open_slots(session, session.get_one(Site, case.place.id), now=case.now)[6:7]
    what, wanted = "calls booked at a time that many like", seen[0]
    if by_staff:
        case.staff(what, lambda s, t: booking.book(s, t, due_at=wanted, now=case.now, by=case.me))
    else:
        case.page(what, lambda s, t: customer_page.call_me(s, t, wanted=wanted, now=case.now))
    yield from make_the_calls(case)


def called_at_the_end_of_the_day(case: Case) -> Script:
    """In vain, minutes before everybody goes home."""
    if not case.log():
        return
    book(case, soon=True)
    closes = case.place.calendar.closing_after(case.now)
    yield max(case.minutes(1, 3), closes - case.now - case.minutes(1, 9)) if closes else case.minutes(30, 60)
    staff.call(case, case.chance.choice([Outcome.NO_ANSWER, Outcome.BUSY, Outcome.VOICEMAIL]))
    yield from make_the_calls(case)
