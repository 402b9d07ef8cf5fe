"""When the next text of a sender may leave. A slot is as long as the provider takes to carry the text before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

AHEAD = timedelta(milliseconds=100)
"""So far ahead of its slot does a text begin: its claim and its commit have to fit, on a busy machine too. What has begun
nobody overtakes."""
MARGIN = 1.01
"""One per cent above the time that the rate asks for: clocks and threads are not exact, and a rate is never passed."""
LATEST = timedelta(milliseconds=9)
"""So much after its slot may a text leave: less than the margin of one second, so that even then a second holds no more
than the rate."""
TO_MOVE = timedelta(milliseconds=30)
"""So far ahead lies a slot that is moved: a commit has to fit."""
LONGEST_TEXT = 11
"""Segments in 1600 characters; nobody reserves more than one such text ahead."""
CLOCKS_APART = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Slot:
    at: datetime
    """When its text leaves."""
    free: datetime
    """When the sender is free again."""

    def is_missed(self, now: datetime) -> bool:
        return now > self.at + LATEST

    def moved(self, now: datetime) -> "Slot":
        """As soon as it can be written down."""
        at = now + TO_MOVE
        return Slot(at, at + (self.free - self.at))


def slots(next_at: datetime | None, segments: Sequence[int], *, rate: int, now: datetime) -> list[Slot]:
    """For as many of the texts, in their order, as may begin now.

    `next_at` is None for a sender of which nothing has left yet; one that lies impossibly far ahead was written by a clock
    that was wrong.
    """
    free = now if next_at is None or next_at > now + _furthest(rate) else max(next_at, now)
    found: list[Slot] = []
    for count in segments:
        if free > now + AHEAD:
            break
        found.append(Slot(free, free + span(count, rate)))
        free = found[-1].free
    return found


def span(segments: int, rate: int) -> timedelta:
    return timedelta(seconds=segments / rate * MARGIN)


def begins_at(next_at: datetime | None, *, rate: int, now: datetime) -> datetime:
    """From when on the next text may begin; `now` or earlier where it may."""
    if next_at is None or next_at > now + _furthest(rate):
        return now
    return next_at - AHEAD


def at_once(rate: int) -> int:
    """How many texts may begin together, at most."""
    return int(AHEAD / span(1, rate)) + 1


def _furthest(rate: int) -> timedelta:
    return AHEAD + span(LONGEST_TEXT, rate) + CLOCKS_APART
