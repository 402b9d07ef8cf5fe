"""Taking back what no longer holds: texts that nobody has begun to send, calls that are booked, and tasks that are open; and
saying a text after all."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from recovery.domain.actors import MACHINE
from recovery.domain.ids import new_id
from recovery.domain.messages import MessageStatus
from recovery.models import Message, Ticket
from recovery.services.backstage.task_rows import cancel_tasks
from recovery.services.calling.call_rows import cancel_calls
from recovery.services.session import DeskSession
from recovery.services.texting.queued import drop_queued, tell_queued
from recovery.services.timing.promises import current_promise
from recovery.services.waiting.wait_rows import end_wait

RESOLVED = "resolved"
"""Why a text or a call was taken back."""
OF_THE_TEXT = (
    "ticket_id",
    "site_id",
    "contact_id",
    "staff_id",
    "audience",
    "direction",
    "sender",
    "to_number",
    "body",
    "template",
    "message_class",
    "segments",
    "cost_micros",
    "validity_seconds",
    "asks",
    "holds_while",
    "urgent_until",
    "not_before",
    "held_for",
    "expires_at",
    "is_demo",
)
"""What makes it this text; the rest is how it fared."""


def cancel_what_no_longer_holds(session: DeskSession, ticket: Ticket, *, why: str, now: datetime) -> None:
    templates = (
        "late",
        "promised",
        "reopened",
        "callback_reminder",
        "callback_booked",
        "callback_moved",
        "ready",
        "unreached",
        "disconnected",
        "staff_alert",
    )
    drop_queued(session, ticket, reason=why, now=now, templates=templates)
    cancel_calls(session, ticket, why=why, now=now)
    cancel_tasks(session, ticket, why=why, now=now)
    end_wait(session, ticket, why=why, now=now)


def say_after_all(session: DeskSession, ticket: Ticket, *, dropped_at: datetime, now: datetime) -> None:
    """Queues anew what a resolution dropped, now that it is undone: a dropped text stays dropped, so each gets a twin.
    Those about a promise are left out where it does not stand."""
    dropped = select(Message).where(
        Message.ticket_id == ticket.id,
        Message.status == MessageStatus.DROPPED,
        Message.drop_reason == RESOLVED,
        Message.final_at == dropped_at,
    )
    promise = current_promise(session, ticket)
    standing = f"promise:{promise.id}" if promise else ""
    for message in session.scalars(dropped.order_by(Message.id)).all():
        told_of = message.holds_while or ""
        if told_of == standing or not told_of.startswith("promise:"):
            waits = message.held_for or (message.not_before > now and message.urgent_until is None)
            status = MessageStatus.HELD if waits else MessageStatus.PENDING
            meaning = f"{message.meaning}:{ticket.event_seq}"
            queue_twin(session, ticket, message, meaning=meaning, now=now, status=status)


def queue_twin(
    session: DeskSession, ticket: Ticket, message: Message, *, meaning: str, now: datetime, **changes: Any
) -> None:
    """The same text in a row of its own, but for the `changes`: one that has ended stays as it ended."""
    same = {name: getattr(message, name) for name in OF_THE_TEXT}
    own = {"id": new_id(now), "status": MessageStatus.PENDING, "meaning": meaning, "created_at": now}
    twin = Message(**same | own | changes)
    session.add(twin)
    tell_queued(session, ticket, twin, by=MACHINE, now=now)
