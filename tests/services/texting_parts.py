"""A customer who writes, as the provider would bring it."""

import itertools

from sqlalchemy import select

from recovery.domain.messages import Direction
from recovery.models import Message, Ticket
from recovery.services.texting.replies import Inbound, receive
from tests.factories import Business

SAMS, NOORS = "+447700900123", "+447700900124"
_sids = itertools.count()


def says(business: Business, words: str, *, number: str = SAMS, to: str = "") -> Message:
    inbound = Inbound(number, to or business.desk.house.sender, words, f"SMin{next(_sids)}")
    return business.desk.transact(lambda session: receive(session, inbound, now=business.now))


def delivered(business: Business) -> None:
    """Whatever we have written so far has arrived on the phones."""
    with business.desk.writing.begin() as connection:
        connection.execute(
            Message.__table__.update()
            .where(Message.direction == "outbound", Message.sending_at.is_(None))
            .values(status="delivered", sending_at=business.now)
        )


def read_again(business: Business, message: Message) -> Message:
    with business.desk.read() as session:
        return session.get_one(Message, message.id)


def texts_on(business: Business, ticket: Ticket) -> list[str]:
    """What the customer wrote, in order."""
    return [each.body or "" for each in business.rows(Message, ticket) if each.direction is Direction.INBOUND]


def asked(business: Business, template: str = "which") -> list[Message]:
    with business.desk.read() as session:
        return list(session.scalars(select(Message).where(Message.template == template).order_by(Message.id)))
