"""How long a calendar says that a site was open."""

from datetime import datetime, timedelta

from recovery.domain.recovery_clock import OpenTimes


def open_seconds(calendar: OpenTimes, start: datetime, end: datetime) -> int:
    """Whole seconds, cut once at the end of the sum; 0 when the end lies before the start."""
    stretches = calendar.open_stretches(start, end)
    return sum((closes - opens for opens, closes in stretches), timedelta()) // timedelta(seconds=1)
