"""Calls at the machines' doors that were refused: counted in memory, and written down together.

Each writing is a commit on one row, on SQLite under the lock of all writers: a flood of forged calls must not stop the
desk. Each process writes its own.
"""

import threading
from datetime import datetime
from typing import cast

import structlog
from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from recovery.bootstrap import Components
from recovery.services.running.tallies import HOOKS_REFUSED, count

WRITTEN_AFTER = 2.0
"""Seconds from the first that is not written yet: soon enough for whoever watches the admin's page."""

log = structlog.get_logger(__name__)


class Refusals:
    def __init__(self, desk: Components) -> None:
        self._desk = desk
        self._held = 0
        self._last_at: datetime | None = None
        self._is_awaited = False
        self._holding = threading.Lock()
        self._writing = threading.Lock()

    def add(self) -> None:
        with self._holding:
            self._held += 1
            self._last_at = self._desk.clock.now()
            self._write_later()

    def write_down(self) -> None:
        """Also before the process ends. What cannot be written now is kept, and written with the next that is refused."""
        with self._writing:
            with self._holding:
                held, last_at, self._held, self._is_awaited = self._held, self._last_at, 0, False
            if not held or last_at is None:
                return
            try:
                self._desk.transact(lambda session: count(session, HOOKS_REFUSED, times=held, now=last_at))
            except SQLAlchemyError as error:
                log.warning("hooks:refusals_wait", why=type(error).__name__, refusals=held)
                with self._holding:
                    self._held += held

    def _write_later(self) -> None:
        if self._is_awaited:
            return
        self._is_awaited = True
        timer = threading.Timer(WRITTEN_AFTER, self.write_down)
        timer.daemon = True  # whoever ends the process writes the rest: config/gunicorn.py
        timer.start()


def refusals() -> Refusals:
    return cast("Refusals", current_app.extensions["refusals"])
