"""The end of a shift, and the sheet that the next one begins with."""

from typing import Any

from flask import Response

from recovery.api import answers
from recovery.api.acting import Moment, answer_with, carry_out
from recovery.api.answers import Answer
from recovery.api.blueprint import ApiBlueprint
from recovery.api.schemas.answers import page_of
from recovery.api.schemas.handovers import ClosingSchema, HandoverSchema, TakingSchema
from recovery.api.schemas.queries import SiteQuery
from recovery.domain.permissions import Permission
from recovery.services.access import visible_site
from recovery.services.handing.closing import close_shift, ids_of
from recovery.services.handing.sheets import ShiftSheet, current_sheets, sheet_with, take

blueprint = ApiBlueprint("handovers", "The end of a shift, and the sheet that the next one begins with.")


@blueprint.call("GET", "/handovers", may=Permission.SEE, of="site", asks=SiteQuery, gives=page_of(HandoverSchema))
def list_handovers(asked: dict[str, Any]) -> Response:
    """List the last handover of each of your sites, and which of its rows are still to do"""

    def read(at: Moment) -> Answer:
        site = at.site(asked.get("site"))
        sheets = [sheet for sheet in current_sheets(at.session, by=at.by) if site in {None, sheet.site}]
        return answers.cut(sheets, _spelled, asked)

    return answer_with(read)


@blueprint.call(
    "POST", "/handovers", may=Permission.WORK, of="site", takes=ClosingSchema, gives=HandoverSchema, status=201
)
def close(body: dict[str, Any]) -> Response:
    """Close a shift: its Undetected board is empty, or each row has somebody's name"""

    def act(at: Moment) -> int:
        site = visible_site(at.session, body["site"], by=at.by)
        named = {row["ticket"]: row["to"] for row in body.get("rows") or ()}
        ids = ids_of(at.session, site, named, by=at.by)
        names = {ids[reference]: staff for reference, staff in named.items()}
        how: dict[str, Any] = {"note": body.get("note"), "after": body.get("after"), "now": at.now, "by": at.by}
        return close_shift(at.session, site, names, **how).id

    return carry_out(act, thing="handover", show=_shown, status=201)


@blueprint.call(
    "POST",
    "/handovers/<row_id:handover_id>/taking",
    may=Permission.WORK,
    of="handover",
    takes=TakingSchema,
    gives=HandoverSchema,
)
def taken(body: dict[str, Any], handover_id: int) -> Response:  # noqa: ARG001  # the body of every POST is checked
    """Say that you have read what was handed over to you"""

    def act(at: Moment) -> int:
        take(at.session, handover_id, now=at.now, by=at.by)
        return handover_id

    return carry_out(act, thing="handover", show=_shown)


def _shown(at: Moment, handover_id: int) -> Answer:
    return _spelled(sheet_with(at.session, handover_id, by=at.by))


def _spelled(sheet: ShiftSheet) -> Answer:
    return {
        "id": str(sheet.id),
        "site": sheet.site,
        "number": sheet.number,
        "closed_at": sheet.closed_at,
        "closed_by": answers.person(sheet.closed_by),
        "note": sheet.note,
        "rows": [
            {
                "ticket": row.ticket.reference,
                "to": answers.person(row.to),
                "reasons": list(row.reasons),
                "taken_at": row.taken_at,
                "stands": row.stands,
            }
            for row in sheet.rows
        ],
    }
