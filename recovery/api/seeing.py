"""Seeing and proving: the boards, the trail, the clocks, the recovery times."""

from dataclasses import asdict
from typing import Any

from flask import Response

from recovery.api import answers
from recovery.api.acting import Moment, answer_with
from recovery.api.answers import Answer
from recovery.api.blueprint import ApiBlueprint
from recovery.api.schemas.answers import BoardSchema, ClocksSchema, EventSchema, UndetectedSchema, page_of
from recovery.api.schemas.queries import Paged, ReportQuery, SiteQuery
from recovery.api.schemas.reports import RecoveryTimesSchema
from recovery.domain.permissions import Permission
from recovery.services.access import visible_ticket
from recovery.services.reporting.reports import Figures, Group, recovery_times
from recovery.services.texting.threads import events_of
from recovery.services.ticketing import listing
from recovery.services.ticketing import undetected as overlooked
from recovery.services.timing.clocks import reading
from recovery.services.timing.targets import targets_of

blueprint = ApiBlueprint("seeing", "Who waits, what happened, and how long it took.")


@blueprint.call("GET", "/board", may=Permission.SEE, of="site", asks=SiteQuery, gives=BoardSchema)
def board(asked: dict[str, Any]) -> Response:
    """List who waits, worst first"""

    def read(at: Moment) -> Answer:
        site = at.site(asked.get("site"))
        found = listing.board(at.session, by=at.by, **asked)
        waiting = listing.count_waiting(at.session, by=at.by, now=at.now, site=site)
        spelled = at.all_spelled(found.items)
        return {"waiting": asdict(waiting)} | answers.page(found, lambda row: spelled[row.id])

    return answer_with(read)


@blueprint.call("GET", "/undetected", may=Permission.SEE, of="site", asks=SiteQuery, gives=page_of(UndetectedSchema))
def undetected(asked: dict[str, Any]) -> Response:
    """List who nobody has, longest first, and why"""

    def read(at: Moment) -> Answer:
        at.site(asked.get("site"))
        found = overlooked.undetected(at.session, by=at.by, **asked)
        spelled = at.all_spelled(row.ticket for row in found.items)
        return answers.page(found, lambda row: answers.undetected(row, spelled[row.ticket.id]))

    return answer_with(read)


@blueprint.call(
    "GET",
    "/tickets/<reference:reference>/events",
    may=Permission.SEE,
    of="ticket",
    asks=Paged,
    gives=page_of(EventSchema),
)
def list_events(asked: dict[str, Any], reference: str) -> Response:
    """List a ticket's whole trail, each event chained to the one before"""

    def read(at: Moment) -> Answer:
        ticket = at.opened(reference)
        return answers.page(
            events_of(at.session, ticket.id, limit=asked["limit"], cursor=asked.get("cursor")), answers.event
        )

    return answer_with(read)


@blueprint.call("GET", "/tickets/<reference:reference>/clock", may=Permission.SEE, of="ticket", gives=ClocksSchema)
def clock(reference: str) -> Response:
    """Read a ticket's clocks, with every counted and every paused stretch, and why"""

    def read(at: Moment) -> Answer:
        at.opened(reference)
        ticket = visible_ticket(at.session, reference, by=at.by)
        return answers.clocks(reading(at.session, ticket, at.now), targets_of(at.session, ticket))

    return answer_with(read)


@blueprint.call(
    "GET", "/reports/recovery-times", may=Permission.REPORTS, of="site", asks=ReportQuery, gives=RecoveryTimesSchema
)
def report(asked: dict[str, Any]) -> Response:
    """Read recovery times: percentiles by nearest rank, in seconds of opening hours"""

    def read(at: Moment) -> Answer:
        found = recovery_times(at.session, by=at.by, **asked)
        return {"groups": [_group(group) for group in found.groups]}

    return answer_with(read)


def _group(group: Group) -> Answer:
    return {
        "key": group.key,
        "label": group.label,
        "count": group.count,
        "promises_kept": group.promises_kept,
        "clocks": {name: _figures(figures) for name, figures in group.clocks.items()},
    }


def _figures(figures: Figures) -> Answer:
    return {
        "count": figures.count,
        "p50": figures.p50,
        "p90": figures.p90,
        "p95": figures.p95,
        "within_target": figures.within_target,
        "target": figures.target,
    }
