"""Texts that the provider took and then said nothing of: receipts are not guaranteed, so we ask, three times."""

from datetime import datetime, timedelta

from sqlalchemy import select, text, update

from recovery.domain.messages import MessageStatus, merge_receipt
from recovery.models import Message
from recovery.models.message import TO_ASK
from recovery.services.sending.outbox import BULK
from recovery.services.sending.outcomes import ASK_AFTER, locked
from recovery.services.sending.receipts import raise_to
from recovery.services.session import DeskSession
from recovery.sms.gateway import ProviderStatus

ASK_AGAIN_AFTER = (timedelta(hours=2), timedelta(hours=11))
"""From the sending. A queue at the provider lives ten hours: after the last there is nothing more to hear."""


def silent(session: DeskSession, *, now: datetime, limit: int = 50) -> list[tuple[int, str]]:
    """Texts to ask for now, with the provider's name of each."""
    due = select(Message.id, Message.provider_sid).where(text(f"messages.{TO_ASK}"), Message.look_at <= now)
    rows = session.execute(due.order_by(Message.look_at).limit(limit))
    return [(message_id, sid) for message_id, sid in rows if sid]


def start_asking(session: DeskSession, message_id: int, *, now: datetime) -> bool:
    """Sets the time of the next question first, so that one worker asks. False where another does."""
    sent_at = session.scalar(select(Message.sent_at).where(Message.id == message_id))
    later = [(sent_at or now) + gap for gap in (ASK_AFTER, *ASK_AGAIN_AFTER)]
    asked = session.scalars(
        update(Message)
        .where(Message.id == message_id, Message.status == MessageStatus.SENT, Message.look_at <= now)
        .values(look_at=next((at for at in later if at > now), None))
        .returning(Message.id),
        execution_options=BULK,
    )
    return bool(asked.all())


def hear(session: DeskSession, message_id: int, said: ProviderStatus | None, *, now: datetime) -> None:
    """None: the provider does not know the text (any more), which says nothing."""
    if said is None:
        return
    ticket, message = locked(session, message_id)
    merged = merge_receipt(message.status, said.status)
    if merged.changed:
        raise_to(session, ticket, message, merged.status, str(said.error_code or ""), words=said.error_words, now=now)
