"""The rows of calls: found, ended and taken back, each change with its event."""

from datetime import datetime

from sqlalchemy import select

from recovery.domain.actors import MACHINE
from recovery.domain.callbacks import LIVE, CallbackStatus, CallReason, move
from recovery.domain.errors import WrongState
from recovery.domain.events import Tag
from recovery.models import Callback, Ticket
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession


def callbacks_of(session: DeskSession, ticket: Ticket) -> list[Callback]:
    return list(session.scalars(select(Callback).where(Callback.ticket_id == ticket.id).order_by(Callback.id)))


def live_with_customer(session: DeskSession, ticket: Ticket) -> Callback | None:
    return session.scalar(
        select(Callback).where(
            Callback.ticket_id == ticket.id,
            Callback.status.in_(LIVE),
            Callback.reason.in_((CallReason.BOOKED, CallReason.DROPPED)),
        ),
    )


def end_call(callback: Callback, status: CallbackStatus, *, now: datetime) -> None:
    callback.status = move(callback.status, status)
    callback.ended_at = now


def cancel_calls(session: DeskSession, ticket: Ticket, *, why: str, now: datetime) -> None:
    """All that somebody still has to make on this ticket, call tasks as well."""
    for callback in callbacks_of(session, ticket):
        if callback.status in LIVE:
            end_call(callback, CallbackStatus.CANCELLED, now=now)
            record(session, ticket, Tag.CALLBACK_CANCELLED, by=MACHINE, at=now, callback=callback.id, why=why)


def refuse_ended(callback: Callback) -> None:
    if callback.ended_at is not None:
        raise WrongState(f"This call is {callback.status.label} already: book a new one.")
