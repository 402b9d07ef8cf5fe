"""What the clock on a wall shows, and whether a door is open: worked out by hand, beside the product's own calendars."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from recovery.services.people.sites import NewSite

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Week = Mapping[int, list[tuple[int, int]]]
"""Minutes after midnight, by weekday; the second of two is past 1440 where it runs into the next day."""


def is_open(site: NewSite, special: Mapping[date, list[tuple[int, int]]], instant: datetime) -> bool:
    if not site.hours:
        return True
    wall, week = instant.astimezone(ZoneInfo(site.timezone)), read_week(site.hours)
    minute = wall.hour * 60 + wall.minute + wall.second / 60
    for days_ago in (0, 1):
        day = wall.date() - timedelta(days=days_ago)
        spans = special.get(day, week.get(day.weekday(), []))
        if any(opens <= minute + days_ago * 1440 < closes for opens, closes in spans):
            return True
    return False


def is_night(zone: str, instant: datetime) -> bool:
    wall = instant.astimezone(ZoneInfo(zone)).time()
    return not time(8) <= wall < time(21)


def read_week(hours: str) -> Week:
    week: dict[int, list[tuple[int, int]]] = {}
    for entry in hours.split(";"):
        days, *spans = entry.split()
        first, _, last = days.partition("-")
        for day in range(DAYS.index(first), DAYS.index(last or first) + 1):
            week[day] = [read_span(span) for span in spans]
    return week


def read_span(span: str) -> tuple[int, int]:
    opens, closes = (int(each[:2]) * 60 + int(each[3:]) for each in span.split("-"))
    return opens, closes if closes > opens else closes + 1440
