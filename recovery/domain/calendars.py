"""Local time: the only module that knows it. Instants go in and come out aware; what comes out is UTC.

A local time stands for the first instant at which the clock on the wall shows it or later. That one rule settles both
clock-change nights: an hour that is skipped has no length, an hour that comes twice belongs to the span around it, and
whatever ends in it ends the first time round.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import count, takewhile
from typing import NamedTuple
from zoneinfo import ZoneInfo

from recovery.domain.errors import Invalid
from recovery.domain.opening_hours import OpeningHours, Span
from recovery.domain.special_days import NO_SPECIAL_DAYS, SpecialDay, SpecialDays

__all__ = [
    "Calendar",
    "Closure",
    "Opening",
    "OpeningHours",
    "Span",
    "SpecialDay",
    "SpecialDays",
    "as_utc",
    "day_bounds",
    "day_typed",
    "is_within_reach",
    "local_day",
    "local_time",
    "quiet_hours",
    "quiet_until",
    "zone",
]

QUIET_FROM = time(21)  # texts that solicit may be sent from 8 to 21 o'clock where the recipient is
QUIET_TO = time(8)
ONE_DAY = timedelta(days=1)
FOREVER = datetime.max.replace(tzinfo=UTC)
"""The closing of what never shuts again."""
ONE_SECOND = timedelta(seconds=1)
MINUTES_PER_DAY = 24 * 60
FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Before the product, and after all of us."""
LONGEST_QUOTE = 40


class Opening(NamedTuple):
    """From `opens` until just before `closes`."""

    opens: datetime
    closes: datetime


