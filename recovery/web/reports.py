"""Recovery times: who is still unhappy first, then how long it takes, and behind every number its tickets."""

import csv
import io
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.cells import safe_cell
from recovery.domain.errors import Invalid
from recovery.domain.permissions import Permission
from recovery.edge import actor, components, needs
from recovery.services.reporting import reports
from recovery.services.reporting.report_places import slowest_places
from recovery.services.reporting.report_scope import EVERYTHING, GROUPINGS
from recovery.services.session import DeskSession
from recovery.services.ticketing.rows import TicketRow
from recovery.services.timing.clock_rows import seconds_of
from recovery.web import report_view as view
from recovery.web.report_request import Asked, asked, usual
from recovery.web.rows import what, who
from recovery.web.session import now

blueprint = Blueprint("reports", __name__)

UNRECOVERED = 8
"""By name; the board has the rest."""
CAUSES = 10
PLACES = 8
MOST_BEHIND = 100
LONGEST_SECONDS = 2**31 - 1


@blueprint.get("/reports")
@needs(Permission.REPORTS)
def show() -> ResponseReturnValue:
    with components().read() as session:
        try:
            wanted = asked(session)
        except Invalid as wrong:
            return render_template("reports/show.html", **_values(session, usual(session), wrong.first_sentences)), 422
        return render_template("reports/show.html", **_values(session, wanted, {}))


@blueprint.get("/reports.csv")
@needs(Permission.REPORTS)
def download() -> ResponseReturnValue:
    with components().read() as session:
        wanted = asked(session)
        report = reports.recovery_times(session, **wanted.scope, group_by=wanted.group_by)
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    for row in view.csv_rows(report.groups, reports.CLOCKS):
        writer.writerow([safe_cell(cell) for cell in row])
    name = f"recovery-times-{wanted.start}-{wanted.until}-{wanted.group_by}.csv"
    # the mark at the beginning tells spreadsheets that this is UTF-8
    answer = Response(f"\ufeff{sheet.getvalue()}", content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/reports/tickets")
@needs(Permission.REPORTS)
def behind() -> ResponseReturnValue:
    """The tickets that a number counts."""
    group_by, key = request.args.get("group_by", EVERYTHING), request.args.get("key", EVERYTHING)
    clock = request.args.get("clock", view.CLOCK)
    clock = clock if clock in reports.CLOCKS else view.CLOCK
    at_least = _whole(request.args.get("at_least", "0"))
    beyond, every = request.args.get("beyond") == "1", request.args.get("every") == "1"
    with components().read() as session:
        wanted = asked(session) if group_by in GROUPINGS else _of_everything(session)
        grouped: dict[str, Any] = {"group_by": group_by, "key": key} if group_by in GROUPINGS else {}
        tickets = reports.tickets_behind(
            session,
            **wanted.scope,
            **grouped,
            clock=clock,
            at_least=at_least,
            beyond=beyond,
            every=every,
            limit=MOST_BEHIND + 1,
        )
        seconds = seconds_of(session, [ticket.id for ticket in tickets], clock)
        label = _label(session, wanted, key) if grouped else ""
    return render_template(
        "reports/tickets.html",
        asked=wanted,
        label=label,
        clock=view.CLOCK_LABELS[clock],
        at_least=view.spent(at_least) if at_least and not every else "",
        beyond=beyond,
        every=every,
        more=len(tickets) > MOST_BEHIND,
        tickets=[_line(ticket, seconds.get(ticket.id)) for ticket in tickets[:MOST_BEHIND]],
        back_url=wanted.address(),
    )


def _values(session: DeskSession, wanted: Asked, errors: dict[str, str]) -> dict[str, Any]:
    report = reports.recovery_times(session, **wanted.scope, group_by=wanted.group_by)
    total = next(iter(reports.recovery_times(session, **wanted.scope, group_by=EVERYTHING).groups), None)
    waiting = reports.unrecovered(session, by=actor(), site=wanted.site or None, limit=UNRECOVERED)
    target = total.clocks[view.CLOCK].target if total else None
    by_hour = wanted.group_by == "hour_of_week"
    return {
        "asked": wanted,
        "typed": {"from": request.args.get("from") or wanted.start, "until": request.args.get("until") or wanted.until},
        "errors": errors,
        "unrecovered": view.unrecovered_rows(waiting.items, now()),
        "more_url": url_for("board.show") if waiting.next_cursor else "",
        "stats": view.stats(wanted, total) if total and total.count else [],
        "count": total.count if total else 0,
        "bars": [] if by_hour else view.bars(wanted, report.groups),
        "week": view.week(wanted, report.groups) if by_hour else [],
        "rows": [] if by_hour else view.rows(wanted, report.groups),
        "target": target,
        "target_shown": view.spent(target),
        "causes": reports.causes(session, **wanted.scope)[:CAUSES],
        "places": [view.place(each) for each in slowest_places(session, by=actor())[:PLACES]],
        "csv_url": wanted.address("reports.download"),
    }


def _of_everything(session: DeskSession) -> Asked:
    """`all` is no way to group a report, so its drill-down goes back to the usual one."""
    return asked(session, group_by=usual(session).group_by)


def _label(session: DeskSession, wanted: Asked, key: str) -> str:
    report = reports.recovery_times(session, **wanted.scope, group_by=wanted.group_by)
    return next((group.label for group in report.groups if str(group.key) == key), key)


def _line(ticket: TicketRow, seconds: int | None) -> dict[str, Any]:
    return {
        "reference": ticket.reference,
        "who": who(ticket),
        "what": what(ticket),
        "site": ticket.site.name,
        "owner": ticket.owner.name if ticket.owner else view.NOTHING,
        "logged": view.day_and_time(ticket.logged_at, ticket.site),
        "seconds": view.spent(seconds),
        "status": ticket.status.label,
    }


def _whole(text: str) -> int:
    return (
        min(int(text), LONGEST_SECONDS)
        if text.isascii() and text.isdecimal() and len(text) <= len(str(LONGEST_SECONDS))
        else 0
    )
