"""A ticket that was resolved goes on: one level up, as a new one after the window, or as it was where that is undone."""

import json
from datetime import datetime

from sqlalchemy import select

from recovery.domain.actors import MACHINE, Actor, ActorKind
from recovery.domain.errors import WrongState
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.domain.threads import FoundBy
from recovery.domain.tickets import FINISHED, WITHOUT_PROMISE, PromiseAbout, TicketStatus, ToldBy, move
from recovery.domain.told import UNDO
from recovery.models import Event, Message, Ticket
from recovery.services.access import lock_ticket
from recovery.services.alerting.alerts import escalate
from recovery.services.alerting.ladders import watch
from recovery.services.backstage.task_rows import put_back_tasks
from recovery.services.calling.putting_back import put_back
from recovery.services.hearing.routing import move_text
from recovery.services.people.leaving import release
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession
from recovery.services.texting.messages import is_heard
from recovery.services.texting.queued import drop_queued
from recovery.services.ticketing.logging_mistakes import continuation_of, continued
from recovery.services.ticketing.tickets import LOOK_AGAIN_AFTER, is_in_hands, pause
from recovery.services.ticketing.withdrawing import say_after_all
from recovery.services.timing.promises import (
    current_promise,
    default_promise_due,
    make_promise,
    promise_next,
    put_back_promise,
    sayable_due,
    tell_new_time,
)
from recovery.services.waiting.wait_rows import put_back_wait


def reopen(
    session: DeskSession, ticket: Ticket, *, why: str, now: datetime, by: Actor, asked_at: datetime | None = None
) -> Ticket:
    """Gives the ticket that goes on: this one, one level up, or after the window a new one linked to it. `asked_at`: when
    the customer wrote it, where we heard of it later.

    Within the first seconds after resolving, by the same person, it is an undo: the status that it had, no level, no text;
    but not once the customer has said that it is right.
    """
    if ticket.status not in FINISHED:
        raise WrongState(f"This ticket is {ticket.status.label}, so there is nothing to reopen.")
    if ticket.customer is not None and ticket.customer.erased_at is not None:
        raise WrongState("Whoever this was about is forgotten, and nobody can be told: log anew what is wrong.")
    policy = session.house.policy
    resolved_at = ticket.resolved_at or now
    if (asked_at or now) > resolved_at + policy.reopen_within:
        return _go_on(session, ticket, why=why, now=now, by=by)
    undo = _is_theirs_to_undo(ticket, by=by) and now <= resolved_at + policy.undo_for
    before = _status_before(session, ticket) if undo else TicketStatus.IN_RECOVERY
    _back_to_work(session, ticket, why=UNDO if undo else why, undo=undo, before=before, now=now, by=by)
    if undo:
        _put_back_all(session, ticket, before, resolved_at, now=now, by=by)
    else:
        _alert_and_say(session, ticket, now=now, by=by)
    return ticket


def undo_resolution(session: DeskSession, ticket: Ticket, *, now: datetime, by: Actor) -> None:
    """Also of a wait that was closed without a word. Raises WrongState once the moment for it has gone by: the text may
    have left."""
    until = (ticket.resolved_at or now) + session.house.policy.undo_for
    if ticket.status not in FINISHED or not _is_theirs_to_undo(ticket, by=by) or now > until:
        raise WrongState("It is too late to undo that: the text is on its way. Reopen it instead.")
    reopen(session, ticket, why=UNDO, now=now, by=by)


def _is_theirs_to_undo(ticket: Ticket, *, by: Actor) -> bool:
    return by.kind is ActorKind.STAFF and ticket.resolved_by_id == by.id and ticket.confirmed_at is None


def _status_before(session: DeskSession, ticket: Ticket) -> TicketStatus:
    """The resolution, as the trail tells of the last one."""
    resolved = session.scalars(
        select(Event.payload)
        .where(Event.stream_id == ticket.id, Event.tag == Tag.TICKET_RESOLVED)
        .order_by(Event.seq.desc())
        .limit(1),
    ).one()
    return TicketStatus(json.loads(resolved)["status_before"])


