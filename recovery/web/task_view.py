"""Tasks as pages show them: on the screen of a list, and on their ticket."""

from typing import Any

from flask import url_for

from recovery.domain.promise_times import warn_at
from recovery.edge import components
from recovery.services.backstage.task_lists import TaskRow
from recovery.web.rows import at, clock, failure_label


def screen_row(task: TaskRow, *, with_site: bool) -> dict[str, Any]:
    """Read from an arm's length: what to do, for whom, and the one thing to press."""
    return _row(task) | {
        "behind": " · ".join([*([task.site.name] if with_site else []), _for_whom(task), f"asked by {_asker(task)}"]),
        "url": url_for("tickets.show", reference=task.ticket.reference, _anchor="tasks") if task.ticket else "",
        "act": {"label": "Done", "url": _url(task, "finish")}
        if task.taken_by
        else {"label": "I have it", "url": _url(task, "take")},
    }


def ticket_row(task: TaskRow) -> dict[str, Any]:
    """`ended` says how, where it is over."""
    return _row(task) | {
        "is_open": task.is_open,
        "asked": f"asked by {_asker(task)} {at(task.asked_at, task.site)}",
        "ended": _end(task),
        "take_url": "" if task.taken_by else _url(task, "take"),
        "finish_url": _url(task, "finish"),
        "cancel_url": _url(task, "cancel"),
    }


def _row(task: TaskRow) -> dict[str, Any]:
    return {
        "key": str(task.id),
        "words": task.words or "What was asked has been erased.",
        "list": task.list.label,
        "time": _time(task),
        "holder": f"{task.taken_by.first_name} has it" if task.taken_by else "Nobody has it yet",
        "is_taken": task.taken_by is not None,
    }


def _time(task: TaskRow) -> dict[str, Any]:
    """Turns as a promise does, by the same part of its span: one that was asked a moment ago is in time."""
    percent = components().house.policy.promise_warned_at_percent
    warn = warn_at(task.asked_at, task.due_at, percent=percent)
    return {"due": task.due_at, "warn": warn, "told": f"by {clock(task.due_at, task.site)}", "kind": "promise"}


def _end(task: TaskRow) -> str:
    if task.done_at and task.done_by:
        return f"{task.done_by.first_name} did it {at(task.done_at, task.site)}"
    return f"{task.status.label} {at(task.cancelled_at, task.site)}" if task.cancelled_at else ""


def _for_whom(task: TaskRow) -> str:
    """A sensitive ticket names nobody on a list."""
    if task.ticket is None or task.ticket.is_sensitive:
        return "Kept private"
    return f"{task.ticket.customer or 'A customer'}: {failure_label(task.ticket.failure).lower()}"


def _asker(task: TaskRow) -> str:
    return task.asked_by.first_name


def _url(task: TaskRow, act: str) -> str:
    return url_for(f"tasks.{act}", task_id=task.id)
