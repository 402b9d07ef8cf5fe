"""What the tests of the customer's page look at and do again and again."""

import re

from flask.testing import FlaskClient
from sqlalchemy import func, select

from recovery.models import Callback, Event, Ticket
from recovery.services.calling.call_rows import live_with_customer
from recovery.services.texting.links import customer_token
from recovery.services.ticketing import tickets
from tests.factories import Business


def link(business: Business, ticket: Ticket) -> str:
    return f"/c/{customer_token(business.desk.house, fresh(business, ticket))}"


def fresh(business: Business, ticket: Ticket) -> Ticket:
    with business.desk.read() as session:
        return session.get_one(Ticket, ticket.id)


def call_of(business: Business, ticket: Ticket) -> Callback | None:
    with business.desk.read() as session:
        return live_with_customer(session, session.get_one(Ticket, ticket.id))


def events(business: Business) -> int:
    with business.desk.read() as session:
        return session.scalar(select(func.count()).select_from(Event)) or 0


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def send(client: FlaskClient, address: str, **fields: str) -> str:
    """Presses the button, and gives the page at the end of the redirect, in words."""
    answer = client.post(address, data=fields, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    assert answer.request.method == "GET"
    return words_of(answer.text)


def resolved(business: Business) -> Ticket:
    ticket = business.log()
    business.on(ticket, lambda session, row, maya: tickets.resolve(session, row, how=None, now=business.now, by=maya))
    return ticket
