"""Which tickets a report is about: those that count, at the sites of whoever asks, logged in a span of local days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, SQLColumnExpression, select
from sqlalchemy.orm import InstrumentedAttribute

from recovery.domain.actors import Actor
from recovery.domain.errors import Invalid
from recovery.domain.ids import LARGEST_ID
from recovery.models import Site, TicketClock
from recovery.services.access import at_sites_of, sites_visible_to
from recovery.services.ticketing.ticket_statements import only_checked

FARTHEST_ZONE = timedelta(hours=15)
"""A local day begins at most so long before or after the same day in UTC."""
NOBODY = "nobody"
EVERYTHING = "all"

GROUPINGS: Mapping[str, InstrumentedAttribute[Any]] = {
    "site": TicketClock.site_id,
    "failure": TicketClock.failure,
    "severity": TicketClock.severity,
    "staff": TicketClock.staff_id,
    "hour_of_week": TicketClock.hour_of_week,
    "day": TicketClock.local_day,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """`start` ≤ the day on which it was logged, in its site's zone, < `end`."""

    by: Actor
    start: date | None = None
    end: date | None = None
    site: str | None = None
    """Slug."""

    def conditions(self) -> list[ColumnElement[bool]]:
        """Exact by the local day; bounded by the instant as well, for which there is an index: a site has all its years."""
        found = [at_sites_of(TicketClock.site_id, self.by)]
        if self.site is not None:
            found.append(TicketClock.site_id == _site_id(self.site, self.by))
        if self.start or self.end:
            found = [only_checked(here) for here in found]
        if self.start is not None:
            found += [TicketClock.logged_at >= _midnight(self.start) - FARTHEST_ZONE]
            found += [TicketClock.local_day >= self.start.isoformat()]
        if self.end is not None:
            found += [TicketClock.logged_at < _midnight(self.end) + FARTHEST_ZONE]
            found += [TicketClock.local_day < self.end.isoformat()]
        return found


def grouping(name: str) -> InstrumentedAttribute[Any]:
    """Raises Invalid."""
    if name not in GROUPINGS:
        raise Invalid.field("group_by", f"Group by one of: {', '.join(GROUPINGS)}.")
    return GROUPINGS[name]


def in_group(name: str, key: str | int, by: Actor) -> SQLColumnExpression[bool]:
    """Tickets of one group, by the key that the report gave it. Raises Invalid."""
    column: SQLColumnExpression[Any] = grouping(name)
    if name == "staff" and key == NOBODY:
        return column.is_(None)
    if name == "site":
        return column == _site_id(str(key), by)
    if name in {"staff", "hour_of_week"}:
        return column == _whole(key)
    return column == str(key)


def _site_id(slug: str, by: Actor) -> ScalarSelect[int]:
    return select(Site.id).where(Site.slug == slug, sites_visible_to(by)).scalar_subquery()


def _whole(key: str | int) -> int:
    text = str(key)
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_ID)) and int(text) <= LARGEST_ID):
        raise Invalid.field("key", "There is no such group: go back to the report and choose one.")
    return int(text)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
