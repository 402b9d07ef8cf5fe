"""Calls promised to customers. Booking cannot fail: what cannot be had exactly becomes "as soon as someone is free"."""

from datetime import datetime

from sqlalchemy import select

from recovery.domain.actors import Actor
from recovery.domain.calendars import day_bounds, local_time
from recovery.domain.callbacks import CallbackStatus, CallReason, move
from recovery.domain.errors import WrongState
from recovery.domain.events import Tag
from recovery.domain.ids import new_id
from recovery.domain.tickets import PromiseAbout, ToldBy
from recovery.models import Callback, Message, Site, Ticket
from recovery.services.calling.call_rows import add_call, end_call, live_with_customer, refuse_ended
from recovery.services.calling.callback_times import check_time, reminder_time, soonest, when_words
from recovery.services.calling.slots import free_slot, nearest_free, take_slot
from recovery.services.deciding.remedies import move_to_recovery
from recovery.services.proving.trail import record
from recovery.services.sending.departures import NO_LONGER_TRUE
from recovery.services.session import DeskSession, instant
from recovery.services.texting.messages import Saying, is_heard, tell_customer
from recovery.services.texting.queued import drop_queued
from recovery.services.timing.owed import turn_due
from recovery.services.timing.promises import make_promise, promise_next
from recovery.services.wording.spoken import zone_of

MOVED = "moved"
"""Why a call was moved: for this reason alone a text tells of it."""


class TimeTaken(WrongState):
    """Somebody else has that time; the call stays where it was."""

    title = "That time is taken"


def book(
    session: DeskSession,
    ticket: Ticket,
    *,
    due_at: datetime | None,
    now: datetime,
    by: Actor,
) -> Callback:
    """`due_at` None is as soon as someone is free, and so it becomes where that time is full: nobody is turned away. A
    ticket that has a call booked gets it moved, not doubled; where it is to be made as soon as that already, it stays.

    Raises Invalid for the past or the far future, WrongState for a ticket that is over, TimeTaken as `reschedule`.
    """
    if not ticket.is_live:
        raise WrongState(f"This ticket is {ticket.status.label}: reopen it, then book a call.")
    check_time(due_at, now=now)
    standing = live_with_customer(session, ticket)
    if standing is not None and due_at is None and is_soonest(standing):
        return standing
    if standing is not None:
        return reschedule(session, ticket, standing, due_at=due_at, now=now, by=by)
    callback = _booked(session, ticket, due_at, now=now, by=by)
    move_to_recovery(ticket)
    _say(session, ticket, callback, "callback_booked", now=now, by=by)
    return callback


def is_soonest(standing: Callback) -> bool:
    """Whoever asks once more would only be called later: their place on the list, and the two minutes in which a cut line
    is called back, are theirs already. A missed call is promised anew."""
    return standing.status is not CallbackStatus.MISSED and (
        standing.as_soon_as_possible or standing.status is CallbackStatus.DUE
    )


def call_back(session: DeskSession, ticket: Ticket, *, now: datetime, by: Actor) -> Callback:
    """They called us and were cut off, or nobody answered: they are called as soon as someone is free. A call that stands is
    brought forward, and nothing more is said where it is due as soon as that already."""
    standing = live_with_customer(session, ticket)
    if standing is not None:
        if standing.status is CallbackStatus.BOOKED and not standing.as_soon_as_possible:
            reschedule(session, ticket, standing, due_at=None, now=now, by=by)
        return standing
    callback = _booked(session, ticket, None, reason=CallReason.DROPPED, now=now, by=by)
    move_to_recovery(ticket)
    _say(session, ticket, callback, "callback_booked", now=now, by=by)
    return callback


def reschedule(
    session: DeskSession,
    ticket: Ticket,
    callback: Callback,
    *,
    due_at: datetime | None,
    now: datetime,
    by: Actor,
) -> Callback:
    """A call task as well, also on a ticket that is resolved. Raises Invalid for the past or the far future, WrongState
    for a call that has ended, as every call with the customer has where its ticket is over, and TimeTaken for a time that
    is full: the call stays where it was."""
    check_time(due_at, now=now)
    refuse_ended(callback)
    if due_at is None or callback.is_task:
        free_slot(session, callback)
    elif not take_slot(session, ticket.site, callback.id, due_at):
        raise TimeTaken(_taken(session, ticket.site, due_at, now=now))
    move_call(session, ticket, callback, due_at or soonest(ticket, now=now), why=MOVED, now=now, by=by)
    callback.as_soon_as_possible, callback.in_vain = due_at is None, 0
    _say(session, ticket, callback, "callback_moved", now=now, by=by)
    return callback


