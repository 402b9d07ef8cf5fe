"""What goes on at this moment: each of the things that a desk has to deal with, once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from recovery.domain.callbacks import Outcome
from recovery.domain.remedies import RemedyKind
from recovery.domain.tasks import TaskList
from recovery.domain.tickets import Source
from recovery.services.backstage import tasks
from recovery.services.calling import attempts, booking
from recovery.services.deciding import remedies
from recovery.services.deciding.remedies import NewRemedy
from recovery.services.demo.business import CAFE, HOTEL, SUPPORT
from recovery.services.demo.lives import Crew, Life
from recovery.services.demo.passing import Rows
from recovery.services.people.customers import NewCustomer
from recovery.services.session import DeskSession
from recovery.services.ticketing import tickets
from recovery.services.ticketing.logging_mistakes import NewTicket, Order
from recovery.services.timing.calendars import calendar_of
from recovery.services.waiting.joining import NewWait

REMAKE, REFUND, VOUCHER, REPLACEMENT = (
    RemedyKind.REMAKE,
    RemedyKind.REFUND,
    RemedyKind.VOUCHER,
    RemedyKind.REPLACEMENT,
)


RENEWED_TO_THE_END = 10 + 15 + 30 + 60 + 4
"""Minutes: promised in ten, renewed three times by the machine, and now four minutes late for a person to take."""


def _nothing_more(_: Life) -> None:
    return


@dataclass(frozen=True, slots=True)
class Scene:
    """`then` goes on from the logging, so many minutes ago; after it time passes up to now."""

    what: NewTicket
    minutes_ago: float
    who: int = 0
    """Which of the site's frontline."""
    then: Callable[[Life], None] = field(default=_nothing_more)


def go_on(session: DeskSession, crews: Mapping[str, Crew], *, now: datetime) -> int:
    """Gives how many tickets that is."""
    rows = Rows()
    rows.listen_to(session)
    for scene in SCENES:
        rows.clear()
        crew = crews[scene.what.site]
        life = Life(session, rows, crew, site=scene.what.site, until=now)
        life.me = crew.frontline[scene.who % len(crew.frontline)]
        life.begin(scene.what, at=now - timedelta(minutes=scene.minutes_ago), by=life.me)
        scene.then(life)
        life.time.until(now)
    for minutes, who, note in IN_LINE:
        rows.clear()
        life = Life(session, rows, crews[CAFE], site=CAFE, until=now)
        by = crews[CAFE].frontline[0]
        life.wait_in_line(NewWait(CAFE, who, note), at=now - timedelta(minutes=minutes), by=by)
        life.time.until(now)
        session.flush()  # the next one comes behind them
    return len(SCENES) + len(IN_LINE)


IN_LINE = (
    (4, NewCustomer("07700 900906", "Ines Duarte"), "cake for Saturday"),
    (3, NewCustomer(None, "Man with the red umbrella"), None),
    (1, NewCustomer("07700 900907", "Owen Price"), "gift card"),
)
"""Who waits at the café for a free colleague, since so many minutes."""


def _is_asked_for_a_call(life: Life) -> None:
    life.wait(timedelta(minutes=2))
    due = life.until + timedelta(minutes=6)
    booking.book(life.session, life.ticket, due_at=due, now=life.now(), by=life.me)


def _hears_back(life: Life) -> None:
    life.wait(timedelta(minutes=7))
    life.say("Thank you! Could I pick it up tomorrow morning instead?")


def _waits_for_customer(life: Life) -> None:
    life.wait(timedelta(minutes=6))
    tickets.write_to_customer(
        life.session,
        life.ticket,
        "We have a sea view on floor 2 now, or one on floor 6 from tomorrow. Which would you like?",
        now=life.now(),
        by=life.me,
    )
    life.wait(timedelta(minutes=1))
    tickets.wait_for_customer(life.session, life.ticket, now=life.now(), by=life.me)


def _has_it_ready(life: Life) -> None:
    life.wait(timedelta(minutes=11))
    remedies.make_ready(life.session, life.ticket, life.rows.remedies[0], now=life.now(), by=life.me)


def _is_cut_off(life: Life) -> None:
    life.wait(timedelta(minutes=3))
    words = "The line of desk 2 drops calls: look at its router"
    task = tasks.ask(life.session, life.ticket, of=TaskList.IT, words=words, now=life.now(), by=life.me)
    tasks.take(life.session, life.ticket, task, now=life.now(), by=life.me)
    callback = booking.book(life.session, life.ticket, due_at=None, now=life.now(), by=life.me)
    life.wait(life.until - timedelta(seconds=40) - life.time.now)
    attempts.attempt(
        life.session, life.ticket, callback, outcome=Outcome.DISCONNECTED, note=None, now=life.now(), by=life.me
    )


def _asks_the_kitchen(life: Life) -> None:
    words = "Full breakfast again, on a hot plate"
    tasks.ask(life.session, life.ticket, of=TaskList.KITCHEN, words=words, now=life.now(), by=life.me)


