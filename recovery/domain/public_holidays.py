"""Public holidays, by country and region, from the `holidays` package: to be offered, never to be assumed. Plenty of
cafés are open on them."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import holidays

AHEAD = timedelta(days=400)
"""A year, and a month to plan the next one in."""


class PublicHoliday(NamedTuple):
    day: date
    name: str


class Region(NamedTuple):
    code: str
    """As ISO 3166-2 has it after the hyphen: `SCT` in GB."""
    name: str


def regions_of(country: str) -> Sequence[Region]:
    """By name; none where the whole country has the same days, or is not known."""
    codes = holidays.list_supported_countries().get(country)
    if not codes:
        return []
    names: dict[str, str] = {
        code: name for name, code in holidays.country_holidays(country).subdivisions_aliases.items()
    }
    return sorted((Region(code, names.get(code, code)) for code in codes), key=lambda region: region.name)


def public_holidays(country: str, region: str | None, *, first: date) -> Sequence[PublicHoliday]:
    """From `first` on, `AHEAD`, in order; none for a country or a region that the package does not know."""
    last = first + AHEAD
    try:
        known = holidays.country_holidays(country, subdiv=region or None, years=range(first.year, last.year + 1))
    except NotImplementedError:
        return []
    return [PublicHoliday(day, name) for day, name in sorted(known.items()) if first <= day <= last]
