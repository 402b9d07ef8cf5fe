"""A call that is still to be made outlives what the machine does, and ends with what the customer or a person decides."""

import itertools
from functools import partial

import pytest

from recovery.domain.callbacks import CallbackStatus, CallReason
from recovery.domain.tickets import TicketStatus
from recovery.models import Callback, Ticket
from recovery.services.calling import booking
from recovery.services.people.erasing import erase
from recovery.services.texting import replies
from recovery.services.texting.replies import Inbound
from recovery.services.ticketing import tickets
from recovery.services.ticketing.customer_page import say_it_is_right
from tests.factories import Business
from tests.services.calls import with_call

SAMS = "+447700900123"
_sids = itertools.count()


def says(business: Business, words: str) -> None:
    inbound = Inbound(SAMS, business.desk.house.sender, words, f"SM-closed-{next(_sids)}")
    business.desk.transact(lambda session: replies.receive(session, inbound, now=business.now))


def resolved_with_a_call(business: Business) -> Ticket:
    """Resolved; Sam wants no texts, so that a person has to call and say so."""
    ticket = business.log()
    business.on(ticket, lambda session, held, maya: tickets.resolve(session, held, how=None, now=business.now, by=maya))
    business.later(minutes=1)
    says(business, "STOP")
    assert [call.status for call in business.rows(Callback, ticket)] == [CallbackStatus.DUE]
    return ticket


def close(business: Business, ticket: Ticket) -> None:
    by_hand = partial(tickets.close, cause="x", action=None)
    business.on(ticket, lambda session, held, omar: by_hand(session, held, now=business.now, by=omar), by="omar")


def say_that_it_is_right(business: Business, ticket: Ticket) -> None:
    business.on(ticket, lambda session, held, _: say_it_is_right(session, held, now=business.now))


@pytest.mark.parametrize("act", [close, say_that_it_is_right])
def test_a_person_who_closes_it_ends_its_calls(business: Business, act: object) -> None:
    ticket = resolved_with_a_call(business)
    act(business, ticket)  # type: ignore[operator]
    (call,) = business.rows(Callback, ticket)
    assert (call.status, call.ended_at) == (CallbackStatus.CANCELLED, business.now)
    (told,) = [event for event in business.told(ticket) if event.tag == "ticket:callback:cancelled"]
    assert '"why":"closed"' in told.payload
    business.later(minutes=30)
    business.tick()
    assert "callback:missed" not in business.tags(ticket)


def test_the_closing_after_a_week_ends_none(business: Business) -> None:
    ticket = resolved_with_a_call(business)
    business.later(days=8)
    business.tick("resolved to close")
    assert business.again(ticket).status is TicketStatus.CLOSED
    (call,) = business.rows(Callback, ticket)
    assert (call.status, call.reason, call.ended_at) == (CallbackStatus.DUE, CallReason.OPTED_OUT, None)


def test_such_a_call_can_be_put_off_though_the_ticket_is_resolved(business: Business) -> None:
    ticket = resolved_with_a_call(business)
    due = business.later(minutes=1) + (business.now - business.now.replace(minute=0))
    with_call(business, ticket, booking.reschedule, due_at=due)
    (call,) = business.rows(Callback, ticket)
    assert (call.status, call.due_at) == (CallbackStatus.BOOKED, due)


def test_that_it_is_right_is_kept_though_a_colleague_closed_it_before(business: Business) -> None:
    ticket = business.log()
    business.on(ticket, lambda session, held, maya: tickets.resolve(session, held, how=None, now=business.now, by=maya))
    close(business, ticket)
    closed_at = business.now
    business.later(minutes=5)
    for _ in range(2):  # pressing twice is pressing once
        say_that_it_is_right(business, ticket)
    again = business.again(ticket)
    assert (again.status, again.closed_at, again.confirmed_at) == (TicketStatus.CLOSED, closed_at, business.now)
    assert business.tags(ticket).count("ticket:confirmed") == 1
    assert business.tags(ticket).count("ticket:closed") == 1


def test_nobody_is_to_call_a_number_that_was_erased(business: Business) -> None:
    ticket = resolved_with_a_call(business)
    ada = business.actor("ada")
    business.desk.transact(lambda session: erase(session, SAMS, now=business.now, by=ada))
    (call,) = business.rows(Callback, ticket)
    assert call.status is CallbackStatus.CANCELLED
    (told,) = [event for event in business.told(ticket) if event.tag == "ticket:callback:cancelled"]
    assert '"why":"erased"' in told.payload
