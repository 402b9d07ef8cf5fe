"""A backup is made while texts go out, and put back after the desk has gone on: nobody is texted again."""

import json
import signal
import zipfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from recovery.domain.events import Tag
from recovery.domain.links import open_token
from recovery.domain.messages import Direction
from recovery.migrations import newest
from recovery.models import Callback, Event, Message, Promise
from recovery.services.proving import anchors
from recovery.services.running import backups
from recovery.services.running.restoring import standing_hold
from tests.chaos.checker import check
from tests.chaos.rig import Rig, outbox_under_fire
from tests.fake_twilio import Fault
from tests.fixtures.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LATE = 10
"""Customers whose promise lapses after the backup."""
SOON = 20
"""Seconds until then: longer than a backup takes on a machine that has much else to do."""


def test_a_backup_made_under_load_texts_nobody_again_when_it_is_put_back(database_url: str, tmp_path: Path) -> None:
    file, outside = tmp_path / "desk.zip", tmp_path / "anchors.jsonl"
    with outbox_under_fire(database_url, tmp_path, AUDIT_ANCHOR_FILE=outside) as rig:
        workers = 1 if rig.desk.is_sqlite else 2
        rig.twilio.faults.mix([(Fault("ok", seconds=seconds), 1) for seconds in (0.1, 0.2, 0.4)])
        rig.queue(240, customers=80)
        rig.start_workers(workers)
        wait_until(lambda: len(rig.twilio.accepted) > 30, what="many are on their way")
        soon_due(rig)
        back_up(rig, file)
        assert_caught_in_the_middle(file)
        wait_until(lambda: lapses(rig) == LATE, what="their promises lapse")
        rig.wait_until_settled()
        forgotten, told = outbound(rig), texts_at_the_provider(rig)
        for worker in list(rig.workers):
            rig.kill(worker, signal.SIGTERM)
        rig.command("restore", str(file), "--replace")
        rig.start_workers(workers)
        wait_until(lambda: not is_held(rig), what="sending goes on", seconds=120)
        rig.wait_until_settled()
        assert texts_at_the_provider(rig) == told, "somebody was texted again"
        check(rig, forgotten=forgotten - outbound(rig))
        assert calls(rig) == LATE
        rig.command("audit", "verify")


def assert_caught_in_the_middle(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        columns = json.loads(archive.read("manifest.json"))["columns"]["messages"]
        rows = [json.loads(line) for line in archive.read("messages.jsonl").splitlines()]
    states = Counter(row[columns.index("status")] for row in rows)
    assert {"pending", "sending", "sent"} <= states.keys(), f"the backup saw no work under way: {states}"


def soon_due(rig: Rig) -> None:
    """The backup knows of these promises, and not of what the customers hear when they lapse, in a while."""
    now = rig.desk.clock.now()
    table = Promise.__table__
    with rig.desk.writing.begin() as connection:
        ids = connection.scalars(select(table.c.id).order_by(table.c.id).limit(LATE)).all()
        early = {"due_at": now + timedelta(seconds=SOON), "warn_at": now, "warned_at": now}
        connection.execute(update(table).where(table.c.id.in_(ids)).values(early))


def back_up(rig: Rig, file: Path) -> None:
    """As the command does, without the seconds that it takes to start."""
    now = rig.desk.clock.now()
    anchors.anchor(rig.desk, now)
    rig.desk.transact(lambda session: backups.announce(session, revision=newest(), now=now))
    with rig.desk.read() as session:
        backups.write(session, file, revision=newest(), now=now, tell=lambda *_: None)
    assert lapses(rig) == 0, "too slow: the promises have lapsed already"


def lapses(rig: Rig) -> int:
    with rig.desk.read() as session:
        return session.scalar(select(func.count()).where(Event.tag == Tag.PROMISE_LAPSED.value)) or 0


def outbound(rig: Rig) -> set[int]:
    with rig.desk.read() as session:
        return set(session.scalars(select(Message.id).where(Message.direction == Direction.OUTBOUND)))


def texts_at_the_provider(rig: Rig) -> Counter[int]:
    opened = [open_token(rig.desk.house.secret_key, "r", text.ref or "") for text in rig.twilio.accepted]
    return Counter(token.id for token in opened if token)


def is_held(rig: Rig) -> bool:
    with rig.desk.read() as session:
        return standing_hold(session) is not None


def calls(rig: Rig) -> int:
    with rig.desk.read() as session:
        return session.scalar(select(func.count()).where(Callback.reason == "lapsed")) or 0
