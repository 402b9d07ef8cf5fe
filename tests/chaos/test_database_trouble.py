"""PostgreSQL crashes, cuts its connections and takes no changes for a while, under load."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import select

from recovery.domain.messages import Direction
from recovery.models import Message
from tests.chaos.checker import check
from tests.chaos.rig import OUR_NUMBER, Rig, outbox_under_fire
from tests.fake_twilio import Fault
from tests.fixtures.postgres import Postgres, run_statement
from tests.fixtures.schema import make_schema

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(600)]

SAYS_WAIT = 503


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


class Customers:
    """Write in all the time, each text until it is acknowledged; keep every answer that they got."""

    def __init__(self, rig: Rig, web: str) -> None:
        self.acknowledged: list[str] = []
        self.answers: Counter[int | None] = Counter()
        self.without_retry_after = 0
        self._rig, self._web = rig, web
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _write(self) -> None:
        hooks, number = self._rig.twilio.hooks, 0
        address = f"{self._rig.environment['PUBLIC_URL']}/hooks/twilio/messages"
        while not self._enough.wait(0.05):
            sid = f"SMcustomer{number:06}"
            text = {"from_": f"+447700{900200 + number % 20}", "to": OUR_NUMBER, "body": "Thank you!", "sid": sid}
            answer = hooks.inbound(address, **text)
            self.answers[answer] += 1
            if answer == 200:
                self.acknowledged.append(sid)
                number += 1


def survive(rig: Rig, web: str, trouble: Callable[[], None]) -> Customers:
    rig.twilio.faults.mix([(Fault("ok", seconds=seconds), 1) for seconds in (0.02, 0.1, 0.3)])
    rig.queue(300, customers=60)
    rig.start_workers(2)
    with Customers(rig, web) as customers:
        time.sleep(2)
        trouble()
        rig.wait_until_settled(seconds=120)
        time.sleep(1)
    check(rig)
    assert len(rig.twilio.accepted) >= 300
    assert set(customers.answers) <= {200, SAYS_WAIT}, customers.answers
    kept = kept_texts(rig)
    assert set(customers.acknowledged) <= kept.keys()
    assert set(kept.values()) == {1}
    assert all(worker.poll() is None for worker in rig.workers), "a worker had to be started again"
    return customers


def kept_texts(rig: Rig) -> Counter[str | None]:
    with rig.desk.read() as session:
        return Counter(session.scalars(select(Message.provider_sid).where(Message.direction == Direction.INBOUND)))


def test_a_crash_and_restart_loses_and_doubles_nothing(server: Postgres, tmp_path: Path) -> None:
    with outbox_under_fire(server.url("desk"), tmp_path) as rig, rig.web() as web:

        def crash_twice() -> None:
            for _ in range(2):
                server.kill()
                time.sleep(1)
                server.start()
                time.sleep(3)

        customers = survive(rig, web, crash_twice)
        assert customers.answers[SAYS_WAIT] > 0


def test_connections_that_are_cut_are_made_anew(server: Postgres, tmp_path: Path) -> None:
    with outbox_under_fire(server.url("desk"), tmp_path) as rig, rig.web() as web:

        def cut() -> None:
            everybody = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'desk'"
            for _ in range(10):
                run_statement(server.url(), everybody)
                time.sleep(0.4)

        survive(rig, web, cut)


def test_a_database_that_takes_no_changes_is_waited_for(server: Postgres, tmp_path: Path) -> None:
    with outbox_under_fire(server.url("desk"), tmp_path) as rig, rig.web() as web:

        def freeze() -> None:
            for setting in ("on", "off"):
                run_statement(server.url(), f"ALTER SYSTEM SET default_transaction_read_only = {setting}")
                run_statement(server.url(), "SELECT pg_reload_conf()")
                time.sleep(4)

        customers = survive(rig, web, freeze)
        assert customers.answers[SAYS_WAIT] > 0
