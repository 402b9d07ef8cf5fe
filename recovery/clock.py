"""The only place that asks the machine for the time."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back, for leases and time-outs within one process."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class FrozenClock:
    """Stands still until it is moved: for tests."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._moved = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._moved

    def advance(self, **by: float) -> datetime:
        """Takes what `timedelta` takes: `clock.advance(minutes=10)`."""
        step = timedelta(**by)
        self._now += step
        self._moved += step.total_seconds()
        return self._now

    def set(self, now: datetime) -> None:
        self._now = now
