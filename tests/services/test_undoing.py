"""Ten seconds after a resolution it can be undone, and then everything is as it was."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from recovery.domain.actors import CUSTOMER
from recovery.domain.callbacks import CallbackStatus, CallReason, Outcome
from recovery.domain.messages import MessageStatus
from recovery.models import Callback, CallSlot, Message, Promise, Ticket, TicketClock
from recovery.services.calling.call_tasks import open_call_task
from recovery.services.deciding import remedies
from recovery.services.proving.audit import verify
from recovery.services.ticketing import reopening, tickets
from tests.factories import Business
from tests.services.calls import book, opted_out, tried
from tests.services.post import Post
from tests.services.texting_parts import delivered


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the database."""
    return sqlite_url


def resolve(business: Business, ticket: Ticket) -> None:
    business.on(ticket, lambda session, held, by: tickets.resolve(session, held, how=None, now=business.now, by=by))


def undo(business: Business, ticket: Ticket) -> None:
    business.on(ticket, lambda session, held, by: reopening.undo_resolution(session, held, now=business.now, by=by))


def resolved_and_undone(business: Business, ticket: Ticket) -> None:
    resolve(business, ticket)
    business.later(seconds=5)
    undo(business, ticket)


def waiting(business: Business, ticket: Ticket) -> list[str | None]:
    rows = business.rows(Message, ticket)
    return [row.template for row in rows if row.status is MessageStatus.PENDING and row.audience == "customer"]


def test_a_booked_call_is_there_again_and_promised(business: Business) -> None:
    ticket = business.log()
    book(business, ticket, hours=3)
    (before,) = business.rows(Callback, ticket)
    resolved_and_undone(business, ticket)
    (call,) = business.rows(Callback, ticket)
    assert (call.id, call.status, call.ended_at) == (before.id, CallbackStatus.BOOKED, None)
    assert (call.due_at, call.moves) == (before.due_at, before.moves)
    assert business.rows(Promise, ticket)[-1].due_at == call.miss_at
    assert "callback:put_back" in business.tags(ticket)
    with business.desk.read() as session:
        assert session.scalars(select(CallSlot.callback_id)).all() == [call.id], "nobody else gets its time"


def test_its_tries_and_the_time_of_the_next_one_are_kept(business: Business) -> None:
    ticket = business.log()
    book(business, ticket)
    business.later(minutes=1)
    tried(business, ticket, Outcome.NO_ANSWER)
    resolved_and_undone(business, ticket)
    (call,) = business.rows(Callback, ticket)
    assert (call.attempt_count, call.status) == (1, CallbackStatus.BOOKED)
    assert call.due_at > business.now
    assert tried(business, ticket, Outcome.NO_ANSWER).attempt_count == 2


def test_call_tasks_are_there_again(business: Business) -> None:
    ticket = business.log()
    opted_out(business)
    resolved_and_undone(business, ticket)
    (task,) = business.rows(Callback, ticket)
    assert (task.reason, task.status) == (CallReason.OPTED_OUT, CallbackStatus.DUE)


def test_a_task_that_was_opened_anew_in_those_seconds_stays_the_only_one(business: Business) -> None:
    ticket = business.log()
    for act in (resolve, undo):
        business.later(seconds=1)
        business.on(
            ticket, lambda session, held, _: open_call_task(session, held, CallReason.UNDELIVERED, now=business.now)
        )
        act(business, ticket)
    assert [call.status for call in business.rows(Callback, ticket)] == [
        CallbackStatus.CANCELLED,
        CallbackStatus.DUE,
    ]


def test_a_missed_call_is_missed_still_and_alerts_nobody_twice(business: Business) -> None:
    ticket = business.log()
    book(business, ticket)
    business.later(minutes=11)
    business.tick("callbacks missed")
    resolved_and_undone(business, ticket)
    business.tick("callbacks missed")
    assert [call.status for call in business.rows(Callback, ticket)] == [CallbackStatus.MISSED]
    assert business.tags(ticket).count("callback:missed") == 1
    assert (business.again(ticket).promise_due_at or business.now) > business.now


def test_a_redial_stays_due_and_reminds_nobody(business: Business) -> None:
    ticket = business.log()
    book(business, ticket, minutes=50)
    tried(business, ticket, Outcome.DISCONNECTED)
    resolved_and_undone(business, ticket)
    business.tick("callbacks come due", "callbacks to remind")
    assert [call.status for call in business.rows(Callback, ticket)] == [CallbackStatus.DUE]
    assert "callback:reminded" not in business.tags(ticket)


@pytest.mark.parametrize("times", [1, 2])
def test_a_confirmation_that_had_not_left_goes_after_all(post: Post, times: int) -> None:
    business, ticket = post.business, post.ticket()
    book(business, ticket, hours=3)
    for _ in range(times):
        resolved_and_undone(business, ticket)
    assert waiting(business, ticket) == ["logged", "callback_booked"]
    assert [departure.outgoing.body for departure in post.depart()][-1].startswith("Hello Sam, it's Maya")
    assert business.tags(ticket).count("text:queued") == 2 + 2 * times


