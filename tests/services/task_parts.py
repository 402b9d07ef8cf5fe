"""What tests of tasks do: ask for one, act on it, look again."""

from typing import Any

from recovery.domain.tasks import TaskList
from recovery.models import Task, Ticket
from recovery.services.access import ticket_of_task
from recovery.services.backstage import tasks
from recovery.services.ticketing.tickets import resolve
from tests.factories import Business


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
