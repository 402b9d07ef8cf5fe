"""A whole outbox under fire: a business with many customers, workers as processes of their own, a provider over HTTP."""

import os
import random
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import func, select, text

from config.settings import Settings
from recovery.bootstrap import Components, build
from recovery.domain.actors import MACHINE
from recovery.domain.messages import MessageStatus
from recovery.models import Heartbeat, Message, Ticket
from recovery.services.access import lock_ticket
from recovery.services.running import measures
from recovery.services.running.heartbeats import WORKER
from recovery.services.session import DeskSession
from recovery.services.texting.messages import Saying, tell_customer
from recovery.services.texting.replies import Inbound, receive
from tests.factories import Business, NewCustomer, refund
from tests.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from tests.fixtures.waiting import free_port, is_listening, wait_until

REPOSITORY = Path(__file__).parents[2]
OUR_NUMBER = "+447700900001"
CANARY = "Canaria Plumley"
"""The name of every customer: it must stand in no log and in no event."""
REFUNDS = 20
"""So many customers get money back: what one person at the counter may give in a day."""
ALLOWANCE = 3
"""A deadline is three times its figure: the machine is shared."""
UNSETTLED = (
    MessageStatus.PENDING,
    MessageStatus.HELD,
    MessageStatus.CLAIMED,
    MessageStatus.SENDING,
    MessageStatus.IN_DOUBT,
)
START = """
import sys
from config.settings import Settings
from recovery.worker import main
sys.exit(main(Settings.from_env()))
"""


@dataclass
class Rig:
    desk: Components
    business: Business
    twilio: FakeTwilio
    environment: dict[str, str]
    logs: Path
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    started: int = 0
    acknowledged: list[str] = field(default_factory=list)
    """Tickets of which somebody was told that they are there."""

    def start_worker(self) -> "subprocess.Popen[bytes]":
        self.started += 1
        with (self.logs / f"worker-{self.started}.log").open("wb") as log:
            worker = subprocess.Popen([sys.executable, "-c", START], cwd=REPOSITORY, env=self.environment, stderr=log)
        self.workers.append(worker)
        return worker

    def start_workers(self, count: int) -> None:
        """And waits until each of them works."""
        before = self._beats()
        for _ in range(count):
            self.start_worker()
        wait_until(lambda: self._beats() >= before + count, what="the workers work")

    def kill(self, worker: "subprocess.Popen[bytes]", number: int = signal.SIGKILL) -> None:
        worker.send_signal(number)
        worker.wait(timeout=30)
        self.workers.remove(worker)

    def queue(self, texts: int, *, customers: int) -> None:
        """`texts` for so many customers, in the outbox at once; they can leave only when a worker comes."""
        tickets = [self._ticket(number) for number in range(customers)]
        rest = texts - customers
        for start in range(0, rest, 50):
            numbers = range(start, min(start + 50, rest))
            self.desk.transact(
                lambda session, some=numbers: [self._say(session, tickets[n % customers], n) for n in some],
            )

    def statuses(self) -> dict[MessageStatus, int]:
        with self.desk.read() as session:
            rows = session.execute(select(Message.status, func.count()).group_by(Message.status)).all()
        return {status: count for status, count in rows}  # noqa: C416 - a row is no pair for mypy

    def unsettled(self) -> int:
        return sum(count for status, count in self.statuses().items() if status in UNSETTLED)

    def wait_until_settled(self, *, seconds: float = 120) -> float:
        """How long it took, in seconds."""
        began = time.monotonic()
        try:
            wait_until(lambda: self.unsettled() == 0, what="every text is settled", seconds=seconds)
        except AssertionError as late:
            raise AssertionError(f"{late} {self.statuses()}") from None
        return time.monotonic() - began

    def wait_for(
        self, condition: Callable[[dict[MessageStatus, int]], bool], *, what: str, seconds: float = 60
    ) -> None:
        wait_until(lambda: condition(self.statuses()), what=what, seconds=seconds)

    def write_back(self, number: str, words: str) -> None:
        """A customer's text, committed when this returns."""
        inbound = Inbound(number, OUR_NUMBER, words, f"SM{secrets.token_hex(8)}")
        self.desk.transact(lambda session: receive(session, inbound, now=self.desk.clock.now()))

    @contextmanager
    def web(self) -> Iterator[str]:
        """The web server as a process; its address."""
        port = urlsplit(self.environment["PUBLIC_URL"]).port or 0
        command = ["-m", "gunicorn", "wsgi:app", "-c", "config/gunicorn.py", "--bind", f"127.0.0.1:{port}"]
        with (self.logs / "web.log").open("wb") as log:
            web = subprocess.Popen([sys.executable, *command], cwd=REPOSITORY, env=self.environment, stderr=log)
        try:
            wait_until(lambda: is_listening(port), what="the web listens")
            yield f"http://127.0.0.1:{port}"
        finally:
            web.terminate()
            web.wait(timeout=30)

    def command(self, *arguments: str) -> None:
        """`python -m recovery …`, which must succeed."""
        with (self.logs / f"{arguments[0]}.log").open("ab") as log:
            subprocess.run(
                [sys.executable, "-m", "recovery", *arguments],
                cwd=REPOSITORY,
                env=self.environment,
                stdout=log,
                stderr=log,
                check=True,
            )

    def said_to_machines(self) -> str:
        """In the logs of all processes, and in the metrics as they stand."""
        with self.desk.read() as session:
            metrics = "\n".join(map(str, measures.gauges(session, now=self.desk.clock.now())))
        return metrics + self.said_in_logs()

    def said_in_logs(self) -> str:
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.logs.glob("*.log")))

    def _ticket(self, number: int) -> Ticket:
        customer = NewCustomer(f"+447700{900200 + number}" if number < 700 else f"+1555555{number:04}", CANARY)
        ticket = self.business.log(customer=customer, remedies=(refund(450),) if number < REFUNDS else ())
        self.acknowledged.append(ticket.reference)
        return ticket

    def _say(self, session: DeskSession, ticket: Ticket, number: int) -> None:
        saying = Saying("free", f"chaos:{number}", {"words": f"This is text {number}."})
        now = self.desk.clock.now()
        assert tell_customer(session, lock_ticket(session, ticket.id), saying, now=now, by=MACHINE) is not None

    def _beats(self) -> int:
        with self.desk.read() as session:
            return session.scalar(select(func.count()).where(Heartbeat.name.startswith(WORKER))) or 0

    def transactions(self) -> dict[tuple[int, datetime], str]:
        """Those that are open on PostgreSQL, each by its process and when it began, with its latest statement."""
        asked = text(
            "SELECT pid, xact_start, query FROM pg_stat_activity WHERE datname = current_database() "
            "AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
        )
        with self.desk.read() as session:
            return {(pid, began): query for pid, began, query in session.execute(asked)}


