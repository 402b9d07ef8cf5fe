"""Calls promised to customers: booking cannot fail, every try has an outcome, and every outcome its next step."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from recovery.domain.callbacks import CallbackStatus, CallReason, Outcome
from recovery.domain.errors import Invalid, WrongState
from recovery.domain.messages import MessageStatus
from recovery.domain.tickets import TicketStatus
from recovery.models import Attempt, Callback, Contact, Message, Promise
from recovery.services.calling import attempts, booking
from recovery.services.calling.call_tasks import open_call_task
from recovery.services.calling.callback_times import when_words
from recovery.services.texting import consent
from recovery.services.ticketing import tickets
from tests.factories import NOOR, Business, refund
from tests.services.calls import book, texts, tried, with_call


def test_a_booked_call_is_promised_confirmed_and_moves_the_ticket_on(business: Business) -> None:
    ticket = business.log(remedies=())
    call = book(business, ticket, hours=2)
    again = business.again(ticket)
    assert (again.status, call.status) == (TicketStatus.IN_RECOVERY, CallbackStatus.BOOKED)
    assert again.promise_due_at == call.due_at + timedelta(minutes=10)
    assert texts(business, ticket)[-1] == "callback_booked"


def test_without_a_time_it_is_as_soon_as_someone_is_free(business: Business) -> None:
    ticket = business.log()
    call = book(business, ticket)
    assert (call.status, call.as_soon_as_possible, call.due_at) == (CallbackStatus.DUE, True, business.now)


def test_a_second_booking_moves_the_first(business: Business) -> None:
    ticket = business.log()
    first = book(business, ticket, hours=2)
    second = book(business, ticket, hours=3)
    assert (second.id, second.moves, second.due_at) == (first.id, 1, business.now + timedelta(hours=3))
    assert texts(business, ticket)[-1] == "callback_moved"


@pytest.mark.parametrize("ahead", [{"minutes": -1}, {"days": 61}])
def test_a_time_gone_by_or_far_away_is_refused(business: Business, ahead: dict[str, float]) -> None:
    ticket = business.log()
    with pytest.raises(Invalid):
        book(business, ticket, **ahead)


def test_on_a_ticket_that_is_over_no_call_is_booked_without_reopening(business: Business) -> None:
    ticket = business.log()
    business.on(ticket, lambda session, held, maya: tickets.resolve(session, held, how=None, now=business.now, by=maya))
    with pytest.raises(WrongState, match="reopen"):
        book(business, ticket)


def test_reached_ends_it_and_keeps_the_promise(business: Business) -> None:
    ticket = business.log()
    book(business, ticket)
    call = tried(business, ticket, Outcome.REACHED)
    assert (call.status, call.ended_at) == (CallbackStatus.REACHED, business.now)
    assert [promise.outcome for promise in business.rows(Promise, ticket)] == ["replaced", "kept", None]
    assert business.again(ticket).first_response_at == business.now


def test_who_was_reached_is_not_called_a_second_time_for_what_no_text_told(business: Business) -> None:
    ticket = business.log()
    for reason in (CallReason.UNDELIVERED, CallReason.LAPSED):
        business.on(ticket, lambda session, held, _, why=reason: open_call_task(session, held, why, now=business.now))
    asked = book(business, ticket, hours=2)
    first, *_ = business.rows(Callback, ticket)
    business.on(
        ticket,
        lambda session, held, by: attempts.attempt(
            session,
            held,
            session.get_one(Callback, first.id),
            outcome=Outcome.REACHED,
            note=None,
            now=business.now,
            by=by,
        ),
    )
    standing = {call.id: call.status for call in business.rows(Callback, ticket)}
    assert list(standing.values()) == [CallbackStatus.REACHED, CallbackStatus.CANCELLED, CallbackStatus.BOOKED]
    assert standing[asked.id] is CallbackStatus.BOOKED, "what they chose themselves"


def test_a_cut_line_is_called_back_by_the_same_person_in_two_minutes_and_the_customer_is_told(
    business: Business,
) -> None:
    ticket = business.log()
    book(business, ticket)
    call = tried(business, ticket, Outcome.DISCONNECTED, by="omar")
    assert (call.status, call.due_at) == (CallbackStatus.DUE, business.now + timedelta(minutes=2))
    assert call.staff_id == business.staff("omar").id
    assert texts(business, ticket)[-1] == "disconnected"
    assert business.again(ticket).promise_due_at == call.due_at


@pytest.mark.parametrize("outcome", [Outcome.NO_ANSWER, Outcome.BUSY, Outcome.VOICEMAIL])
def test_nobody_there_is_tried_again_with_growing_gaps_and_then_the_customer_chooses(
    business: Business, outcome: Outcome
) -> None:
    ticket = business.log()
    book(business, ticket)
    gaps = []
    for _ in range(3):
        call = tried(business, ticket, outcome)
        gaps.append((call.due_at - business.now) // timedelta(minutes=1))
    last = tried(business, ticket, outcome)
    assert gaps == [15, 60, 180]
    assert (last.status, last.attempt_count) == (CallbackStatus.UNREACHED, 4)
    assert texts(business, ticket)[-1] == "unreached"
    assert [row.number for row in business.rows(Attempt, ticket)] == [1, 2, 3, 4]


def test_a_call_that_is_tried_again_in_hours_is_no_longer_as_soon_as_someone_is_free(business: Business) -> None:
    ticket = business.log()
    book(business, ticket)
    call = tried(business, ticket, Outcome.NO_ANSWER)
    assert call.as_soon_as_possible is False
    assert when_words(business.again(ticket), call, now=business.now) == "at 09:45"


def test_a_try_before_the_time_that_they_chose_takes_it_from_nobody(business: Business) -> None:
    ticket = business.log()
    due = book(business, ticket, hours=3).due_at
    call = tried(business, ticket, Outcome.NO_ANSWER)
    assert (call.status, call.due_at, call.in_vain, call.attempt_count) == (CallbackStatus.BOOKED, due, 0, 1)
    assert business.again(ticket).promise_due_at == call.miss_at
    business.later(hours=3)
    assert tried(business, ticket, Outcome.NO_ANSWER).due_at == due + timedelta(minutes=15)


def test_lines_that_were_cut_use_up_no_retry(business: Business) -> None:
    """Somebody was there: the first time that nobody is, is the first."""
    ticket = business.log()
    book(business, ticket)
    for _ in range(3):
        tried(business, ticket, Outcome.DISCONNECTED)
    call = tried(business, ticket, Outcome.NO_ANSWER)
    assert (call.status, call.due_at) == (CallbackStatus.BOOKED, business.now + timedelta(minutes=15))
    assert call.attempt_count == 4


def test_a_call_that_is_moved_begins_to_be_tried_anew(business: Business) -> None:
    ticket = business.log()
    book(business, ticket)
    for _ in range(3):
        tried(business, ticket, Outcome.NO_ANSWER)
    with_call(business, ticket, booking.reschedule, due_at=business.now + timedelta(hours=1))
    business.later(hours=1)
    call = tried(business, ticket, Outcome.VOICEMAIL)
    assert (call.status, call.due_at) == (CallbackStatus.BOOKED, business.now + timedelta(minutes=15))
    for _ in range(2):
        tried(business, ticket, Outcome.BUSY)
    assert tried(business, ticket, Outcome.BUSY).status is CallbackStatus.UNREACHED


def test_a_wrong_number_gets_no_text_and_no_link_to_somebody_elses_page(business: Business) -> None:
    ticket = business.log()
    book(business, ticket)
    before = texts(business, ticket)
    call = tried(business, ticket, Outcome.WRONG_NUMBER)
    assert (call.status, business.again(ticket).no_text_reason) == (CallbackStatus.UNREACHED, "wrong_number")
    assert business.again(ticket).link_generation == ticket.link_generation + 1
    assert texts(business, ticket) == before
    assert business.again(ticket).promise_due_at is not None


def test_nor_does_it_get_a_text_that_waits(business: Business) -> None:
    """What is said to a colleague goes all the same."""
    ticket = business.log(remedies=(refund(4500),))
    book(business, ticket)
    tried(business, ticket, Outcome.WRONG_NUMBER)
    ours = {row.template: (row.status, row.drop_reason) for row in business.rows(Message, ticket)}
    staff = {name: each for name, each in ours.items() if name.startswith("staff_")}
    assert {status for status, _ in staff.values()} == {MessageStatus.PENDING}
    assert {each for name, each in ours.items() if name not in staff} == {(MessageStatus.DROPPED, "wrong_number")}


def test_nor_does_it_get_one_about_another_matter_of_the_same_customer(business: Business) -> None:
    """Both links would open the page of somebody else."""
    ticket, other, noors = business.log(), business.log(failure="late"), business.log(customer=NOOR)
    book(business, ticket)
    tried(business, ticket, Outcome.WRONG_NUMBER)
    again = business.again(other)
    assert (again.no_text_reason, again.link_generation) == ("wrong_number", other.link_generation + 1)
    (apology,) = business.rows(Message, other)
    assert (apology.status, apology.drop_reason) == (MessageStatus.DROPPED, "wrong_number")
    assert business.again(noors).no_text_reason is None


def test_a_call_that_is_over_is_over(business: Business) -> None:
    ticket = business.log()
    book(business, ticket)
    tried(business, ticket, Outcome.REACHED)
    with pytest.raises(WrongState, match="book a new one"):
        tried(business, ticket, Outcome.REACHED)
    with pytest.raises(WrongState):
        with_call(business, ticket, booking.cancel)


def test_a_cancelled_call_gives_its_promise_back_to_the_severity(business: Business) -> None:
    ticket = business.log()
    book(business, ticket, hours=5)
    with_call(business, ticket, booking.cancel)
    assert business.again(ticket).promise_due_at == business.now + timedelta(minutes=15)
    assert texts(business, ticket)[-1] == "callback_cancelled"


def test_a_resolution_cancels_what_is_booked(business: Business) -> None:
    ticket = business.log()
    book(business, ticket, hours=5)
    business.on(ticket, lambda session, held, maya: tickets.resolve(session, held, how=None, now=business.now, by=maya))
    (call,) = business.rows(Callback, ticket)
    assert call.status is CallbackStatus.CANCELLED


def test_a_missed_call_stays_to_be_made_and_alerts_the_next_person(business: Business) -> None:
    ticket = business.log()
    book(business, ticket)
    business.later(minutes=10)
    business.tick("callbacks missed")
    (call,) = business.rows(Callback, ticket)
    assert (call.status, call.ended_at) == (CallbackStatus.MISSED, None)
    assert business.tags(ticket)[-2:] == ["ticket:escalated", "text:queued"]
    assert tried(business, ticket, Outcome.REACHED).status is CallbackStatus.REACHED


def test_somebody_who_wants_no_texts_is_a_task_to_call_and_not_reminded(business: Business) -> None:
    ticket = business.log()
    with business.desk.write() as session:
        contact = session.scalars(select(Contact)).one()
        sender = business.desk.house.sender
        consent.opt_out(session, contact, sender=sender, how="keyword", message_id=None, now=business.now)
    (task,) = business.rows(Callback, ticket)
    assert (task.reason, task.status, task.is_task) == ("opted_out", CallbackStatus.DUE, True)
    (booked,) = [event for event in business.told(ticket) if event.tag == "ticket:callback:booked"]
    assert task.as_soon_as_possible is json.loads(booked.payload)["as_soon_as_possible"] is True
    again = tried(business, ticket, Outcome.NO_ANSWER)
    assert again.remind_at is None


@pytest.mark.parametrize(
    ("ahead", "words"),
    [({"hours": 2}, "at 11:30"), ({"days": 1}, "tomorrow at 09:30"), ({"days": 3}, "on Fri 13 Mar at 09:30")],
)
def test_the_time_is_said_as_the_customers_clock_shows_it(
    business: Business, ahead: dict[str, float], words: str
) -> None:
    call = book(business, business.log(), **ahead)
    assert when_words(business.again(business.log()), call, now=business.now) == words
