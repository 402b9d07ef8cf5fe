"""A text to see whether the line works: without a ticket, through the same outbox as every other."""

from datetime import datetime

from sqlalchemy import select

from recovery.domain.ids import new_id
from recovery.domain.messages import Direction, MessageStatus
from recovery.models import Message
from recovery.services.reporting.spending import cost_of
from recovery.services.session import DeskSession

TEMPLATE = "line_test"


def send_test(session: DeskSession, phone: str, *, now: datetime) -> Message:
    """Queues it, urgent: whoever asks is waiting. `phone` is E.164."""
    text = session.house.texts.render(TEMPLATE, {"reference": f"{now:%H:%M:%S} UTC"})
    message_id = new_id(now)
    message = Message(
        id=message_id,
        audience="staff",
        direction=Direction.OUTBOUND,
        status=MessageStatus.PENDING,
        sender=session.house.sender,
        to_number=phone,
        body=text.body,
        template=TEMPLATE,
        message_class=text.message_class,
        meaning=f"test:{message_id}",
        segments=text.segments.count,
        cost_micros=cost_of(session, phone, text.segments.count),
        validity_seconds=text.validity_seconds,
        urgent_until=now + session.house.policy.urgent_for,
        created_at=now,
        not_before=now,
        expires_at=now + session.house.policy.urgent_for,
    )
    session.add(message)
    return message


def state_of(session: DeskSession, message_id: int) -> Message:
    return session.scalars(select(Message).where(Message.id == message_id)).one()