def test_that_a_remedy_is_ready_is_said_after_all(business: Business) -> None:
    ticket = business.log()
    business.on(
        ticket,
        lambda session, held, maya: remedies.make_ready(
            session, held, remedies.remedies_of(session, held)[0], now=business.now, by=maya
        ),
    )
    resolved_and_undone(business, ticket)
    assert waiting(business, ticket) == ["logged", "ready"]


def test_a_new_time_that_was_promised_is_said_after_all(business: Business) -> None:
    ticket = business.log()
    delivered(business)
    business.later(minutes=15)
    business.tick("promises to lapse")
    assert waiting(business, ticket) == ["late"]
    resolved_and_undone(business, ticket)
    assert waiting(business, ticket) == ["late"]


def test_what_was_promised_stands_and_nothing_is_kept_by_a_slip(business: Business) -> None:
    ticket = business.log(promise_minutes=6)
    business.later(minutes=5)
    (before,) = business.rows(Promise, ticket)
    resolved_and_undone(business, ticket)
    (promise,) = business.rows(Promise, ticket)
    assert (promise.due_at, promise.told_by, promise.outcome) == (before.due_at, before.told_by, None)
    undone = business.again(ticket)
    assert (undone.promise_due_at, undone.first_response_at) == (before.due_at, None)
    assert figures(business, ticket) == (None, None, 0, 0)
    business.later(minutes=2)
    business.tick("promises to lapse")
    assert figures(business, ticket) == (None, None, 0, 1)
    resolve(business, ticket)
    minutes = 7 * 60 + 5
    assert figures(business, ticket) == (minutes, minutes, 1, 1)


def test_a_promise_that_only_the_resolution_saw_broken_is_made_anew(business: Business) -> None:
    ticket = business.log(promise_minutes=6)
    business.later(minutes=7)
    resolved_and_undone(business, ticket)
    broken, promise = business.rows(Promise, ticket)
    assert (broken.outcome, promise.outcome) == ("broken", None)
    assert promise.due_at == business.now + timedelta(minutes=15)
    assert figures(business, ticket) == (None, None, 0, 1)


def test_a_response_that_came_before_stays_one(business: Business) -> None:
    ticket = business.log()
    business.later(minutes=1)
    book(business, ticket)
    tried(business, ticket, Outcome.REACHED)
    business.later(minutes=1)
    resolved_and_undone(business, ticket)
    assert figures(business, ticket)[0] == 60
    assert business.again(ticket).first_response_at == business.now - timedelta(minutes=1, seconds=5)


def test_what_the_customer_has_confirmed_is_reopened_and_not_undone(business: Business) -> None:
    ticket = business.log()
    resolve(business, ticket)
    business.later(seconds=3)
    business.on(
        ticket,
        lambda session, held, _: tickets.confirm(session, held, message_id=None, now=business.now, by=CUSTOMER),
    )
    business.on(
        ticket, lambda session, held, by: reopening.reopen(session, held, why="by_hand", now=business.now, by=by)
    )
    assert business.again(ticket).level == 2
    assert waiting(business, ticket)[-1] == "reopened"


def figures(business: Business, ticket: Ticket) -> tuple[int | None, int | None, int, int]:
    """First response, recovery, promises kept and broken, as reports read them; the nightly check finds the same."""
    with business.desk.read() as session:
        row = session.get_one(TicketClock, ticket.id)
        assert verify(session, business.desk.house.audit_key).ok
        return row.first_response, row.resolved, row.promises_kept, row.promises_broken


def test_what_was_cancelled_before_the_resolution_stays_cancelled(business: Business) -> None:
    ticket = business.log()
    book(business, ticket, hours=3)
    cancel = tickets.cancel_what_no_longer_holds
    business.on(ticket, lambda session, held, _: cancel(session, held, why="moved away", now=business.now))
    business.later(seconds=1)
    resolved_and_undone(business, ticket)
    assert [call.status for call in business.rows(Callback, ticket)] == [CallbackStatus.CANCELLED]


def test_what_waited_for_the_morning_waits_for_it_still(business: Business) -> None:
    ticket = business.log()
    business.later(hours=13)
    business.on(
        ticket,
        lambda session, held, maya: remedies.make_ready(
            session, held, remedies.remedies_of(session, held)[0], now=business.now, by=maya
        ),
    )
    resolved_and_undone(business, ticket)
    held, again = (row for row in business.rows(Message, ticket) if row.template == "ready")
    assert (held.status, again.status) == (MessageStatus.DROPPED, MessageStatus.HELD)
    assert again.not_before == held.not_before
