"""An outbox full of texts, and a provider to send them to."""

import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from bench.ground import REPOSITORY, engine_of, migrate
from recovery.bootstrap import Components
from recovery.domain.actors import MACHINE
from recovery.domain.messages import Direction, MessageClass, MessageStatus
from recovery.domain.photos import Media
from recovery.models import Base, Staff, Ticket
from recovery.services.people.customers import NewCustomer
from recovery.services.people.sites import NewSite, add_site
from recovery.services.people.staff import NewStaff, add_staff
from recovery.services.session import DeskSession
from recovery.services.ticketing.logging_mistakes import NewTicket, log
from recovery.sms.gateway import Accepted, Found, Hearing, OutgoingText, ProviderStatus, always

ACCOUNT = "AC" + "0" * 32
TWILIO = {
    "SMS_GATEWAY": "twilio",
    "TWILIO_ACCOUNT_SID": ACCOUNT,
    "TWILIO_AUTH_TOKEN": "token-of-the-fake-provider",
    "TWILIO_FROM": "+15550100",
}
SITE = NewSite("Bench", "Europe/London", "GBP", "GB", slug="bench")
MAYA = NewStaff("maya@bench.example", "Maya", "frontline", ("bench",))
AT_ONCE = 50
BATCH = 5000


class Nothing:
    """A provider that takes no time: what is left is our own cost."""

    name = "nothing"
    real = False

    def send(self, outgoing: OutgoingText, *, now: datetime, still_ours: Callable[[], bool] = always) -> Accepted:
        del now
        still_ours()
        return Accepted(f"SM{outgoing.ref}", "queued")

    def find(self, outgoing: OutgoingText, since: datetime, *, taken: Collection[str] = frozenset()) -> Found | None:
        del outgoing, since, taken

    def fetch(self, provider_sid: str) -> ProviderStatus | None:
        del provider_sid

    def heard(self, since: Mapping[str, datetime]) -> Hearing:
        del since
        return Hearing(())

    def media_of(self, provider_sid: str) -> Sequence[Media]:
        del provider_sid
        return ()


@contextmanager
def fake_provider() -> Iterator[str]:
    """The tests' own, as a process: it costs the same cores as we do."""
    command = [sys.executable, "tests/fake_twilio"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise SystemExit("the fake provider did not start")
        try:
            yield process.stdout.readline().strip()
        finally:  # or leaving waits for it for ever
            process.terminate()


def fill(desk: Components, *, waiting: int, sent: int = 0) -> None:
    """`waiting` mistakes of as many customers, logged as staff log them, each with its text; `sent` old texts beside."""
    now = desk.clock.now()
    with desk.write() as session:
        add_site(session, SITE, now=now, by=MACHINE)
        add_staff(session, MAYA, now=now, by=MACHINE)
    for start in range(0, waiting, AT_ONCE):
        with desk.write() as session:
            for number in range(start, min(start + AT_ONCE, waiting)):
                log_one(session, number, now=now)
    _add_sent(desk, sent)
    with desk.writing.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def log_one(session: DeskSession, number: int, *, now: datetime) -> None:
    maya = session.scalars(select(Staff)).one().as_actor()
    customer = NewCustomer(phone(number), f"Customer {number}")
    log(session, NewTicket(site="bench", failure="wrong_order", customer=customer), now=now, by=maya)


def phone(number: int) -> str:
    return f"+1{3_000_000_000 + number}"


def _add_sent(desk: Components, sent: int) -> None:
    with desk.read() as session:
        tickets = list(session.scalars(select(Ticket.id)))
    now = desk.clock.now()
    for start in range(0, sent, BATCH):
        rows = [
            _sent_row(number, tickets[number % len(tickets)], now) for number in range(start, min(start + BATCH, sent))
        ]
        with desk.writing.begin() as connection:
            connection.execute(insert(Base.metadata.tables["messages"]), rows)


def _sent_row(number: int, ticket_id: int, now: datetime) -> dict[str, Any]:
    return {
        "id": 10**13 + number,
        "ticket_id": ticket_id,
        "audience": "customer",
        "direction": Direction.OUTBOUND,
        "status": MessageStatus.DELIVERED,
        "sender": TWILIO["TWILIO_FROM"],
        "to_number": f"+1{4_000_000_000 + number}",
        "body": f"Hello, it's Bench. I'm so sorry we got order {number} wrong. A fresh one is on its way.",
        "template": "logged",
        "message_class": MessageClass.TRANSACTIONAL,
        "meaning": f"bench:{number}",
        "segments": 1,
        "validity_seconds": 14_400,
        "created_at": now,
        "not_before": now,
        "attempts": 1,
        "provider_sid": f"SMold{number}",
        "sent_at": now,
        "final_at": now,
        "looks": 0,
        "is_demo": False,
    }


def empty(url: str, path: Path, name: str) -> None:
    """A fresh schema; `name` is the file of an SQLite database."""
    engine = engine_of(url)
    if engine.dialect.name == "sqlite":
        for file in path.glob(f"{name}*"):
            file.unlink()
    else:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    migrate(url, path)


def folder_of(path: Path, name: str) -> Path:
    made = path / name
    made.mkdir()
    return made
