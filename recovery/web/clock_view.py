"""Why a clock shows what it shows: every stretch that counted or did not, and the customer's own wait beside it."""

from datetime import datetime
from typing import Any

from recovery.domain.calendars import local_time
from recovery.models import Ticket
from recovery.services.session import DeskSession
from recovery.services.ticketing.rows import SiteBrief
from recovery.services.timing import clocks
from recovery.web.wording import length


def clock_words(reading: DeskSession, ticket: Ticket, site: SiteBrief, *, now: datetime) -> dict[str, Any]:
    read = clocks.reading(reading, ticket, now)
    named = (
        ("First heard from a person", read.first_response),
        ("First text", read.auto_response),
        ("Approval", read.authorisation),
        ("Ready", read.remedy_ready),
        ("Resolved", read.resolved),
        ("Confirmed", read.confirmed),
    )
    return {
        "title": length(read.resolved.counted_seconds),
        "running": read.ended_at is None,
        "wait": length(read.resolved.wait_seconds),
        "clocks": [(label, length(each.counted_seconds)) for label, each in named if each.at is not None],
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


def _at(instant: datetime, site: SiteBrief, first: datetime) -> str:
    """With its day where that is another than the one read before it."""
    local = local_time(instant, site.timezone)
    same_day = local.date() == local_time(first, site.timezone).date()
    return f"{local:%H:%M}" if same_day else f"{local:%a %H:%M}"
