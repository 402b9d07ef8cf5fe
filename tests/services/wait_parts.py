"""What tests of waits do: put somebody in line, press, answer, look again."""

from typing import Any

from recovery.domain.waits import WaitAnswer
from recovery.models import Message, Promise, Ticket, TicketClock, Wait
from recovery.services.access import ticket_of_wait
from recovery.services.people.customers import NewCustomer
from recovery.services.waiting import turns
from recovery.services.waiting.joining import NewWait, join
from recovery.services.waiting.wait_lists import WaitRow, wait_row
from tests.factories import SAM, Business

BY_NAME = NewCustomer(None, "Lady in the green coat")


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


def minutes(business: Business, wait: Wait) -> float:
    return (wait.estimate_at - business.now).total_seconds() / 60


def last_text(business: Business, wait: Wait) -> str:
    return business.rows(Message, ticket_of(business, wait))[-1].body or ""


def promise(business: Business, wait: Wait) -> Promise:
    return business.rows(Promise, ticket_of(business, wait))[-1]


def helped_every(business: Business, gap: int, count: int) -> None:
    """So many customers who came together, each called so many minutes after the one before."""
    line = [joined(business, NewCustomer(None, f"Customer {number}")) for number in range(count)]
    for wait in line:
        business.later(minutes=gap)
        press(business, press(business, wait, turns.ready), turns.helped)


def in_the_numbers(business: Business) -> int:
    with business.desk.read() as session:
        return session.query(TicketClock).count()
