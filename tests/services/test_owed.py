"""A promised answer or call stands until it is given, whatever else the customer hears meanwhile."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from recovery.domain.callbacks import CallReason, Outcome
from recovery.models import Callback, Message, Promise, Remedy, Ticket
from recovery.services.calling import attempts, booking
from recovery.services.calling.call_tasks import open_call_task
from recovery.services.deciding import remedies
from recovery.services.ticketing import tickets
from recovery.services.timing.promises import promise_by_hand
from tests.factories import REMAKE, Business, refund
from tests.services.texting_parts import delivered


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the database."""
    return sqlite_url


TOMORROW = timedelta(days=1)


def do(business: Business, ticket: Ticket, act: Any, *, by: str = "maya", **more: Any) -> Any:
    return business.on(ticket, lambda session, held, who: act(session, held, now=business.now, by=who, **more), by=by)


def on_row(business: Business, ticket: Ticket, kind: Any, act: Any, *, by: str = "maya", **more: Any) -> None:
    """`act` on the newest remedy or call of the ticket."""
    newest = business.rows(kind, ticket)[-1].id
    business.on(
        ticket,
        lambda session, held, who: act(session, held, session.get_one(kind, newest), now=business.now, by=who, **more),
        by=by,
    )


def write(business: Business, ticket: Ticket) -> None:
    do(business, ticket, lambda *args, **more: tickets.write_to_customer(*args, "Nearly there.", **more))


def book_for_tomorrow(business: Business, ticket: Ticket) -> Callback:
    callback: Callback = do(business, ticket, booking.book, due_at=business.now + TOMORROW)
    return callback


def standing(business: Business, ticket: Ticket) -> Promise:
    with business.desk.read() as session:
        current = select(Promise).where(Promise.ticket_id == ticket.id, Promise.ended_at.is_(None))
        return session.scalars(current).one()


def story(business: Business, ticket: Ticket) -> list[tuple[str, str | None]]:
    return [(promise.about.value, promise.outcome) for promise in business.rows(Promise, ticket)]


def hand_over(business: Business, ticket: Ticket) -> None:
    on_row(business, ticket, Remedy, remedies.fulfil)


def make_ready(business: Business, ticket: Ticket) -> None:
    on_row(business, ticket, Remedy, remedies.make_ready)


def give_more(business: Business, ticket: Ticket) -> None:
    do(business, ticket, lambda *args, **more: remedies.propose(*args, REMAKE, **more))


@pytest.mark.parametrize("touch", [write, hand_over, make_ready, give_more])
def test_a_booked_call_stands_whatever_else_the_customer_hears(business: Business, touch: Any) -> None:
    ticket = business.log()
    call = book_for_tomorrow(business, ticket)
    business.later(minutes=2)
    touch(business, ticket)
    assert (standing(business, ticket).about, standing(business, ticket).due_at) == ("callback", call.miss_at)
    assert story(business, ticket) == [("remedy", "replaced"), ("callback", None)]
    business.later(hours=2)
    assert business.tick("promises to lapse") == 0


def test_an_answer_that_was_promised_is_not_kept_by_another_word(business: Business) -> None:
    ticket = business.log(remedies=(refund(4500),))
    business.later(minutes=2)
    write(business, ticket)
    assert story(business, ticket) == [("answer", None)]
    on_row(business, ticket, Remedy, remedies.refuse, by="omar", reason="eaten")
    assert story(business, ticket) == [("answer", "kept"), ("remedy", None)]


def test_a_call_is_kept_when_they_were_reached(business: Business) -> None:
    ticket = business.log()
    do(business, ticket, booking.book, due_at=None)
    on_row(business, ticket, Callback, attempts.attempt, outcome=Outcome.REACHED, note=None)
    assert story(business, ticket)[1:] == [("callback", "kept"), ("touch", None)]


def test_after_the_answer_comes_the_call(business: Business) -> None:
    ticket = business.log()
    call = book_for_tomorrow(business, ticket)
    do(business, ticket, lambda *args, **more: remedies.propose(*args, refund(4500), **more))
    assert standing(business, ticket).about == "answer"
    on_row(business, ticket, Remedy, remedies.approve, by="omar")
    assert (standing(business, ticket).about, standing(business, ticket).due_at) == ("callback", call.miss_at)


def test_a_cancelled_call_leaves_the_answer_that_is_owed(business: Business) -> None:
    ticket = business.log(remedies=(refund(4500),))
    deadline = standing(business, ticket).due_at
    book_for_tomorrow(business, ticket)
    business.later(minutes=1)
    on_row(business, ticket, Callback, booking.cancel)
    assert (standing(business, ticket).about, standing(business, ticket).due_at) == ("answer", deadline)


