"""When the customer hears from us next. Minutes come from the policy; the constants are its defaults."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from recovery.domain.calendars import Calendar, as_utc

MINUTES_AFTER_OPENING = 15
WARNED_AT_PERCENT = 70
RENEWAL_GAPS = (15, 30, 60)  # minutes; then only a person may promise again
RETRY_GAPS = (15, 60, 180)  # minutes; then the customer is asked to choose another time


def default_due(
    *, now: datetime, minutes: int, calendar: Calendar, minutes_after_opening: int = MINUTES_AFTER_OPENING
) -> datetime:
    """Give `minutes` (those of the severity) by the wall clock; while the site is shut, its opening and a little."""
    if calendar.is_open(now):
        return as_utc(now) + timedelta(minutes=minutes)
    return calendar.next_opening(now) + timedelta(minutes=minutes_after_opening)


def warn_at(promised_at: datetime, due_at: datetime, *, percent: int = WARNED_AT_PERCENT) -> datetime:
    promised_at = as_utc(promised_at)
    return promised_at + (as_utc(due_at) - promised_at) * percent / 100


def renewed_due(
    renewals: int,
    *,
    now: datetime,
    calendar: Calendar,
    gaps: Sequence[int] = RENEWAL_GAPS,
    minutes_after_opening: int = MINUTES_AFTER_OPENING,
) -> datetime | None:
    """Give the machine's new time after it has renewed `renewals` times; None when only a person may. It falls due while
    the site is open, or as it closes: else a little after the opening that comes then."""
    if renewals >= len(gaps):
        return None
    due = default_due(now=now, minutes=gaps[renewals], calendar=calendar, minutes_after_opening=minutes_after_opening)
    closes = calendar.closing_after(now)
    if closes is None or due <= closes or calendar.is_open(due):
        return due
    return calendar.next_opening(due) + timedelta(minutes=minutes_after_opening)


def next_retry(
    attempts: int, *, now: datetime, calendar: Calendar, gaps: Sequence[int] = RETRY_GAPS
) -> datetime | None:
    """Give when to call again after `attempts` (1 or more) that reached nobody, moved to the opening when shut then; None when used up."""
    if attempts > len(gaps):
        return None
    return calendar.next_opening(as_utc(now) + timedelta(minutes=gaps[attempts - 1]))
