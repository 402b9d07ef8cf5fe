"""Where recovery takes longest, over all that ever was: by site and failure.

Sorting a million rows takes over a second on either database, and an index has them in order already. On SQLite a
percentile is the row at a known place of it, counted from the nearer end. PostgreSQL looks up in the table what was changed
since it last tidied up, so that there the place is first narrowed down, by counting the rows as they lie.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    and_,
    cast,
    column,
    func,
    literal,
    select,
    values,
)
from sqlalchemy.dialects.postgresql import array

from recovery.domain.actors import Actor
from recovery.domain.percentiles import rank_of
from recovery.domain.permissions import Permission
from recovery.models import Site, TicketClock
from recovery.services.access import at_sites_of, require
from recovery.services.reporting.report_figures import Figures
from recovery.services.session import DeskSession
from recovery.services.timing.targets import Target, targets_in_force

CLOCK = "resolved"
PERCENTS = (50, 90, 95)
STEPS = sorted({round(60 * 1.15**step) for step in range(80)})
"""Seconds, from a minute to six weeks: between two of them lies a twentieth of the times of a place, and what is looked for
is found in there."""

Found = tuple[int, str, int, int, int | None, int | None, int | None]
"""Site, failure, how many were recovered, how many of those in time; p50, p90, p95."""


@dataclass(frozen=True, slots=True)
class Place:
    site: str
    """Slug."""
    site_name: str
    failure: str
    figures: Figures
    """Of the recovery time."""


def slowest_places(session: DeskSession, *, by: Actor) -> Sequence[Place]:
    """The highest median first. Raises Forbidden."""
    require(by, Permission.REPORTS)
    target = targets_in_force(session).in_seconds(CLOCK)
    usual = target if isinstance(target, int) else None
    picked = _by_narrowing if session.get_bind().dialect.name == "postgresql" else _by_counting
    found = list(picked(session, at_sites_of(TicketClock.site_id, by), target))
    sites = {id_: (slug, name) for id_, slug, name in session.execute(select(Site.id, Site.slug, Site.name))}
    places = [
        Place(*sites[site_id], failure, Figures(count, p50, p90, p95, timely, usual))
        for site_id, failure, count, timely, p50, p90, p95 in found
    ]
    return sorted(places, key=lambda place: (-(place.figures.p50 or 0), place.site, place.failure))


def _by_counting(session: DeskSession, here: ColumnElement[bool], target: Target) -> Iterator[Found]:
    reached, timely = func.count(), func.count().filter(TicketClock.resolved <= target)
    counted = (
        select(TicketClock.site_id, TicketClock.failure, reached, timely)
        .where(here, TicketClock.resolved.is_not(None))
        .group_by(TicketClock.site_id, TicketClock.failure)
    )
    for site_id, failure, count, within in session.execute(counted).all():
        p50, p90, p95 = (_at(session, site_id, failure, rank_of(percent, count), count) for percent in PERCENTS)
        yield site_id, failure, count, within, p50, p90, p95


def _at(session: DeskSession, site_id: int, failure: str, rank: int, count: int) -> int | None:
    times = select(TicketClock.resolved).where(
        TicketClock.site_id == site_id, TicketClock.failure == failure, TicketClock.resolved.is_not(None)
    )
    before, after = rank - 1, count - rank
    if before <= after:
        return session.scalar(times.order_by(TicketClock.resolved).limit(1).offset(before))
    return session.scalar(times.order_by(TicketClock.resolved.desc()).limit(1).offset(after))


def _by_narrowing(session: DeskSession, here: ColumnElement[bool], target: Target) -> Iterator[Found]:
    rows = session.execute(_narrowed(here, target).order_by("site_id", "failure", "percent"))
    for (site_id, failure, count, within), ranked in groupby(rows, key=lambda row: tuple(row[:4])):
        p50, p90, p95 = (row.time for row in ranked)
        yield site_id, failure, count, within, p50, p90, p95


def _narrowed(here: ColumnElement[bool], target: Target) -> Select[Any]:
    """A row for each percent of each place: `percent` of its times stand between two steps, and there at a known place."""
    step = _steps(here, target)
    percents = values(column("percent", Integer), name="percents").data([(percent,) for percent in PERCENTS])
    rank = (percents.c.percent * step.c.total + 99) // 100  # as `rank_of`
    before = step.c.upto - step.c.reached
    time = (
        select(TicketClock.resolved)
        .where(
            TicketClock.site_id == step.c.site_id,
            TicketClock.failure == step.c.failure,
            TicketClock.resolved.between(step.c.low, step.c.high),
        )
        .order_by(TicketClock.resolved)
        .limit(1)
        .offset(rank - before - 1)
        .correlate(step, percents)
        .scalar_subquery()
    )
    return select(
        step.c.site_id, step.c.failure, step.c.total, step.c.in_time, percents.c.percent, time.label("time")
    ).join_from(step, percents, and_(before < rank, rank <= step.c.upto))


def _steps(here: ColumnElement[bool], target: Target) -> CTE:
    """By place and step: how many times, from `low` to `high`; and how many up to there, in all, and in time in all."""
    which = func.width_bucket(TicketClock.resolved, array([literal(seconds, Integer()) for seconds in STEPS]))
    counted = (
        select(
            TicketClock.site_id,
            TicketClock.failure,
            func.count().label("reached"),
            func.count().filter(TicketClock.resolved <= target).label("timely"),
            func.min(TicketClock.resolved).label("low"),
            func.max(TicketClock.resolved).label("high"),
        )
        .where(here, TicketClock.resolved.is_not(None))
        .group_by(TicketClock.site_id, TicketClock.failure, which)
        .cte("counted")
    )
    place = (counted.c.site_id, counted.c.failure)
    upto = func.sum(counted.c.reached).over(partition_by=place, order_by=counted.c.low)
    total, in_time = (func.sum(each).over(partition_by=place) for each in (counted.c.reached, counted.c.timely))
    return select(
        *(counted.c.site_id, counted.c.failure, counted.c.reached, counted.c.low, counted.c.high),
        cast(upto, BigInteger).label("upto"),
        cast(total, BigInteger).label("total"),
        cast(in_time, BigInteger).label("in_time"),
    ).cte("steps")
