"""Backstage tasks: the screens of the kitchen, stock and IT, and what is done with one."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.actors import Actor
from recovery.domain.errors import DomainError, NotFound
from recovery.domain.permissions import Permission
from recovery.domain.tasks import TaskList
from recovery.edge import actor, components, needs, status_of
from recovery.models import Task, Ticket
from recovery.services.access import ticket_of_task
from recovery.services.backstage import task_lists, tasks
from recovery.services.session import DeskSession
from recovery.web.acting import Problem, on_ticket, reference_of, ticket_page
from recovery.web.forms import AskForm, TaskForm, loaded
from recovery.web.polling import answer_beat, beat_of
from recovery.web.saying import say
from recovery.web.session import now, transact
from recovery.web.task_view import screen_row
from recovery.web.wording import counted

blueprint = Blueprint("tasks", __name__)
Act = Callable[..., None]
TICKET = "ticket"
"""Where somebody acted on the ticket's page, they stay there."""


@blueprint.get("/tasks")
@needs(Permission.SEE)
def index() -> ResponseReturnValue:
    return screen()


@blueprint.get("/tasks/rows")
@needs(Permission.SEE)
def rows() -> ResponseReturnValue:
    of = _list(request.args.get("list"))
    return answer_beat("tasks/rows.html", _poll_url(of), lambda: _values(of))


@blueprint.post("/tickets/<reference:reference>/tasks")
@needs(Permission.WORK, of="ticket")
def ask(reference: str) -> ResponseReturnValue:
    return on_ticket(reference, AskForm, _ask, part="ask", said="Asked.")


@blueprint.post("/tasks/<row_id:task_id>/taking")
@needs(Permission.WORK, of="task")
def take(task_id: int) -> ResponseReturnValue:
    return _on_task(task_id, tasks.take, said="It is yours.")


@blueprint.post("/tasks/<row_id:task_id>/completion")
@needs(Permission.WORK, of="task")
def finish(task_id: int) -> ResponseReturnValue:
    return _on_task(task_id, tasks.finish, said="Done. The desk sees it.")


@blueprint.post("/tasks/<row_id:task_id>/cancellation")
@needs(Permission.WORK, of="task")
def cancel(task_id: int) -> ResponseReturnValue:
    return _on_task(task_id, tasks.cancel, said="Taken back.")


def screen(of: TaskList | None = None, *, wrong: str = "") -> str:
    of = of or _list(request.args.get("list"))
    etag = beat_of(_poll_url(of))
    return render_template(
        "tasks/index.html",
        **_values(of),
        wrong=wrong,
        lists=[_choice(None, of), *(_choice(each, of) for each in TaskList)],
        poll_url=_poll_url(of),
        etag=etag,
    )


def _poll_url(of: TaskList | None) -> str:
    return url_for("tasks.rows", list=of.value if of else None)


def _values(of: TaskList | None) -> dict[str, Any]:
    by = actor()
    with components().read() as reading:
        page = task_lists.tasks(reading, by=by, of=of)
    with_site = by.is_admin or len(by.site_ids) > 1
    return {
        "headline": _headline(len(page.items), of, more=page.next_cursor is not None),
        "rows": [screen_row(row, with_site=with_site) for row in page.items],
        "more": page.next_cursor is not None,
        "list": of.value if of else "",
        "with_list": of is None,
    }


def _headline(shown: int, of: TaskList | None, *, more: bool) -> str:
    where = f"{of.label}: " if of else ""
    if not shown:
        return f"{where}nothing to do." if where else "Nothing to do."
    return f"{where}{shown}+ things to do." if more else f"{where}{_count(shown, first=not where)} to do."


def _count(shown: int, *, first: bool) -> str:
    words = counted(shown, "thing", "things")
    return words if first else words.lower()


def _choice(each: TaskList | None, chosen: TaskList | None) -> dict[str, Any]:
    return {
        "label": each.label if each else "All",
        "url": url_for("tasks.index", list=each.value if each else None),
        "is_chosen": each is chosen,
    }


def _ask(session: DeskSession, ticket: Ticket, form: Any) -> str:
    of = TaskList(form["list"])
    tasks.ask(session, ticket, of=of, words=form["words"], now=now(), by=actor())
    return f"You asked {of.whom}: it stands on their screen."


def _on_task(task_id: int, act: Act, *, said: str) -> ResponseReturnValue:
    """Without a version: what is done is done, whatever somebody changed on the ticket meanwhile."""

    def whole(writing: DeskSession) -> None:
        by: Actor = actor()
        ticket, task = ticket_of_task(writing, task_id, by=by)
        act(writing, ticket, task, now=now(), by=by)

    back = loaded(TaskForm)["back"]
    try:
        transact(whole)
    except NotFound:
        raise
    except DomainError as error:
        if back == TICKET:
            return ticket_page(reference_of(Task, task_id), Problem("tasks", error)), status_of(error)
        return screen(_list(back), wrong=error.detail), status_of(error)
    say(said)
    if back == TICKET:
        return redirect(url_for("tickets.show", reference=reference_of(Task, task_id), _anchor="tasks"))
    return redirect(url_for("tasks.index", list=back or None))


def _list(code: str | None) -> TaskList | None:
    """What is none of ours is all of them."""
    return TaskList(code) if code in set(TaskList) else None
