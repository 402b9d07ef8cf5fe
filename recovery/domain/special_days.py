"""Days on which a site keeps other hours than its week says: holidays, a party, a stocktake."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Self

from recovery.domain.errors import Invalid
from recovery.domain.opening_hours import Span, read_spans

SHUT = "shut"
LONGEST_NAME = 60
MOST_DAYS = 400
"""A good year and a half of holidays and exceptions; past that a week would say it better."""
_DAY = re.compile(r"\s*(\d{4}-\d{2}-\d{2})\s+(.*\S)\s*")
_TIMES = re.compile(r"((?:\d{1,2}[:.]\d{2}\s*[-–—]\s*\d{1,2}[:.]\d{2}[\s,]*)+|shut\b\s*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class SpecialDay:
    """`spans` begin on that day of the site's own calendar, and may run past its midnight; none is shut."""

    day: date
    spans: tuple[Span, ...]
    name: str = ""

    @property
    def why(self) -> str:
        """Why a site is shut when it would be open any other week."""
        return f"shut: {self.name or 'other hours that day'}"

    def __str__(self) -> str:
        times = " ".join(map(str, self.spans)) or SHUT
        return f"{self.day.isoformat()} {times} {self.name}".rstrip()


@dataclass(frozen=True, slots=True)
class SpecialDays:
    """In order, each day once."""

    days: tuple[SpecialDay, ...] = ()
    by_day: Mapping[date, SpecialDay] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raises Invalid (field `special_days`) for too many."""
        if len(self.days) > MOST_DAYS:
            raise _wrong(f"At most {MOST_DAYS} special days can be kept: take away those that have gone by.")
        by_day = {each.day: each for each in self.days}
        object.__setattr__(self, "days", tuple(by_day[day] for day in sorted(by_day)))
        object.__setattr__(self, "by_day", MappingProxyType(by_day))

    @classmethod
    def parse(cls, text: str | None) -> Self:
        """Reads lines as "2026-12-25 shut Christmas Day" or "2026-12-31 08:00-14:00"; the last one of a day holds.

        Raises Invalid (field `special_days`) with one sentence for the first that cannot be read.
        """
        lines = [line for line in re.split(r"[;\n]", text or "") if line.strip()]
        return cls(tuple(map(_read, lines)))

    def with_day(self, day: SpecialDay) -> Self:
        return type(self)((*(each for each in self.days if each.day != day.day), day))

    def without(self, day: date) -> Self:
        return type(self)(tuple(each for each in self.days if each.day != day))

    def since(self, day: date) -> Iterator[SpecialDay]:
        return (each for each in self.days if each.day >= day)

    def between(self, first: date, last: date) -> Iterator[SpecialDay]:
        return (each for each in self.days if first <= each.day <= last)

    def __str__(self) -> str:
        return "\n".join(map(str, self.days))


NO_SPECIAL_DAYS = SpecialDays()


def special_day(day: date, times: str, name: str = "") -> SpecialDay:
    """`times` as typed: "shut", or spans as in opening hours. Raises Invalid (fields `times`, `name`)."""
    name = " ".join(name.split()).replace(";", ",")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid.field("name", f"Name the day in at most {LONGEST_NAME} letters.")
    if name and _TIMES.match(name):
        raise Invalid.field("name", "Write the times in their own field, and here only what day it is.")
    plain = times.strip().lower()
    if not plain:
        raise Invalid.field("times", "Say when you are open that day, as in 10:00-14:00, or write shut.")
    return SpecialDay(day, () if plain == SHUT else read_spans(plain, field="times"), name)


def _read(line: str) -> SpecialDay:
    found = _DAY.fullmatch(line)
    times = _TIMES.match(found[2]) if found else None
    if not found or not times:
        raise _wrong(f"“{line.strip()[:40]}” is no special day: write it as 2026-12-25 shut Christmas Day.")
    try:
        day = date.fromisoformat(found[1])
    except ValueError:
        raise _wrong(f"“{found[1]}” is no day of the calendar.") from None
    try:
        return special_day(day, times[1].strip(), found[2][times.end() :])
    except Invalid as wrong:
        raise _wrong(wrong.detail) from None


def _wrong(sentence: str) -> Invalid:
    return Invalid.field("special_days", sentence)
