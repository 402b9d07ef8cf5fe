"""How quickly one token may call: generous, against loops that ran away.

Counted in the memory of this process: several web processes allow several times as much.
"""

from dataclasses import dataclass, field
from math import ceil
from threading import Lock

from flask import Flask, current_app, g, request
from werkzeug.exceptions import TooManyRequests

from recovery.api.authentication import OURS
from recovery.clock import Clock

CALLS_A_MINUTE = 1200
"""Twenty a second: an import that runs at full speed stays below it, a loop without a pause does not."""
SETTING = "API_CALLS_A_MINUTE"
"""Of the app's configuration; None: as many as they like."""
WINDOW_SECONDS = 60.0


@dataclass
class Calls:
    """Of everybody in the running minute. Written here: the library that counts for the sign-in starts a thread with
    each count, which was a twentieth of a log over HTTP."""

    clock: Clock
    _counts: dict[str, int] = field(default_factory=dict)
    _began: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def count(self, caller: str) -> tuple[int, float]:
        """How many this makes in this minute, and the seconds that are left of it."""
        now = self.clock.monotonic()
        with self._lock:
            if now - self._began >= WINDOW_SECONDS:
                self._counts, self._began = {}, now
            self._counts[caller] = self._counts.get(caller, 0) + 1
            return self._counts[caller], self._began + WINDOW_SECONDS - now


def install(app: Flask) -> None:
    app.config.setdefault(SETTING, CALLS_A_MINUTE)
    calls = Calls(app.extensions["desk"].clock)

    @app.before_request
    def slow_down() -> None:
        most = current_app.config[SETTING]
        if most is None or request.blueprint not in current_app.extensions[OURS]:
            return
        made, left = calls.count(_caller())
        if made > most:
            raise TooManyRequests(retry_after=ceil(left))


def _caller() -> str:
    bearer = g.get("bearer")
    return f"token:{bearer.token_id}" if bearer else request.remote_addr or ""
