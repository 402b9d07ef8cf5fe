"""A call task: what we could not say by text, a person says by telephone, at once."""

from datetime import datetime

from sqlalchemy import Select, exists, select

from recovery.domain.actors import MACHINE, ActorKind
from recovery.domain.callbacks import LIVE, CallbackStatus, CallReason
from recovery.domain.events import Tag
from recovery.domain.ids import new_id
from recovery.models import Callback, Event, Ticket
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession, instant

DONE_FOR_CUSTOMER = (Tag.PROMISE_MADE, Tag.TICKET_TOUCHED, Tag.TICKET_RESOLVED)
GIVEN_UP: Select[int] = select(Callback.ticket_id).where(
    Callback.given_up_at.is_not(None),
    ~exists().where(
        Event.stream_id == Callback.ticket_id,
        Event.tag.in_([tag.value for tag in DONE_FOR_CUSTOMER]),
        Event.actor_kind == ActorKind.STAFF,
        Event.at > Callback.given_up_at,
    ),
)
"""Ids of tickets whose customer neither a call nor a text reached, and for whom no person has done anything since. The
machine has nobody called again; the Undetected board shows the ticket."""


def open_call_task(session: DeskSession, ticket: Ticket, reason: str, *, now: datetime) -> Callback | None:
    """Due now, for the ticket's owner; one live task per reason, so a second failure adds none.

    None where calling was given up: another task would be tried in vain as well, and renew itself for ever.
    """
    why = CallReason(reason)
    if ticket.is_live and session.scalar(GIVEN_UP.where(Callback.ticket_id == ticket.id).limit(1)) is not None:
        return None
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
        in_vain=0,
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
