"""When the next text of a sender may leave: in no second more segments than it carries, whoever sends them.

What has left in the last second is known to all workers, so a text that comes late keeps nobody's place and costs nobody
else's: what follows it is counted from when it really left.
"""

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

AHEAD = timedelta(milliseconds=100)
"""So far ahead of its slot does a text begin: its claim and its commit have to fit, on a busy machine too."""
AHEAD_OF_MANY = timedelta(milliseconds=200)
"""Of a fast sender: half of its texts still wait for their slots while the next ones begin."""
MANY = 50
"""Segments a second from which on a sender is fast."""
SECOND = timedelta(milliseconds=1005)
"""Of the provider: clocks and threads are not exact, and a rate is never passed."""
LATEST = timedelta(milliseconds=250)
"""So much after its slot may a text leave without another word: until it is known when it left, it counts as if it were so
late."""
TO_MOVE = timedelta(milliseconds=10)
"""So far ahead lies the slot of a text that was late for its own: a commit has to fit."""
EVENLY = 0.9
"""Of the time that the rate asks for between two slots, so that time which was lost is caught up, and is no burst."""
LONGEST_TEXT = 11
"""Segments in 1600 characters; nobody reserves more than one such text ahead."""
CLOCKS_APART = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Slot:
    at: datetime
    """From when on its text may leave."""
    segments: int
    rate: int

    @property
    def is_one_of_many(self) -> bool:
        return self.rate >= MANY

    def is_missed(self, now: datetime) -> bool:
        return now > self.at + LATEST

    def takes(self, left_at: datetime | None = None) -> list[datetime]:
        """By segment, when it leaves: at the latest, until it is known when it left. A text that has more segments than a
        second carries goes on leaving in the next."""
        first = left_at or self.at + LATEST
        return [first + SECOND * (number // self.rate) for number in range(self.segments)]


@dataclass(frozen=True, slots=True)
class Pace:
    """Of one sender."""

    next_at: datetime | None = None
    """Not before, so that slots lie evenly; None while nothing has left yet."""
    taken: Sequence[datetime] = ()
    """The segments of the last second, in their order: when each has left, or leaves at the latest."""

    def standing(self, rate: int, now: datetime) -> "Pace":
        """Without what counts no more, and without what a clock wrote that was wrong: impossibly far ahead."""
        furthest = now + ahead(rate) + LATEST + SECOND * (LONGEST_TEXT / rate + 1) + CLOCKS_APART
        known = None if self.next_at is None or self.next_at > furthest else self.next_at
        return Pace(known, [at for at in self.taken if now - SECOND < at < furthest])

    def earliest(self, segments: int, *, rate: int, now: datetime) -> datetime:
        """For the next text: a second after the last of those that leave it no room within a second."""
        beside = max(rate - segments, 0)
        full = [self.taken[-beside - 1] + SECOND] if len(self.taken) > beside else []
        return max(now, *full, self.next_at or now)

    def with_one(self, slot: Slot) -> "Pace":
        taken = list(self.taken)
        for at in slot.takes():
            insort(taken, at)
        return Pace(slot.at + timedelta(seconds=slot.segments / slot.rate * EVENLY), taken)

    def without(self, slot: Slot) -> "Pace":
        """Of a text that does not leave: the next one need not keep its distance from it either."""
        taken = list(self.taken)
        for at in slot.takes():
            if at in taken:
                taken.remove(at)
        return Pace(None, taken)

    def left(self, slot: Slot, at: datetime) -> "Pace":
        return replace(self, taken=sorted([*self.without(slot).taken, *slot.takes(at)]))


def slots(pace: Pace, segments: Iterable[int], *, rate: int, now: datetime) -> tuple[list[Slot], Pace]:
    """For as many of the texts, in their order, as may begin now; and the pace after them."""
    pace, found = pace.standing(rate, now), list[Slot]()
    for count in segments:
        at = pace.earliest(count, rate=rate, now=now)
        if at > now + ahead(rate):
            break
        found.append(Slot(at, count, rate))
        pace = pace.with_one(found[-1])
    return found, pace


def moved(pace: Pace, slot: Slot, now: datetime) -> tuple[Slot | None, Pace]:
    """Another slot for a text that was late for its own; None where that lies too far ahead for a text that has begun."""
    pace = pace.standing(slot.rate, now).without(slot)
    at = pace.earliest(slot.segments, rate=slot.rate, now=now + TO_MOVE)
    if at > now + ahead(slot.rate):
        return None, pace
    return (later := replace(slot, at=at)), pace.with_one(later)


def room(pace: Pace, *, rate: int, now: datetime) -> int:
    """How many short texts may begin now."""
    return len(slots(pace, [1] * at_once(rate), rate=rate, now=now)[0])


def begins_at(pace: Pace, *, rate: int, now: datetime) -> datetime:
    """From when on it is worth to begin texts; `now` or earlier where it is. A fast sender's begin several at a time: a
    claim and a commit for each would cost more than the text."""
    together = max(at_once(rate) // 2, 1)
    free = pace.standing(rate, now).earliest(1, rate=rate, now=now)
    return free - ahead(rate) + timedelta(seconds=(together - 1) / rate * EVENLY)


def at_once(rate: int) -> int:
    """How many texts may begin together, at most."""
    return int(ahead(rate).total_seconds() * rate / EVENLY) + 1


def ahead(rate: int) -> timedelta:
    return AHEAD if rate < MANY else AHEAD_OF_MANY
