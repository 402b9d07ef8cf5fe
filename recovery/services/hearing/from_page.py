"""What customers write on their page, and press there too late to be acted on: kept once, for a person to read."""

from datetime import datetime, timedelta

from sqlalchemy import select

from recovery.domain.messages import Direction
from recovery.models import Message, Ticket
from recovery.services.session import DeskSession
from recovery.services.texting import replies

SAME_PRESS = timedelta(minutes=2)
"""The same words again in this time, or "still not right" without any, are the same press."""


def write_once(session: DeskSession, ticket: Ticket, words: str, *, now: datetime) -> None:
    """Who presses twice on a slow line has written it once."""
    same = select(Message.id).where(
        Message.ticket_id == ticket.id,
        Message.direction == Direction.INBOUND,
        Message.sender == replies.PAGE,
        Message.body == words.strip(),
        Message.created_at > now - SAME_PRESS,
    )
    if session.scalar(same.limit(1)) is None:
        replies.write_from_page(session, ticket, words, now=now)
