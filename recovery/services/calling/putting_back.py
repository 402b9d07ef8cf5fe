"""Undoing a resolution puts back the calls that it cancelled."""

from datetime import datetime

from recovery.domain.actors import Actor
from recovery.domain.callbacks import LIVE, CallbackStatus, move
from recovery.domain.events import Tag
from recovery.models import Callback, Ticket
from recovery.services.calling.call_rows import callbacks_of
from recovery.services.calling.slots import take_slot
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession, instant


def put_back(session: DeskSession, ticket: Ticket, *, cancelled_at: datetime, now: datetime, by: Actor) -> None:
    """Call tasks as well. The same rows are live again, with their tries: a confirmation that a sender holds already is
    of this call, and leaves. A task that was opened anew meanwhile stands for the old one."""
    calls = callbacks_of(session, ticket)
    opened_anew = {call.reason for call in calls if call.status in LIVE}
    for call in calls:
        was_cancelled = call.status is CallbackStatus.CANCELLED and call.ended_at == cancelled_at
        if was_cancelled and call.reason not in opened_anew:
            _put_back(session, ticket, call, now=now, by=by)


def _put_back(session: DeskSession, ticket: Ticket, call: Callback, *, now: datetime, by: Actor) -> None:
    call.status, call.ended_at = move(call.status, _before(call, now=now)), None
    if call.status is CallbackStatus.BOOKED and not (call.is_task or call.as_soon_as_possible or call.in_vain):
        take_slot(session, ticket.site, call.id, call.due_at)  # who took it in these seconds is called then as well
    record(
        session,
        ticket,
        Tag.CALLBACK_PUT_BACK,
        by=by,
        at=now,
        callback=call.id,
        due_at=instant(call.due_at),
        status=call.status.value,
    )


def _before(call: Callback, *, now: datetime) -> CallbackStatus:
    """What it was before it was cancelled, or what it has become since."""
    if call.missed_at is not None:
        return CallbackStatus.MISSED
    is_redial = call.miss_at == call.due_at
    return CallbackStatus.DUE if is_redial or call.due_at <= now else CallbackStatus.BOOKED
