"""The worker in this process: threads, clocks and ticks, with a provider that does what the test says."""

import sqlite3
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from config.settings import Settings
from recovery.bootstrap import Components, build
from recovery.clock import FrozenClock
from recovery.domain.messages import MessageStatus
from recovery.models import Message
from recovery.services.running import heartbeats
from recovery.services.sending.departures import PARKED, Departure
from recovery.services.timing.due_work import DUE_WORK
from recovery.sms.gateway import OutgoingText
from recovery.worker.calling import Ownership, call
from recovery.worker.ears import listen
from recovery.worker.pace import Pace
from recovery.worker.sending import Sender
from recovery.worker.ticks import TICKS, beat, reap, reconcile
from tests.factories import LEE, NOOR, SAM, Business, NewCustomer
from tests.fixtures.settings import MakeSettings
from tests.fixtures.waiting import wait_until
from tests.fixtures.works import Provider, RunningClock, Works
from tests.services.post import Post

REPOSITORY = Path(__file__).parents[1]


def test_every_text_leaves_once_and_in_the_order_of_its_customer(works: Works) -> None:
    tickets = [works.post.ticket(customer) for customer in (SAM, NOOR, LEE)]
    for number in range(5):
        for ticket in tickets:
            works.post.say(ticket, f"Number {number}.")
    works.wait_for_ends()
    assert len(works.provider.accepted) == 18
    for ticket in tickets:
        said = [text.body for text in works.post.texts(ticket)]
        number = works.post.texts(ticket)[0].to_number
        assert [text.body for text in works.provider.accepted if text.to == number] == said


def test_a_poisonous_row_is_parked_and_the_others_go_on(works: Works) -> None:
    ticket = works.post.ticket()
    works.wait_for_ends()
    works.sender.stop()
    long, after = works.post.say(ticket), works.post.say(ticket)
    other = works.post.texts(works.post.ticket(NOOR))[0].id
    works.post.set(long, body="x" * 1601)
    works.restart()
    works.wait_for_ends()
    assert (works.post.status(long), works.post.text(long).error) == (MessageStatus.FAILED, PARKED)
    assert [works.post.status(text_id) for text_id in (after, other)] == [MessageStatus.SENT] * 2
    assert works.post.call_tasks(ticket) == ["undelivered"]


def test_a_row_that_cannot_even_be_read_is_parked(make_settings: MakeSettings, sqlite_url: str) -> None:
    """Half a character: PostgreSQL refuses to keep it, SQLite keeps it and cannot give it back."""
    desk = build(make_settings(DATABASE_URL=sqlite_url), clock=RunningClock())
    desk.gateway = provider = Provider()
    post = Post(Business.opened(desk))
    bad, good = post.texts(post.ticket())[0].id, post.texts(post.ticket(NOOR))[0].id
    with sqlite3.connect(make_url(sqlite_url).database or "") as connection:
        connection.execute("UPDATE messages SET body = CAST(x'616263eda0bd' AS TEXT) WHERE id = ?", [bad])
    connection.close()
    sender = Sender(desk)
    works = Works(post, provider, sender)
    sender.start()
    works.wait_for_ends()
    sender.stop()
    with desk.read() as session:
        assert session.scalar(select(Message.status).where(Message.id == bad)) is MessageStatus.FAILED
    assert post.status(good) is MessageStatus.SENT
    desk.dispose()


def test_a_gateway_that_breaks_leaves_a_doubt_not_a_second_text(works: Works) -> None:
    def break_down(_: OutgoingText) -> None:
        raise ZeroDivisionError

    works.provider.on = break_down
    ticket = works.post.ticket()
    wait_until(lambda: works.sender.wake() or works.states() == [MessageStatus.IN_DOUBT], what="it is in doubt")
    assert works.post.claim()[1] == []
    assert works.post.texts(ticket)[0].attempts == 1


def test_who_leaves_finishes_what_is_in_flight_and_gives_back_the_rest(works: Works) -> None:
    calling, may_answer = threading.Semaphore(0), threading.Event()
    works.post.ticket()
    works.wait_for_ends()  # an answer at once: from now on texts begin ahead of the threads

    def hold(_: OutgoingText) -> None:
        calling.release()
        may_answer.wait(20)

    works.provider.on = hold
    for number in range(10):
        works.post.ticket(NewCustomer(f"07700 9004{number:02}", f"Customer {number}"))
    works.sender.wake()
    for _ in range(4):
        assert calling.acquire(timeout=20)
    leaving = threading.Thread(target=works.sender.stop)
    leaving.start()
    wait_until(lambda: MessageStatus.CLAIMED not in works.states(), what="claims are given back")
    may_answer.set()
    leaving.join(20)
    assert not leaving.is_alive()
    states = works.states()
    assert (states.count(MessageStatus.SENT), states.count(MessageStatus.PENDING)) == (1 + 4, 6)


def test_a_worker_that_died_in_mid_call_is_cleared_up_by_the_ticks(works: Works) -> None:
    """Accepted, and the worker gone before it could write so: found in the list, and not sent again."""
    ticket = works.post.ticket()
    works.wait_for_ends()
    works.sender.stop()
    second = works.post.say(ticket)
    departure = works.post.depart()[0]
    works.provider.send(departure.outgoing, now=works.post.now)
    clock = works.desk.clock
    assert isinstance(clock, RunningClock)
    clock.advance(seconds=61)
    reap(works.station())
    assert works.post.status(second) is MessageStatus.IN_DOUBT
    clock.advance(seconds=121)
    reconcile(works.station())
    assert works.post.status(second) is MessageStatus.SENT
    assert len(works.provider.accepted) == 2


