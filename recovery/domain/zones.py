"""Time zones that somebody may choose: the places of the zone database (`zone.tab` of tzdata), each with its country."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from recovery.domain.calendars import local_time

WINTER_AND_SUMMER = (1, 7)
"""Months in whose middle no clock changes, on either side of the equator."""


@cache
def places() -> Mapping[str, str]:
    """Zones and the two letters of their countries; within a country the one of most people comes first."""
    lines = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return MappingProxyType({zone: country for country, _, zone, *_ in rows})


def zones_of(country: str | None, *, now: datetime) -> Sequence[str]:
    """One for each clock that runs differently there this year: eight in the United States, and not all twenty-nine."""
    seasons = [now.replace(month=month, day=15) for month in WINTER_AND_SUMMER]
    clocks: dict[tuple[timedelta | None, ...], str] = {}
    for zone in (zone for zone, where in places().items() if where == country):
        offsets = (local_time(at, zone).utcoffset() for at in seasons)
        clocks.setdefault(tuple(offsets), zone)
    return list(clocks.values())


def by_area() -> Mapping[str, Sequence[str]]:
    """All of them, by what stands first in their names: Africa, America, … By name within each."""
    areas: dict[str, list[str]] = {}
    for zone in sorted(places()):
        areas.setdefault(zone.partition("/")[0], []).append(zone)
    return areas


def city_of(zone: str) -> str:
    """Give "New York" for America/New_York."""
    return zone.rpartition("/")[2].replace("_", " ")


def place_of(zone: str) -> str:
    """Give "Knox, Indiana" for America/Indiana/Knox: there is another Knox."""
    return ", ".join(reversed(zone.split("/")[1:])).replace("_", " ") or city_of(zone)
