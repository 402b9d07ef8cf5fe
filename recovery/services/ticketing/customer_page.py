"""What the holder of a customer's link reads and does. The link is the authority: no login, and nothing of anybody else.

Whatever a customer does is accepted and kept, also when the ticket is over or the time they chose has gone.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from recovery.domain.actors import CUSTOMER, MACHINE, ActorKind
from recovery.domain.callbacks import CallbackStatus
from recovery.domain.errors import DomainError, Invalid, NotFound, WrongState
from recovery.domain.events import Tag
from recovery.domain.languages import LANGUAGES, Language
from recovery.domain.links import open_token
from recovery.domain.messages import Direction
from recovery.domain.ratings import SCALE, is_low
from recovery.domain.tickets import FINISHED, TicketStatus
from recovery.domain.waits import WaitAnswer, WaitStatus
from recovery.models import Callback, Customer, Event, Message, Promise, Remedy, Ticket
from recovery.services.access import lock_ticket
from recovery.services.calling import booking
from recovery.services.calling.call_rows import live_with_customer
from recovery.services.calling.slots import open_slots
from recovery.services.deciding.remedies import remedies_of
from recovery.services.hearing.from_page import SAME_PRESS, write_once
from recovery.services.hearing.ratings import may_rate, rate
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession
from recovery.services.texting import replies
from recovery.services.texting.links import CUSTOMER as CUSTOMER_LINK
from recovery.services.texting.retelling import retell
from recovery.services.ticketing.logging_mistakes import continuation_of
from recovery.services.ticketing.reopening import reopen
from recovery.services.ticketing.tickets import confirm, resume, speak_to_customer, tell_times_in
from recovery.services.timing.promises import current_promise
from recovery.services.waiting import turns
from recovery.services.waiting.estimates import estimate
from recovery.services.waiting.wait_rows import live_wait_of, wait_of
from recovery.services.wording.spoken import speech_with_customer

log = logging.getLogger(__name__)

LONGEST_WORDS = 1000
COUNTED_OVER = timedelta(minutes=10)
MOST_ACTS = 12
"""In that time, by one link: nobody who waits for help needs more, and each may cost a text."""
ACTS = (
    Tag.CALLBACK_WANTED,
    Tag.CALLBACK_BOOKED,
    Tag.CALLBACK_MOVED,
    Tag.CALLBACK_CANCELLED,
    Tag.TEXT_RECEIVED,
    Tag.TICKET_REOPENED,
    Tag.TICKET_CONFIRMED,
    Tag.TICKET_CHANGED,
    Tag.RATING_GIVEN,
    Tag.WAIT_COMING,
    Tag.WAIT_PUT_OFF,
    Tag.WAIT_LEFT,
)
STILL_COMING = {WaitAnswer.COMING: "I am on my way.", WaitAnswer.LATER: "Ten more minutes, please."}
NO_SUCH_LINK = "This link does not open anything."


class TooOften(WrongState):
    """So many acts by one link in a few minutes that the next is not taken."""

    def __init__(self, language: Language) -> None:
        super().__init__("There were too many acts by this link just now.")
        self.language = language


@dataclass(frozen=True, slots=True)
class Turn:
    """Of somebody who waits for a free colleague."""

    status: WaitStatus
    place: int
    """1 is first in line."""
    estimate_at: datetime
    """As it looks now, whatever they were told."""
    promised_by: datetime
    due_at: datetime | None
    was_called: bool
    is_mistake: bool
    told_us: bool
    """They said themselves that they are not coming."""


@dataclass(frozen=True, slots=True)
class Story:
    """All that the page tells of; nothing in it is a note of ours or another person's."""

    ticket: Ticket
    promise: Promise | None
    remedies: Sequence[Remedy]
    calls: Sequence[Callback]
    """Calls with the customer, oldest first, their attempts loaded; our own call tasks are not among them."""
    call: Callback | None
    """The one that is still to come."""
    wrote_at: Sequence[datetime]
    reopened_at: Sequence[datetime]
    turn: Turn | None = None
    may_rate: bool = False
    goes_on: Ticket | None = None
    """What was opened for it since, where this is over."""


def ticket_of_link(session: DeskSession, token: str, *, now: datetime) -> Ticket:
    """For reading. Raises NotFound, in one and the same way for a tampered, a revoked and an ended link."""
    opened = open_token(session.house.secret_key, CUSTOMER_LINK, token)
    ticket = None
    if opened is not None:
        ticket = session.scalar(
            select(Ticket)
            .where(Ticket.id == opened.id, Ticket.link_generation == opened.generation)
            .options(
                joinedload(Ticket.site),
                joinedload(Ticket.owner),
                joinedload(Ticket.customer).joinedload(Customer.contact),
            ),
        )
    if ticket is None or _has_ended(session, ticket, now=now):
        raise NotFound(NO_SUCH_LINK)
    return ticket


