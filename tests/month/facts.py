"""What the rules know beside a trail."""

from dataclasses import dataclass
from datetime import datetime

from tests.month.hourly import LATE_AT_MOST
from tests.month.town import Place
from tests.month.workers import read_instant


@dataclass(frozen=True)
class Facts:
    places: dict[int, Place]
    down: tuple[datetime, datetime]
    ended: str
    alerted: frozenset[int]
    """Staff with a phone."""

    def in_time(self, due: str, done: str) -> bool:
        """A worker that is away does nothing; back, it does all at once."""
        since, until = self.down
        wanted = read_instant(due)
        last = (until if since - LATE_AT_MOST <= wanted <= until else wanted) + LATE_AT_MOST
        return read_instant(done) <= last
