"""Who pressed *Call me* and went away without choosing a time is noticed, and called."""

import pytest
from sqlalchemy import select

from recovery.domain.actors import CUSTOMER
from recovery.domain.events import Tag
from recovery.domain.tickets import TicketStatus
from recovery.models import Callback, Event, Message, Ticket
from recovery.services.access import lock_ticket
from recovery.services.people.erasing import erase
from recovery.services.ticketing import customer_page
from recovery.services.ticketing.tickets import close, confirm, resolve
from tests.factories import SAM, Business


def press(business: Business, ticket: Ticket) -> None:
    with business.desk.write() as session:
        customer_page.want_call(session, lock_ticket(session, ticket.id), now=business.now)


def told(business: Business, ticket: Ticket) -> list[str]:
    with business.desk.read() as session:
        tags = session.scalars(select(Event.tag).where(Event.stream_id == ticket.id).order_by(Event.seq))
        return [tag for tag in tags if tag.startswith("ticket:callback:")]


@pytest.fixture
def ticket(business: Business) -> Ticket:
    return business.log(customer=SAM)


def test_after_ten_minutes_they_are_called_as_soon_as_someone_is_free(business: Business, ticket: Ticket) -> None:
    press(business, ticket)
    business.later(minutes=9)
    business.tick()
    assert business.rows(Callback, ticket) == []
    business.later(minutes=1)
    business.tick()
    business.tick()
    (call,) = business.rows(Callback, ticket)
    assert (call.as_soon_as_possible, call.due_at) == (True, business.now)
    assert told(business, ticket)[:3] == [Tag.CALLBACK_WANTED, Tag.CALLBACK_UNCHOSEN, Tag.CALLBACK_BOOKED]
    assert "callback_booked" in [message.template for message in business.rows(Message, ticket)]


def test_who_chooses_a_time_is_called_then(business: Business, ticket: Ticket) -> None:
    press(business, ticket)
    press(business, ticket)
    with business.desk.write() as session:
        customer_page.call_me(session, lock_ticket(session, ticket.id), wanted=None, now=business.now)
    business.later(minutes=11)
    business.tick()
    assert told(business, ticket).count(Tag.CALLBACK_WANTED) == 1
    assert Tag.CALLBACK_UNCHOSEN not in told(business, ticket)
    assert len(business.rows(Callback, ticket)) == 1


def test_a_ticket_that_was_resolved_goes_on_for_them(business: Business, ticket: Ticket) -> None:
    business.on(ticket, lambda session, held, maya: resolve(session, held, how=None, now=business.now, by=maya))
    business.later(hours=1)
    press(business, ticket)
    business.later(minutes=10)
    business.tick()
    with business.desk.read() as session:
        assert session.get_one(Ticket, ticket.id).status is TicketStatus.IN_RECOVERY
    assert len(business.rows(Callback, ticket)) == 1


@pytest.mark.parametrize("what", ["they said that it is right", "a supervisor closed it", "they were erased"])
def test_but_not_where_it_was_said_since_that_all_is_over(business: Business, ticket: Ticket, what: str) -> None:
    business.on(ticket, lambda session, held, maya: resolve(session, held, how=None, now=business.now, by=maya))
    press(business, ticket)
    business.later(minutes=2)
    omar, ada = business.actor("omar"), business.actor("ada")
    with business.desk.write() as session:
        held = lock_ticket(session, ticket.id)
        if what == "they said that it is right":
            confirm(session, held, message_id=None, now=business.now, by=CUSTOMER)
        elif what == "a supervisor closed it":
            close(session, held, cause="Two orders swapped", action=None, now=business.now, by=omar)
        else:
            erase(session, "+447700900123", now=business.now, by=ada)
    business.later(minutes=10)
    business.tick()
    assert business.again(ticket).resolved_at is not None
    assert business.rows(Callback, ticket) == []