def locked_ticket_of_link(session: DeskSession, token: str, *, now: datetime) -> Ticket:
    """For acting. Raises NotFound as `ticket_of_link`, TooOften."""
    lock_ticket(session, ticket_of_link(session, token, now=now).id)
    ticket = ticket_of_link(session, token, now=now)  # it may have been revoked while we waited for the lock
    acts = session.scalar(
        select(func.count()).where(
            Event.stream_id == ticket.id,
            Event.actor_kind == ActorKind.CUSTOMER,
            Event.tag.in_(ACTS),
            Event.at > now - COUNTED_OVER,
        ),
    )
    if (acts or 0) >= MOST_ACTS:
        raise TooOften(speech_with_customer(ticket).language)
    return ticket


def story_of(session: DeskSession, ticket: Ticket, *, now: datetime) -> Story:
    calls = [call for call in _calls_of(session, ticket) if not call.is_task]
    return Story(
        ticket=ticket,
        promise=current_promise(session, ticket),
        remedies=remedies_of(session, ticket),
        calls=calls,
        call=next((call for call in reversed(calls) if call.ended_at is None), None),
        wrote_at=session.scalars(
            select(Message.created_at)
            .where(Message.ticket_id == ticket.id, Message.direction == Direction.INBOUND)
            .order_by(Message.created_at),
        ).all(),
        reopened_at=session.scalars(
            select(Event.at)
            .where(
                Event.stream_id == ticket.id,
                Event.tag == Tag.TICKET_REOPENED,
                Event.actor_kind == ActorKind.CUSTOMER,
            )
            .order_by(Event.seq),
        ).all(),
        turn=_turn_of(session, ticket, now=now),
        may_rate=may_rate(session, ticket),
        goes_on=_onward(session, ticket),
    )


def answer_wait(session: DeskSession, ticket: Ticket, said: str, *, now: datetime) -> bool:
    """The same three things as by text; what is none of them changes nothing. True where a person has to read it: who is
    not in line any more, as we have it, still means to come."""
    live, is_known = live_wait_of(session, ticket), said in set(WaitAnswer)
    if live is not None and is_known:
        turns.answer(session, ticket, live, WaitAnswer(said), now=now)
    if live is not None or said not in STILL_COMING or wait_of(session, ticket) is None:
        return False
    write_once(session, ticket, STILL_COMING[WaitAnswer(said)], now=now)
    return True


def want_call(session: DeskSession, ticket: Ticket, *, now: datetime) -> None:
    """They begin to choose a time: who goes away without one is called all the same. Pressing twice is pressing once."""
    if ticket.call_wanted_at is None and live_with_customer(session, ticket) is None:
        ticket.call_wanted_at = now
        record(session, ticket, Tag.CALLBACK_WANTED, by=CUSTOMER, at=now)


def call_all_the_same(session: DeskSession, ticket: Ticket, *, now: datetime) -> None:
    """They pressed *Call me*, chose no time, and have been away for a while."""
    ticket.call_wanted_at = None
    record(session, ticket, Tag.CALLBACK_UNCHOSEN, by=MACHINE, at=now)
    call_me(session, ticket, wanted=None, now=now)


def call_me(session: DeskSession, ticket: Ticket, *, wanted: datetime | None, now: datetime) -> Callback | None:
    """At the time wanted, else as soon as someone is free; a ticket that is over goes on. Cannot fail: where no call can
    be booked at all, the wish stands on the ticket for a person to read, and None is given.
    """
    try:
        with session.begin_nested():
            going_on = _awake(session, ticket, why="call", now=now)
            return _booked(session, going_on, wanted, now=now)
    except DomainError:
        log.warning("a customer's call could not be booked and is kept as words", exc_info=True)
        replies.write_from_page(session, ticket, "Please call me.", now=now)
        return None


def cancel_call(session: DeskSession, ticket: Ticket, *, now: datetime) -> None:
    """Pressing twice is pressing once."""
    call = live_with_customer(session, ticket)
    if call is not None:
        booking.cancel(session, ticket, call, now=now, by=CUSTOMER)


def still_not_right(session: DeskSession, ticket: Ticket, *, words: str, now: datetime) -> Ticket:
    """Gives the ticket that goes on: this one reopened, the one that follows it, or this one, which is still live."""
    checked_words(words)
    going_on = _awake(session, ticket, why="not_fixed", now=now)
    if words.strip():
        write_once(session, going_on, words, now=now)
    elif not _said_just_now(session, going_on, now=now):
        replies.write_from_page(session, going_on, "It is still not right.", now=now)
    return going_on


def write(session: DeskSession, ticket: Ticket, words: str, *, now: datetime) -> None:
    """Raises Invalid for nothing, and for far too much."""
    if not words.strip():
        raise Invalid.field("words", "Write a few words first.")
    write_once(session, ticket, checked_words(words), now=now)


