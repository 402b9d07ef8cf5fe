"""SQLite has one worker: a file lock refuses the second, and a kill releases it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from recovery.bootstrap import Components

LOCK = "worker.lock"


class AnotherWorker(Exception):
    """One sentence for whoever started the second."""


@contextmanager
def the_only_worker(desk: Components) -> Iterator[None]:
    """Raises AnotherWorker. On PostgreSQL any number may work, so nothing is locked."""
    if not desk.is_sqlite:
        yield
        return
    folder = desk.settings.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnotherWorker(
                f"Another worker holds {folder / LOCK}: with SQLite one worker runs at a time; stop that one, "
                "or move to PostgreSQL.",
            ) from None
        yield
