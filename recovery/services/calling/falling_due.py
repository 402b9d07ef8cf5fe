"""What falls due by itself on a call: it comes due, is reminded of, is missed."""

from datetime import datetime

from recovery.domain.actors import MACHINE
from recovery.domain.callbacks import CallbackStatus, move
from recovery.domain.events import Tag
from recovery.models import Callback, Ticket
from recovery.services.calling.callback_times import when_words
from recovery.services.proving.trail import record
from recovery.services.sending.outcomes import EXPIRED
from recovery.services.session import DeskSession
from recovery.services.texting.messages import Saying, leaves_at, tell_customer
from recovery.services.timing.lapses import lapse_with_call

REMINDER = "callback_reminder"


def come_due(session: DeskSession, ticket: Ticket, callback: Callback, *, now: datetime) -> None:
    """Where nobody looked in time to remind of it, the trail says why no reminder went."""
    callback.status = move(callback.status, CallbackStatus.DUE)
    record(session, ticket, Tag.CALLBACK_DUE, by=MACHINE, at=now, callback=callback.id)
    if callback.remind_at is not None and callback.reminded_at is None:
        record(session, ticket, Tag.TEXT_WITHHELD, by=MACHINE, at=now, template=REMINDER, reason=EXPIRED)


def remind(session: DeskSession, ticket: Ticket, callback: Callback, *, now: datetime) -> None:
    """Once per booked time, in words that are true when the text leaves."""
    callback.reminded_at, leaves = now, leaves_at(session, ticket, now=now)
    record(session, ticket, Tag.CALLBACK_REMINDED, by=MACHINE, at=now, callback=callback.id)
    saying = Saying(
        REMINDER,
        f"callback:{callback.id}:reminder:{callback.moves}",
        {"when": when_words(ticket, callback, now=leaves)},
        holds_while=f"callback:{callback.id}:{callback.moves}",
        expires_at=callback.due_at,
    )
    tell_customer(session, ticket, saying, now=now)


def miss(session: DeskSession, ticket: Ticket, callback: Callback, *, now: datetime) -> None:
    """We did not call in time: it stays on the list, and the next person up is alerted."""
    callback.status = move(callback.status, CallbackStatus.MISSED)
    callback.missed_at = now
    record(session, ticket, Tag.CALLBACK_MISSED, by=MACHINE, at=now, callback=callback.id)
    lapse_with_call(session, ticket, miss_at=callback.miss_at, now=now)
