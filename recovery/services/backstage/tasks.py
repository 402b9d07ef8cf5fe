"""Asking the kitchen, stock or IT for something that a ticket waits for, and what becomes of it. The ticket's row is locked by
whoever calls."""

from datetime import datetime

from recovery.domain.actors import Actor
from recovery.domain.errors import Invalid, WrongState
from recovery.domain.events import Tag, commitment
from recovery.domain.ids import new_id
from recovery.domain.permissions import Permission
from recovery.domain.promise_times import default_due
from recovery.domain.tasks import LONGEST_WORDS, OPEN, TaskList, TaskStatus, move
from recovery.models import Task, Ticket
from recovery.services.access import require
from recovery.services.backstage.task_rows import cancel_task, open_tasks
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession, instant
from recovery.services.timing.calendars import calendar_of
from recovery.services.timing.owed import still_owed
from recovery.services.timing.promises import (
    current_promise,
    default_promise_due,
    promise_anew,
    sayable_due,
)

NOT_NEEDED = "not_needed"
"""Why a task was cancelled: somebody said so."""


def ask(session: DeskSession, ticket: Ticket, *, of: TaskList, words: str, now: datetime, by: Actor) -> Task:
    """Raises Invalid for words that are missing or too long, WrongState for a ticket that is over."""
    require(by, Permission.WORK)
    if not ticket.is_live:
        raise WrongState(f"This ticket is {ticket.status.label}: reopen it, then ask.")
    task = Task(
        id=new_id(now),
        ticket_id=ticket.id,
        list=of,
        words=_checked(words),
        status=TaskStatus.WAITING,
        asked_at=now,
        asked_by_id=by.id,
        due_at=_due(session, ticket, now=now),
    )
    session.add(task)
    record(
        session,
        ticket,
        Tag.TASK_ASKED,
        by=by,
        at=now,
        task=task.id,
        list=of.value,
        due_at=instant(task.due_at),
        words_commitment=commitment(ticket.salt, task.words),
    )
    return task


def take(session: DeskSession, ticket: Ticket, task: Task, *, now: datetime, by: Actor) -> None:
    """A second tap by the same person is no change. Raises WrongState where somebody else has it, or it has ended."""
    require(by, Permission.WORK)
    _refuse_ended(task)
    if task.taken_by is not None:
        if task.taken_by_id == by.id:
            return
        raise WrongState(f"{task.taken_by.name.split()[0]} has it already: take another one.")
    task.status = move(task.status, TaskStatus.TAKEN)
    task.taken_at, task.taken_by_id = now, by.id
    record(session, ticket, Tag.TASK_TAKEN, by=by, at=now, task=task.id, list=task.list.value)


def finish(session: DeskSession, ticket: Ticket, task: Task, *, now: datetime, by: Actor) -> None:
    """Also what somebody else has in hand, or nobody yet: done is done. With the last one the promise moves, and the
    customer hears by when. Raises WrongState for a task that has ended."""
    require(by, Permission.WORK)
    _refuse_ended(task)
    task.status = move(task.status, TaskStatus.DONE)
    task.done_at, task.done_by_id = now, by.id
    record(session, ticket, Tag.TASK_DONE, by=by, at=now, task=task.id, list=task.list.value)
    session.flush()
    if ticket.is_live and not open_tasks(session, ticket):
        _move_promise(session, ticket, now=now, by=by)


def cancel(session: DeskSession, ticket: Ticket, task: Task, *, now: datetime, by: Actor) -> None:
    """Nobody needs it any more. Raises WrongState for a task that has ended."""
    require(by, Permission.WORK)
    _refuse_ended(task)
    cancel_task(session, ticket, task, why=NOT_NEEDED, now=now, by=by)


def _checked(words: str) -> str:
    short = words.strip()
    if not short:
        raise Invalid.field("words", "Say in a few words what is needed.")
    if len(short) > LONGEST_WORDS:
        raise Invalid.field("words", f"Keep it below {LONGEST_WORDS + 1} characters: it is read from afar.")
    return short


def _due(session: DeskSession, ticket: Ticket, *, now: datetime) -> datetime:
    """By the wall clock; while the site is shut nobody is there to do it, so it counts from the opening."""
    minutes = session.house.policy.task_minutes
    return default_due(now=now, minutes=minutes, calendar=calendar_of(ticket.site), minutes_after_opening=minutes)


def _refuse_ended(task: Task) -> None:
    if task.status not in OPEN:
        raise WrongState(f"This task is {task.status.label} already.")


def _move_promise(session: DeskSession, ticket: Ticket, *, now: datetime, by: Actor) -> None:
    """From now on it is the front that the customer waits for. An answer or a call that is promised stands."""
    promise = current_promise(session, ticket)
    if promise is None or still_owed(session, ticket, promise.about):
        return
    due = sayable_due(session, ticket, default_promise_due(session, ticket, now=now), now=now)
    promise_anew(session, ticket, due_at=due, tell=True, now=now, by=by)