class Closure(NamedTuple):
    """From `shuts` until just before `opens`, because of the special day: its week says that the site is open then."""

    shuts: datetime
    opens: datetime
    day: SpecialDay


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a site is open. Raises Invalid (field `timezone`) for a zone that does not exist.

    A special day says when openings begin on it; what began the day before goes on into it.
    """

    hours: OpeningHours
    timezone: str
    special: SpecialDays = NO_SPECIAL_DAYS

    def __post_init__(self) -> None:
        zone(self.timezone)

    @property
    def never_shuts(self) -> bool:
        return self.hours.always_open and not self.special.days

    def is_open(self, instant: datetime) -> bool:
        instant = as_utc(instant)  # in a zone of its own, an hour that comes twice equals nothing
        return self.next_opening(instant) == instant

    def next_opening(self, instant: datetime) -> datetime:
        """Give the instant itself when it is open then."""
        if self.never_shuts:
            return as_utc(instant)
        return max(next(self._openings_from(instant)).opens, as_utc(instant))

    def closing_after(self, instant: datetime) -> datetime | None:
        """Give the end of the current opening, or of the next one when shut; None when it never closes."""
        if self.never_shuts:
            return None
        closes = next(self._openings_from(instant)).closes
        return None if closes == FOREVER else closes

    def open_stretches(self, start: datetime, end: datetime) -> list[Opening]:
        """Give what is open in [start, end): ordered, disjoint, never touching, cut to the ends."""
        start, end = as_utc(start), as_utc(end)
        if start >= end:
            return []
        if self.never_shuts:
            return [Opening(start, end)]
        openings = takewhile(lambda opening: opening.opens < end, self._openings_from(start))
        return [Opening(max(opens, start), min(closes, end)) for opens, closes in openings]

    def closures(self, start: datetime, end: datetime) -> list[Closure]:
        """Give what special days shut in [start, end): in order, disjoint, cut to the ends. Nights and Sundays are none."""
        start, end = as_utc(start), as_utc(end)
        if start >= end or not self.special.days:
            return []
        first, last = local_day(start, self.timezone) - ONE_DAY, local_day(end, self.timezone)
        return [
            Closure(shuts, opens, special)
            for special in self.special.between(first, last)
            for span in self._on(special.day, self.hours.on(special.day))
            for shuts, opens in self._shut_in(max(span.opens, start), min(span.closes, end))
        ]

    def _shut_in(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        at = start
        for opens, closes in self.open_stretches(start, end):
            if at < opens:
                yield at, opens
            at = closes
        if at < end:
            yield at, end

    def after_open(self, instant: datetime, span: timedelta) -> datetime:
        """Give the first instant by which it has been open for so long since then."""
        if self.never_shuts:
            return as_utc(instant) + span
        for opening in self._openings_from(instant):
            opens = max(opening.opens, as_utc(instant))
            if opening.closes - opens >= span:
                return opens + span
            span -= opening.closes - opens
        raise AssertionError("there is always another opening")

    def slots(self, start: datetime, end: datetime, step_minutes: int) -> list[datetime]:
        """Give the instants in [start, end), on round times of the local clock, after which the site stays open for a whole step."""
        if not 1 <= step_minutes <= MINUTES_PER_DAY:
            raise ValueError("A step lasts from one minute to a day.")
        found: list[datetime] = []
        for opens, stretch_end in self.open_stretches(start, end):
            closes = self.closing_after(opens)
            slot = self._round_time_from(opens, step_minutes)
            while slot < stretch_end and (closes is None or slot + timedelta(minutes=step_minutes) <= closes):
                found.append(slot)
                slot = self._round_time_from(slot + timedelta(minutes=step_minutes), step_minutes)
        return found

    def slot_of(self, instant: datetime, step_minutes: int) -> datetime:
        """Give the round time of the local clock at or before the instant."""
        return as_utc(instant) - _since_midnight(local_time(instant, self.timezone)) % timedelta(minutes=step_minutes)

    def _round_time_from(self, instant: datetime, step_minutes: int) -> datetime:
        while past := _since_midnight(local_time(instant, self.timezone)) % timedelta(minutes=step_minutes):
            instant += timedelta(minutes=step_minutes) - past  # again after a clock change on the way
        return instant

    def _openings_from(self, instant: datetime) -> Iterator[Opening]:
        """Give every opening that closes after the instant, without end, spans that touch made one."""
        instant = as_utc(instant)
        spans = self._spans_from(local_day(instant, self.timezone) - ONE_DAY)
        current = next(spans)
        for span in spans:
            if span.opens <= current.closes:
                current = Opening(current.opens, max(current.closes, span.closes))
                continue
            if current.closes > instant:
                yield current
            current = span
        yield current

    def _spans_from(self, first_day: date) -> Iterator[Opening]:
        """In the order in which they begin; without end, but for a week that never shuts: that ends with FOREVER."""
        if self.hours.always_open:
            yield from self._around_special_days(first_day)
            return
        for days in count():
            day = first_day + timedelta(days=days)
            special = self.special.by_day.get(day)
            yield from self._on(day, special.spans if special else self.hours.on(day))

    def _around_special_days(self, first_day: date) -> Iterator[Opening]:
        local_zone = zone(self.timezone)
        opens = day_bounds(first_day, self.timezone)[0]
        for special in self.special.since(first_day):
            closes = _first_showing(datetime.combine(special.day, time()), local_zone)
            if opens < closes:  # nothing lies between two special days in a row
                yield Opening(opens, closes)
            yield from self._on(special.day, special.spans)
            opens = _first_showing(datetime.combine(special.day + ONE_DAY, time()), local_zone)
        yield Opening(opens, FOREVER)

    def _on(self, day: date, spans: Sequence[Span]) -> Iterator[Opening]:
        for span in spans:
            opening = _between(day, timedelta(minutes=span.opens), timedelta(minutes=span.closes), zone(self.timezone))
            if opening.opens < opening.closes:  # not swallowed by the spring night
                yield opening


def as_utc(instant: datetime) -> datetime:
    """Convert before adding or subtracting: between two times of one zone Python counts what the wall shows, not what passed."""
    if instant.tzinfo is None:
        raise ValueError("An instant without a zone cannot be placed.")
    return instant.astimezone(UTC)


def local_time(instant: datetime, timezone: str) -> datetime:
    """Give the same instant as the clocks there show it, aware: for words on a page or in a text, never for arithmetic."""
    return as_utc(instant).astimezone(zone(timezone))


def local_day(instant: datetime, timezone: str) -> date:
    """Give the day whose `day_bounds` hold the instant: a day that has begun stays, also if midnight comes twice."""
    day = local_time(instant, timezone).date()
    return day + ONE_DAY if day_bounds(day, timezone)[1] <= instant else day


def day_typed(text: str, *, field: str) -> date:
    """Raises Invalid."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid.field(field, f"“{text[:LONGEST_QUOTE]}” is no day: write it as 2026-03-10.") from None
    if not is_within_reach(day):
        raise Invalid.field(field, "Choose a day of this century.")
    return day


