"""Hours in which somebody is not to be woken: from one time of day to another, mostly over midnight."""

from datetime import time

from recovery.domain.errors import Invalid

AS_TYPED = "%H:%M"


def quiet_hours_typed(start: str, end: str) -> str | None:
    """Give "21:00-08:00"; None where both are empty. Raises Invalid by field (`quiet_from`, `quiet_until`)."""
    if not start.strip() and not end.strip():
        return None
    read = [_time(start, "quiet_from"), _time(end, "quiet_until")]
    return "-".join(each.strftime(AS_TYPED) for each in read)


def from_and_until(kept: str) -> tuple[time, time]:
    start, _, end = kept.partition("-")
    return time.fromisoformat(start), time.fromisoformat(end)


def _time(typed: str, field: str) -> time:
    try:
        read = time.fromisoformat(typed.strip())
    except ValueError:
        read = None
    if read is None or read.tzinfo is not None:
        raise Invalid.field(field, "Write both as a time of day, as in 21:00, or leave both empty.")
    return read
