"""Backstage tasks: asked, taken, done or not needed any more; each has its clock, and the customer hears when they are done."""

import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from recovery.domain.actors import Actor
from recovery.domain.errors import Forbidden, Invalid, NotFound, WrongState
from recovery.domain.permissions import Scope
from recovery.domain.tasks import TaskList, TaskStatus
from recovery.domain.tickets import PromiseAbout, Source
from recovery.models import Message, Promise, Staff, Task, Ticket
from recovery.services.access import ticket_of_task
from recovery.services.backstage import task_lists, tasks
from recovery.services.people.erasing import erase
from recovery.services.people.staff import deactivate
from recovery.services.running.doctor import examine
from recovery.services.session import DeskSession
from recovery.services.ticketing.reopening import reopen
from recovery.services.ticketing.rows import Undetected
from recovery.services.ticketing.tickets import close, resolve, void, wait_for_customer
from recovery.services.timing import due_rows
from tests.factories import LEE, NOOR, REMAKE, SAM, Business, refund
from tests.services.calls import book, texts
from tests.services.test_racing import at_once
from tests.services.test_undetected import reasons


def asked(business: Business, ticket: Ticket, *, of: TaskList = TaskList.KITCHEN, words: str = "One latte") -> Task:
    return business.on(
        ticket, lambda session, held, maya: tasks.ask(session, held, of=of, words=words, now=business.now, by=maya)
    )


def act(business: Business, task: Task, what: Any, *, by: str = "maya") -> Task:
    who = business.actor(by)
    business.desk.transact(
        lambda session: what(session, *ticket_of_task(session, task.id, by=who), now=business.now, by=who)
    )
    return again(business, task)


def again(business: Business, task: Task) -> Task:
    with business.desk.read() as session:
        return session.get_one(Task, task.id)


def resolved(business: Business, ticket: Ticket) -> None:
    business.on(ticket, lambda session, held, maya: resolve(session, held, how=None, now=business.now, by=maya))


def due(business: Business, ticket: Ticket) -> Any:
    return business.again(ticket).promise_due_at


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


def test_a_list_shows_what_is_open_the_longest_due_first(business: Business) -> None:
    ticket = business.log()
    first = asked(business, ticket, words="First")
    business.later(minutes=1)
    second = asked(business, ticket, words="Second")
    stock = asked(business, ticket, of=TaskList.STOCK, words="A lid")
    done = act(business, asked(business, ticket, words="Done"), tasks.finish)
    maya = business.actor("maya")
    with business.desk.read() as session:
        page = task_lists.tasks(session, by=maya, of=TaskList.KITCHEN, limit=1)
        rest = task_lists.tasks(session, by=maya, of=TaskList.KITCHEN, limit=1, cursor=page.next_cursor)
        assert [row.id for row in (*page.items, *rest.items)] == [first.id, second.id]
        assert rest.next_cursor is None
        assert len(task_lists.tasks(session, by=maya).items) == 3
        assert stock.id in {row.id for row in task_lists.tasks(session, by=maya, site="harbour-st").items}
        assert task_lists.tasks(session, by=maya, site="nowhere").items == []
        over = task_lists.tasks(session, by=maya, status=TaskStatus.DONE).items
        assert [(row.id, row.done_by and row.done_by.name) for row in over] == [(done.id, "Maya Okafor")]
        assert [row.words for row in task_lists.tasks_on(session, ticket.id, by=maya)] == [
            *("First", "Second", "A lid", "Done")
        ]


def test_another_sites_tasks_are_nothing(business: Business) -> None:
    task = asked(business, business.log())
    with business.desk.read() as session:
        nell = business.actor("nell")
        assert task_lists.tasks(session, by=nell).items == []
        with pytest.raises(NotFound):
            task_lists.task_row(session, task.id, by=nell)
    with pytest.raises(NotFound):
        act(business, task, tasks.take, by="nell")
    assert again(business, task).status is TaskStatus.WAITING


def test_whoever_may_not_see_the_ticket_sees_the_task_alone(business: Business) -> None:
    ticket = business.log(by="omar", failure="unsafe")
    task = business.on(
        ticket,
        lambda session, held, omar: tasks.ask(
            session, held, of=TaskList.KITCHEN, words="Keep the packet", now=business.now, by=omar
        ),
        by="omar",
    )
    with business.desk.read() as session:
        (row,) = task_lists.tasks(session, by=business.actor("maya")).items
        (whole,) = task_lists.tasks(session, by=business.actor("omar")).items
    assert (row.words, row.ticket) == ("Keep the packet", None)
    assert whole.ticket is not None
    assert whole.ticket.reference == ticket.reference
    assert act(business, task, tasks.finish).status is TaskStatus.DONE