def say_it_is_right(session: DeskSession, ticket: Ticket, *, now: datetime) -> None:
    """Of what was opened again, or taken back, while the page stood open, a person reads it."""
    confirm(session, ticket, message_id=None, now=now, by=CUSTOMER)
    if ticket.confirmed_at is None:
        write_once(session, ticket, "It is right.", now=now)


def rate_it(session: DeskSession, ticket: Ticket, rating: int, *, now: datetime) -> None:
    """The same as by text: kept as first said, and a low one, or another one later, is for a person to read."""
    before = ticket.rating
    is_first = may_rate(session, ticket) and rate(session, ticket, rating, message_id=None, now=now)
    if (is_first and is_low(rating)) or (before is not None and rating in SCALE and rating != before):
        write_once(session, ticket, f"I rate this {rating} of {SCALE[-1]}.", now=now)


def speak(session: DeskSession, ticket: Ticket, language: str, *, now: datetime) -> None:
    """In this language from now on, here and in texts; one that we do not speak changes nothing."""
    if language in LANGUAGES:
        speak_to_customer(session, ticket, language, now=now, by=CUSTOMER)
        retell(session, ticket, now=now)


def tell_times(session: DeskSession, ticket: Ticket, timezone: str, *, now: datetime) -> None:
    """By the clock of this zone from now on, here and in texts. Raises Invalid for one that is not offered."""
    tell_times_in(session, ticket, timezone, now=now, by=CUSTOMER)
    retell(session, ticket, now=now)


def checked_words(words: str) -> str:
    """Raises Invalid."""
    if len(words) > LONGEST_WORDS:
        raise Invalid.field("words", f"That is longer than {LONGEST_WORDS} letters: shorten it a little.")
    return words


def _has_ended(session: DeskSession, ticket: Ticket, *, now: datetime) -> bool:
    over_since = ticket.closed_at
    if ticket.status is TicketStatus.VOID:
        over_since = session.scalar(
            select(func.max(Event.at)).where(Event.stream_id == ticket.id, Event.tag == Tag.TICKET_VOIDED),
        )
    return over_since is not None and over_since + session.house.policy.link_lives_after_close <= now


def _onward(session: DeskSession, ticket: Ticket) -> Ticket | None:
    following = continuation_of(session, ticket) if ticket.status in FINISHED else None
    return session.get(Ticket, following) if following is not None else None


def _turn_of(session: DeskSession, ticket: Ticket, *, now: datetime) -> Turn | None:
    wait = wait_of(session, ticket)
    if wait is None:
        return None
    place, at = estimate(session, ticket.site, wait, now=now)
    return Turn(
        wait.status,
        place,
        at,
        wait.promised_by,
        wait.due_at,
        wait.called_at is not None,
        turns.is_a_mistake(session, ticket, now=now),
        wait.status is WaitStatus.GONE and turns.said_not_coming(session, ticket),
    )


def _calls_of(session: DeskSession, ticket: Ticket) -> Sequence[Callback]:
    return session.scalars(
        select(Callback)
        .where(Callback.ticket_id == ticket.id)
        .options(selectinload(Callback.attempts))
        .order_by(Callback.id),
    ).all()


def _awake(session: DeskSession, ticket: Ticket, *, why: str, now: datetime) -> Ticket:
    """A live ticket as it is; one that is over reopened, or what already goes on from it; a void one stays void."""
    return reopen(session, ticket, why=why, now=now, by=CUSTOMER) if ticket.status in FINISHED else ticket


def _booked(session: DeskSession, ticket: Ticket, wanted: datetime | None, *, now: datetime) -> Callback:
    resume(session, ticket, now=now, by=CUSTOMER)
    standing = live_with_customer(session, ticket)
    if wanted is not None and wanted not in open_slots(session, ticket.site, now=now):
        if standing is not None and standing.status is CallbackStatus.BOOKED and not standing.as_soon_as_possible:
            return standing  # the time that they have is better than none
        wanted = None
    if standing is not None and wanted is not None and standing.due_at == wanted:
        return standing
    try:
        return booking.book(session, ticket, due_at=wanted, now=now, by=CUSTOMER)
    except booking.TimeTaken:
        if standing is None or standing.as_soon_as_possible:
            return booking.book(session, ticket, due_at=None, now=now, by=CUSTOMER)
        return standing


def _said_just_now(session: DeskSession, ticket: Ticket, *, now: datetime) -> bool:
    return bool(
        session.scalar(
            select(func.count()).where(
                Event.stream_id == ticket.id,
                Event.actor_kind == ActorKind.CUSTOMER,
                Event.tag.in_((Tag.TICKET_REOPENED, Tag.TICKET_LOGGED, Tag.TEXT_RECEIVED)),
                Event.at > now - SAME_PRESS,
            ),
        ),
    )