def _put_back_all(
    session: DeskSession, ticket: Ticket, before: TicketStatus, resolved_at: datetime, *, now: datetime, by: Actor
) -> None:
    """What hung on the ticket, and what the customer was told: by then they hear from us, as if nothing had been pressed."""
    drop_queued(session, ticket, reason="undone", now=now, templates=("resolved", "resolved_again"))
    put_back(session, ticket, cancelled_at=resolved_at, now=now, by=by)
    put_back_tasks(session, ticket, cancelled_at=resolved_at, now=now, by=by)
    put_back_wait(session, ticket, ended_at=resolved_at, now=now, by=by)
    look_again = None
    if before is TicketStatus.WAITING_FOR_CUSTOMER:
        pause(session, ticket, now=now, by=by)
        look_again = now + LOOK_AGAIN_AFTER
    if not put_back_promise(session, ticket, ended_at=resolved_at, now=now, by=by):
        promise_next(session, ticket, otherwise=look_again, now=now, by=by)
    say_after_all(session, ticket, dropped_at=resolved_at, now=now)
    watch(session, ticket, now=now)


def _back_to_work(
    session: DeskSession, ticket: Ticket, *, why: str, undo: bool, before: TicketStatus, now: datetime, by: Actor
) -> None:
    due = default_promise_due(session, ticket, now=now)
    if not undo and by.kind is not ActorKind.CUSTOMER:
        due = sayable_due(session, ticket, due, now=now)
    ticket.status = move(ticket.status, TicketStatus.IN_RECOVERY)
    if before is TicketStatus.OPEN:
        ticket.status = before  # nothing was given or promised yet, so that it was in nobody's hands
    if undo and ticket.first_response_at == ticket.resolved_at and not ticket.apologised_in_person:
        ticket.first_response_at = None
    ticket.resolved_at = ticket.resolved_by_id = ticket.closed_at = ticket.confirmed_at = None
    if not undo:
        ticket.level += 1
    if ticket.source not in WITHOUT_PROMISE:
        ticket.promise_due_at = due
    record(session, ticket, Tag.TICKET_REOPENED, by=by, at=now, level=ticket.level, why=why, status=ticket.status.value)
    if ticket.owner_id is not None and not is_in_hands(ticket):
        release(session, ticket, now=now)
    if undo:
        return
    urgent = by.kind is ActorKind.CUSTOMER
    told_by = ToldBy.TEXT if is_heard(session, ticket, now=now, urgent=urgent) else ToldBy.PAGE
    make_promise(session, ticket, due_at=due, about=PromiseAbout.TOUCH, told_by=told_by, now=now, by=by)


def _go_on(session: DeskSession, ticket: Ticket, *, why: str, now: datetime, by: Actor) -> Ticket:
    """After the window: what goes on from it already, reopened if need be, else a new ticket."""
    following = continuation_of(session, ticket)
    if following is not None:
        held = lock_ticket(session, following)
        onward = held if held.is_live else reopen(session, held, why=why, now=now, by=by)
    else:
        onward = continued(session, ticket, why=why, now=now, by=by)
        _alert_and_say(session, onward, now=now, by=by)
    if by.kind is ActorKind.STAFF:  # what a customer writes finds its place as it comes in
        _take_along(session, ticket, onward, now=now, by=by)
    return onward


def _take_along(session: DeskSession, ticket: Ticket, onward: Ticket, *, now: datetime, by: Actor) -> None:
    """Replies that nobody has read are answered where it goes on: left behind, they would wait on what is over."""
    unread = session.scalars(
        select(Message)
        .where(
            Message.ticket_id == ticket.id,
            Message.status == MessageStatus.RECEIVED,
            Message.read_at.is_(None),
        )
        .order_by(Message.created_at, Message.id),
    ).all()
    for message in unread:
        move_text(session, message, onward, found_by=FoundBy.STAFF, now=now, by=by)


def _alert_and_say(session: DeskSession, ticket: Ticket, *, now: datetime, by: Actor) -> None:
    """At any hour to a customer who has just told us; what a colleague reopens waits for the morning."""
    escalate(session, ticket, why="reopened", now=now)
    promise = current_promise(session, ticket)
    if promise is not None:
        urgent = by.kind is ActorKind.CUSTOMER
        tell_new_time(session, ticket, promise, template="reopened", urgent=urgent, now=now, by=MACHINE)