def test_waiting_for_the_customer_and_going_on_leave_the_call_where_it_is(business: Business) -> None:
    ticket = business.log()
    call = book_for_tomorrow(business, ticket)
    do(business, ticket, tickets.wait_for_customer)
    do(business, ticket, tickets.resume)
    assert standing(business, ticket).due_at == call.miss_at
    assert story(business, ticket) == [("remedy", "replaced"), ("callback", None)]


def test_a_resolution_does_not_keep_the_promise_of_a_call(business: Business) -> None:
    ticket = business.log()
    book_for_tomorrow(business, ticket)
    do(business, ticket, tickets.resolve, how=None)
    assert story(business, ticket) == [("remedy", "replaced"), ("callback", "replaced")]


def test_asking_for_another_time_does_not_keep_it_either(business: Business) -> None:
    ticket = business.log()
    do(business, ticket, booking.book, due_at=None)
    for _ in range(4):
        on_row(business, ticket, Callback, attempts.attempt, outcome=Outcome.NO_ANSWER, note=None)
    assert "kept" not in {outcome for _, outcome in story(business, ticket)}
    assert (standing(business, ticket).about, standing(business, ticket).due_at - business.now) == (
        "touch",
        timedelta(minutes=15),
    )


def test_where_another_time_cannot_be_asked_for_nobody_was_told_of_the_next_promise(business: Business) -> None:
    ticket = business.log(customer=None)
    do(business, ticket, booking.book, due_at=None)
    for _ in range(4):
        on_row(business, ticket, Callback, attempts.attempt, outcome=Outcome.NO_ANSWER, note=None)
    assert (standing(business, ticket).about, standing(business, ticket).told_by) == ("touch", "nobody")
    assert "ticket:touched" not in business.tags(ticket)


def test_a_call_that_was_missed_is_owed_still(business: Business) -> None:
    ticket = business.log()
    do(business, ticket, booking.book, due_at=None)
    business.later(minutes=11)
    business.tick("callbacks missed")
    do(business, ticket, promise_by_hand, due_at=business.now + timedelta(hours=1), tell=True)
    write(business, ticket)
    promise = standing(business, ticket)
    assert (promise.about, promise.due_at) == ("callback", business.now + timedelta(minutes=15))


def test_a_call_task_that_is_tried_again_moves_no_promised_call(business: Business) -> None:
    ticket = business.log()
    call = book_for_tomorrow(business, ticket)
    business.on(
        ticket, lambda session, held, _: open_call_task(session, held, CallReason.UNDELIVERED, now=business.now)
    )
    on_row(business, ticket, Callback, attempts.attempt, outcome=Outcome.NO_ANSWER, note=None)
    assert standing(business, ticket).due_at == call.miss_at
    on_row(business, ticket, Callback, attempts.attempt, outcome=Outcome.REACHED, note=None)
    assert standing(business, ticket).due_at == call.miss_at


@pytest.mark.parametrize(
    "lines", [("callbacks missed", "promises to lapse"), ("promises to lapse", "callbacks missed")]
)
@pytest.mark.parametrize("outcome", [None, Outcome.DISCONNECTED])
def test_a_missed_call_is_one_lapse_one_text_and_one_alert_whichever_is_seen_first(
    business: Business, lines: tuple[str, str], outcome: Outcome | None
) -> None:
    ticket = business.log()
    do(business, ticket, booking.book, due_at=None)
    delivered(business)
    if outcome:  # a redial is missed in the very moment in which it is due
        on_row(business, ticket, Callback, attempts.attempt, outcome=outcome, note=None)
    before = len(business.rows(Message, ticket))
    business.later(minutes=10)
    for line in lines:
        business.tick(line)
    said = [(row.template, row.audience) for row in business.rows(Message, ticket)[before:]]
    assert said == [("late", "customer"), ("staff_alert", "staff")]
    assert "a call that was due was not made" in (business.rows(Message, ticket)[-1].body or "")
    assert business.again(ticket).lapses == business.tags(ticket).count("ticket:escalated") == 1


def test_a_missed_call_that_another_promise_stands_for_alerts_all_the_same(business: Business) -> None:
    ticket = business.log()
    do(business, ticket, booking.book, due_at=None)
    do(business, ticket, promise_by_hand, due_at=business.now + timedelta(hours=1), tell=False)
    business.later(minutes=10)
    assert business.tick("callbacks missed", "promises to lapse") == 1
    assert (business.tags(ticket).count("ticket:escalated"), business.again(ticket).lapses) == (1, 0)