def cancel(session: DeskSession, ticket: Ticket, callback: Callback, *, now: datetime, by: Actor) -> None:
    refuse_ended(callback)
    end_call(session, callback, CallbackStatus.CANCELLED, now=now)
    record(session, ticket, Tag.CALLBACK_CANCELLED, by=by, at=now, callback=callback.id, why="cancelled")
    if callback.is_task:
        return
    saying = Saying("callback_cancelled", f"callback:{callback.id}:cancelled", {})
    tell_customer(session, ticket, saying, now=now, by=by)
    promise_next(session, ticket, now=now, by=by)


def text_about(session: DeskSession, callback: Callback) -> Message | None:
    """What tells the customer of the call as it stands; None where no text does."""
    return session.scalar(
        select(Message)
        .where(
            Message.ticket_id == callback.ticket_id,
            Message.holds_while == f"callback:{callback.id}:{callback.moves}",
        )
        .order_by(Message.id.desc())
        .limit(1)
    )


def move_call(
    session: DeskSession,
    ticket: Ticket,
    callback: Callback,
    due: datetime,
    *,
    why: str,
    now: datetime,
    by: Actor,
) -> None:
    before = callback.due_at
    callback.status = move(callback.status, CallbackStatus.DUE if due <= now else CallbackStatus.BOOKED)
    callback.due_at, callback.miss_at = due, due + session.house.policy.missed_after
    callback.moves += 1
    callback.missed_at = None
    callback.remind_at = None if callback.is_task else reminder_time(session, ticket, due, now=now)
    callback.reminded_at = None
    record(
        session,
        ticket,
        Tag.CALLBACK_MOVED,
        by=by,
        at=now,
        callback=callback.id,
        before=instant(before),
        due_at=instant(due),
        why=why,
    )
    if callback.is_task:
        promise_next(session, ticket, otherwise=callback.miss_at, now=now, by=by)
    elif ticket.is_live:
        promise_call(session, ticket, callback, by_text=why == MOVED, now=now, by=by)


def promise_call(
    session: DeskSession, ticket: Ticket, callback: Callback, *, by_text: bool, now: datetime, by: Actor
) -> None:
    """The promise lapses when the call counts as missed; a call due this moment gives the time to make it. `by_text`: an
    urgent text is about to tell them. Who is in line keeps the promise of their turn, if that comes first."""
    turn = turn_due(session, ticket)
    if turn is not None and now < turn < callback.miss_at:
        return
    told = ToldBy.TEXT if by_text and is_heard(session, ticket, now=now, urgent=True) else ToldBy.PAGE
    make_promise(session, ticket, due_at=callback.miss_at, about=PromiseAbout.CALLBACK, told_by=told, now=now, by=by)


def _booked(
    session: DeskSession,
    ticket: Ticket,
    due_at: datetime | None,
    *,
    reason: CallReason = CallReason.BOOKED,
    now: datetime,
    by: Actor,
) -> Callback:
    drop_queued(session, ticket, reason=NO_LONGER_TRUE, templates=("unreached",), now=now)  # they have a time by now
    callback_id = new_id(now)
    if due_at is not None and not take_slot(session, ticket.site, callback_id, due_at):
        due_at = None
    due = due_at or soonest(ticket, now=now)
    callback = add_call(
        session,
        ticket,
        callback_id=callback_id,
        reason=reason,
        due_at=due,
        as_soon_as_possible=due_at is None,
        remind_at=reminder_time(session, ticket, due, now=now),
        now=now,
        by=by,
    )
    promise_call(session, ticket, callback, by_text=True, now=now, by=by)
    return callback


def _taken(session: DeskSession, site: Site, due_at: datetime, *, now: datetime) -> str:
    wanted, *free = [
        f"{local_time(each, site.timezone):%H:%M}" for each in (due_at, *nearest_free(session, site, due_at, now=now))
    ]
    instead = f"choose {' or '.join(free)}, or" if free else "choose"
    return f"{wanted} is taken, and the call stays where it was: {instead} as soon as someone is free."


def _say(session: DeskSession, ticket: Ticket, callback: Callback, template: str, *, now: datetime, by: Actor) -> None:
    if callback.is_task:
        return
    saying = Saying(
        template,
        f"callback:{callback.id}:{template}:{callback.moves}",
        {"when": when_words(ticket, callback, now=now)},
        holds_while=f"callback:{callback.id}:{callback.moves}",
        expires_at=_true_until(ticket, callback, now=now) if callback.due_at > now else None,
    )
    tell_customer(session, ticket, saying, now=now, by=by)


def _true_until(ticket: Ticket, callback: Callback, *, now: datetime) -> datetime:
    """Before the call; and on the same day, for "tomorrow" would be another one."""
    zone = zone_of(ticket)
    return min(callback.due_at, day_bounds(local_time(now, zone).date(), zone)[1])
