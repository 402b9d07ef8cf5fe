"""What tests of waits do: put somebody in line, press, answer, look again."""

from typing import Any

from recovery.domain.waits import WaitAnswer
from recovery.models import Ticket, Wait
from recovery.services.access import ticket_of_wait
from recovery.services.people.customers import NewCustomer
from recovery.services.waiting import turns
from recovery.services.waiting.joining import NewWait, join
from recovery.services.waiting.wait_lists import WaitRow, wait_row
from tests.factories import SAM, Business


def joined(business: Business, customer: NewCustomer = SAM, *, by: str = "maya", note: str | None = None) -> Wait:
    who = business.actor(by)
    new = NewWait("harbour-st", customer, note)
    return business.desk.transact(lambda session: join(session, new, now=business.now, by=who))


def press(business: Business, wait: Wait, what: Any, *, by: str = "maya") -> Wait:
    who = business.actor(by)
    business.desk.transact(
        lambda session: what(session, *ticket_of_wait(session, wait.id, by=who), now=business.now, by=who)
    )
    return again(business, wait)


def says_on_page(business: Business, wait: Wait, said: WaitAnswer) -> Wait:
    who = business.actor("maya")
    business.desk.transact(
        lambda session: turns.answer(session, *ticket_of_wait(session, wait.id, by=who), said, now=business.now)
    )
    return again(business, wait)


def again(business: Business, wait: Wait) -> Wait:
    with business.desk.read() as session:
        return session.get_one(Wait, wait.id)


def row(business: Business, wait: Wait, *, by: str = "maya") -> WaitRow:
    with business.desk.read() as session:
        return wait_row(session, wait.id, by=business.actor(by))


def ticket_of(business: Business, wait: Wait) -> Ticket:
    with business.desk.read() as session:
        ticket = session.get_one(Ticket, wait.ticket_id)
    return business.again(ticket)