def test_a_worker_says_that_it_lives(works: Works) -> None:
    beat(works.station())
    with works.desk.read() as session:
        assert [worker.name for worker in heartbeats.workers(session)] == [works.station().name]


def test_a_commit_that_queues_a_text_is_heard_at_once(works: Works) -> None:
    """Without any tick."""
    heard, stopping = threading.Event(), threading.Event()
    ears = threading.Thread(target=listen, args=(works.desk, heard.set, stopping))
    ears.start()
    wait_until(lambda: _rings(works, heard), what="the ears hear")
    stopping.set()
    ears.join(20)
    assert not ears.is_alive()


def _rings(works: Works, heard: threading.Event) -> bool:
    works.post.ticket()
    return heard.wait(1)


def _departure(clock: FrozenClock) -> Departure:
    outgoing = OutgoingText(to="+447700900123", body="Hello", ref="r", validity_seconds=60, from_="simulator")
    return Departure(1, "token", 1, clock.now(), clock.now() + timedelta(seconds=60), None, False, outgoing)


@pytest.mark.parametrize(("advance", "stands"), [(0, True), (59, True), (60, False), (3600, False)])
def test_a_text_is_ours_as_long_as_the_lease(clock: FrozenClock, advance: int, *, stands: bool) -> None:
    ownership = Ownership(_departure(clock), clock, clock.monotonic())
    clock.advance(seconds=advance)
    assert ownership.stands() is stands


def test_a_wall_clock_that_was_set_back_does_not_lengthen_the_lease(clock: FrozenClock) -> None:
    ownership = Ownership(_departure(clock), clock, clock.monotonic())
    clock.advance(seconds=61)
    clock.set(clock.now() - timedelta(seconds=61))
    assert not ownership.stands(), "the monotonic clock knows"


def test_a_machine_that_slept_does_not_think_that_no_time_passed(clock: FrozenClock) -> None:
    ownership = Ownership(_departure(clock), clock, clock.monotonic())
    clock.set(clock.now() + timedelta(hours=1))
    assert not ownership.stands(), "the wall clock knows"


def test_nothing_is_begun_that_the_lease_may_not_outlast(clock: FrozenClock) -> None:
    provider = Provider()
    ownership = Ownership(_departure(clock), clock, clock.monotonic())
    clock.advance(seconds=51)
    call(provider, ownership.departure, ownership, time_out=timedelta(seconds=10))
    assert ownership.gave_up
    assert provider.accepted == []


def test_all_that_falls_due_stands_in_the_one_table() -> None:
    names = [tick.name for tick in TICKS]
    assert len(set(names)) == len(names)
    assert {work.name for work in DUE_WORK} <= set(names)
    assert {"outbox", "reap", "reconcile", "heartbeat"} <= set(names)


@dataclass
class Process:
    environment: dict[str, str]

    def start(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", START], cwd=REPOSITORY, env=self.environment, stderr=subprocess.PIPE, text=True
        )


START = """
import sys
from config.settings import Settings
from recovery.worker import main
sys.exit(main(Settings.from_env()))
"""


@pytest.mark.slow
def test_a_worker_beats_while_it_lives_and_leaves_when_asked(
    environment: dict[str, str], make_settings: MakeSettings, database_url: str
) -> None:
    settings = make_settings(DATABASE_URL=database_url)
    worker = Process(environment | {"DATABASE_URL": database_url}).start()
    desk = build(settings)
    wait_until(lambda: _beats(desk), what="a heartbeat is there")
    worker.terminate()
    _, said = worker.communicate(timeout=20)
    assert (worker.returncode, _beats(desk)) == (0, [])
    assert "worker:stopped" in said
    assert "Traceback" not in said
    desk.dispose()


def _beats(desk: Components) -> list[str]:
    with desk.read() as session:
        return [beat.name for beat in heartbeats.workers(session)]


@pytest.mark.slow
def test_with_sqlite_a_second_worker_is_refused_in_one_sentence(
    environment: dict[str, str], make_settings: MakeSettings, sqlite_url: str
) -> None:
    settings: Settings = make_settings(DATABASE_URL=sqlite_url)
    process = Process(environment | {"DATABASE_URL": sqlite_url})
    first = process.start()
    desk = build(settings)
    wait_until(lambda: _beats(desk), what="the first works")
    second = process.start()
    _, said = second.communicate(timeout=30)
    assert second.returncode == 1
    assert said.count("\n") == 1
    assert said.startswith("Another worker holds")
    first.kill()
    first.communicate(timeout=20)
    third = process.start()
    wait_until(lambda: len(_beats(desk)) == 2, what="a kill released the lock")
    third.terminate()
    third.communicate(timeout=20)
    desk.dispose()


def test_a_fast_provider_is_worked_for_in_batches_and_a_slow_one_text_by_text() -> None:
    pace = Pace(8)
    assert (pace.to_begin, pace.to_claim) == (8, 8), "nothing is known yet"
    for _ in range(50):
        pace.took(0.0001)
    assert (pace.to_begin, pace.to_claim) == (8 + 64, 64)
    for _ in range(50):
        pace.took(0.080)
    assert (pace.to_begin, pace.to_claim) == (8 + 5, 64)
    for _ in range(50):
        pace.took(10.0)
    assert (pace.to_begin, pace.to_claim) == (8, 8)
