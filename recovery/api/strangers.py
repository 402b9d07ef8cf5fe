"""Numbers that wrote to us and have no ticket."""

from typing import Any

from flask import Response

from recovery.api import answers
from recovery.api.acting import Moment, answer_with, carry_out
from recovery.api.answers import Answer
from recovery.api.blueprint import ApiBlueprint
from recovery.api.schemas.answers import page_of
from recovery.api.schemas.queries import Paged
from recovery.api.schemas.requests import DismissalSchema
from recovery.api.schemas.texts import DismissedSchema, StrangerSchema
from recovery.domain.permissions import Permission
from recovery.models import Stranger
from recovery.services.hearing import strangers as waiting

blueprint = ApiBlueprint("strangers", "Who wrote and has no ticket.")

MOST = 1000
"""Who wait at once: however much one number writes, it is one of them."""


@blueprint.call("GET", "/strangers", may=Permission.SEE, asks=Paged, gives=page_of(StrangerSchema))
def list_strangers(asked: dict[str, Any]) -> Response:
    """List numbers that wrote and have no ticket, longest first

    Log a mistake with such a number, and its texts stand on that ticket.
    """
    return answer_with(
        lambda at: answers.cut(waiting.strangers(at.session, by=at.by, limit=MOST), answers.stranger, asked)
    )


@blueprint.call(
    "POST",
    "/strangers/<row_id:stranger_id>/dismissal",
    may=Permission.WORK,
    of="stranger",
    takes=DismissalSchema,
    gives=DismissedSchema,
)
def dismiss(body: dict[str, Any], stranger_id: int) -> Response:
    """Say that there is nothing to do, and why"""

    def act(at: Moment) -> int:
        return waiting.set_aside(at.session, stranger_id, reason=body["reason"], now=at.now, by=at.by).id

    return carry_out(act, thing="stranger", show=_shown)


def _shown(at: Moment, stranger_id: int) -> Answer:
    row = at.session.get_one(Stranger, stranger_id)
    return {"id": str(row.id), "reason": row.reason, "dismissed_at": row.settled_at}
