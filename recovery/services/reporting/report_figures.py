"""Percentiles of all clocks by group, exact on both databases: PostgreSQL sorts by itself, for SQLite one pass over the
rows is kept in arrays and sorted here, which is faster than its own sorting."""

from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Float, SQLColumnExpression, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import array as array_of

from recovery.domain.percentiles import percentiles
from recovery.models import TicketClock
from recovery.services.session import DeskSession
from recovery.services.timing.clocks import CLOCKS
from recovery.services.timing.targets import Target

AT_ONCE = 5_000
"""Rows in memory at a time while a million are read."""
FRACTIONS = (0.5, 0.9, 0.95)
NO_RANKS = (None, None, None)

Column = SQLColumnExpression[Any] | None
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
    read = _by_postgres if session.get_bind().dialect.name == "postgresql" else _by_hand
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
    """`percentile_disc` is nearest rank: the first value whose place is at or after that share of all."""
    fractions = array_of([literal(fraction, Float()) for fraction in FRACTIONS])
    asked: list[ColumnElement[Any]] = []
    for name in CLOCKS:
        clock = getattr(TicketClock, name)
        asked += [
            func.count(clock),
            func.percentile_disc(fractions).within_group(clock),
            func.count().filter(clock <= (targets[name] or 0)),
        ]
    kept, broken = func.sum(TicketClock.promises_kept), func.sum(TicketClock.promises_broken)
    query = select(_key(column), func.count(), kept, broken, *asked).where(*conditions)
    rows = session.execute(query if column is None else query.group_by(column))
    return [_counts(tuple(row), targets) for row in rows if row[1]]


def _counts(row: tuple[Any, ...], targets: UsualTargets) -> Counts:
    key, count, kept, broken, *asked = row
    clocks = {}
    for name, reached, ranks, within in zip(CLOCKS, asked[::3], asked[1::3], asked[2::3], strict=True):
        p50, p90, p95 = ranks or NO_RANKS
        clocks[name] = Figures(reached, p50, p90, p95, None if targets[name] is None else within, targets[name])
    return Counts(key, count, int(kept), int(broken), clocks)


@dataclass(slots=True)
class _Sums:
    count: int = 0
    kept: int = 0
    broken: int = 0
    values: "tuple[array[int], ...]" = field(default_factory=lambda: tuple(array("q") for _ in CLOCKS))


def _key(column: Column) -> SQLColumnExpression[Any]:
    return literal_column("NULL") if column is None else column


def _by_hand(
    session: DeskSession, column: Column, conditions: Sequence[ColumnElement[bool]], targets: UsualTargets
) -> list[Counts]:
    asked = (TicketClock.promises_kept, TicketClock.promises_broken, *(getattr(TicketClock, name) for name in CLOCKS))
    groups: dict[Any, _Sums] = {}
    for rows in session.execute(select(_key(column), *asked).where(*conditions)).partitions(AT_ONCE):
        for key, kept, broken, *values in rows:
            sums = groups.get(key)
            if sums is None:
                sums = groups[key] = _Sums()
            sums.count += 1
            sums.kept += kept
            sums.broken += broken
            for kept_values, value in zip(sums.values, values, strict=True):
                if value is not None:
                    kept_values.append(value)
    return [_summed(key, sums, targets) for key, sums in groups.items()]


def _summed(key: Any, sums: _Sums, targets: UsualTargets) -> Counts:
    clocks = {name: _figures(values, targets[name]) for name, values in zip(CLOCKS, sums.values, strict=True)}
    return Counts(key, sums.count, sums.kept, sums.broken, clocks)


def _figures(values: "array[int]", target: int | None) -> Figures:
    ordered = sorted(values)
    within = None if target is None else bisect_right(ordered, target)
    p50, p90, p95 = percentiles(ordered) or NO_RANKS
    return Figures(len(ordered), p50, p90, p95, within, target)
