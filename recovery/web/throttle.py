"""How often somebody may try. Counted in the memory of one process: several processes allow as many times more."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, cast

from flask import current_app, request
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

SIGN_IN_BY_NAME = parse("5 per 15 minutes")
SIGN_IN_BY_ADDRESS = parse("30 per 15 minutes")
"""A whole shop may stand behind one address."""
RECALL = parse("60 per minute")
"""A person types; a script that reads out who is a customer of ours does not get far."""


class Limit(NamedTuple):
    rate: RateLimitItem
    kind: str
    of: str
    """Whom it counts: a name, an address."""


@dataclass(slots=True)
class Attempt:
    succeeded: bool = False


class Throttle:
    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._under_way: Counter[Limit] = Counter()
        self._lock = threading.Lock()

    def count(self, rate: RateLimitItem, *key: str) -> bool:
        """False where this one is too many."""
        return self._limiter.hit(rate, *key)

    @contextmanager
    def attempt(self, *limits: Limit) -> Iterator[Attempt | None]:
        """Counted before it begins, so that many at once are no more than one after the other; given back if it succeeds.

        None where it is too many for one of the limits.
        """
        if not self._begin(limits):
            yield None
            return
        attempt = Attempt()
        try:
            yield attempt
        finally:
            self._end(limits, failed=not attempt.succeeded)

    def _begin(self, limits: tuple[Limit, ...]) -> bool:
        with self._lock:
            may = all(self._left(limit) > self._under_way[limit] for limit in limits)
            if may:
                self._under_way.update(limits)
            return may

    def _end(self, limits: tuple[Limit, ...], *, failed: bool) -> None:
        with self._lock:
            self._under_way.subtract(limits)
            self._under_way += Counter()  # forgets those that stand at zero
            for limit in limits if failed else ():
                self._limiter.hit(*limit)

    def _left(self, limit: Limit) -> int:
        return self._limiter.get_window_stats(*limit).remaining


def throttle() -> Throttle:
    return cast("Throttle", current_app.extensions["throttle"])


def address() -> str:
    return request.remote_addr or "unknown"
