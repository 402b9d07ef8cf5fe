"""Who waits and how long still: for the desk, and for a screen on the wall."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.permissions import Permission
from recovery.edge import actor, components, needs
from recovery.services.ticketing import listing
from recovery.services.ticketing.rows import TicketRow
from recovery.web.polling import answer_beat, beat_of
from recovery.web.rows import Row, board_row
from recovery.web.session import now
from recovery.web.wording import counted

blueprint = Blueprint("board", __name__, url_prefix="/board")
ON_THE_WALL = 12
ON_THE_DESK = 60


@blueprint.get("")
@needs(Permission.SEE)
def show() -> ResponseReturnValue:
    wall, poll_url = _is_wall(), _poll_url()
    etag = beat_of(poll_url)
    return render_template(
        "board.html",
        **_values(),
        wall=wall,
        wall_url=url_for("board.show", wall=1),
        board_url=url_for("board.show"),
        poll_url=poll_url,
        etag=etag,
    )


@blueprint.get("/rows")
@needs(Permission.SEE)
def rows() -> ResponseReturnValue:
    return answer_beat("board_rows.html", _poll_url(), _values)


def _poll_url() -> str:
    return url_for("board.rows", wall=1 if _is_wall() else None)


def _values() -> dict[str, Any]:
    shown = ON_THE_WALL if _is_wall() else ON_THE_DESK
    with components().read() as reading:
        page = listing.board(reading, by=actor(), limit=shown)
        waiting = listing.count_waiting(reading, by=actor(), now=now())
    return {
        "headline": _headline(waiting),
        "rows": [_row(row) for row in page.items],
        "hidden": max(0, waiting.all - len(page.items)),
    }


def _row(ticket: TicketRow) -> Row:
    """Who works at one site need not be told which."""
    row = board_row(ticket)
    return row | {"site": ""} if len(actor().site_ids) == 1 and not actor().is_admin else row


def _headline(waiting: listing.Waiting) -> str:
    if not waiting.all:
        return "Nobody is waiting."
    late = f" {counted(waiting.late, 'is late', 'are late')}." if waiting.late else " Nobody is late."
    return f"{counted(waiting.all, 'customer is', 'customers are')} waiting.{late}"


def _is_wall() -> bool:
    return request.args.get("wall") == "1"
