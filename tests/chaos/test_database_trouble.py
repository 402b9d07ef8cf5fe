"""PostgreSQL crashes, cuts its connections and takes no changes for a while, under load."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import func, select

from recovery.domain.actors import MACHINE
from recovery.domain.messages import Direction
from recovery.models import Message, Staff, Ticket
from recovery.services.people.tokens import add_token
from recovery.services.texting.links import customer_url
from tests.chaos.checker import check
from tests.chaos.rig import CANARY, OUR_NUMBER, Rig, outbox_under_fire
from tests.factories import MAYA
from tests.fake_twilio import Fault
from tests.fixtures.postgres import Postgres, run_statement
from tests.fixtures.schema import make_schema
from tests.fixtures.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(600)]

SAYS_WAIT = HTTPStatus.SERVICE_UNAVAILABLE


@pytest.fixture
def server(run_folder: Path, request: pytest.FixtureRequest) -> Iterator[Postgres]:
    """One of our own, that keeps its word: what it has committed survives its crash."""
    server = Postgres(run_folder / f"pg-{abs(hash(request.node.nodeid)) % 10**8}")
    server.start()
    run_statement(server.url(), "ALTER SYSTEM SET synchronous_commit = on")
    run_statement(server.url(), "CREATE DATABASE {}", "desk")
    server.kill()
    server.start()
    make_schema(server.url("desk"))
    yield server
    server.stop()


@dataclass
class Load:
    """Customers write in, a colleague logs, somebody reads a page: all the time, each until it is acknowledged."""

    rig: Rig
    web: str
    token: str
    page: str
    texts: list[str] = field(default_factory=list)
    """By the provider's names: those of which it was told that we have them."""
    answers: Counter[tuple[str, int | None]] = field(default_factory=Counter)
    impatient: list[str] = field(default_factory=list)
    """Who was asked to come back, and not told when."""
    _enough: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._threads += [threading.Thread(target=work) for work in (self._write, self._log, self._read)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def wait_until_told_to_wait(self, *whats: str) -> None:
        """Each of them once more: what was told before does not count."""
        before = self.answers.copy()
        wait_until(
            lambda: all(self.answers[what, SAYS_WAIT] > before[what, SAYS_WAIT] for what in whats),
            what=f"{', '.join(whats)} are asked to come back",
        )

    def _write(self) -> None:
        hooks, number = self.rig.twilio.hooks, 0
        address = f"{self.rig.environment['PUBLIC_URL']}/hooks/twilio/messages"
        while not self._enough.wait(0.05):
            sid = f"SMcustomer{number:06}"
            text = {"from_": f"+447700{900200 + number % 20}", "to": OUR_NUMBER, "body": "Thank you!", "sid": sid}
            answer = hooks.inbound(address, **text)
            self.answers["text", answer] += 1
            if answer == HTTPStatus.OK:
                self.texts.append(sid)
                number += 1

    def _log(self) -> None:
        """The key stays the same until the ticket is acknowledged; what was begun is brought to its end."""
        number = 0
        while not self._enough.wait(0.3):
            customer = {"phone": f"+447700{900400 + number}", "name": CANARY}
            body = {"site": "harbour-st", "failure": "late", "customer": customer}
            headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": f"storm-{number}"}
            while (
                answer := self._asked("log", "POST", "/api/v1/tickets", json=body, headers=headers)
            ).status_code == SAYS_WAIT:
                time.sleep(0.05)
            if answer.status_code != HTTPStatus.CREATED:
                return  # what it was stands among the answers
            self.rig.acknowledged.append(answer.json()["reference"])
            number += 1

    def _read(self) -> None:
        while not self._enough.wait(0.15):
            self._asked("read", "GET", self.page)
            self._asked("ready", "GET", "/readyz")

    def _asked(self, what: str, method: str, path: str, **more: Any) -> requests.Response:
        answer = requests.request(method, self.web + path, timeout=30, allow_redirects=False, **more)
        self.answers[what, answer.status_code] += 1
        if answer.status_code == SAYS_WAIT and not answer.headers.get("Retry-After", "").isdecimal():
            self.impatient.append(what)
        return answer


def load(rig: Rig, web: str) -> Load:
    with rig.desk.write() as session:
        maya = session.scalars(select(Staff).where(Staff.email == MAYA.email)).one()
        token = add_token(session, maya, now=rig.desk.clock.now(), by=MACHINE)[1]
        ticket = session.scalars(select(Ticket).order_by(Ticket.id).limit(1)).one()
        page = urlsplit(customer_url(rig.desk.house, ticket)).path
    return Load(rig, web, token, page)


def survive(rig: Rig, web: str, trouble: Callable[[Load], None]) -> Load:
    rig.twilio.faults.mix([(Fault("ok", seconds=seconds), 1) for seconds in (0.02, 0.1, 0.3)])
    rig.queue(300, customers=60)
    rig.start_workers(2)
    with load(rig, web) as everybody:
        time.sleep(2)
        trouble(everybody)
        rig.wait_until_settled(seconds=120)
        time.sleep(1)
    rig.wait_until_settled()
    check(rig)
    assert len(rig.twilio.accepted) >= 300
    well = {(what, HTTPStatus.OK) for what in ("text", "read", "ready")} | {("log", HTTPStatus.CREATED)}
    assert well <= everybody.answers.keys() <= well | {(what, SAYS_WAIT) for what, _ in well}, everybody.answers
    assert everybody.impatient == []
    assert rig.twilio.hooks.impatient == 0
    kept = kept_texts(rig)
    assert set(everybody.texts) <= kept.keys()
    assert set(kept.values()) == {1}
    assert tickets(rig) == len(rig.acknowledged)
    assert all(worker.poll() is None for worker in rig.workers), "a worker had to be started again"
    return everybody


def tickets(rig: Rig) -> int:
    with rig.desk.read() as session:
        return session.scalar(select(func.count()).select_from(Ticket)) or 0


def kept_texts(rig: Rig) -> Counter[str | None]:
    with rig.desk.read() as session:
        return Counter(session.scalars(select(Message.provider_sid).where(Message.direction == Direction.INBOUND)))


def test_a_crash_and_restart_loses_and_doubles_nothing(server: Postgres, tmp_path: Path) -> None:
    with outbox_under_fire(server.url("desk"), tmp_path) as rig, rig.web() as web:

        def crash_twice(everybody: Load) -> None:
            for _ in range(2):
                server.kill()
                everybody.wait_until_told_to_wait("text", "log", "read", "ready")
                server.start()
                time.sleep(3)

        survive(rig, web, crash_twice)


def test_connections_that_are_cut_are_made_anew(server: Postgres, tmp_path: Path) -> None:
    with outbox_under_fire(server.url("desk"), tmp_path) as rig, rig.web() as web:

        def cut(_: Load) -> None:
            everybody = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'desk'"
            for _ in range(10):
                run_statement(server.url(), everybody)
                time.sleep(0.4)

        survive(rig, web, cut)


def test_a_database_that_takes_no_changes_is_waited_for(server: Postgres, tmp_path: Path) -> None:
    with outbox_under_fire(server.url("desk"), tmp_path) as rig, rig.web() as web:

        def freeze(everybody: Load) -> None:
            for setting in ("on", "off"):
                run_statement(server.url(), f"ALTER SYSTEM SET default_transaction_read_only = {setting}")
                run_statement(server.url(), "SELECT pg_reload_conf()")
                if setting == "on":
                    everybody.wait_until_told_to_wait("text", "log")
                time.sleep(4)

        answers = survive(rig, web, freeze).answers
        assert not answers["read", SAYS_WAIT], "whoever only reads is served all the same"
