"""Percentiles of all clocks by group, exact on both databases: PostgreSQL sorts by itself, what SQLite gathers is sorted
here, which is faster than its own sorting."""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Float, SQLColumnExpression, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import array as array_of
from sqlalchemy.orm import InstrumentedAttribute

from recovery.domain.percentiles import percentiles
from recovery.models import TicketClock
from recovery.services.session import DeskSession
from recovery.services.ticketing.ticket_statements import only_checked
from recovery.services.timing.clocks import CLOCKS
from recovery.services.timing.targets import Target

FRACTIONS = (0.5, 0.9, 0.95)
NO_RANKS = (None, None, None)

Column = InstrumentedAttribute[Any] | None
Targets = Mapping[str, Target | None]
"""By clock; None for one that has none."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one clock, in seconds; `count` is how many reached it."""

    count: int = 0
    p50: int | None = None
    p90: int | None = None
    p95: int | None = None
    within: int | None = None
    """How many within their target; None for a clock that has none."""
    target: int | None = None
    """Where all of them have the same."""

    @property
    def within_target(self) -> float | None:
        """A share from 0 to 1."""
        return self.within / self.count if self.within is not None and self.count else None


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one group; `key` is what its column holds."""

    key: Any
    count: int
    kept: int
    broken: int
    clocks: Mapping[str, Figures]


def figures_by(
    session: DeskSession, column: Column, conditions: Sequence[ColumnElement[bool]], targets: Targets
) -> list[Counts]:
    """`column` None: all of them as one group."""
    read = _by_postgres if session.get_bind().dialect.name == "postgresql" else _by_sqlite
    usual = {clock: target if isinstance(target, int) else None for clock, target in targets.items()}
    found = read(session, column, conditions, usual)
    by_ticket = {clock: target for clock, target in targets.items() if isinstance(target, ColumnElement)}
    return _measured(session, column, conditions, by_ticket, found) if by_ticket else found


def _measured(
    session: DeskSession,
    column: Column,
    conditions: Sequence[ColumnElement[bool]],
    by_ticket: Mapping[str, ColumnElement[int]],
    found: Sequence[Counts],
) -> list[Counts]:
    """How many kept a target that is not the same for all: counted by the database beside the figures, which most houses
    with one target for all need not wait for."""
    asked: list[ColumnElement[Any]] = []
    for name, target in by_ticket.items():
        clock = getattr(TicketClock, name)
        asked += [func.count().filter(clock <= target), func.min(target), func.max(target)]
    query = select(_key(column), *asked).where(*conditions)
    rows = session.execute(query if column is None else query.group_by(column))
    kept = {key: dict(zip(by_ticket, zip(*[iter(figures)] * 3, strict=True), strict=True)) for key, *figures in rows}
    return [
        replace(
            each,
            clocks={
                name: _against(figures, *kept[each.key][name]) if name in by_ticket else figures
                for name, figures in each.clocks.items()
            },
        )
        for each in found
    ]


def _against(figures: Figures, within: int, nearest: int, farthest: int) -> Figures:
    return replace(figures, within=within, target=nearest if nearest == farthest else None)


UsualTargets = Mapping[str, int | None]


def _by_postgres(
    session: DeskSession, column: Column, conditions: Sequence[ColumnElement[bool]], targets: UsualTargets
) -> list[Counts]:
    asked: list[ColumnElement[Any]] = []
    for name in CLOCKS:
        clock = getattr(TicketClock, name)
        asked += [
            func.count(clock),
            ranks_of(clock),
            func.count().filter(clock <= (targets[name] or 0)),
        ]
    kept, broken = func.sum(TicketClock.promises_kept), func.sum(TicketClock.promises_broken)
    query = select(_key(column), func.count(), kept, broken, *asked).where(*conditions)
    rows = session.execute(query if column is None else query.group_by(column))
    return [_counts(tuple(row), targets) for row in rows if row[1]]


def ranks_of(clock: InstrumentedAttribute[int | None]) -> ColumnElement[Any]:
    """p50, p90 and p95 as one array, on PostgreSQL. `percentile_disc` is nearest rank: the first value whose place is at or
    after that share of all."""
    fractions = array_of([literal(fraction, Float()) for fraction in FRACTIONS])
    return func.percentile_disc(fractions).within_group(clock)


def _counts(row: tuple[Any, ...], targets: UsualTargets) -> Counts:
    key, count, kept, broken, *asked = row
    clocks = {}
    for name, reached, ranks, within in zip(CLOCKS, asked[::3], asked[1::3], asked[2::3], strict=True):
        p50, p90, p95 = ranks or NO_RANKS
        clocks[name] = Figures(reached, p50, p90, p95, None if targets[name] is None else within, targets[name])
    return Counts(key, count, int(kept), int(broken), clocks)


def _key(column: Column) -> SQLColumnExpression[Any]:
    return literal_column("NULL") if column is None else column


def _by_sqlite(
    session: DeskSession, column: Column, conditions: Sequence[ColumnElement[bool]], targets: UsualTargets
) -> list[Counts]:
    """The times of a group come as one text each: a row for each ticket, handed over one by one, costs five times as
    much as reading and sorting them."""
    kept, broken = func.sum(TicketClock.promises_kept), func.sum(TicketClock.promises_broken)
    times = (func.group_concat(getattr(TicketClock, name)) for name in CLOCKS)
    query = select(_key(column), func.count(), kept, broken, *times).where(*conditions)
    # only checked: an index that begins with it would be followed through the whole table, row by row
    rows = session.execute(query if column is None else query.group_by(only_checked(column)))
    return [_listed(row, targets) for row in rows if row[1]]


def _listed(row: Sequence[Any], targets: UsualTargets) -> Counts:
    key, count, kept, broken, *times = row
    clocks = {name: _figures(_read(spelt), targets[name]) for name, spelt in zip(CLOCKS, times, strict=True)}
    return Counts(key, count, kept, broken, clocks)


def _read(spelt: str | None) -> list[int]:
    """Seconds, with commas between them: what JSON writes without its brackets, and the quickest to read."""
    return json.loads(f"[{spelt}]") if spelt else []


def _figures(values: list[int], target: int | None) -> Figures:
    values.sort()
    within = None if target is None else bisect_right(values, target)
    p50, p90, p95 = percentiles(values) or NO_RANKS
    return Figures(len(values), p50, p90, p95, within, target)
