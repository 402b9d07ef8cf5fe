"""The provider refuses, breaks, hangs, drips and lies; and an outbox that must neither lose nor double a text."""

import time
from pathlib import Path

import pytest

from recovery.domain.messages import MessageStatus
from recovery.models import Message
from tests.chaos.checker import check, doubted
from tests.chaos.rig import ALLOWANCE, Rig, outbox_under_fire
from tests.fake_twilio import Fault
from tests.fixtures.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TIME_OUT = 2
THREADS = 8
FOR_GOOD = [(400, 21614), (400, 21211), (400, 29999), (409, 21999), (422, 0)]
"""Known, and of codes of which nobody has heard."""
STORM = [
    (Fault("ok"), 6),
    (Fault.too_many("0"), 1),
    (Fault("broken"), 1),
    (Fault("broken_after"), 1),
    (Fault("html_502"), 1),
    (Fault("hang", seconds=5), 0.3),
    (Fault("hang_after", seconds=5), 0.3),
    (Fault("accept_then_drop"), 1),
    (Fault("drop_before"), 1),
    (Fault("drip", seconds=1), 0.3),
    (Fault("empty_201"), 1),
    (Fault("error", code=21614, status=400), 0.5),
]


def test_whatever_the_provider_does_nothing_is_lost_or_doubled(database_url: str, tmp_path: Path) -> None:
    with outbox_under_fire(database_url, tmp_path) as rig:
        rig.twilio.faults.mix(STORM, seed=3)
        rig.queue(120, customers=40)
        rig.start_workers(1 if rig.desk.is_sqlite else 2)
        rig.wait_until_settled(seconds=200)
        check(rig)
        assert doubted(rig) > 10
        states = rig.statuses()
        assert states[MessageStatus.SENT] > 100
        assert states[MessageStatus.FAILED] > 0


def test_a_refusal_for_good_is_never_tried_again(sqlite_url: str, tmp_path: Path) -> None:
    with outbox_under_fire(sqlite_url, tmp_path) as rig:
        rig.twilio.faults.mix([(Fault("error", code=code, status=status), 1) for status, code in FOR_GOOD])
        rig.queue(40, customers=40)
        rig.start_workers(1)
        rig.wait_until_settled()
        check(rig)
        assert rig.twilio.record.requests == 40
        assert rig.statuses() == {MessageStatus.FAILED: 40}


@pytest.mark.parametrize("kind", ["hang", "drip_head"])
def test_a_slot_is_free_again_a_second_after_the_time_out(sqlite_url: str, tmp_path: Path, kind: str) -> None:
    with outbox_under_fire(sqlite_url, tmp_path, SEND_CONCURRENCY=1) as rig:
        rig.twilio.plan(Fault(kind, seconds=30 if kind == "hang" else 1))
        rig.queue(2, customers=2)
        rig.start_workers(1)
        wait_until(lambda: rig.twilio.record.requests == 1, what="the first is called")
        began = time.monotonic()
        wait_until(lambda: rig.twilio.record.requests == 2, what="the second is called")
        assert time.monotonic() - began < ALLOWANCE * (TIME_OUT + 1)


@pytest.mark.postgres
def test_all_workers_slow_down_together_and_then_drain(postgres_url: str, tmp_path: Path) -> None:
    """429 for thirty seconds with 500 texts waiting; afterwards no slower than it would have been."""
    with outbox_under_fire(postgres_url, tmp_path) as rig:
        rig.queue(200, customers=200)
        rig.start_workers(3)
        ideal = rig.wait_until_settled() / 200 * 500
        rig.twilio.faults.always(Fault.too_many("1"))
        rig.queue(500, customers=500)
        time.sleep(3)  # what had begun when the first refusal came
        asked_before = rig.twilio.record.requests
        time.sleep(27)
        asked = rig.twilio.record.requests - asked_before
        assert 0 < asked < 27 * 1.5, "each worker asks for itself, whatever the others were told"
        rig.twilio.faults.clear()
        assert rig.wait_until_settled() < ALLOWANCE * 1.3 * max(ideal, 3)
        check(rig)
        assert len(rig.twilio.accepted) == sum(rig.statuses().values()) >= 700  # some ask a supervisor as well
        assert doubted(rig) == 0


@pytest.mark.postgres
def test_a_slow_provider_holds_no_transaction_open(postgres_url: str, tmp_path: Path) -> None:
    """Every call waits for its answer until whatever was open when all had begun has ended."""
    with outbox_under_fire(
        postgres_url, tmp_path, SEND_CONCURRENCY=THREADS, TWILIO_TIMEOUT_SECONDS=300, WORKER_LEASE_SECONDS=310
    ) as rig:
        rig.twilio.faults.always(Fault("ok", seconds=300))
        rig.queue(2 * THREADS + 40, customers=2 * THREADS + 40)
        rig.start_workers(2)
        wait_until(lambda: len(rig.twilio.accepted) == 2 * THREADS, what="each thread has one on its way")
        open_then = rig.transactions().keys()
        wait_until(lambda: not open_then & rig.transactions().keys(), what=f"none is left of {rig.transactions()}")
        assert rig.statuses()[MessageStatus.SENDING] == len(rig.twilio.accepted) == 2 * THREADS
        rig.twilio.waits_no_more.set()
        rig.wait_until_settled()
        check(rig)


def test_a_provider_that_cannot_be_reached_costs_nothing_but_time(sqlite_url: str, tmp_path: Path) -> None:
    """Refused connections were never sent: no doubt, no call, and all leaves as soon as the line is there."""
    with outbox_under_fire(sqlite_url, tmp_path, TWILIO_API_URL="http://127.0.0.1:9") as rig:
        rig.queue(10, customers=10)
        rig.start_workers(1)
        wait_until(lambda: _tried(rig), what="some were tried")
        assert set(rig.statuses()) <= {MessageStatus.PENDING, MessageStatus.CLAIMED, MessageStatus.SENDING}
        rig.kill(rig.workers[0])
        rig.environment["TWILIO_API_URL"] = rig.twilio.url
        rig.start_workers(1)
        rig.wait_until_settled()
        check(rig)
        assert len(rig.twilio.accepted) == 10


def _tried(rig: Rig) -> bool:
    with rig.desk.read() as session:
        return session.query(Message).filter(Message.attempts > 0).count() > 1


def test_receipts_race_the_answers_through_the_real_door(sqlite_url: str, tmp_path: Path) -> None:
    """Shuffled, three times each, some before the answer that names the text."""
    with outbox_under_fire(sqlite_url, tmp_path) as rig, rig.web() as url:
        rig.twilio.hooks.deliver_to = url
        rig.twilio.hooks.lifecycle = ["queued", "sent", "delivered"]
        rig.twilio.hooks.shuffled, rig.twilio.hooks.repeated = True, 3
        rig.twilio.faults.mix([(Fault("ok"), 2), (Fault("callback_first"), 1), (Fault("accept_then_drop"), 1)])
        rig.queue(60, customers=30)
        rig.start_workers(1)
        rig.wait_for(lambda states: set(states) == {MessageStatus.DELIVERED}, what="all are delivered", seconds=120)
        check(rig)
        assert set(rig.twilio.hooks.answers) == {204}
