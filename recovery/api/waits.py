"""Who waits for a free colleague."""

from collections.abc import Callable
from typing import Any

from flask import Response

from recovery.api import answers
from recovery.api.acting import Moment, answer_with, carry_out
from recovery.api.answers import Answer
from recovery.api.blueprint import ApiBlueprint
from recovery.api.schemas.answers import page_of
from recovery.api.schemas.waits import NewWaitSchema, WaitQuery, WaitSchema
from recovery.domain.permissions import Permission
from recovery.services.access import refuse_stale, ticket_of_wait
from recovery.services.waiting import turns, wait_lists
from recovery.services.waiting.joining import NewWait, join

blueprint = ApiBlueprint("waits", "Who waits for a free colleague, and whose turn it is.")

WAIT = "wait"


@blueprint.call("GET", "/waits", may=Permission.SEE, of="site", asks=WaitQuery, gives=page_of(WaitSchema))
def list_waits(asked: dict[str, Any]) -> Response:
    """List who waits, in the order of the line"""

    def read(at: Moment) -> Answer:
        at.site(asked.get("site"))
        return answers.page(wait_lists.waits(at.session, by=at.by, **asked), _spelled)

    return answer_with(read)


@blueprint.call("POST", "/waits", may=Permission.LOG, of="site", takes=NewWaitSchema, gives=WaitSchema, status=201)
def join_line(new: NewWait) -> Response:
    """Put somebody in line

    They are texted when it will be their turn, and where they see their place; without a phone you tell them. Once our
    promise to them breaks, their ticket is a mistake like any other.
    """
    return carry_out(lambda at: join(at.session, new, now=at.now, by=at.by).id, thing=WAIT, show=_shown, status=201)


@blueprint.call("GET", "/waits/<row_id:wait_id>", may=Permission.SEE, of="wait", gives=WaitSchema)
def get_wait(wait_id: int) -> Response:
    """Read a wait"""
    return answer_with(lambda at: _shown(at, wait_id))


@blueprint.call("POST", "/waits/<row_id:wait_id>/readiness", may=Permission.WORK, of="wait", gives=WaitSchema)
def be_ready(body: dict[str, Any], wait_id: int) -> Response:
    """Say that we are ready for them: they are texted at once"""
    return _on_wait(wait_id, body, turns.ready)


@blueprint.call("POST", "/waits/<row_id:wait_id>/help", may=Permission.WORK, of="wait", gives=WaitSchema)
def help_them(body: dict[str, Any], wait_id: int) -> Response:
    """Say that they were helped, by you, now"""
    return _on_wait(wait_id, body, turns.helped)


@blueprint.call("POST", "/waits/<row_id:wait_id>/departure", may=Permission.WORK, of="wait", gives=WaitSchema)
def let_them_go(body: dict[str, Any], wait_id: int) -> Response:
    """Say that they are not coming"""
    return _on_wait(wait_id, body, turns.not_coming)


@blueprint.call("POST", "/waits/<row_id:wait_id>/return", may=Permission.WORK, of="wait", gives=WaitSchema)
def take_them_back(body: dict[str, Any], wait_id: int) -> Response:
    """Put who was called and not there back to the front of the line"""
    return _on_wait(wait_id, body, turns.back)


def _on_wait(wait_id: int, body: dict[str, Any], act: Callable[..., None]) -> Response:
    def work(at: Moment) -> int:
        ticket, wait = ticket_of_wait(at.session, wait_id, by=at.by)
        refuse_stale(at.session, ticket, body.get("version"))
        act(at.session, ticket, wait, now=at.now, by=at.by)
        return wait.id

    return carry_out(work, thing=WAIT, show=_shown)


def _shown(at: Moment, wait_id: int) -> Answer:
    return _spelled(wait_lists.wait_row(at.session, wait_id, by=at.by))


def _spelled(row: wait_lists.WaitRow) -> Answer:
    return {
        "id": str(row.id),
        "status": row.status,
        "site": row.site.slug,
        "place": row.place,
        "arrived_at": row.arrived_at,
        "estimate_at": row.estimate_at,
        "promised_by": row.promised_by,
        "goes_on_at": row.due_at,
        "called_at": row.called_at,
        "called_by": row.called_by and answers.person(row.called_by),
        "ended_at": row.ended_at,
        "helped_by": row.helped_by and answers.person(row.helped_by),
        "note": row.note,
        "customer": {"name": row.name, "phone": row.phone},
        "ticket": {"reference": row.reference, "status": row.ticket_status, "version": row.version},
    }
