"""A customer whom neither a text nor a call reaches: no task renews itself, and the ticket stands before people."""

from datetime import timedelta

import pytest

from recovery.domain.callbacks import CallbackStatus, CallReason, Outcome
from recovery.models import Attempt, Callback, Message, Ticket
from recovery.services.calling import booking
from recovery.services.calling.call_tasks import open_call_task
from recovery.services.ticketing.rows import Undetected
from recovery.services.ticketing.undetected import count_undetected, undetected
from recovery.services.timing.promises import promise_by_hand
from tests.factories import Business, refund
from tests.services.calls import book, opted_out, texts, tried


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the database."""
    return sqlite_url


def called_in_vain(business: Business) -> Ticket:
    """Somebody without texts, and a call task that was tried as often as we try."""
    ticket = business.log(remedies=())
    opted_out(business)
    for _ in range(4):
        business.later(minutes=1)
        tried(business, ticket, Outcome.NO_ANSWER)
    return ticket


def why_undetected(business: Business, ticket: Ticket, by: str = "maya") -> tuple[Undetected, ...]:
    with business.desk.read() as session:
        found = undetected(session, by=business.actor(by)).items
        assert count_undetected(session, by=business.actor(by)) == len(found)
    return next((row.reasons for row in found if row.ticket.id == ticket.id), ())


def test_a_task_that_was_tried_in_vain_is_not_made_anew(business: Business) -> None:
    ticket = called_in_vain(business)
    (task,) = business.rows(Callback, ticket)
    assert (task.status, len(business.rows(Attempt, ticket))) == (CallbackStatus.UNREACHED, 4)
    assert "unreached" not in texts(business, ticket)


def test_nobody_responded_to_a_customer_who_was_asked_nothing(business: Business) -> None:
    ticket = called_in_vain(business)
    assert business.again(ticket).first_response_at is None
    assert "ticket:touched" not in business.tags(ticket)
    assert business.again(ticket).promise_due_at is not None


def test_the_next_person_up_is_alerted(business: Business) -> None:
    ticket = called_in_vain(business)
    (event,) = [event for event in business.told(ticket) if event.tag == "ticket:ticket:escalated"]
    assert '"why":"unreached"' in event.payload


def test_it_stands_on_the_undetected_board_until_a_person_promises_something(business: Business) -> None:
    ticket = called_in_vain(business)
    assert why_undetected(business, ticket) == (Undetected.UNREACHED,)
    assert why_undetected(business, ticket, by="nell") == ()
    business.later(minutes=1)
    due = business.now + timedelta(minutes=30)
    business.on(
        ticket,
        lambda session, held, maya: promise_by_hand(session, held, due_at=due, tell=False, now=business.now, by=maya),
    )
    assert why_undetected(business, ticket) == ()


def test_another_call_takes_it_from_the_board(business: Business) -> None:
    ticket = called_in_vain(business)
    business.later(minutes=1)
    business.on(ticket, lambda session, held, maya: booking.book(session, held, due_at=None, now=business.now, by=maya))
    assert why_undetected(business, ticket) == ()


def test_promises_that_lapse_afterwards_call_nobody_and_tell_the_next_person(business: Business) -> None:
    ticket = called_in_vain(business)
    for _ in range(6):
        business.later(hours=2)
        business.tick("promises to lapse")
    assert [call.status for call in business.rows(Callback, ticket)] == [CallbackStatus.UNREACHED]
    assert business.again(ticket).lapses >= 1
    assert business.tags(ticket).count("ticket:escalated") >= 2
    assert why_undetected(business, ticket) == (Undetected.UNREACHED, Undetected.BROKEN_PROMISE)


def test_whom_our_texts_do_not_reach_is_not_texted_that_no_call_did(business: Business) -> None:
    ticket = business.log(remedies=())
    business.on(
        ticket, lambda session, held, _: open_call_task(session, held, CallReason.UNDELIVERED, now=business.now)
    )
    for _ in range(4):
        business.later(minutes=1)
        tried(business, ticket, Outcome.BUSY)
    assert texts(business, ticket) == ["logged"]
    assert why_undetected(business, ticket) == (Undetected.UNREACHED,)


def test_a_wrong_number_stands_there_as_well_and_nobody_is_called_at_it(business: Business) -> None:
    ticket = business.log(remedies=())
    book(business, ticket)
    tried(business, ticket, Outcome.WRONG_NUMBER)
    business.later(hours=2)
    business.tick("promises to lapse")
    assert [call.status for call in business.rows(Callback, ticket)] == [CallbackStatus.UNREACHED]
    assert why_undetected(business, ticket) == (Undetected.UNREACHED,)


def test_and_the_next_person_up_is_alerted_that_the_number_is_wrong(business: Business) -> None:
    ticket = business.log(remedies=())
    book(business, ticket)
    tried(business, ticket, Outcome.WRONG_NUMBER)
    (event,) = [event for event in business.told(ticket) if event.tag == "ticket:ticket:escalated"]
    assert '"why":"wrong_number"' in event.payload
    (alert,) = [row for row in business.rows(Message, ticket) if row.audience == "staff"]
    assert "somebody else's" in (alert.body or "")


def test_who_was_asked_to_choose_a_time_is_not_given_up_though_another_answer_is_owed(business: Business) -> None:
    ticket = business.log(remedies=(refund(4500),))
    book(business, ticket, hours=1)
    business.later(hours=1)
    for _ in range(4):
        business.later(minutes=1)
        tried(business, ticket, Outcome.NO_ANSWER)
    assert texts(business, ticket)[-1] == "unreached"
    assert why_undetected(business, ticket) == ()
