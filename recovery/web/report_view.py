"""A report as people read it: figures in words, and behind each of them an address of the tickets that it counts."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from flask import url_for

from recovery.domain.calendars import local_time
from recovery.domain.targets import CLOCK_LABELS as TARGET_LABELS
from recovery.services.reporting.report_places import Place
from recovery.services.reporting.reports import Figures, Group
from recovery.services.ticketing.rows import SiteBrief, TicketRow
from recovery.web.report_request import Asked
from recovery.web.rows import failure_label, what, who
from recovery.web.wording import length

HOURS_A_DAY = 24
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
CLOCK = "resolved"
FIRST = "first_response"
NOTHING = "–"
CLOCK_LABELS = TARGET_LABELS | {"auto_response": "First text"}


def spent(seconds: int | None) -> str:
    """A dash for nothing."""
    return NOTHING if seconds is None else length(seconds)


def share(part: float | None) -> str:
    """Rounded down, so that 100 % is all of them."""
    return NOTHING if part is None else f"{int(part * 100 + 1e-9)} %"


def tickets_of(asked: Asked, group: Group, *, clock: str = CLOCK, at_least: int | None = None, **which: int) -> str:
    """`beyond=1`: those that passed their target; `every=1`: also those that are not there yet."""
    where: dict[str, Any] = which if group.key == "all" else which | {"key": group.key}
    by = "all" if group.key == "all" else asked.group_by
    return asked.address("reports.behind", group_by=by, clock=clock, at_least=at_least, **where)


def stats(asked: Asked, total: Group) -> list[dict[str, str]]:
    """What is read first: the middle one, the slow ones, how many within the target, and our word."""
    clock = total.clocks[CLOCK]
    return [
        {
            "label": "Half are recovered within",
            "value": spent(clock.p50),
            "note": _target_words(clock),
            "url": tickets_of(asked, total),
        },
        {
            "label": "Nine in ten within",
            "value": spent(clock.p90),
            "note": "Opens the slowest tenth.",
            "url": tickets_of(asked, total, at_least=clock.p90),
        },
        {
            "label": "Within the target",
            "value": share(clock.within_target),
            "note": f"{clock.within} of {clock.count} recovered. Opens the others.",
            "url": tickets_of(asked, total, beyond=1),
        },
        {
            "label": "Promises kept",
            "value": share(total.promises_kept),
            "note": f"{total.kept} kept, {total.broken} broken.",
            "url": tickets_of(asked, total, every=1),
        },
    ]


def rows(asked: Asked, groups: Sequence[Group]) -> list[dict[str, Any]]:
    """One line of the table for each group; every figure with its address."""
    return [
        {
            "label": _label(asked, group),
            "count": {"shown": str(group.count), "url": tickets_of(asked, group, every=1)},
            "first": {"shown": spent(group.clocks[FIRST].p50), "url": tickets_of(asked, group, clock=FIRST)},
            "p50": _figure(asked, group, group.clocks[CLOCK].p50),
            "p90": _figure(asked, group, group.clocks[CLOCK].p90),
            "p95": _figure(asked, group, group.clocks[CLOCK].p95),
            "within": _beyond(asked, group),
            "kept": {"shown": share(group.promises_kept), "url": tickets_of(asked, group, every=1)},
        }
        for group in groups
    ]


def bars(asked: Asked, groups: Sequence[Group]) -> list[dict[str, Any]]:
    """For components/charts.html bar_chart: the slowest first, days as they came; late where half take longer than the target."""
    shown = groups if asked.group_by == "day" else sorted(groups, key=lambda group: -(group.clocks[CLOCK].p50 or 0))
    return [
        {
            "label": _label(asked, group),
            "value": group.clocks[CLOCK].p50,
            "shown": spent(group.clocks[CLOCK].p50),
            "count": group.count,
            "url": tickets_of(asked, group),
            "tone": _tone(group.clocks[CLOCK]),
        }
        for group in shown
    ]


def week(asked: Asked, groups: Sequence[Group]) -> list[dict[str, Any]]:
    """For components/charts.html hours_heatmap."""
    by_hour = {group.key: group for group in groups}
    return [
        {"label": day, "cells": [_cell(asked, by_hour.get(number * HOURS_A_DAY + hour)) for hour in range(HOURS_A_DAY)]}
        for number, day in enumerate(DAYS)
    ]


def unrecovered_rows(tickets: Sequence[TicketRow], now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "reference": ticket.reference,
            "who": who(ticket),
            "what": what(ticket),
            "site": ticket.site.name,
            "owner": ticket.owner.first_name if ticket.owner else "nobody yet",
            "waits": spent(max(0, int((now - ticket.logged_at).total_seconds()))),
            "is_late": ticket.promise_due_at is not None and ticket.promise_due_at <= now,
            "again": ticket.level > 1,
        }
        for ticket in tickets
    ]


def day_and_time(instant: datetime, site: SiteBrief) -> str:
    local = local_time(instant, site.timezone)
    return f"{local.day} {local:%b}, {local:%H:%M}"


def place(each: Place) -> dict[str, str]:
    """Over all that ever was: its address is that of the list of tickets, which knows no span unless it is asked."""
    return {
        "site": each.site_name,
        "failure": failure_label(each.failure),
        "count": str(each.figures.count),
        "p50": spent(each.figures.p50),
        "p90": spent(each.figures.p90),
        "p95": spent(each.figures.p95),
        "within": share(each.figures.within_target),
        "url": url_for("tickets.index", site=each.site, failure=each.failure),
    }


def csv_rows(groups: Sequence[Group], clocks: Sequence[str]) -> Iterator[list[Any]]:
    """The same figures as the page, in seconds and shares from 0 to 1."""
    per_clock = ("count", "p50", "p90", "p95", "within_target")
    yield ["group", "tickets", "promises_kept", *(f"{clock}_{figure}" for clock in clocks for figure in per_clock)]
    for group in groups:
        figures = [_plain(getattr(group.clocks[clock], figure)) for clock in clocks for figure in per_clock]
        yield [group.label, group.count, _plain(group.promises_kept), *figures]


def _plain(figure: float | None) -> float | None:
    return round(figure, 4) if isinstance(figure, float) else figure


def _figure(asked: Asked, group: Group, seconds: int | None) -> dict[str, str]:
    return {"shown": spent(seconds), "url": tickets_of(asked, group, at_least=seconds) if seconds is not None else ""}


def _beyond(asked: Asked, group: Group) -> dict[str, str]:
    """The share within the target opens those that were not."""
    return {"shown": share(group.clocks[CLOCK].within_target), "url": tickets_of(asked, group, beyond=1)}


def _label(asked: Asked, group: Group) -> str:
    if asked.group_by == "day":
        day = date.fromisoformat(str(group.key))
        return f"{DAYS[day.weekday()]} {day.day} {day:%b}"
    return f"{group.label[:1].upper()}{group.label[1:]}"


def _cell(asked: Asked, group: Group | None) -> dict[str, Any]:
    if group is None or group.clocks[CLOCK].p50 is None:
        return {"value": None, "shown": "", "url": ""}
    seconds = group.clocks[CLOCK].p50
    return {"value": seconds, "shown": spent(seconds), "url": tickets_of(asked, group)}


def _tone(clock: Figures) -> str:
    return "late" if clock.target is not None and clock.p50 is not None and clock.p50 > clock.target else ""


def _target_words(clock: Figures) -> str:
    if clock.within is None:
        return ""
    return "Targets differ by what went wrong." if clock.target is None else f"The target is {spent(clock.target)}."
