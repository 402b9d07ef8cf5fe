"""Texts that the provider took and then said nothing of: receipts are not guaranteed, so we ask, three times. What is
not known after that is never known, and a person calls."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select, text, update

from recovery.domain.messages import MessageStatus, merge_receipt
from recovery.models import Message
from recovery.models.message import TO_ASK
from recovery.services.sending.outbox import BULK
from recovery.services.sending.outcomes import ASK_AFTER, locked, stay_silent
from recovery.services.sending.receipts import learn_from, raise_to
from recovery.services.session import DeskSession
from recovery.sms.gateway import ProviderStatus

ASK_AGAIN_AFTER = (timedelta(hours=2), timedelta(hours=11))
"""From the sending. A queue at the provider lives ten hours: after the last there is nothing more to hear."""
ANSWERED_WITHIN = timedelta(minutes=15)
"""After the last question: then nobody waits any more."""


class _Sent(NamedTuple):
    id: int
    provider_sid: str
    sent_at: datetime
    look_at: datetime


def silent(session: DeskSession, *, now: datetime, limit: int = 50) -> list[tuple[int, str]]:
    """Texts to ask for now, with the provider's name of each."""
    return [
        (message.id, message.provider_sid) for message in _due(session, now, limit) if not _asked_to_the_end(message)
    ]


def unheard(session: DeskSession, *, now: datetime, limit: int = 50) -> list[int]:
    """Texts for which the last question has brought nothing."""
    return [message.id for message in _due(session, now, limit) if _asked_to_the_end(message)]


def start_asking(session: DeskSession, message_id: int, *, now: datetime) -> bool:
    """Sets the time of the next question first, so that one worker asks. False where another does."""
    sent_at = session.scalar(select(Message.sent_at).where(Message.id == message_id))
    later = [(sent_at or now) + gap for gap in (ASK_AFTER, *ASK_AGAIN_AFTER)]
    after = next((at for at in later if at > now), now + ANSWERED_WITHIN)
    asked = session.scalars(
        update(Message)
        .where(Message.id == message_id, Message.status == MessageStatus.SENT, Message.look_at <= now)
        .values(look_at=after)
        .returning(Message.id),
        execution_options=BULK,
    )
    return bool(asked.all())


def hear(session: DeskSession, message_id: int, said: ProviderStatus | None, *, now: datetime) -> None:
    """None: the provider does not know the text (any more), which says nothing."""
    if said is None:
        return
    learn_from(session, message_id, said.error_code, now=now)
    ticket, message = locked(session, message_id)
    merged = merge_receipt(message.status, said.status)
    if merged.changed:
        raise_to(session, ticket, message, merged.status, str(said.error_code or ""), words=said.error_words, now=now)


def give_up(session: DeskSession, message_id: int, *, now: datetime) -> bool:
    """False where its end was told meanwhile, or another worker was faster."""
    ticket, message = locked(session, message_id)
    if message.status is not MessageStatus.SENT or message.look_at is None or message.look_at > now:
        return False
    stay_silent(session, ticket, message, now=now)
    return True


def _due(session: DeskSession, now: datetime, limit: int) -> Sequence[_Sent]:
    columns = (Message.id, Message.provider_sid, Message.sent_at, Message.look_at)
    due = select(*columns).where(text(f"messages.{TO_ASK}"), Message.look_at <= now).order_by(Message.look_at)
    return [
        _Sent(message_id, sid, sent_at or now, look_at or now)
        for message_id, sid, sent_at, look_at in session.execute(due.limit(limit))
        if sid is not None
    ]


def _asked_to_the_end(message: _Sent) -> bool:
    """The time that was set with the last question lies after it."""
    return message.look_at > message.sent_at + ASK_AGAIN_AFTER[-1]
