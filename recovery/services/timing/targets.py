"""Targets: the house's, and what a site has set for itself. A ticket is measured by what its site had set when it was
logged; the house's own numbers, which stand in a file, are those of today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, select

from recovery.domain.actors import Actor
from recovery.domain.errors import Invalid
from recovery.domain.events import Tag
from recovery.domain.ids import new_id
from recovery.domain.targets import ANY, CLOCKS, LONGEST_TARGET, Kind, Targets, kinds_of
from recovery.domain.tickets import FAILURES, Severity
from recovery.models import Site, TargetRow, Ticket, TicketClock
from recovery.services.people.sites import require_admin
from recovery.services.proving.trail import record_of_settings
from recovery.services.session import DeskSession

SECONDS_A_MINUTE = 60

Target = int | ColumnElement[int]
"""Seconds: the same for all tickets, or by ticket, over `TicketClock`."""


@dataclass(frozen=True, slots=True)
class TargetsInForce:
    house: Targets
    rows: Sequence[TargetRow]
    """Of the sites asked for, in the order in which they were set."""

    def minutes(self, site_id: int, kind: Kind, clock: str, *, at: datetime) -> int | None:
        """What the site has set for just this kind, and had set by then."""
        found = [row for row in self.rows if _is_of(row, site_id, kind, clock) and row.set_at <= at]
        return found[-1].minutes if found else None

    def of_ticket(self, site_id: int, failure: str, severity: str, clock: str, *, at: datetime) -> int:
        """Minutes. The most specific wins, and the site before the house where both say the same kind."""
        for kind in kinds_of(failure, severity):
            minutes = self.minutes(site_id, kind, clock, at=at) or self.house.of(kind, clock)
            if minutes is not None:
                return minutes
        raise LookupError(f"no target of {clock}")

    def in_seconds(self, clock: str) -> Target:
        """As `of_ticket`, for a whole report: one number where every ticket has the same. `clock` is one of CLOCKS."""
        said = [*self._said_by_sites(clock), *self._said_by_house(clock)]
        said.sort(key=lambda each: each[0])  # stable: at the same rank the sites stand first
        known = {minutes for *_, minutes in said}
        if len(known) == 1:
            return known.pop() * SECONDS_A_MINUTE
        *special, (_, _, usual) = said
        whens = [(condition, minutes * SECONDS_A_MINUTE) for _, condition, minutes in special]
        return case(*whens, else_=usual * SECONDS_A_MINUTE)

    def _said_by_sites(self, clock: str) -> list[tuple[int, ColumnElement[bool], int]]:
        """Rank, for which tickets, minutes: each from when it was set until the next of its kind."""
        said, until = [], dict[tuple[int, Kind], datetime]()
        for row in reversed([row for row in self.rows if row.clock == clock]):
            kind = Kind(row.failure, row.severity)
            ends = until.get((row.site_id, kind))
            until[row.site_id, kind] = row.set_at
            if row.minutes is not None:
                span = [TicketClock.logged_at >= row.set_at]
                if ends is not None:
                    span.append(TicketClock.logged_at < ends)
                said.append((kind.rank, and_(TicketClock.site_id == row.site_id, *_of_kind(kind), *span), row.minutes))
        return said

    def _said_by_house(self, clock: str) -> list[tuple[int, ColumnElement[bool], int]]:
        return [
            (kind.rank, and_(True, *_of_kind(kind)), minutes[clock])
            for kind, minutes in self.house.by_kind.items()
            if clock in minutes
        ]


def targets_in_force(session: DeskSession, site_id: int | None = None) -> TargetsInForce:
    """Of one site, or of all."""
    rows = select(TargetRow).order_by(TargetRow.set_at, TargetRow.id)
    if site_id is not None:
        rows = rows.where(TargetRow.site_id == site_id)
    return TargetsInForce(session.house.policy.targets, session.scalars(rows).all())


def targets_of(session: DeskSession, ticket: Ticket) -> Mapping[str, int]:
    """Seconds by clock, by what was in force when it was logged."""
    house = session.house.policy.targets
    has_own = ticket.site.soonest_target is not None
    in_force = targets_in_force(session, ticket.site_id) if has_own else TargetsInForce(house, ())
    kind = ticket.failure, ticket.severity.value
    return {
        clock: in_force.of_ticket(ticket.site_id, *kind, clock, at=ticket.logged_at) * SECONDS_A_MINUTE
        for clock in CLOCKS
    }


def own_targets(session: DeskSession, site: Site, *, now: datetime) -> Mapping[tuple[Kind, str], int]:
    """What the site has set for itself and not taken back, in minutes: everything first, then by severity and failure."""
    newest = {(Kind(row.failure, row.severity), row.clock): row for row in targets_in_force(session, site.id).rows}
    standing = {key: row.minutes for key, row in newest.items() if row.minutes is not None and row.set_at <= now}
    order = {clock: number for number, clock in enumerate(CLOCKS)}
    return dict(sorted(standing.items(), key=lambda each: (-each[0][0].rank, each[0][0], order[each[0][1]])))


def set_target(
    session: DeskSession, site: Site, kind: Kind, clock: str, minutes: int | None, *, now: datetime, by: Actor
) -> bool:
    """For tickets that are logged from now on; None: as the house has it again. False where it was so already. Raises
    Forbidden, Invalid by field."""
    require_admin(by)
    _check(kind, clock, minutes)
    was = own_targets(session, site, now=now).get((kind, clock))
    if was == minutes:
        return False
    session.add(
        TargetRow(
            id=new_id(now),
            site_id=site.id,
            failure=kind.failure,
            severity=kind.severity,
            clock=clock,
            minutes=minutes,
            set_at=now,
            set_by_id=by.id,
        )
    )
    if minutes is not None:
        site.soonest_target = min(minutes, site.soonest_target or minutes)
    record_of_settings(
        session,
        Tag.TARGET_CHANGED,
        by=by,
        at=now,
        site_id=site.id,
        site=site.id,
        clock=clock,
        failure=kind.failure or None,
        severity=kind.severity or None,
        minutes=minutes,
        was=was,
    )
    return True


def _check(kind: Kind, clock: str, minutes: int | None) -> None:
    if clock not in CLOCKS:
        raise Invalid.field("clock", "Choose one of the clocks offered.")
    if kind.failure not in {ANY, *FAILURES}:
        raise Invalid.field("failure", "Choose one of the failures offered.")
    if kind.severity not in {ANY, *Severity}:
        raise Invalid.field("severity", "Choose one of the severities offered.")
    if minutes is not None and not 1 <= minutes <= LONGEST_TARGET:
        raise Invalid.field("minutes", f"Write whole minutes, from 1 to {LONGEST_TARGET}.")


def _is_of(row: TargetRow, site_id: int, kind: Kind, clock: str) -> bool:
    return row.site_id == site_id and row.clock == clock and Kind(row.failure, row.severity) == kind


def _of_kind(kind: Kind) -> list[ColumnElement[bool]]:
    conditions = []
    if kind.failure:
        conditions.append(TicketClock.failure == kind.failure)
    if kind.severity:
        conditions.append(TicketClock.severity == kind.severity)
    return conditions