def _calls_tomorrow(life: Life) -> None:
    life.wait(timedelta(minutes=4))
    due = calendar_of(life.ticket.site).next_opening(life.until + timedelta(hours=20)) + timedelta(minutes=30)
    due = due.replace(minute=due.minute // 15 * 15, second=0, microsecond=0)
    booking.book(life.session, life.ticket, due_at=due, now=life.now(), by=life.me)


def _puts_it_right(life: Life) -> None:
    life.wait(timedelta(minutes=8))
    for remedy in list(life.rows.remedies):
        life.hand_over(remedy)
    life.wait(timedelta(minutes=2))
    tickets.resolve(life.session, life.ticket, how=None, now=life.now(), by=life.me)


SCENES = (
    Scene(  # late, unless the café was closed or texts rested meanwhile
        NewTicket(
            site=CAFE,
            failure="wrong_order",
            customer=NewCustomer("07700 900901", "Noor Haddad"),
            order=Order("A107", 480, kept=False),
            note="asked for decaf",
            remedies=(NewRemedy(REMAKE),),
            promise_minutes=10,
            apologised_in_person=True,
        ),
        minutes_ago=RENEWED_TO_THE_END,
    ),
    Scene(  # late at any hour: the hotel never closes, and no text has to wait for the morning
        NewTicket(
            site=HOTEL,
            failure="late",
            customer=NewCustomer(None, "Iris Novak in room 214"),
            note="bags still not on the room",
            promise_minutes=10,
        ),
        minutes_ago=RENEWED_TO_THE_END,
    ),
    Scene(  # waits for Omar
        NewTicket(
            site=CAFE,
            failure="overcharged",
            customer=NewCustomer("07700 900902", "Lee Chen"),
            order=Order("A110", 3250),
            note="charged for a whole table's breakfast",
            remedies=(NewRemedy(REFUND, 3250),),
        ),
        minutes_ago=3,
        who=1,
    ),
    Scene(  # a call in six minutes
        NewTicket(
            site=CAFE,
            failure="late",
            source=Source.WEB,
            customer=NewCustomer("07700 900903", "Priya Kaur"),
            note="office order came after the meeting",
            promise_minutes=20,
        ),
        minutes_ago=24,
        then=_is_asked_for_a_call,
    ),
    Scene(  # an unread reply
        NewTicket(
            site=CAFE,
            failure="missing_item",
            customer=NewCustomer("07700 900904", "Hana Sato"),
            note="one of two cakes was not in the bag",
            remedies=(NewRemedy(VOUCHER, 500),),
            promise_minutes=25,
        ),
        minutes_ago=9,
        then=_hears_back,
    ),
    Scene(  # told in person: no phone
        NewTicket(
            site=CAFE,
            failure="cold_or_damaged",
            customer=NewCustomer(None, "Gentleman by the window"),
            remedies=(NewRemedy(REMAKE),),
            apologised_in_person=True,
            promise_minutes=8,
        ),
        minutes_ago=1,
        who=1,
        then=_asks_the_kitchen,
    ),
    Scene(  # the customer has to choose
        NewTicket(
            site=HOTEL,
            failure="not_as_booked",
            customer=NewCustomer("212 555 0195", "Elin Larsen"),
            note="booked a sea view, got the car park",
            apologised_in_person=True,
        ),
        minutes_ago=52,
        then=_waits_for_customer,
    ),
    Scene(  # ready, to be brought up
        NewTicket(
            site=HOTEL,
            failure="cold_or_damaged",
            customer=NewCustomer("212 555 0196", "Mateo Duarte"),
            note="no hair dryer that works",
            remedies=(NewRemedy(REPLACEMENT),),
        ),
        minutes_ago=13,
        then=_has_it_ready,
    ),
    Scene(  # cut off just now
        NewTicket(
            site=SUPPORT,
            failure="dropped_call",
            source=Source.PHONE,
            customer=NewCustomer("06 39 98 99 01", "Leila Farah"),
            note="cut off while reading out the serial number",
        ),
        minutes_ago=6,
        then=_is_cut_off,
    ),
    Scene(  # a call tomorrow, promised in French
        NewTicket(
            site=SUPPORT,
            failure="wrong_order",
            source=Source.PHONE,
            customer=NewCustomer("06 39 98 99 02", "Jonas Weber", "fr"),
            note="charger for another model",
            remedies=(NewRemedy(REPLACEMENT),),
        ),
        minutes_ago=35,
        then=_calls_tomorrow,
    ),
    Scene(  # put right; has been asked "1 fixed, 2 not fixed"
        NewTicket(
            site=CAFE,
            failure="wrong_order",
            customer=NewCustomer("07700 900905", "Theo Marsh"),
            note="latte instead of a flat white",
            remedies=(NewRemedy(REMAKE),),
            apologised_in_person=True,
        ),
        minutes_ago=21,
        then=_puts_it_right,
    ),
)