def test_a_role_or_a_token_that_may_only_read_does_nothing(business: Business) -> None:
    ticket = business.log()
    task = asked(business, ticket)
    reader = business.staff("maya").as_actor(frozenset({Scope.READ}))
    for what in (tasks.take, tasks.finish, tasks.cancel):
        with business.desk.write() as session, pytest.raises(Forbidden):
            what(session, *ticket_of_task(session, task.id, by=reader), now=business.now, by=reader)
    with business.desk.write() as session:
        held = ticket_of_task(session, task.id, by=reader)[0]
        with pytest.raises(Forbidden):
            tasks.ask(session, held, of=TaskList.IT, words="x", now=business.now, by=reader)


def test_erasing_a_customer_takes_the_words_too(business: Business) -> None:
    ticket = business.log(remedies=(REMAKE,))
    done = act(business, asked(business, ticket, words="Sam's latte"), tasks.finish)
    asked(business, ticket, words="Sam's cake")
    resolved(business, ticket)
    ada = business.actor("ada")
    business.desk.transact(lambda session: erase(session, "+447700900123", now=business.now, by=ada))
    assert [row.words for row in business.rows(Task, ticket)] == [None, None]
    assert again(business, done).status is TaskStatus.DONE


@pytest.mark.parametrize(
    "values",
    [
        "status = 'taken'",
        "status = 'done'",
        "status = 'cancelled'",
        "status = 'taken', taken_at = asked_at",
        "taken_by_id = asked_by_id",
        "taken_at = asked_at, taken_by_id = asked_by_id",
        "done_at = asked_at, done_by_id = asked_by_id",
        "status = 'done', done_at = asked_at",
        "done_by_id = asked_by_id",
        "cancelled_at = asked_at",
        "words = NULL",
        "list = 'garden'",
        "status = 'lost'",
    ],
)
def test_who_and_when_are_facts_that_agree(business: Business, values: str) -> None:
    asked(business, business.log())
    with business.desk.write() as session, pytest.raises(IntegrityError):
        session.execute(text(f"UPDATE tasks SET {values}"))


def test_the_screen_of_a_list_is_read_from_an_index_of_its_own(business: Business) -> None:
    asked_for: list[Any] = []
    with business.desk.read() as session:
        is_postgres = session.get_bind().dialect.name == "postgresql"
        event.listen(session.get_bind(), "before_cursor_execute", lambda *call: asked_for.append((call[2], call[3])))
        task_lists.tasks(session, by=business.actor("ada"), of=TaskList.KITCHEN)
        statement, values = next(each for each in asked_for if "FROM tasks" in each[0])
        if is_postgres:
            session.execute(text("SET enable_seqscan = off"))  # the tables are empty: is it able to, is the question
        explain = "EXPLAIN" if is_postgres else "EXPLAIN QUERY PLAN"
        plan = session.connection().exec_driver_sql(f"{explain} {statement}", values)
        assert "ix_tasks_open" in " ".join(str(row) for row in plan)


def test_a_task_is_told_of_in_one_event_each(business: Business) -> None:
    ticket = business.log()
    act(business, act(business, asked(business, ticket), tasks.take), tasks.finish)
    assert [tag for tag in business.tags(ticket) if tag.startswith("task:")] == [
        *("task:asked", "task:taken", "task:done")
    ]


def test_doctor_tells_of_tasks_that_no_worker_looked_at(business: Business) -> None:
    ticket = business.log(promise_minutes=600)
    asked(business, ticket)
    business.later(minutes=30)
    assert "1 tasks came due and nobody looked" in due_work_words(business)
    business.tick("tasks to be late")
    assert "Nothing that came due waits" in due_work_words(business)


def due_work_words(business: Business) -> str:
    with business.desk.read() as session:
        return next(check.words for check in examine(session, now=business.now) if check.what == "Due work")


def test_of_two_who_take_it_at_once_one_has_it(business: Business) -> None:
    ticket = business.log()
    task = asked(business, ticket)
    people, refused = [business.actor(name) for name in ("maya", "omar", "ada")], []

    def taken_by(who: Actor) -> None:
        def work(session: DeskSession) -> None:
            tasks.take(session, *ticket_of_task(session, task.id, by=who), now=business.now, by=who)

        try:
            business.desk.transact(work)
        except WrongState as error:
            refused.append(error.detail)

    at_once([partial(taken_by, who) for who in people])
    assert again(business, task).status is TaskStatus.TAKEN
    assert len(refused) == 2
    assert all("has it already" in sentence for sentence in refused)
    assert business.tags(ticket).count("task:taken") == 1
