"""Why a clock shows what it shows: every stretch that counted or did not, and the customer's own wait beside it."""

from datetime import datetime
from typing import Any

from recovery.domain.calendars import local_time
from recovery.domain.recovery_clock import Clock
from recovery.models import Ticket
from recovery.services.session import DeskSession
from recovery.services.ticketing.rows import SiteBrief
from recovery.services.timing import clocks
from recovery.services.timing.targets import targets_of
from recovery.web.wording import length

RECOVERY = "resolved"
LABELS = {
    "first_response": "First heard from a person",
    "auto_response": "First text",
    "authorisation": "Approval",
    "remedy_ready": "Ready",
    RECOVERY: "Resolved",
    "confirmed": "Confirmed",
}


def clock_words(reading: DeskSession, ticket: Ticket, site: SiteBrief, *, now: datetime) -> dict[str, Any]:
    read, targets = clocks.reading(reading, ticket, now), targets_of(reading, ticket)
    return {
        "title": length(read.resolved.counted_seconds),
        "running": read.ended_at is None,
        "wait": length(read.resolved.wait_seconds),
        "clocks": [
            (label, _reached(getattr(read, clock), targets.get(clock)))
            for clock, label in LABELS.items()
            if getattr(read, clock).at is not None or (clock == RECOVERY and read.ended_at is None)
        ],
        "stretches": [
            {
                "span": f"{_at(part.start, site, read.logged_at)} to {_at(part.end, site, part.start)}",
                "why": part.why,
                "counted": part.counted,
                "length": length(int((part.end - part.start).total_seconds())),
            }
            for part in read.stretches
        ],
    }


def _reached(clock: Clock, target: int | None) -> str:
    """`target` in seconds."""
    after = "not yet" if clock.at is None else f"after {length(clock.counted_seconds)}"
    if target is None:
        return after
    return f"{after}, target {length(target)}{' passed' if clock.counted_seconds > target else ''}"


def _at(instant: datetime, site: SiteBrief, first: datetime) -> str:
    """With its day where that is another than the one read before it."""
    local = local_time(instant, site.timezone)
    same_day = local.date() == local_time(first, site.timezone).date()
    return f"{local:%H:%M}" if same_day else f"{local:%a %H:%M}"
