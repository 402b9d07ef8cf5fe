"""The file that puts a call into a calendar (RFC 5545)."""

from datetime import datetime, timedelta

from icalendar import Calendar, Event

MIME = "text/calendar; charset=utf-8"
PRODUCT = "-//Recovery Desk//EN"


def calendar_file(*, uid: str, changes: int, starts_at: datetime, lasts: timedelta, title: str, url: str) -> bytes:
    """One event; a file with the same `uid` and more `changes` moves it where it was put before."""
    event = Event()
    event.add("uid", uid)
    event.add("sequence", changes)
    event.add("dtstamp", starts_at)
    event.add("dtstart", starts_at)
    event.add("duration", lasts)
    event.add("summary", title)
    event.add("url", url)
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
