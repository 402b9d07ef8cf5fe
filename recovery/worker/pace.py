"""How far ahead of the calls to claim and to begin: by how long a call takes.

A commit for every single text would cost more than the text. But what has begun and waits for a thread would be in doubt
if this process died, and what is claimed waits for nobody else: so both look ahead in time, not in number.
"""

import threading

BEGIN_AHEAD = 0.05
"""Seconds of calls."""
CLAIM_AHEAD = 1.0
"""Seconds of calls."""
MOST_AT_ONCE = 64
WEIGHT = 0.2
"""Of the newest call in the average."""


class Pace:
    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._seconds: float | None = None
        self._lock = threading.Lock()

    def took(self, seconds: float) -> None:
        with self._lock:
            known = seconds if self._seconds is None else self._seconds
            self._seconds = known + (seconds - known) * WEIGHT

    @property
    def to_begin(self) -> int:
        """How many may have begun and have no answer yet."""
        return self._threads + self._within(BEGIN_AHEAD)

    @property
    def to_claim(self) -> int:
        return max(self._threads, self._within(CLAIM_AHEAD))

    def _within(self, span: float) -> int:
        """As many as all threads together send in that time; none before the first call."""
        if self._seconds is None:
            return 0
        return int(min(MOST_AT_ONCE, span * self._threads / max(self._seconds, 1e-6)))
