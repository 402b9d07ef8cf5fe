"""A week of opening hours, as words and as seven bars."""

import re
from datetime import date
from typing import Any

from recovery.domain.opening_hours import DAYS, MINUTES_PER_DAY, OpeningHours, Span
from recovery.domain.special_days import SpecialDay

FULL = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY_AFTER_DASH = re.compile("-([a-z]*)")
ALWAYS = "Open day and night, every day"
EXAMPLES = (
    ("mon-fri 08:00-18:00; sat 09:00-16:00", "weekdays, a shorter Saturday, shut on Sunday"),
    ("mon-fri 08:00-12:00 13:00-18:00", "shut over lunch"),
    ("fri-sat 18:00-02:00", "open past midnight"),
    ("", "left empty: never shut"),
)


def hours_in_words(hours: OpeningHours) -> list[str]:
    """Give ["Mon–Fri 08:00–18:00", "Sat 09:00–16:00"]: each a piece that is not broken."""
    if hours.always_open:
        return [ALWAYS]
    return [f"{part[:1].upper()}{part[1:]}" for part in _DAY_AFTER_DASH.sub(_capital, str(hours)).split("; ")]


def day_in_words(day: date) -> str:
    return f"{FULL[day.weekday()]} {day.day} {day:%B %Y}"


def times_of(special: SpecialDay) -> str:
    return ", ".join(str(span).replace("-", "–") for span in special.spans) or "shut"


def _capital(found: re.Match[str]) -> str:
    return f"–{found[1].capitalize()}"


def week_of(hours: OpeningHours) -> list[dict[str, Any]]:
    """[{day, words, bars: [{left, width}]}], left and width in hundredths of the day; past midnight goes on next day. [] never shuts."""
    if hours.always_open:
        return []
    return [
        {
            "day": FULL[number],
            "words": ", ".join(str(span).replace("-", "–") for span in hours.week[number]) or "shut",
            "bars": [*_bars(hours.week[number]), *_from_yesterday(hours.week[number - 1])],
        }
        for number in range(len(DAYS))
    ]


def _bars(spans: tuple[Span, ...]) -> list[dict[str, float]]:
    return [_bar(span.opens, min(span.closes, MINUTES_PER_DAY)) for span in spans]


def _from_yesterday(spans: tuple[Span, ...]) -> list[dict[str, float]]:
    return [_bar(0, span.closes - MINUTES_PER_DAY) for span in spans if span.closes > MINUTES_PER_DAY]


def _bar(opens: int, closes: int) -> dict[str, float]:
    return {
        "left": round(100 * opens / MINUTES_PER_DAY, 2),
        "width": round(100 * (closes - opens) / MINUTES_PER_DAY, 2),
    }
