"""A call task: what we could not say by text, a person says by telephone, at once."""

from datetime import datetime

from sqlalchemy import select

from recovery.domain.actors import MACHINE
from recovery.domain.callbacks import LIVE, CallbackStatus, CallReason
from recovery.domain.events import Tag
from recovery.domain.ids import new_id
from recovery.models import Callback, Ticket
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession, instant


def open_call_task(session: DeskSession, ticket: Ticket, reason: str, *, now: datetime) -> Callback:
    """Due now, for the ticket's owner; one live task per reason, so a second failure adds none."""
    why = CallReason(reason)
    standing = session.scalar(
        select(Callback).where(Callback.ticket_id == ticket.id, Callback.reason == why, Callback.status.in_(LIVE)),
    )
    if standing is not None:
        return standing
    task = Callback(
        id=new_id(now),
        ticket_id=ticket.id,
        status=CallbackStatus.DUE,
        reason=why,
        due_at=now,
        miss_at=now + session.house.policy.missed_after,
        booked_at=now,
        staff_id=ticket.owner_id,
        moves=0,
        attempt_count=0,
    )
    session.add(task)
    record(
        session,
        ticket,
        Tag.CALLBACK_BOOKED,
        by=MACHINE,
        at=now,
        callback=task.id,
        due_at=instant(now),
        reason=why.value,
        staff=ticket.owner_id,
        as_soon_as_possible=True,
    )
    return task
