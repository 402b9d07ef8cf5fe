"""Backstage tasks: asked, taken, done or not needed any more; each has its clock, and the customer hears when they are done."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from recovery.domain.errors import Invalid, WrongState
from recovery.domain.tasks import TaskList, TaskStatus
from recovery.domain.tickets import PromiseAbout, Source
from recovery.models import Message, Promise, Staff, Task
from recovery.services.backstage import tasks
from recovery.services.people.staff import deactivate
from recovery.services.ticketing.reopening import reopen
from recovery.services.ticketing.rows import Undetected
from recovery.services.ticketing.tickets import close, void, wait_for_customer
from recovery.services.timing import due_rows
from tests.factories import LEE, NOOR, SAM, Business, refund, shut
from tests.services.calls import book, texts
from tests.services.task_parts import act, again, asked, due, resolved
from tests.services.test_undetected import reasons


def test_a_task_has_its_own_clock_and_the_trail_keeps_no_word_of_it(business: Business) -> None:
    ticket = business.log()
    task = asked(business, ticket, words="  One latte with oat milk ")
    assert (task.list, task.status, task.words) == (TaskList.KITCHEN, TaskStatus.WAITING, "One latte with oat milk")
    assert task.due_at == business.now + timedelta(minutes=10)
    told = business.told(ticket)[-1]
    assert told.tag == "ticket:task:asked"
    assert json.loads(told.payload).keys() == {"task", "list", "due_at", "words_commitment"}
    assert "oat milk" not in told.payload


def test_while_the_site_is_shut_the_clock_counts_from_its_opening(business: Business) -> None:
    business.desk.transact(
        lambda session: session.execute(
            text("UPDATE sites SET hours = 'mon-fri 08:00-10:00' WHERE slug = 'harbour-st'")
        )
    )
    ticket = business.log()
    business.later(hours=5)
    opening = business.now.replace(hour=8, minute=0) + timedelta(days=1)
    assert asked(business, ticket).due_at == opening + timedelta(minutes=10)


@pytest.mark.parametrize("words", ["", "   ", "x" * 201])
def test_a_task_says_in_a_few_words_what_is_needed(business: Business, words: str) -> None:
    ticket = business.log()
    with pytest.raises(Invalid) as refused:
        asked(business, ticket, words=words)
    assert refused.value.errors.keys() == {"words"}


def test_on_a_ticket_that_is_over_nothing_is_asked(business: Business) -> None:
    ticket = business.log()
    resolved(business, ticket)
    with pytest.raises(WrongState, match="reopen it, then ask"):
        asked(business, ticket)


def test_whoever_takes_it_has_it_and_nobody_else(business: Business) -> None:
    ticket = business.log()
    task = act(business, asked(business, ticket), tasks.take)
    assert (task.status, task.taken_at, task.taken_by_id) == (
        TaskStatus.TAKEN,
        business.now,
        business.staff("maya").id,
    )
    told = len(business.told(ticket))
    act(business, task, tasks.take)
    assert len(business.told(ticket)) == told
    with pytest.raises(WrongState, match="Maya has it already"):
        act(business, task, tasks.take, by="omar")


def test_what_somebody_has_in_hand_a_colleague_may_finish(business: Business) -> None:
    task = act(business, asked(business, business.log()), tasks.take)
    done = act(business, task, tasks.finish, by="omar")
    assert (done.status, done.done_by_id, done.taken_by_id) == (
        TaskStatus.DONE,
        business.staff("omar").id,
        business.staff("maya").id,
    )
    for what in (tasks.take, tasks.finish, tasks.cancel):
        with pytest.raises(WrongState, match="This task is done already"):
            act(business, task, what)


def test_the_last_task_done_moves_the_promise_and_the_customer_hears(business: Business) -> None:
    ticket = business.log()
    kitchen, stock = asked(business, ticket), asked(business, ticket, of=TaskList.STOCK, words="A lid")
    promised = due(business, ticket)
    business.later(minutes=6)
    act(business, kitchen, tasks.finish)
    assert due(business, ticket) == promised
    act(business, stock, tasks.finish)
    promise = business.rows(Promise, ticket)[-1]
    assert (promise.about, promise.due_at) == (PromiseAbout.TOUCH, business.now + timedelta(minutes=15))
    assert due(business, ticket) == promise.due_at
    assert texts(business, ticket)[-1] == "promised"
    assert [row.outcome for row in business.rows(Promise, ticket)][-2:] == ["replaced", None]


def test_what_is_not_needed_any_more_moves_no_promise(business: Business) -> None:
    ticket = business.log()
    task = asked(business, ticket)
    promised = due(business, ticket)
    business.later(minutes=6)
    gone = act(business, task, tasks.cancel)
    assert (gone.status, gone.cancelled_at) == (TaskStatus.CANCELLED, business.now)
    assert due(business, ticket) == promised
    assert business.tags(ticket)[-1] == "task:cancelled"


def test_a_call_and_an_answer_that_are_promised_stand(business: Business) -> None:
    called = business.log(customer=SAM)
    book(business, called, hours=2)
    waits = business.log(customer=NOOR, remedies=(refund(4500),))
    for ticket in (called, waits):
        promised = due(business, ticket)
        act(business, asked(business, ticket), tasks.finish)
        assert due(business, ticket) == promised


def test_while_we_wait_for_the_customer_a_task_done_promises_a_word_sooner(business: Business) -> None:
    ticket = business.log()
    task = asked(business, ticket)
    business.on(ticket, lambda session, held, maya: wait_for_customer(session, held, now=business.now, by=maya))
    act(business, task, tasks.finish)
    assert due(business, ticket) == business.now + timedelta(minutes=15)


def test_by_night_the_new_time_is_true_when_its_text_leaves(business: Business) -> None:
    ticket = business.log()
    task = asked(business, ticket)
    business.later(hours=13)
    act(business, task, tasks.finish)
    message = business.rows(Message, ticket)[-1]
    assert message.template == "promised"
    assert due(business, ticket) == message.not_before + timedelta(minutes=15)


def test_a_site_that_is_shut_for_weeks_finishes_its_tasks_all_the_same(business: Business) -> None:
    ticket = business.log()
    task = asked(business, ticket)
    for days in range(40):
        shut(business, (business.now.date() + timedelta(days=days)).isoformat(), "Winter")
    assert act(business, task, tasks.finish).status is TaskStatus.DONE
    assert due(business, ticket) - business.now > timedelta(days=39)


def test_an_observation_has_tasks_and_nobody_to_tell(business: Business) -> None:
    ticket = business.log(customer=None, source=Source.STORE_WALK, remedies=())
    assert act(business, asked(business, ticket), tasks.finish).status is TaskStatus.DONE
    assert business.rows(Promise, ticket) == []


def test_a_ticket_that_is_resolved_cancels_what_is_open_and_undoing_puts_it_back(business: Business) -> None:
    ticket = business.log()
    waiting = asked(business, ticket)
    held = act(business, asked(business, ticket, words="Two"), tasks.take)
    gone = act(business, asked(business, ticket, words="Three"), tasks.cancel)
    business.later(seconds=1)
    resolved(business, ticket)
    assert {row.status for row in business.rows(Task, ticket)} == {TaskStatus.CANCELLED}
    business.later(seconds=5)
    business.on(ticket, lambda session, row, maya: reopen(session, row, why="undo", now=business.now, by=maya))
    assert again(business, waiting).status is TaskStatus.WAITING
    assert again(business, held).status is TaskStatus.TAKEN
    assert again(business, gone).status is TaskStatus.CANCELLED


def test_one_that_is_reopened_later_begins_without_the_old_tasks(business: Business) -> None:
    ticket = business.log()
    asked(business, ticket)
    resolved(business, ticket)
    business.later(minutes=5)
    business.on(ticket, lambda session, row, maya: reopen(session, row, why="by_hand", now=business.now, by=maya))
    assert [row.status for row in business.rows(Task, ticket)] == [TaskStatus.CANCELLED]


def test_what_is_void_or_closed_has_no_open_task(business: Business) -> None:
    voided, closed = business.log(customer=SAM), business.log(customer=LEE)
    for ticket in (voided, closed):
        asked(business, ticket)
    business.on(
        voided,
        lambda session, row, maya: void(session, row, reason="a slip", duplicate_of=None, now=business.now, by=maya),
    )
    resolved(business, closed)
    business.on(
        closed,
        lambda session, row, omar: close(session, row, cause="a rush", action=None, now=business.now, by=omar),
        by="omar",
    )
    for ticket in (voided, closed):
        assert [row.status for row in business.rows(Task, ticket)] == [TaskStatus.CANCELLED]


def test_past_its_time_it_stands_on_the_undetected_board_until_it_is_done(business: Business) -> None:
    ticket = business.log()
    task = act(business, asked(business, ticket), tasks.take)
    business.later(minutes=9, seconds=59)
    assert business.tick("tasks to be late") == 0
    assert reasons(business, ticket) == ()
    business.later(seconds=1)
    assert business.tick("tasks to be late") == 1
    assert business.tick("tasks to be late") == 0
    assert reasons(business, ticket) == (Undetected.LATE_TASK,)
    assert reasons(business, ticket, by="nell") == ()
    assert business.tags(ticket).count("task:late") == 1
    act(business, task, tasks.finish)
    assert reasons(business, ticket) == ()


def test_what_was_found_late_is_looked_at_again_under_the_lock(business: Business) -> None:
    ticket = business.log()
    early, done, late = (asked(business, ticket, words=words) for words in ("Early", "Done", "Late"))
    act(business, done, tasks.finish)

    def be_late(task: Task) -> bool:
        return business.on(ticket, lambda session, held, _: due_rows.be_late(session, held, task.id, business.now))

    assert not be_late(early)
    business.later(minutes=10)
    assert [be_late(task) for task in (done, late, late)] == [False, True, False]


def test_who_leaves_gives_back_what_they_had_in_hand(business: Business) -> None:
    ticket = business.log(by="omar")
    task = act(business, asked(business, ticket), tasks.take)
    ada = business.actor("ada")
    maya = business.staff("maya").id
    business.desk.transact(lambda session: deactivate(session, session.get_one(Staff, maya), now=business.now, by=ada))
    back = again(business, task)
    assert (back.status, back.taken_at, back.taken_by_id) == (TaskStatus.WAITING, None, None)
    assert "task:released" in business.tags(ticket)
