"""Which of the open times a page offers: every one of the first days, later each half hour, so that the page stays small."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from recovery.domain.calendars import local_time

FINE_DAYS = 2


def by_day(slots: Sequence[datetime], *, zone: str, site_zone: str) -> Iterator[list[datetime]]:
    """The days are those of `zone`; half hours those of the site, where times begin: by a clock three quarters of an hour
    off none of them might."""
    for number, (_, of_day) in enumerate(groupby(slots, key=lambda slot: local_time(slot, zone).date())):
        yield [slot for slot in of_day if number < FINE_DAYS or local_time(slot, site_zone).minute in {0, 30}]
