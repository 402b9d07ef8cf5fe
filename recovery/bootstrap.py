"""The composition root: from settings to the things that web, worker and commands work with."""

import fcntl
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, InvalidatePoolError, OperationalError, SQLAlchemyError

from config.settings import Settings, SettingsError
from recovery.clock import Clock, SystemClock
from recovery.domain.errors import Invalid
from recovery.domain.policy import Policy
from recovery.domain.senders import SIMULATED
from recovery.services.sending.outbox import ENQUEUED, Terms
from recovery.services.session import DeskSession, House
from recovery.services.simulating.store import Phones
from recovery.sms.gateway import Gateway
from recovery.sms.photos import PhotoSource, SimulatedPhotos, TwilioPhotos
from recovery.sms.simulator import SimulatedGateway
from recovery.sms.telephone import SimulatedTelephone, Telephone, TwilioTelephone
from recovery.sms.texts import Texts
from recovery.sms.twilio import TWILIO_API_URL, TwilioAccount, TwilioGateway

Result = TypeVar("Result")

REPEATS = 3
"""How often the whole transaction of an edge is tried where it met another's (deadlock, serialisation, same reference)."""
RETRIED_STATES = {"40001", "40P01"}
RETRIED_UNIQUE = (
    *("uq_tickets_reference", "tickets.reference"),
    *("pk_events", "events.stream_id"),
    *("uq_customers_site_id_contact_id", "customers.site_id, customers.contact_id"),  # two logged the same new number
    *("uq_phone_calls_provider_sid", "phone_calls.provider_sid"),  # the provider told of one call twice at once
    *("pk_settings_stream", "settings_stream.id"),  # the first two changes of an installation
)
BUSY_MILLISECONDS = 5000
RESTED = 1.0
"""Seconds unused after which a connection to PostgreSQL is asked whether it still lives."""
SESSION_LIMITS = "SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '30s'"
"""On PostgreSQL: a process that froze with a customer's row in its hands neither keeps others waiting for ever nor keeps
the row. No transaction of ours waits for anything but the database, so that thirty seconds of silence is a frozen one."""
CONNECT_WITHIN = 10
"""Seconds: a host that is gone does not say so."""
TEMPLATES = Path(__file__).parent / "templates"
STATUS_HOOK = "/hooks/twilio/status"
CALL_HOOK = "/hooks/twilio/calls"
OUTBOX_CHANNEL = "recovery_outbox"
"""What PostgreSQL's NOTIFY tells the workers on; their poll finds the text anyway, a little later."""
BETWEEN_RINGS = 0.01
"""Seconds: each NOTIFY commits, and commits that notify wait for one another, so that a burst rings once."""


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
        if session.info.pop(ENQUEUED, False) and not self.is_sqlite:
            self._bell.ring()

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
        self._bell.stop()
        self.writing.dispose()
        self.reading.dispose()

    @cached_property
    def is_sqlite(self) -> bool:
        return self.writing.dialect.name == "sqlite"

    @cached_property
    def _lock_file(self) -> Path | None:
        path = _sqlite_file(self.settings.database_url)
        return path.with_suffix(".lock") if path else None

    @cached_property
    def terms(self) -> Terms:
        settings = self.settings
        return Terms(
            lease=timedelta(seconds=settings.worker_lease_seconds),
            time_out=timedelta(seconds=settings.twilio_timeout_seconds),
            grace=timedelta(seconds=settings.reconcile_grace_seconds),
            interval=timedelta(seconds=settings.reconcile_interval_seconds),
        )

    @cached_property
    def gateway(self) -> Gateway:
        """Only workers send; the web reads nothing of it but its name."""
        if self.settings.sms_gateway == "simulator":
            return SimulatedGateway(Phones(self, self.clock), before=Phones(self, self.clock).refuse)
        return TwilioGateway(_account(self.settings))

    @cached_property
    def telephone(self) -> Telephone:
        """Only workers call, and `doctor` looks at the lines."""
        if self.settings.sms_gateway == "simulator":
            return SimulatedTelephone(Phones(self, self.clock))
        return TwilioTelephone(_account(self.settings), hook=f"{self.house.public_url}{CALL_HOOK}")

    @cached_property
    def photos(self) -> PhotoSource:
        """Only workers fetch."""
        if self.settings.sms_gateway == "simulator":
            return SimulatedPhotos(Phones(self, self.clock))
        return TwilioPhotos(_account(self.settings))

    @cached_property
    def _bell(self) -> "_Bell":
        return _Bell(self.writing)

    @contextmanager
    def _queued_writer(self) -> Iterator[None]:
        """On SQLite writers queue at a lock of ours before BEGIN IMMEDIATE: its own busy wait is a lottery, with a p99
        twenty times as long. Threads wait at the thread lock, processes at the file's."""
        if self._lock_file is None:
            yield
            return
        with self._lock, self._lock_file.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class _Bell:
    """Tells the workers of new texts, beside the request that queued them; begun in whatever process first rings."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rung = threading.Event()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._ringer: threading.Thread | None = None

    def ring(self) -> None:
        with self._lock:
            if self._ringer is None or not self._ringer.is_alive():
                self._ringer = threading.Thread(target=self._tell, name="outbox-bell", daemon=True)
                self._ringer.start()
        self._rung.set()

    def stop(self) -> None:
        self._stopped.set()
        self._rung.set()
        if self._ringer is not None:
            self._ringer.join(timeout=5)

    def _tell(self) -> None:
        while self._rung.wait() and not self._stopped.is_set():
            self._rung.clear()
            with suppress(SQLAlchemyError), self._engine.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(f"NOTIFY {OUTBOX_CHANNEL}"))
            self._stopped.wait(BETWEEN_RINGS)


def build(settings: Settings, *, clock: Clock | None = None) -> Components:
    """Raises SettingsError where the policy file cannot be used."""
    house = House(
        policy=_policy(settings.policy_file),
        texts=_shipped_texts(),
        secret_key=settings.secret_key,
        audit_key=settings.audit_key.encode(),
        public_url=settings.public_url.rstrip("/"),
        sender=sender_of(settings),
        voice_number=settings.twilio_voice_from,
        finds_machines=settings.twilio_finds_machines,
        cheap_hashes=settings.argon2_cheap,
        anchor_file=settings.audit_anchor_file,
    )
    return Components(
        settings=settings,
        clock=clock or SystemClock(),
        house=house,
        writing=make_engine(settings, read_only=False),
        reading=make_engine(settings, read_only=True),
    )


@cache
def _shipped_texts() -> Texts:
    """Read once: what comes with this version stays the same as long as the process runs."""
    return Texts(TEMPLATES / "sms")


def _policy(file: Path) -> Policy:
    try:
        return Policy.from_mapping(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, Invalid) as wrong:  # ValueError: no TOML, no UTF-8
        raise SettingsError([f"POLICY_FILE {file} cannot be used: {wrong}."]) from None


def sender_of(settings: Settings) -> str:
    if settings.sms_gateway == "simulator":
        return SIMULATED
    return settings.twilio_messaging_service_sid or settings.twilio_from or ""


def _account(settings: Settings) -> TwilioAccount:
    return TwilioAccount(
        account_sid=settings.twilio_account_sid or "",
        auth_token=settings.twilio_auth_tokens[0],
        status_callback=f"{settings.public_url.rstrip('/')}{STATUS_HOOK}",
        api_url=settings.twilio_api_url or TWILIO_API_URL,
        timeout_seconds=settings.twilio_timeout_seconds,
    )


def make_engine(settings: Settings, *, read_only: bool) -> Engine:
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(settings.database_url, read_only=read_only)
    engine = create_engine(
        url,
        pool_size=settings.send_concurrency + 2,
        max_overflow=4,
        pool_timeout=10,
        hide_parameters=True,
        connect_args={"connect_timeout": url.query.get("connect_timeout", CONNECT_WITHIN)},
    )
    _look_at_rested_connections(engine)

    @event.listens_for(engine, "connect")
    def limit(connection: Any, _: Any) -> None:
        """By statement: poolers between us and the server refuse what is asked for in the greeting."""
        connection.execute(SESSION_LIMITS)
        connection.commit()

    return engine.execution_options(postgresql_readonly=True) if read_only else engine


def _look_at_rested_connections(engine: Engine) -> None:
    """A connection that lay unused is asked whether it still lives; one that has just worked is not, for the question
    costs as much as many a query. A server that went away in between is one error, after which all of them are new."""
    clock = SystemClock()

    @event.listens_for(engine, "checkin")
    def rest(_: Any, record: Any) -> None:
        record.info["rests_since"] = clock.monotonic()

    @event.listens_for(engine, "checkout")
    def look(connection: Any, record: Any, _: Any) -> None:
        if clock.monotonic() - record.info.get("rests_since", clock.monotonic()) < RESTED:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error


def _sqlite_engine(url: str, *, read_only: bool) -> Engine:
    path = _sqlite_file(url)
    if path is not None:
        _make_folder(path.parent)
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


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sentence = f"DATABASE_URL, or DATA_DIR without it, leads into {folder}, which cannot be made: {error.strerror}."
        raise SettingsError([sentence]) from None


def _sqlite_file(url: str) -> Path | None:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return None
    return Path(parsed.database)


def _is_repeatable(error: OperationalError | IntegrityError) -> bool:
    if isinstance(error, IntegrityError):
        return any(name in str(error.orig) for name in RETRIED_UNIQUE)
    return getattr(error.orig, "sqlstate", None) in RETRIED_STATES