@contextmanager
def outbox_under_fire(url: str, folder: Path, **variables: object) -> Iterator[Rig]:
    """`url` is a migrated, empty database; `variables` are the environment's own names."""
    logs = folder / "logs"
    logs.mkdir()
    with FakeTwilio() as twilio:
        environment = _environment(url, folder, twilio) | {name: str(value) for name, value in variables.items()}
        desk = build(Settings.from_env(environment))
        rig = Rig(desk, Business.opened(desk), twilio, environment, logs)
        try:
            yield rig
        finally:
            for worker in list(rig.workers):
                worker.send_signal(signal.SIGCONT)
                rig.kill(worker)
            desk.dispose()


def at_random_moments(rig: Rig, kills: int, *, seed: int, between: tuple[float, float]) -> None:
    """Kills one worker after the other with SIGKILL, each somewhere in its work, and starts another in its place.
    `between`: seconds since the work last went on."""
    chance = random.Random(seed)
    for _ in range(kills):
        asked_before = rig.twilio.record.requests
        wait_until(lambda before=asked_before: rig.twilio.record.requests > before, what="the work goes on")
        time.sleep(chance.uniform(*between))
        victim = chance.choice(rig.workers)
        rig.kill(victim)
        rig.start_worker()


def write_policy(file: Path, *, quiet: tuple[str, str] = ("00:00", "00:00")) -> Path:
    """As shipped, but without caps and paces; quiet from the one hour to the other, of the site."""
    shipped = (REPOSITORY / "config" / "policy.toml").read_text(encoding="utf-8")
    policy = re.sub(r"(?m)^(long_code|number_hour|number_day|ticket|site_day) = .*$", "", shipped)
    for usual, wanted in zip(("21:00", "08:00"), quiet, strict=True):
        policy = policy.replace(f'"{usual}"', f'"{wanted}"')
    file.write_text(policy, encoding="utf-8")
    return file


def _environment(url: str, folder: Path, twilio: FakeTwilio) -> dict[str, str]:
    """No quiet hours, no pace, no caps, short leases: a doubt is settled in seconds."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "DATABASE_URL": url,
        "PUBLIC_URL": f"http://127.0.0.1:{free_port()}",
        "SECRET_KEY": "a secret key that only this storm knows",
        "AUDIT_KEY": "an audit key that only this storm knows",
        "DATA_DIR": str(folder),
        "POLICY_FILE": str(write_policy(folder / "policy.toml")),
        "SMS_GATEWAY": "twilio",
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_FROM": OUR_NUMBER,
        "TWILIO_API_URL": twilio.url,
        "LOG_FORMAT": "json",
        "RECOVERY_TEST_CHEAP_HASH": "1",
        "PYTHONPATH": str(REPOSITORY),
        "WORKER_LEASE_SECONDS": "4",
        "TWILIO_TIMEOUT_SECONDS": "2",
        "RECONCILE_GRACE_SECONDS": "3",
        "RECONCILE_INTERVAL_SECONDS": "1",
    }
