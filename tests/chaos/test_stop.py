"""STOP in the middle of everything: commits are compared, never clocks."""

import random
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select, text

from recovery.domain.events import Tag
from recovery.models import Event, Message
from tests.chaos.checker import check
from tests.chaos.rig import Rig, outbox_under_fire
from tests.fake_twilio import Fault
from tests.fixtures.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(600)]

WATCH = """
CREATE TABLE left_at (message_id bigint, contact_id bigint);
CREATE FUNCTION watch_leaving() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO left_at VALUES (NEW.id, NEW.contact_id); RETURN NULL; END $$;
CREATE TRIGGER watch_leaving AFTER UPDATE OF status ON messages FOR EACH ROW
WHEN (OLD.status = 'claimed' AND NEW.status = 'sending') EXECUTE FUNCTION watch_leaving();
"""
"""Its rows are written by the transaction in which a text begins to leave, and so are committed with it."""

LEFT_AFTER_A_STOP = """
SELECT messages.id FROM left_at JOIN opt_outs USING (contact_id) JOIN messages ON messages.id = left_at.message_id
WHERE messages.template <> 'stop_confirmed'
AND pg_xact_commit_timestamp(left_at.xmin) > pg_xact_commit_timestamp(opt_outs.xmin)
"""
STOPPED_AT_THE_GATE = """
SELECT count(*) FROM messages JOIN opt_outs USING (contact_id)
WHERE status = 'dropped' AND drop_reason = 'opted_out' AND messages.xmin <> opt_outs.xmin
"""
"""What waited in the queue is dropped by the STOP's own transaction: these were a worker's already."""


def test_nothing_begins_to_leave_after_a_stop(postgres_url: str, tmp_path: Path) -> None:
    """Forty customers say STOP, each just when a worker has a text of theirs in its hands."""
    with outbox_under_fire(postgres_url, tmp_path) as rig:
        run(rig, WATCH)
        rig.twilio.faults.always(Fault("ok", seconds=0.2))
        rig.queue(600, customers=200)
        rig.start_workers(2)
        wait_until(lambda: len(rig.twilio.accepted) > 20, what="some have left")
        stop_whoever_is_next(rig, customers=40)
        rig.wait_until_settled()
        with rig.desk.read() as session:
            at_the_gate = session.scalar(text(STOPPED_AT_THE_GATE))
            assert session.scalars(text(LEFT_AFTER_A_STOP)).all() == []
        assert at_the_gate >= 10, "hardly any STOP met a text in a worker's hands"
        check(rig)


def test_of_two_hundred_texts_to_one_number_none_begins_to_leave_after_its_stop(
    postgres_url: str, tmp_path: Path
) -> None:
    """HELP and plain words stop nothing. The one that is on its way when STOP is committed arrives, and the trail says so;
    after START new ones leave, and the old ones stay where they are."""
    with outbox_under_fire(postgres_url, tmp_path, TWILIO_TIMEOUT_SECONDS=300, WORKER_LEASE_SECONDS=310) as rig:
        run(rig, WATCH)
        rig.twilio.faults.always(Fault("ok", seconds=0.4))
        rig.queue(201, customers=1)
        with rig.desk.read() as session:
            number = session.query(Message.to_number).limit(1).scalar() or ""
        rig.start_workers(2)
        wait_until_next_leaves(rig)
        rig.write_back(number, "HELP")
        rig.write_back(number, "Where is it?")
        rig.twilio.faults.always(Fault("ok", seconds=300))
        wait_until_next_leaves(rig)
        rig.write_back(number, "STOP")
        rig.twilio.waits_no_more.set()
        rig.wait_until_settled()
        left = len(rig.twilio.accepted)
        with rig.desk.read() as session:
            assert session.scalars(text(LEFT_AFTER_A_STOP)).all() == []
            dropped = session.query(Message).filter_by(status="dropped", drop_reason="opted_out").count()
            tags = list(session.scalars(select(Event.tag).order_by(Event.stream_id, Event.seq)))
        assert dropped + left == 201 + 2, "its own texts, HELP's answer, and the one that says that it has stopped"
        assert dropped > 190
        told_since = Counter(tags[tags.index(Tag.CUSTOMER_OPTED_OUT) :])
        assert told_since[Tag.TEXT_SENT] == 2, "the one that was on its way, and the last word"
        rig.write_back(number, "START")
        rig.wait_until_settled()
        assert [each.body.split("!")[0] for each in rig.twilio.accepted[left:]] == ["Welcome back"]
        check(rig)


def wait_until_next_leaves(rig: Rig) -> None:
    """The provider has just got it, and answers in a while."""
    before = len(rig.twilio.accepted)
    wait_until(lambda: len(rig.twilio.accepted) > before, what="the next one leaves")


def run(rig: Rig, statements: str) -> None:
    with rig.desk.writing.begin() as connection:
        connection.exec_driver_sql(statements)


def stop_whoever_is_next(rig: Rig, *, customers: int) -> None:
    chance, stopped = random.Random(5), set[str]()
    while len(stopped) < customers:
        with rig.desk.read() as session:
            claimed = session.query(Message.to_number).filter(Message.status == "claimed").all()
        next_ones = [number for (number,) in claimed if number and number not in stopped]
        for number in chance.sample(next_ones, min(2, len(next_ones))):
            rig.write_back(number, "STOP")
            stopped.add(number)
        if not next_ones:
            assert rig.unsettled(), f"all was sent before {customers} had said STOP: {len(stopped)}"
            time.sleep(0.01)
