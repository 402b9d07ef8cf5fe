"""A call task: what we could not say by text, a person says by telephone, at once."""

from datetime import datetime

from sqlalchemy import Select, bindparam, exists, select, text

from recovery.domain.actors import MACHINE, ActorKind
from recovery.domain.callbacks import CallReason
from recovery.domain.events import Tag
from recovery.models import Callback, Event, Ticket
from recovery.models.callback import IS_LIVE
from recovery.services.calling.call_rows import add_call
from recovery.services.session import DeskSession

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
GIVEN_UP_ON = GIVEN_UP.where(Callback.ticket_id == bindparam("ticket_id")).limit(1)
LIVE_TASK = select(Callback).where(
    Callback.ticket_id == bindparam("ticket_id"), Callback.reason == bindparam("reason"), text(f"callbacks.{IS_LIVE}")
)


def open_call_task(session: DeskSession, ticket: Ticket, reason: CallReason, *, now: datetime) -> Callback | None:
    """Due now, for the ticket's owner; one live task per reason, so a second failure adds none.

    None where calling was given up: another task would be tried in vain as well, and renew itself for ever.
    """
    if ticket.is_live and session.scalar(GIVEN_UP_ON, {"ticket_id": ticket.id}) is not None:
        return None
    standing = session.scalar(LIVE_TASK, {"ticket_id": ticket.id, "reason": reason})
    if standing is not None:
        return standing
    return add_call(session, ticket, reason=reason, due_at=now, as_soon_as_possible=True, now=now, by=MACHINE)
