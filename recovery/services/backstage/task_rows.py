"""The rows of tasks: found, and taken back or put back with their ticket."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select, text

from recovery.domain.actors import MACHINE, Actor
from recovery.domain.events import Tag
from recovery.domain.tasks import TaskStatus, move
from recovery.models import Task, Ticket
from recovery.models.task import IS_OPEN
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession

OPEN_TASKS = select(Task).where(Task.ticket_id == bindparam("ticket_id"), text(f"tasks.{IS_OPEN}")).order_by(Task.id)


def open_tasks(session: DeskSession, ticket: Ticket) -> Sequence[Task]:
    return session.scalars(OPEN_TASKS, {"ticket_id": ticket.id}).all()


def cancel_task(session: DeskSession, ticket: Ticket, task: Task, *, why: str, now: datetime, by: Actor) -> None:
    task.status, task.cancelled_at = move(task.status, TaskStatus.CANCELLED), now
    record(session, ticket, Tag.TASK_CANCELLED, by=by, at=now, task=task.id, list=task.list.value, why=why)


def cancel_tasks(session: DeskSession, ticket: Ticket, *, why: str, now: datetime) -> None:
    """Nobody waits for them any more."""
    for task in open_tasks(session, ticket):
        cancel_task(session, ticket, task, why=why, now=now, by=MACHINE)


def put_back_tasks(session: DeskSession, ticket: Ticket, *, cancelled_at: datetime, now: datetime, by: Actor) -> None:
    """What an undone resolution had cancelled, in the hands in which it was."""
    cancelled = select(Task).where(
        Task.ticket_id == ticket.id, Task.status == TaskStatus.CANCELLED, Task.cancelled_at == cancelled_at
    )
    for task in session.scalars(cancelled.order_by(Task.id)).all():
        before = TaskStatus.WAITING if task.taken_at is None else TaskStatus.TAKEN
        task.status, task.cancelled_at = move(task.status, before), None
        record(session, ticket, Tag.TASK_PUT_BACK, by=by, at=now, task=task.id, list=task.list.value)
