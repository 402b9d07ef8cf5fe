"""One ticket's life as its plan has it, through the same services that people and machines use."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from recovery.domain.actors import CUSTOMER, Actor
from recovery.domain.callbacks import LIVE as LIVE_CALLS
from recovery.domain.callbacks import Outcome
from recovery.domain.errors import Forbidden
from recovery.domain.remedies import RemedyKind, RemedyStatus
from recovery.domain.tickets import TicketStatus
from recovery.models import Approval, Callback, Remedy, Ticket
from recovery.services.calling import attempts, booking
from recovery.services.deciding import remedies
from recovery.services.demo.passing import Passing, Rows
from recovery.services.demo.plans import Plan
from recovery.services.session import DeskSession
from recovery.services.simulating.phones import reply_from_phone
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing import tickets
from recovery.services.ticketing.logging_mistakes import NewTicket, Order, log
from recovery.services.timing.calendars import calendar_of
from recovery.services.timing.promises import promise_by_hand
from recovery.services.waiting.joining import NewWait, join

SHORT_OF_TIME = 0.9
"""Whoever keeps customers posted promises anew at this part of the way to the old time."""
RECENT = timedelta(days=2)
"""Texts of these days stand on the simulated phones; more would only bury them."""
A_NIGHT = timedelta(hours=12)
"""What was held for the quiet hours has left by then, and has arrived or not."""
ROOM = timedelta(minutes=8)
"""Added to what somebody thinks it will take."""
REDIAL = timedelta(seconds=70)
REFUSALS = (
    "A refund of half is what we give for this",
    "Nothing on the till for that order",
    "Offer a voucher instead",
)
WORDS = {
    "thanks": "Thanks, all good!",
    "words": "Still a bit disappointed to be honest",
    "fixed": "1",
    "not_fixed": "2",
}

RATINGS = (5, 4, 5, 5, 3, 4, 5, 2, 5, 4)
"""Of those who give one: most are kind, and a few are not."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Who works at a site, as they act."""

    frontline: tuple[Actor, ...]
    supervisor: Actor
    admin: Actor

    def by_id(self, staff_id: int) -> Actor:
        return next(actor for actor in (*self.frontline, self.supervisor, self.admin) if actor.id == staff_id)


