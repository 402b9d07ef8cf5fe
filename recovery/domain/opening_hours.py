"""The week of a site, as people write it: `mon-fri 08:00-12:00 13:00-18:00; sat 18:00-02:00`."""

import re
from dataclasses import dataclass
from datetime import date
from itertools import chain, pairwise
from typing import NamedTuple, Self

from recovery.domain.errors import Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FULL_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MINUTES_PER_DAY = 24 * 60
MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY
LONGEST_TEXT = 1000  # a week of seven days with four spans each is a third of this
LONGEST_QUOTE = 40  # an error repeats what was typed, not a whole paste

_TIMES = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")


class Span(NamedTuple):
    """Minutes after the local midnight of the day on which it begins; `closes` is past 1440 when it runs into the next day."""

    opens: int
    closes: int

    def __str__(self) -> str:
        return f"{_clock(self.opens)}-{_clock(self.closes)}"


WHOLE_DAY = Span(0, MINUTES_PER_DAY)


def _clock(minute: int) -> str:
    if minute == MINUTES_PER_DAY:
        return "24:00"
    return "{:02d}:{:02d}".format(*divmod(minute % MINUTES_PER_DAY, 60))


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """Seven tuples of spans, Monday first, in order and without overlaps; no tuple at all means always open."""

    week: tuple[tuple[Span, ...], ...] = ()

    @classmethod
    def parse(cls, text: str | None) -> Self:
        """Raise Invalid (field `hours`) with one sentence for the first thing that cannot be read."""
        if len(text or "") > LONGEST_TEXT:
            raise Invalid.field(
                "hours",
                f"The opening hours are longer than {LONGEST_TEXT} letters: give one week, as in mon-fri 08:00-18:00.",
            )
        plain = re.sub(r"\s*[-–—]\s*", "-", (text or "").strip().lower())
        if not plain:
            return cls()
        week: list[list[Span]] = [[] for _ in DAYS]
        for days, spans in map(_read_entry, _entries(plain)):
            for day in days:
                week[day] += spans
        return cls(tuple(tuple(sorted(spans)) for spans in week))

    def __post_init__(self) -> None:
        """Raise Invalid for overlaps and for a week without an hour; a week without a gap becomes always open."""
        if not self.week:
            return
        if not any(self.week):
            raise Invalid.field("hours", "A site that never opens cannot be kept: give at least one span of time.")
        _refuse_overlaps(self.week)
        if sum(span.closes - span.opens for span in chain.from_iterable(self.week)) == MINUTES_PER_WEEK:
            object.__setattr__(self, "week", ())

    @property
    def always_open(self) -> bool:
        return not self.week

    def on(self, day: date) -> tuple[Span, ...]:
        return self.week[day.weekday()] if self.week else (WHOLE_DAY,)

    def __str__(self) -> str:
        entries: list[tuple[str, str, str]] = []
        for name, spans in zip(DAYS, self.week, strict=False):
            words = " ".join(map(str, spans))
            if entries and entries[-1][2] == words:
                entries[-1] = (entries[-1][0], name, words)
            else:
                entries.append((name, name, words))
        return "; ".join(f"{_days(first, last)} {words}" for first, last, words in entries if words)


def _days(first: str, last: str) -> str:
    return first if first == last else f"{first}-{last}"


def _entries(plain: str) -> list[str]:
    entries = [entry.strip() for entry in re.split(r"[;\n]", plain) if entry.strip()]
    if not entries:
        raise Invalid.field(
            "hours",
            "No day was found: write the opening hours as mon-fri 08:00-18:00, or leave them empty if you never close.",
        )
    return entries


def _read_entry(entry: str) -> tuple[list[int], list[Span]]:
    days, *times = re.sub(r"\s*,\s*", ",", entry).split(maxsplit=1)
    spans = [_read_span(word) for word in " ".join(times).replace(",", " ").split()]
    weekdays = [day for part in days.split(",") for day in _read_days(part)]
    if not spans:
        raise Invalid.field(
            "hours",
            f"{_quoted(entry)} has no times: write them as {DAYS[weekdays[0]]} 08:00-18:00, and leave out days when you are closed.",
        )
    return weekdays, spans


def read_spans(text: str, *, field: str) -> tuple[Span, ...]:
    """The times of one day, in order. Raises Invalid for `field`."""
    plain = re.sub(r"\s*[-–—]\s*", "-", text.strip().lower())
    try:
        spans = tuple(sorted(_read_span(word) for word in plain.replace(",", " ").split()))
    except Invalid as wrong:
        raise Invalid.field(field, wrong.detail) from None
    for span, later in pairwise(spans):
        if later.opens < span.closes:
            raise Invalid.field(field, f"{span} overlaps {later}: give each hour once.")
    return spans


def _read_days(part: str) -> list[int]:
    first, *rest = [_read_day(name) for name in part.split("-", maxsplit=1)]
    last = rest[0] if rest else first
    return [day % 7 for day in range(first, (last if last >= first else last + 7) + 1)]


def _read_day(name: str) -> int:
    for number, full in enumerate(FULL_NAMES):
        if len(name) >= len(DAYS[number]) and full.startswith(name):
            return number
    raise Invalid.field(
        "hours",
        f"{_quoted(name)} is not a day: write mon, tue, wed, thu, fri, sat or sun, or two of them as in mon-fri.",
    )


def _read_span(word: str) -> Span:
    found = _TIMES.fullmatch(word)
    if not found:
        raise Invalid.field(
            "hours", f"{_quoted(word)} is not a span of time: write it as 08:00-18:00, and a ; between days."
        )
    opens, closes = _minute(found[1], found[2]), _minute(found[3], found[4])
    if opens is None or closes is None or opens == MINUTES_PER_DAY:
        raise Invalid.field(
            "hours", f"{_quoted(word)} is not a span of time: the day begins at 00:00 and ends at 24:00."
        )
    if opens == closes:
        raise Invalid.field(
            "hours", f"{_quoted(word)} opens and closes in the same minute: write 00:00-24:00 for a whole day."
        )
    return Span(opens, closes if closes > opens else closes + MINUTES_PER_DAY)


def _minute(hours: str, minutes: str) -> int | None:
    minute = int(hours) * 60 + int(minutes)
    return minute if int(minutes) < 60 and minute <= MINUTES_PER_DAY else None  # noqa: PLR2004 (minutes in an hour)


def _refuse_overlaps(week: tuple[tuple[Span, ...], ...]) -> None:
    spans = [(number, span) for number, day in enumerate(week) for span in day]
    first_again = (spans[0][0] + 7, spans[0][1])  # the end of Sunday runs into Monday
    for (day, span), (next_day, next_span) in pairwise([*spans, first_again]):
        if next_day * MINUTES_PER_DAY + next_span.opens < day * MINUTES_PER_DAY + span.closes:
            raise Invalid.field(
                "hours", f"{DAYS[day]} {span} overlaps {DAYS[next_day % 7]} {next_span}: give each hour once."
            )


def _quoted(text: str) -> str:
    return f"“{text[:LONGEST_QUOTE]}”"
