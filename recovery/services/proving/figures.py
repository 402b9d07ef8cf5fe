"""What reports read of a ticket, counted anew from its events."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from recovery.domain.events import Tag
from recovery.domain.ids import SETTINGS_STREAM
from recovery.domain.told import Told, counted
from recovery.models import Event, Site
from recovery.services.session import DeskSession
from recovery.services.timing.calendars import calendar_of
from recovery.services.timing.clocks import row_told


@dataclass(slots=True)
class Figures:
    sites: Mapping[int, Site]
    hours_changed: dict[int, datetime] = field(default_factory=dict)
    """The last time, by site: what was folded before it stands, a new calendar never rewrites what has happened."""

    def hear(self, tag: str, at: datetime, payload: str) -> None:
        """Of the settings' own events, in their order."""
        if tag == Tag.SITE_CHANGED and json.loads(payload)["field"] in {"hours", "timezone"}:
            self.hours_changed[json.loads(payload)["site"]] = at

    def wrong(self, ticket_id: int, told: Sequence[Told], standing: Mapping[str, Any] | None) -> str | None:
        """How the row differs from what the events say; None where it does not."""
        by = counted(told)
        site = self.sites[by.site]
        if told[0].at < self.hours_changed.get(site.id, told[0].at):
            return None
        expected = row_told(ticket_id, told, calendar_of(site)) if by.in_the_numbers else None
        return None if expected == standing else _difference(expected, standing)


def figures(session: DeskSession) -> Figures:
    """All that it takes to count, read at once; a walk through the whole trail hears of the hours on its way."""
    known = Figures({site.id: site for site in session.scalars(select(Site))})
    changes = select(Event.tag, Event.at, Event.payload).where(
        Event.stream_id == SETTINGS_STREAM, Event.tag == Tag.SITE_CHANGED.value
    )
    for tag, at, payload in session.execute(changes.order_by(Event.seq)):
        known.hear(tag, at, payload)
    return known


def _difference(expected: Mapping[str, Any] | None, standing: Mapping[str, Any] | None) -> str:
    if expected is None or standing is None:
        return "reports count it, and its events say not" if standing else "its row for reports is gone"
    name = next(name for name, value in expected.items() if standing[name] != value)
    return f"reports read {name.replace('_', ' ')} {standing[name]}, and its events say {expected[name]}"
