"""How often somebody may try. Counted in the memory of one process: several processes allow as many times more."""

from typing import cast

from flask import current_app, request
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

SIGN_IN_BY_NAME = parse("5 per 15 minutes")
SIGN_IN_BY_ADDRESS = parse("30 per 15 minutes")
"""A whole shop may stand behind one address."""
RECALL = parse("60 per minute")
"""A person types; a script that reads out who is a customer of ours does not get far."""


class Throttle:
    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def allows(self, rate: RateLimitItem, *key: str) -> bool:
        return self._limiter.test(rate, *key)

    def count(self, rate: RateLimitItem, *key: str) -> bool:
        """False where this one is too many."""
        return self._limiter.hit(rate, *key)


def throttle() -> Throttle:
    return cast("Throttle", current_app.extensions["throttle"])


def address() -> str:
    return request.remote_addr or "unknown"
