"""The composition root: from settings to the things that web, worker and commands work with."""

import fcntl
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, OperationalError

from config.settings import Settings
from recovery.clock import Clock, SystemClock
from recovery.domain.policy import Policy
from recovery.services.session import DeskSession, House
from recovery.sms.texts import Texts

Result = TypeVar("Result")

REPEATS = 3
"""How often the whole transaction of an edge is tried where it met another's (deadlock, serialisation, same reference)."""
RETRIED_STATES = {"40001", "40P01"}
RETRIED_UNIQUE = ("uq_tickets_reference", "tickets.reference", "pk_events", "events.stream_id")
BUSY_MILLISECONDS = 5000
TEMPLATES = Path(__file__).parent / "templates"
SIMULATOR_SENDER = "simulator"


@dataclass
class Components:
    settings: Settings
    clock: Clock
    house: House
    writing: Engine
    reading: Engine
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @contextmanager
    def write(self) -> Iterator[DeskSession]:
        """One transaction: committed at the end, rolled back by an exception."""
        with (
            self._queued_writer(),
            DeskSession(self.writing, house=self.house, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def read(self) -> Iterator[DeskSession]:
        """Cannot change anything: PostgreSQL and SQLite both refuse it on this engine."""
        with DeskSession(self.reading, house=self.house, expire_on_commit=False) as session:
            yield session

    def transact(self, work: Callable[[DeskSession], Result]) -> Result:
        """`work` in one transaction; the whole of it again, at most three times, where another was in its way."""
        for attempt in range(1, REPEATS + 1):
            try:
                with self.write() as session:
                    return work(session)
            except (OperationalError, IntegrityError) as error:
                if attempt == REPEATS or not _is_repeatable(error):
                    raise
        raise AssertionError("unreachable")

    def dispose(self) -> None:
        self.writing.dispose()
        self.reading.dispose()

    @cached_property
    def is_sqlite(self) -> bool:
        return self.writing.dialect.name == "sqlite"

    @contextmanager
    def _queued_writer(self) -> Iterator[None]:
        """On SQLite writers queue at a lock of ours before BEGIN IMMEDIATE: its own busy wait is a lottery, with a p99
        twenty times as long. Threads wait at the thread lock, processes at the file's."""
        path = _sqlite_file(self.settings.database_url)
        if path is None:
            yield
            return
        with self._lock, path.with_suffix(".lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def build(settings: Settings, *, clock: Clock | None = None) -> Components:
    """Raises domain.errors.Invalid or OSError where the policy file cannot be used."""
    policy = Policy.from_mapping(tomllib.loads(settings.policy_file.read_text(encoding="utf-8")))
    house = House(
        policy=policy,
        texts=Texts(TEMPLATES / "sms"),
        secret_key=settings.secret_key,
        audit_key=settings.audit_key.encode(),
        public_url=settings.public_url.rstrip("/"),
        sender=sender_of(settings),
        cheap_hashes=settings.argon2_cheap,
    )
    return Components(
        settings=settings,
        clock=clock or SystemClock(),
        house=house,
        writing=make_engine(settings, read_only=False),
        reading=make_engine(settings, read_only=True),
    )


def sender_of(settings: Settings) -> str:
    if settings.sms_gateway == "simulator":
        return SIMULATOR_SENDER
    return settings.twilio_messaging_service_sid or settings.twilio_from or ""


def make_engine(settings: Settings, *, read_only: bool) -> Engine:
    if make_url(settings.database_url).get_backend_name() == "sqlite":
        return _sqlite_engine(settings.database_url, read_only=read_only)
    engine = create_engine(
        settings.database_url,
        pool_size=settings.send_concurrency + 2,
        max_overflow=4,
        pool_pre_ping=True,
        pool_timeout=10,
        hide_parameters=True,
    )
    return engine.execution_options(postgresql_readonly=True) if read_only else engine


def _sqlite_engine(url: str, *, read_only: bool) -> Engine:
    path = _sqlite_file(url)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, hide_parameters=True)  # a failed statement must not spell a name into the log

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we begin ourselves: the driver's own way breaks savepoints
        for pragma in (
            "journal_mode=WAL",
            f"busy_timeout={BUSY_MILLISECONDS}",
            "foreign_keys=ON",
            "synchronous=FULL",  # a forgotten "sent" would be a second text
            f"query_only={'ON' if read_only else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _sqlite_file(url: str) -> Path | None:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return None
    return Path(parsed.database)


def _is_repeatable(error: OperationalError | IntegrityError) -> bool:
    if isinstance(error, IntegrityError):
        return any(name in str(error.orig) for name in RETRIED_UNIQUE)
    return getattr(error.orig, "sqlstate", None) in RETRIED_STATES
