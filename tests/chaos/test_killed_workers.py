"""Workers are killed, frozen and asked to leave in the middle of their work."""

import signal
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.models import Event, Message
from tests.chaos.checker import check, doubted
from tests.chaos.rig import ALLOWANCE, Rig, at_random_moments, outbox_under_fire, write_policy
from tests.factories import HARBOUR
from tests.fake_twilio import Fault
from tests.fixtures.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LEASE = 4
THREADS = 8


@pytest.mark.postgres
def test_a_thousand_texts_survive_twenty_kills_of_two_workers(postgres_url: str, tmp_path: Path) -> None:
    with outbox_under_fire(postgres_url, tmp_path) as rig:
        rig.twilio.faults.mix([(Fault("ok", seconds=seconds), 1) for seconds in (0.05, 0.3, 0.7)])
        rig.queue(1000, customers=125)
        rig.start_workers(2)
        at_random_moments(rig, 20, seed=1, between=(0.3, 2.0))
        rig.wait_until_settled(seconds=240)
        check(rig)
        assert len(rig.twilio.accepted) == 1000
        assert doubted(rig) > 0, "no kill hit a text that was leaving: the storm was none"


def test_three_hundred_texts_survive_eight_kills_of_the_worker(sqlite_url: str, tmp_path: Path) -> None:
    with outbox_under_fire(sqlite_url, tmp_path) as rig:
        rig.twilio.faults.mix([(Fault("ok", seconds=seconds), 1) for seconds in (0.05, 0.3, 0.7)])
        rig.queue(300, customers=60)
        rig.start_workers(1)
        at_random_moments(rig, 8, seed=2, between=(1.0, 3.0))
        rig.wait_until_settled(seconds=240)
        check(rig)
        assert len(rig.twilio.accepted) == 300
        assert doubted(rig) > 0, "no kill hit a text that was leaving: the storm was none"


def test_when_every_worker_dies_a_new_one_settles_all_within_two_leases(database_url: str, tmp_path: Path) -> None:
    """With a grace shorter than the lease, as the doubts are part of it."""
    short = {"RECONCILE_GRACE_SECONDS": 1, "RECONCILE_INTERVAL_SECONDS": 0.5}
    with outbox_under_fire(database_url, tmp_path, **short) as rig:
        rig.twilio.faults.always(Fault("ok", seconds=1.5))
        rig.queue(40, customers=40)
        rig.start_workers(1 if rig.desk.is_sqlite else 2)
        rig.wait_for(lambda states: states.get(MessageStatus.SENDING, 0) > 4, what="many are being sent")
        for worker in list(rig.workers):
            rig.kill(worker)
        left = rig.statuses()
        assert left.get(MessageStatus.SENDING, 0) + left.get(MessageStatus.CLAIMED, 0) > 0
        rig.twilio.faults.clear()
        rig.start_workers(1)
        assert rig.wait_until_settled() < ALLOWANCE * 2 * LEASE
        check(rig)
        assert len(rig.twilio.accepted) == 40


@pytest.mark.postgres
def test_a_worker_that_froze_past_its_lease_doubles_nothing(postgres_url: str, tmp_path: Path) -> None:
    """What it heard is recorded when it wakes, and changes nothing: another worker has found the texts meanwhile."""
    patient = {"TWILIO_TIMEOUT_SECONDS": 9, "WORKER_LEASE_SECONDS": 10}
    with outbox_under_fire(postgres_url, tmp_path, SEND_CONCURRENCY=THREADS, **patient) as rig:
        rig.twilio.faults.always(Fault("ok", seconds=8.0))
        rig.queue(30, customers=30)
        rig.start_workers(1)
        frozen = rig.workers[0]
        # All threads wait for their answers then: what stops between its last look and its first byte is the README's limit.
        wait_until(lambda: len(rig.twilio.accepted) == THREADS, what="the provider has one of each thread")
        frozen.send_signal(signal.SIGSTOP)
        rig.twilio.faults.clear()
        rig.start_workers(1)
        rig.wait_until_settled()
        before = rig.statuses()
        assert doubted(rig) > 0
        frozen.send_signal(signal.SIGCONT)
        wait_until(lambda: told(rig, Tag.TEXT_LATE_ANSWER), what="the late answers are recorded")
        rig.kill(frozen, signal.SIGTERM)
        assert not any('"applied":true' in payload for payload in told(rig, Tag.TEXT_LATE_ANSWER))
        assert rig.statuses() == before
        check(rig)
        assert len(rig.twilio.accepted) == 30


def test_a_worker_that_is_asked_to_leave_causes_no_doubt(database_url: str, tmp_path: Path) -> None:
    with outbox_under_fire(database_url, tmp_path, SEND_CONCURRENCY=10) as rig:
        rig.twilio.faults.always(Fault("ok", seconds=1.0))
        rig.queue(40, customers=40)
        rig.start_workers(1)
        wait_until(lambda: len(rig.twilio.accepted) >= 10, what="ten are in flight")
        asked = time.monotonic()
        rig.kill(rig.workers[0], signal.SIGTERM)
        assert time.monotonic() - asked < ALLOWANCE * (2 + 2)
        left = rig.statuses()
        assert left.keys() <= {MessageStatus.SENT, MessageStatus.PENDING}, left
        assert left[MessageStatus.SENT] == len(rig.twilio.accepted)
        rig.start_workers(1)
        rig.wait_until_settled()
        check(rig)
        assert doubted(rig) == 0


def test_by_night_nothing_but_what_is_urgent_begins_to_leave_whoever_dies(sqlite_url: str, tmp_path: Path) -> None:
    """Also of what stands in the queue as if it might: the last look is before the socket."""
    now = datetime.now(ZoneInfo(HARBOUR.timezone))
    night = (f"{now - timedelta(hours=2):%H:%M}", f"{now + timedelta(hours=2):%H:%M}")
    policy = write_policy(tmp_path / "night.toml", quiet=night)
    with outbox_under_fire(sqlite_url, tmp_path, POLICY_FILE=policy) as rig:
        rig.twilio.faults.always(Fault("ok", seconds=0.2))
        rig.queue(60, customers=20)
        in_queue = Message.__table__.update().where(Message.status == MessageStatus.HELD)
        with rig.desk.writing.begin() as connection:
            connection.execute(in_queue.values(status=MessageStatus.PENDING, not_before=Message.created_at))
        rig.start_workers(1)
        at_random_moments(rig, 1, seed=4, between=(0.2, 0.5))
        rig.wait_for(
            lambda states: set(states) == {MessageStatus.SENT, MessageStatus.HELD}, what="all sleep but for some"
        )
        assert rig.statuses()[MessageStatus.HELD] == 40
        with rig.desk.read() as session:
            left = session.scalars(select(Message).where(Message.sending_at.is_not(None))).all()
        assert {message.template for message in left} == {"logged"}
        assert len(rig.twilio.accepted) == 20
        check(rig, asleep=True)


def told(rig: Rig, tag: Tag) -> list[str]:
    with rig.desk.read() as session:
        return [event.payload for event in session.query(Event).filter_by(tag=tag.value)]