def is_within_reach(day: date) -> bool:
    """Whether it can be reckoned with: some days further the calendar of a computer ends."""
    return FIRST_YEAR <= day.year <= LAST_YEAR


def day_bounds(day: date, timezone: str) -> tuple[datetime, datetime]:
    """Give [first, next): as long as the day is there, from 0 to 25 hours and more."""
    return _between(day, timedelta(), ONE_DAY, zone(timezone))


def quiet_until(instant: datetime, timezone: str, start: time = QUIET_FROM, end: time = QUIET_TO) -> datetime | None:
    """Give the instant at which the quiet hours end, or None when none are on; equal ends mean that there are none."""
    night = quiet_hours(instant, timezone, start, end)
    return night.closes if night else None


def quiet_hours(instant: datetime, timezone: str, start: time = QUIET_FROM, end: time = QUIET_TO) -> Opening | None:
    """Give those that are on then, from their first instant to their end."""
    if start == end:
        return None
    last = _since_midnight(end) + (ONE_DAY if end < start else timedelta())
    today, on = local_day(instant, timezone), None
    for day in (today - ONE_DAY, today, today + ONE_DAY):  # where a day is left out, two nights meet
        night = _between(day, _since_midnight(start), last, zone(timezone))
        if night.opens <= (on.closes if on else as_utc(instant)) < night.closes:
            on = Opening(on.opens if on else night.opens, night.closes)
    return on


@lru_cache(maxsize=1024)
def zone(timezone: str) -> ZoneInfo:
    """Raise Invalid (field `timezone`) for a name that the zone database does not hold."""
    try:
        return ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):  # unknown, a path that climbs, a folder of zones
        raise Invalid.field("timezone", f"“{timezone[:40]}” is no time zone: give one such as Europe/London.") from None


def _between(day: date, opens: timedelta, closes: timedelta, local_zone: ZoneInfo) -> Opening:
    midnight = datetime.combine(day, time())
    return Opening(_first_showing(midnight + opens, local_zone), _first_showing(midnight + closes, local_zone))


def _first_showing(local: datetime, local_zone: ZoneInfo) -> datetime:
    """Give the first instant at which the wall there shows this naive local time or later."""
    instant = local.replace(tzinfo=local_zone).astimezone(UTC)
    if instant.astimezone(local_zone).replace(tzinfo=None) == local:
        return instant
    earliest = local.replace(tzinfo=local_zone, fold=1).astimezone(UTC)
    return _clock_change(earliest, instant, local_zone)


def _clock_change(earliest: datetime, latest: datetime, local_zone: ZoneInfo) -> datetime:
    """Find the second in (earliest, latest] at which the clock is put forward; there is exactly one change in between."""
    offset = latest.astimezone(local_zone).utcoffset()
    first, last = 0, (latest - earliest) // ONE_SECOND
    while last - first > 1:
        middle = (first + last) // 2
        if (earliest + middle * ONE_SECOND).astimezone(local_zone).utcoffset() == offset:
            last = middle
        else:
            first = middle
    return earliest + last * ONE_SECOND


def _since_midnight(clock: datetime | time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond)
