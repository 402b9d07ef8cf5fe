"""The rows of calls: added, found, ended and taken back, each change with its event."""

from datetime import datetime

from sqlalchemy import bindparam, select, text

from recovery.domain.actors import MACHINE, Actor
from recovery.domain.callbacks import LIVE, CallbackStatus, CallReason, move
from recovery.domain.errors import WrongState
from recovery.domain.events import Tag
from recovery.domain.ids import new_id
from recovery.models import Callback, Ticket
from recovery.models.callback import IS_LIVE, WITH_CUSTOMER
from recovery.services.calling.slots import free_slot
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession, instant

OF_TICKET = select(Callback).where(Callback.ticket_id == bindparam("ticket_id")).order_by(Callback.id)
LIVE_WITH_CUSTOMER = select(Callback).where(
    Callback.ticket_id == bindparam("ticket_id"), text(f"callbacks.{IS_LIVE}"), text(f"callbacks.{WITH_CUSTOMER}")
)


def callbacks_of(session: DeskSession, ticket: Ticket) -> list[Callback]:
    return list(session.scalars(OF_TICKET, {"ticket_id": ticket.id}))


def live_with_customer(session: DeskSession, ticket: Ticket) -> Callback | None:
    return session.scalar(LIVE_WITH_CUSTOMER, {"ticket_id": ticket.id})


def add_call(
    session: DeskSession,
    ticket: Ticket,
    *,
    callback_id: int | None = None,
    reason: CallReason,
    due_at: datetime,
    as_soon_as_possible: bool,
    remind_at: datetime | None = None,
    now: datetime,
    by: Actor,
) -> Callback:
    """For the ticket's owner."""
    callback = Callback(
        id=callback_id or new_id(now),
        ticket_id=ticket.id,
        status=CallbackStatus.DUE if due_at <= now else CallbackStatus.BOOKED,
        reason=reason,
        due_at=due_at,
        miss_at=due_at + session.house.policy.missed_after,
        as_soon_as_possible=as_soon_as_possible,
        booked_at=now,
        booked_by_id=by.id,
        staff_id=ticket.owner_id,
        remind_at=remind_at,
        moves=0,
        attempt_count=0,
        in_vain=0,
    )
    session.add(callback)
    if not callback.is_task:
        ticket.call_wanted_at = None
    record(
        session,
        ticket,
        Tag.CALLBACK_BOOKED,
        by=by,
        at=now,
        callback=callback.id,
        due_at=instant(due_at),
        reason=reason.value,
        staff=callback.staff_id,
        as_soon_as_possible=as_soon_as_possible,
    )
    return callback


def calls_follow(session: DeskSession, ticket: Ticket, *, before: int | None, to: int) -> None:
    """With the ticket: what its former owner was to call, or nobody, is now for whoever has it. Told by the ticket's own
    event. A call that a colleague has in hand stays theirs."""
    for callback in callbacks_of(session, ticket):
        if callback.status in LIVE and callback.staff_id == before:
            callback.staff_id = to


def end_call(session: DeskSession, callback: Callback, status: CallbackStatus, *, now: datetime) -> None:
    """Its time is free again for somebody else."""
    free_slot(session, callback)
    callback.status = move(callback.status, status)
    callback.ended_at = now


def cancel_calls(session: DeskSession, ticket: Ticket, *, why: str, now: datetime) -> None:
    """All that somebody still has to make on this ticket, call tasks as well."""
    for callback in callbacks_of(session, ticket):
        if callback.status in LIVE:
            end_call(session, callback, CallbackStatus.CANCELLED, now=now)
            record(session, ticket, Tag.CALLBACK_CANCELLED, by=MACHINE, at=now, callback=callback.id, why=why)


def end_all_calls(session: DeskSession, ticket: Ticket, *, why: str, now: datetime) -> None:
    """Also the one that was asked for, and for which no time was chosen yet: that this is over was said since."""
    cancel_calls(session, ticket, why=why, now=now)
    ticket.call_wanted_at = None


def refuse_ended(callback: Callback) -> None:
    if callback.ended_at is not None:
        raise WrongState(f"This call is {callback.status.label} already: book a new one.")
