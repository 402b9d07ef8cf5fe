"""Hears of new texts sooner than the tick does. The tick stays the truth: whatever is not heard here is found there."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing

import psycopg
import structlog
from sqlalchemy.engine import make_url

from recovery.bootstrap import OUTBOX_CHANNEL, Components

LOOK_EVERY = 0.1
"""Seconds between two looks at SQLite's data version; a look takes some microseconds."""
LISTEN_FOR = 1.0
"""Seconds after which a listener sees whether it should stop."""
RETRY_AFTER = 2.0

log = structlog.get_logger(__name__)


def listen(desk: Components, wake: Callable[[], None], stopping: threading.Event) -> None:
    """Until `stopping`; whatever happens to the database."""
    hear = _hear_sqlite if desk.is_sqlite else _hear_postgres
    while not stopping.is_set():
        try:
            hear(desk.settings.database_url, wake, stopping)
        except (psycopg.Error, sqlite3.Error) as error:
            log.info("outbox:deaf", why=type(error).__name__)
            stopping.wait(RETRY_AFTER)


def _hear_postgres(url: str, wake: Callable[[], None], stopping: threading.Event) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"LISTEN {OUTBOX_CHANNEL}")
        while not stopping.is_set():
            for _ in connection.notifies(timeout=LISTEN_FOR, stop_after=1):
                wake()


def _hear_sqlite(url: str, wake: Callable[[], None], stopping: threading.Event) -> None:
    with closing(sqlite3.connect(make_url(url).database or "", isolation_level=None)) as connection:
        seen = None
        while not stopping.wait(LOOK_EVERY):
            version = connection.execute("PRAGMA data_version").fetchone()
            if version != seen:
                seen = version
                wake()
