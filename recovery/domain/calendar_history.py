"""The calendars of a site, one after the other: changing one never rewrites what has happened."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, pairwise

from recovery.domain.calendars import FOREVER, Calendar, Closure, Opening, as_utc


@dataclass(frozen=True, slots=True)
class CalendarHistory:
    """`former` ends each with the instant from which the next one holds, in order; `current` holds since the last.

    Raises ValueError where they are not in order.
    """

    current: Calendar
    former: tuple[tuple[Calendar, datetime], ...] = ()

    def __post_init__(self) -> None:
        if any(earlier[1] > later[1] for earlier, later in pairwise(self.former)):
            raise ValueError("Former calendars stand in the order in which they held.")

    def at(self, instant: datetime) -> Calendar:
        return next((calendar for calendar, until in self.former if as_utc(instant) < until), self.current)

    def open_stretches(self, start: datetime, end: datetime) -> list[Opening]:
        """Give what was open in [start, end) by the calendar in force at each moment: ordered, disjoint, never touching."""
        found: list[Opening] = []
        for calendar, since, until in self._in_force(start, end):
            for opening in calendar.open_stretches(since, until):
                if found and found[-1].closes == opening.opens:
                    opening = Opening(found.pop().opens, opening.closes)  # noqa: PLW2901 (one opening across the change)
                found.append(opening)
        return found

    def closures(self, start: datetime, end: datetime) -> list[Closure]:
        """Give what special days shut in [start, end), as the calendar in force at each moment knew of them."""
        in_force = self._in_force(start, end)
        return [closure for calendar, since, until in in_force for closure in calendar.closures(since, until)]

    def _in_force(self, start: datetime, end: datetime) -> Iterator[tuple[Calendar, datetime, datetime]]:
        start, end = as_utc(start), as_utc(end)
        for calendar, until in chain(self.former, [(self.current, FOREVER)]):
            yield calendar, start, min(end, until)
            start = max(start, until)
