"""What reports read of a ticket, counted anew from its events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from recovery.domain.calendar_history import CalendarHistory
from recovery.domain.told import Told, counted
from recovery.models import Site
from recovery.services.session import DeskSession
from recovery.services.timing.calendars import calendars_of_all
from recovery.services.timing.clocks import row_told


@dataclass(slots=True)
class Figures:
    calendars: Mapping[int, CalendarHistory]
    """By site."""

    def wrong(self, ticket_id: int, told: Sequence[Told], standing: Mapping[str, Any] | None) -> str | None:
        """How the row differs from what the events say; None where it does not."""
        by = counted(told)
        expected = row_told(ticket_id, told, self.calendars[by.site]) if by.in_the_numbers else None
        return None if expected == standing else _difference(expected, standing)


def figures(session: DeskSession) -> Figures:
    """All that it takes to count, read at once."""
    return Figures(calendars_of_all(session, session.scalars(select(Site)).all()))


def _difference(expected: Mapping[str, Any] | None, standing: Mapping[str, Any] | None) -> str:
    if expected is None or standing is None:
        return "reports count it, and its events say not" if standing else "its row for reports is gone"
    name = next(name for name, value in expected.items() if standing[name] != value)
    return f"reports read {name.replace('_', ' ')} {standing[name]}, and its events say {expected[name]}"
