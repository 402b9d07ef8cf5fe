"""What the kitchen, stock or IT is asked to do for a ticket."""

from collections.abc import Callable
from typing import Any

from flask import Response

from recovery.api import answers
from recovery.api.acting import Moment, answer_with, carry_out
from recovery.api.answers import Answer
from recovery.api.blueprint import ApiBlueprint
from recovery.api.schemas.answers import TaskSchema, page_of
from recovery.api.schemas.queries import TaskQuery
from recovery.api.schemas.requests import NewTaskSchema
from recovery.domain.permissions import Permission
from recovery.services.access import refuse_stale, ticket_of_task
from recovery.services.backstage import task_lists, tasks

blueprint = ApiBlueprint("tasks", "What the kitchen, stock or IT is asked to do for a ticket.")

TASK = "task"


@blueprint.call("GET", "/tasks", may=Permission.SEE, of="site", asks=TaskQuery, gives=page_of(TaskSchema))
def list_tasks(asked: dict[str, Any]) -> Response:
    """List tasks, the longest due first

    Everybody at a site sees its tasks. `ticket` is null where the ticket is not for your eyes.
    """

    def read(at: Moment) -> Answer:
        at.site(asked.get("site"))
        of = asked.pop("list", None)
        return answers.page(task_lists.tasks(at.session, by=at.by, of=of, **asked), _spelled)

    return answer_with(read)


@blueprint.call(
    "POST",
    "/tickets/<reference:reference>/tasks",
    may=Permission.WORK,
    of="ticket",
    takes=NewTaskSchema,
    gives=TaskSchema,
    status=201,
)
def ask_for_task(body: dict[str, Any], reference: str) -> Response:
    """Ask the kitchen, stock or IT for something"""

    def act(at: Moment) -> int:
        ticket = at.ticket(reference, body.get("version"))
        return tasks.ask(at.session, ticket, of=body["list"], words=body["words"], now=at.now, by=at.by).id

    return carry_out(act, thing=TASK, show=_shown, status=201)


@blueprint.call("POST", "/tasks/<row_id:task_id>/taking", may=Permission.WORK, of="task", gives=TaskSchema)
def take_task(body: dict[str, Any], task_id: int) -> Response:
    """Take a task in hand"""
    return _on_task(task_id, body, tasks.take)


@blueprint.call("POST", "/tasks/<row_id:task_id>/completion", may=Permission.WORK, of="task", gives=TaskSchema)
def finish_task(body: dict[str, Any], task_id: int) -> Response:
    """Say that a task is done

    With the last open one of a ticket the promise moves, and the customer hears by when.
    """
    return _on_task(task_id, body, tasks.finish)


@blueprint.call("POST", "/tasks/<row_id:task_id>/cancellation", may=Permission.WORK, of="task", gives=TaskSchema)
def cancel_task(body: dict[str, Any], task_id: int) -> Response:
    """Say that a task is not needed any more"""
    return _on_task(task_id, body, tasks.cancel)


def _on_task(task_id: int, body: dict[str, Any], act: Callable[..., None]) -> Response:
    def work(at: Moment) -> int:
        ticket, task = ticket_of_task(at.session, task_id, by=at.by)
        refuse_stale(at.session, ticket, body.get("version"))
        act(at.session, ticket, task, now=at.now, by=at.by)
        return task.id

    return carry_out(work, thing=TASK, show=_shown)


def _shown(at: Moment, task_id: int) -> Answer:
    return _spelled(task_lists.task_row(at.session, task_id, by=at.by))


def _spelled(row: task_lists.TaskRow) -> Answer:
    behind = row.ticket
    return {
        "id": str(row.id),
        "list": row.list,
        "words": row.words,
        "status": row.status,
        "site": row.site.slug,
        "asked_at": row.asked_at,
        "asked_by": answers.person(row.asked_by),
        "due_at": row.due_at,
        "late_at": row.late_at,
        "taken_at": row.taken_at,
        "taken_by": answers.person(row.taken_by),
        "done_at": row.done_at,
        "done_by": answers.person(row.done_by),
        "cancelled_at": row.cancelled_at,
        "ticket": behind and {"reference": behind.reference, "status": behind.status, "version": behind.version},
    }
