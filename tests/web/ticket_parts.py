"""What the tests of a ticket's page look at and do again and again."""

from sqlalchemy import select

from recovery.models import Callback, Message, Remedy, Ticket
from recovery.services.texting.replies import Inbound, receive
from tests.factories import Business
from tests.web.pages import Visitor, words


def fresh(business: Business, ticket: Ticket) -> Ticket:
    with business.desk.read() as session:
        return session.get_one(Ticket, ticket.id)


def remedy_of(business: Business, ticket: Ticket) -> Remedy:
    with business.desk.read() as session:
        return session.scalars(select(Remedy).where(Remedy.ticket_id == ticket.id)).one()


def call_of(business: Business, ticket: Ticket) -> Callback:
    with business.desk.read() as session:
        return session.scalars(select(Callback).where(Callback.ticket_id == ticket.id)).one()


def texts(business: Business, ticket: Ticket, template: str) -> list[Message]:
    with business.desk.read() as session:
        wanted = (Message.ticket_id == ticket.id, Message.template == template)
        return list(session.scalars(select(Message).where(*wanted)))


def answer_by_text(business: Business, body: str) -> None:
    inbound = Inbound("+447700900123", "simulator", body, f"SM{abs(hash(body))}")
    business.desk.transact(lambda session: receive(session, inbound, now=business.now))


def tell(business: Business, maya: Visitor, ticket: Ticket) -> str:
    return words(maya.open(f"/tickets/{ticket.reference}"))
