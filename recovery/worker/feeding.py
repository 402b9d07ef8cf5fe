"""A thread that takes what waits and hands it on: asleep until it is woken, and alive whatever trips it."""

import threading
from collections.abc import Callable

import structlog

from recovery.worker.away import AWAY

WAIT_FOR_DATABASE = 0.5
"""Seconds."""

log = structlog.get_logger(__name__)


def feed_until(
    stopping: threading.Event,
    woken: threading.Event,
    feed: Callable[[], bool],
    *,
    what: str,
    rest: Callable[[], float | None] = lambda: None,
) -> None:
    """`feed` as long as it says that there may be more; then until something wakes us, or so many seconds of `rest` have
    gone by. `what` it feeds is named in the log."""
    while not stopping.is_set():
        woken.wait(rest())
        woken.clear()
        try:
            while not stopping.is_set() and feed():
                pass
        except AWAY as error:
            log.warning("feeder:database_away", of=what, why=type(error).__name__)
            stopping.wait(WAIT_FOR_DATABASE)
        except Exception:  # the feeder must outlive whatever trips it: the next tick tries again
            log.exception("feeder:failed", of=what)
            stopping.wait(WAIT_FOR_DATABASE)
