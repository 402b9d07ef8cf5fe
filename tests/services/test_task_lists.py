"""Backstage tasks as they are listed, seen and kept: whose they are to see, what the database holds, who of two has one."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from recovery.domain.actors import Actor
from recovery.domain.errors import Forbidden, NotFound, WrongState
from recovery.domain.permissions import Scope
from recovery.domain.tasks import TaskList, TaskStatus
from recovery.models import Task
from recovery.services.access import ticket_of_task
from recovery.services.backstage import task_lists, tasks
from recovery.services.people.erasing import erase
from recovery.services.running.doctor import examine
from recovery.services.session import DeskSession
from tests.factories import REMAKE, Business
from tests.fixtures.plans import plan_of
from tests.services.task_parts import act, again, asked, resolved
from tests.services.test_racing import at_once


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
    with business.desk.write() as session:
        event.listen(session.get_bind(), "before_cursor_execute", lambda *call: asked_for.append((call[2], call[3])))
        task_lists.tasks(session, by=business.actor("ada"), of=TaskList.KITCHEN)
        statement, values = next(each for each in asked_for if "FROM tasks" in each[0])
        assert "ix_tasks_open" in plan_of(session, statement, values, index="ix_tasks_open")


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
