"""Recovery times: exact percentiles by nearest rank, over the rows that the events themselves wrote; and the people and
tickets behind the numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from recovery.domain.actors import Actor
from recovery.domain.permissions import Permission
from recovery.domain.targets import CLOCKS as TARGETED
from recovery.domain.tickets import FAILURES
from recovery.models import Site, Staff, Ticket, TicketClock
from recovery.services.access import require, tickets_visible_to, visible_site
from recovery.services.cursors import Page
from recovery.services.reporting.report_figures import Counts, Figures, figures_by
from recovery.services.reporting.report_scope import EVERYTHING, NOBODY, Scope, grouping, in_group
from recovery.services.session import DeskSession
from recovery.services.ticketing.listing import board
from recovery.services.ticketing.reading_tickets import read_tickets, select_tickets
from recovery.services.ticketing.rows import TicketRow
from recovery.services.timing.clocks import CLOCKS
from recovery.services.timing.targets import targets_in_force

__all__ = ["CLOCKS", "Figures", "Group", "Report", "causes", "recovery_times", "tickets_behind", "unrecovered"]

ONE_PAGE = 50
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS_A_DAY = 24


@dataclass(frozen=True, slots=True)
class Group:
    """`key` names the group in addresses and in the API, `label` to people."""

    key: str | int
    label: str
    count: int
    kept: int
    broken: int
    clocks: Mapping[str, Figures]

    @property
    def promises_kept(self) -> float | None:
        """A share from 0 to 1 of the promises that came to their end."""
        ended = self.kept + self.broken
        return self.kept / ended if ended else None


@dataclass(frozen=True, slots=True)
class Report:
    group_by: str
    start: date | None
    end: date | None
    site: str | None
    groups: Sequence[Group]


def recovery_times(
    session: DeskSession,
    *,
    by: Actor,
    start: date | None = None,
    end: date | None = None,
    site: str | None = None,
    group_by: str = "site",
) -> Report:
    """`start` ≤ day of logging < `end`, in the site's zone; `group_by` is one of `report_scope.GROUPINGS`, or `all`.

    Raises Forbidden, Invalid, and NotFound for a site that is not theirs.
    """
    scope = _scope(session, by, start, end, site)
    column = None if group_by == EVERYTHING else grouping(group_by)
    in_force = targets_in_force(session)
    targets = {clock: in_force.in_seconds(clock) if clock in TARGETED else None for clock in CLOCKS}
    found = figures_by(session, column, scope.conditions(), targets)
    names = _names(session, group_by, found)
    groups = [Group(*names[each.key], each.count, each.kept, each.broken, each.clocks) for each in found]
    return Report(group_by, start, end, site, sorted(groups, key=_order))


def tickets_behind(
    session: DeskSession,
    *,
    by: Actor,
    start: date | None = None,
    end: date | None = None,
    site: str | None = None,
    group_by: str = EVERYTHING,
    key: str | int = EVERYTHING,
    clock: str = "resolved",
    at_least: int = 0,
    beyond: bool = False,
    every: bool = False,
    limit: int = ONE_PAGE,
) -> Sequence[TicketRow]:
    """The tickets of one group, those first whose `clock` took longest, from `at_least` seconds: behind a p95, its tail.
    `beyond`: those alone that passed their target. `every`: all that the group counts, behind them those whose clock
    has not come to its end.

    Raises as `recovery_times`.
    """
    scope = _scope(session, by, start, end, site)
    clock = clock if clock in CLOCKS else "resolved"
    seconds = getattr(TicketClock, clock)
    query = select_tickets().join(TicketClock, TicketClock.ticket_id == Ticket.id)
    query = query.where(tickets_visible_to(by), *scope.conditions())
    if not every:
        query = query.where(seconds >= at_least)
    if group_by != EVERYTHING:
        query = query.where(in_group(group_by, key, by))
    if beyond and clock in TARGETED:
        query = query.where(seconds > targets_in_force(session).in_seconds(clock))
    longest = seconds.desc().nulls_last() if every else seconds.desc()
    return read_tickets(session, query.order_by(longest, Ticket.id).limit(limit))


def unrecovered(
    session: DeskSession, *, by: Actor, site: str | None = None, limit: int = ONE_PAGE, cursor: str | None = None
) -> Page[TicketRow]:
    """The customers who still wait, by name, the longest past our promise first: they come before any average."""
    require(by, Permission.REPORTS)
    return board(session, by=by, site=site, limit=limit, cursor=cursor)


def causes(
    session: DeskSession,
    *,
    by: Actor,
    start: date | None = None,
    end: date | None = None,
    site: str | None = None,
) -> Sequence[tuple[str, int]]:
    """Causes that people gave, with how many tickets each, the most frequent first."""
    scope = _scope(session, by, start, end, site)
    count = func.count()
    counted = (
        select(Ticket.cause, count)
        .join(TicketClock, TicketClock.ticket_id == Ticket.id)
        .where(Ticket.cause.is_not(None), *scope.conditions())
        .group_by(Ticket.cause)
        .order_by(count.desc(), Ticket.cause)
    )
    return [(str(cause), tickets) for cause, tickets in session.execute(counted)]


def _scope(session: DeskSession, by: Actor, start: date | None, end: date | None, site: str | None) -> Scope:
    require(by, Permission.REPORTS)
    if site is not None:
        visible_site(session, site, by=by)
    return Scope(by, start, end, site)


def _names(session: DeskSession, group_by: str, found: Sequence[Counts]) -> dict[Any, tuple[str | int, str]]:
    """Key and label by what the column holds."""
    keys = [each.key for each in found]
    match group_by:
        case "site":
            sites = session.execute(select(Site.id, Site.slug, Site.name).where(Site.id.in_(keys)))
            return {id_: (slug, name) for id_, slug, name in sites}
        case "staff":
            people = session.execute(select(Staff.id, Staff.name).where(Staff.id.in_([key for key in keys if key])))
            return {None: (NOBODY, "Nobody")} | {id_: (str(id_), name) for id_, name in people}
        case "hour_of_week":
            return {key: (key, f"{DAYS[key // HOURS_A_DAY]} {key % HOURS_A_DAY:02}:00") for key in keys}
        case "failure":
            return {key: (key, FAILURES[key].label if key in FAILURES else key) for key in keys}
        case "all":
            return dict.fromkeys(keys, (EVERYTHING, "Everything"))
        case _:
            return {key: (key, str(key)) for key in keys}


def _order(group: Group) -> tuple[bool, str | int]:
    return group.key == NOBODY, group.key if isinstance(group.key, int) else group.label.casefold()