class Life:
    """`until`: nothing happens after it; what is not finished then is finished in a hurry.

    The session writes when a person begins something, not before every query as it would by itself: that is most of
    what ninety days cost.
    """

    def __init__(self, session: DeskSession, rows: Rows, crew: Crew, *, site: str, until: datetime) -> None:
        self.session = session
        self.rows = rows
        self.crew = crew
        self.site = site
        self.until = until
        session.autoflush = False

    def live(self, plan: Plan) -> None:
        self.plan = plan
        self.me = self.crew.frontline[int(plan.at.timestamp()) % len(self.crew.frontline)]
        self._log()
        if plan.mistaken:
            self._take_back()
            return
        self._have_it_decided()
        if plan.calls and self._has_phone():
            self._call()
        self._put_right()
        self._resolve()
        self._hear()

    def _log(self) -> None:
        plan = self.plan
        new = NewTicket(
            site=self.site,
            failure=plan.failure,
            source=plan.source,
            customer=plan.customer,
            order=Order(amount=plan.price, kept=plan.kept),
            note=plan.note,
            remedies=plan.remedies,
            apologised_in_person=plan.apologised,
            promise_minutes=plan.promise_minutes,
        )
        recent = plan.at > self.until - RECENT
        self.begin(new, at=plan.at, by=self.me, on_phones=recent, undelivered=plan.undelivered)

    def begin(
        self, new: NewTicket, *, at: datetime, by: Actor, on_phones: bool = True, undelivered: bool = False
    ) -> None:
        self._time_begins(at, on_phones=on_phones, undelivered=undelivered)
        self.time.ticket = self.ticket = log(self.session, new, now=at, by=by)

    def wait_in_line(self, new: NewWait, *, at: datetime, by: Actor) -> None:
        self._time_begins(at, on_phones=True, undelivered=False)
        self.time.ticket = self.ticket = join(self.session, new, now=at, by=by).ticket

    def _time_begins(self, at: datetime, *, on_phones: bool, undelivered: bool) -> None:
        self.on_phones = on_phones
        self.time = Passing(self.session, self.rows, on_phones=on_phones, undelivered=undelivered)
        self.time.now = at

    def _take_back(self) -> None:
        self.wait(timedelta(minutes=2))
        for remedy in self._remedies(RemedyStatus.PENDING_APPROVAL):
            remedies.cancel(self.session, self.ticket, remedy, reason="logged in error", now=self.now(), by=self.me)
        tickets.void(
            self.session,
            self.ticket,
            reason="Typed for the wrong order",
            duplicate_of=None,
            now=self.now(),
            by=self.me,
        )
        self.wait(timedelta(minutes=1))

    def _have_it_decided(self) -> None:
        if not self.rows.approvals:
            return
        self.wait(timedelta(minutes=self.plan.decided_after))
        for approval in self.rows.approvals:
            self._decide(approval)

    def _decide(self, approval: Approval) -> None:
        remedy = next(remedy for remedy in self.rows.remedies if remedy.id == approval.remedy_id)
        asked = self.crew.by_id(approval.asked_of_id)
        if self.plan.is_refused:
            reason = REFUSALS[self.ticket.id % len(REFUSALS)]
            remedies.refuse(self.session, self.ticket, remedy, reason=reason, now=self.now(), by=asked)
            return
        try:
            remedies.approve(self.session, self.ticket, remedy, now=self.now(), by=asked)
        except Forbidden:  # with what was granted meanwhile it is more than a supervisor may approve
            remedies.approve(self.session, self.ticket, remedy, now=self.now(), by=self.crew.admin)

    def _call(self) -> None:
        callback = self._book()
        for outcome in self.plan.calls:
            if not self._is_live(callback):
                return
            gap = REDIAL if outcome is not Outcome.NO_ANSWER and callback.attempt_count else timedelta(minutes=2)
            self._reach(callback.due_at + gap)
            if self._is_live(callback):
                attempts.attempt(
                    self.session, self.ticket, callback, outcome=outcome, note=None, now=self.now(), by=self.me
                )

    def _book(self) -> Callback:
        by = CUSTOMER if self.plan.by_customer else self.me
        now, calendar = self.now(), calendar_of(self.ticket.site)
        wanted = calendar.next_opening(now + timedelta(minutes=20 + self.plan.price % 90))
        due = wanted if wanted < self.until - timedelta(hours=1) and self.plan.price % 3 else None
        return booking.book(self.session, self.ticket, due_at=due, now=now, by=by)

    def _put_right(self) -> None:
        done = self._working_time(self.plan.at + timedelta(minutes=self.plan.minutes))
        while done > self.time.now and self._keep_posted(done):
            continue
        self._reach(done)
        self._make_calls()
        for remedy in self._remedies(RemedyStatus.GRANTED):
            if remedy.kind in {RemedyKind.REMAKE, RemedyKind.REPLACEMENT} and self.plan.kept:
                remedies.make_ready(self.session, self.ticket, remedy, now=self.now(), by=self.me)
                self.wait(timedelta(minutes=3))
            self.hand_over(remedy)

    def _make_calls(self) -> None:
        """To whom a text did not reach, or who wants none; what was booked is due as well."""
        for call in [call for call in self.rows.callbacks if self._is_live(call)]:
            outcome = Outcome.REACHED if self._has_phone() else Outcome.NO_ANSWER
            attempts.attempt(self.session, self.ticket, call, outcome=outcome, note=None, now=self.now(), by=self.me)

    def _keep_posted(self, done: datetime) -> bool:
        """Promises a new time before the old one goes by; False where it holds, or where nobody thinks of it."""
        promise = self.time.promise()
        if promise is None or promise.due_at >= done or not self.plan.keeps_customer_posted or promise.lapsed_at:
            return False
        at = promise.made_at + (promise.due_at - promise.made_at) * SHORT_OF_TIME
        if at <= self.time.now or at >= self.until:
            return False
        self._reach(at)
        promise_by_hand(self.session, self.ticket, due_at=done + ROOM, tell=True, now=self.now(), by=self.me)
        return True

    def hand_over(self, remedy: Remedy) -> None:
        remedies.fulfil(self.session, self.ticket, remedy, now=self.now(), by=self.me)

    def _resolve(self) -> None:
        self.wait(timedelta(minutes=1))
        tickets.resolve(self.session, self.ticket, how=None, now=self.now(), by=self.me)
        self.wait(timedelta(minutes=1))

    def _hear(self) -> None:
        """What the customer says to it, what a supervisor writes under it, and the end."""
        answer = self.plan.answer if self._was_asked() else ""
        pause = timedelta(minutes=4 + self.plan.price % 170)
        if answer and self.time.now + pause < self.until - timedelta(hours=2):
            self.wait(pause)
            self.say(WORDS[answer])
            if (
                answer == "not_fixed" and self.ticket.is_live
            ):  # the digit may have answered what we asked of another ticket
                self._try_again()
            else:
                self._rate()
                self._read()
        if self.plan.stops and self._was_asked():
            self.say("STOP")
        if self.plan.cause and self.ticket.status is TicketStatus.RESOLVED:
            self.wait(timedelta(hours=3))
            tickets.close(
                self.session,
                self.ticket,
                cause=self.plan.cause,
                action=None,
                now=self.now(),
                by=self.crew.supervisor,
            )
        self._reach(self._working_time(self.time.now + A_NIGHT))
        self._make_calls()
        self.wait(timedelta(days=8))

    def _rate(self) -> None:
        """Half of those who are asked how well it was put right."""
        minute = int(self.plan.at.timestamp()) // 60
        if self._was_asked() and self.ticket.confirmed_at is not None and minute % 2:
            self.wait(timedelta(minutes=2))
            self.say(str(RATINGS[minute // 2 % len(RATINGS)]))

    def _read(self) -> None:
        """Wherever the reply went: a known customer's thread may have led it to another ticket of theirs."""
        self.session.flush()
        theirs = (Ticket.customer_id == self.ticket.customer_id, Ticket.unread > 0)
        unread = self.session.scalars(select(Ticket).where(*theirs)).all()
        if unread:
            self.wait(timedelta(minutes=6))
        for ticket in unread:
            tickets.mark_read(self.session, ticket, now=self.now(), by=self.me)

    def _try_again(self) -> None:
        self.wait(timedelta(minutes=12))
        tickets.write_to_customer(
            self.session, self.ticket, "So sorry. I am sorting this out myself, today.", now=self.now(), by=self.me
        )
        self.wait(timedelta(minutes=9))
        self._resolve()
        if self._was_asked():
            self.wait(timedelta(minutes=15))
            self.say(WORDS["fixed"])

    def say(self, words: str) -> None:
        phone = self.ticket.customer.phone if self.ticket.customer else None
        if phone is None:
            return
        self.session.autoflush = True  # receiving locks rows, and reads them again, that are not written yet
        if self.on_phones:
            reply_from_phone(self.session, phone, words, now=self.now())
        else:
            inbound = Inbound(phone, self.session.house.sender, words, f"SM{secrets.token_hex(16)}")
            receive(self.session, inbound, now=self.now())
        self.session.autoflush = False
        self.wait(timedelta(minutes=1))

    def _was_asked(self) -> bool:
        """The newest text asks something, and it has left."""
        asking = [message for message in self.time.outbound() if message.asks]
        return bool(asking) and asking[-1].sent_at is not None and asking[-1].answered_at is None

    def _has_phone(self) -> bool:
        return self.ticket.customer is not None and self.ticket.customer.phone is not None

    def _is_live(self, callback: Callback) -> bool:
        return callback.status in LIVE_CALLS

    def _remedies(self, status: RemedyStatus) -> list[Remedy]:
        return [remedy for remedy in self.rows.remedies if remedy.status is status]

    def _working_time(self, moment: datetime) -> datetime:
        """What would end in the night ends soon after the site opens again."""
        opening = calendar_of(self.ticket.site).next_opening(moment)
        return opening if opening == moment else opening + timedelta(minutes=10 + self.plan.price % 40)

    def wait(self, gap: timedelta) -> None:
        self._reach(self.time.now + gap)

    def _reach(self, moment: datetime) -> None:
        self.time.until(min(moment, self.until))

    def now(self) -> datetime:
        """For an act: what was done before it is written first, so that it can be looked up."""
        self.session.flush()
        return self.time.now
