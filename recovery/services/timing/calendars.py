"""The calendar of a site, made from its row."""

from functools import lru_cache

from recovery.domain.calendars import Calendar
from recovery.domain.opening_hours import OpeningHours
from recovery.models import Site


def calendar_of(site: Site) -> Calendar:
    return _calendar(site.hours, site.timezone)


@lru_cache(maxsize=1024)
def _calendar(hours: str, timezone: str) -> Calendar:
    return Calendar(OpeningHours.parse(hours), timezone)
