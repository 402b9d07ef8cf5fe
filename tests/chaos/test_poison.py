"""Rows that nobody can send stand among sound ones, before and after them in the line of the same customer."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from recovery.domain.messages import MessageStatus
from recovery.models import Message
from recovery.services.sending.departures import PARKED
from tests.chaos.checker import check
from tests.chaos.rig import ALLOWANCE, Rig, outbox_under_fire
from tests.fixtures.postgres import run_statement

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TOO_LONG = "repeat('x', 1601)"
ON_SQLITE = {
    "1,601 characters": "printf('%.*c', 1601, 'x')",
    "a NUL in the middle": "'a' || char(0) || 'b'",
    "half a character": "CAST(x'616263eda0bd' AS TEXT)",
    "half a NUL": "CAST(x'00' AS TEXT)",
}
ON_POSTGRES = {"1,601 characters": TOO_LONG, "and again": TOO_LONG}
"""It keeps neither of the others."""
IN_TIME = 3.0
"""Seconds for seventy texts, with a provider that answers at once."""


def test_what_nobody_can_send_is_parked_and_all_others_leave_in_time(database_url: str, tmp_path: Path) -> None:
    with outbox_under_fire(database_url, tmp_path) as rig:
        rig.queue(80, customers=16)
        parked = spoil(rig, ON_SQLITE if rig.desk.is_sqlite else ON_POSTGRES)
        rig.start_workers(1)
        assert rig.wait_until_settled() < ALLOWANCE * IN_TIME
        check(rig, given_up=parked)
        assert len(rig.twilio.accepted) == 80 - len(parked)
        with rig.desk.read() as session:
            failed = session.execute(
                select(Message.id, Message.error).where(Message.status == MessageStatus.FAILED)
            ).all()
        assert {(each.id, each.error) for each in failed} == {(each, PARKED) for each in parked}


def spoil(rig: Rig, kinds: Mapping[str, str]) -> list[int]:
    """The third of five texts of so many customers, and both the second and third of one."""
    with rig.desk.read() as session:
        rows = session.execute(select(Message.id, Message.to_number).order_by(Message.id)).all()
    by_customer: dict[str, list[int]] = {}
    for message_id, number in rows:
        by_customer.setdefault(number or "", []).append(message_id)
    lines = list(by_customer.values())
    spoilt = [line[2] for line, _ in zip(lines, kinds, strict=False)] + [lines[0][1]]
    for message_id, words in zip(spoilt, [*kinds.values(), next(iter(kinds.values()))], strict=True):
        write(rig, f"UPDATE messages SET body = {words} WHERE id = {message_id}")
    return spoilt


def write(rig: Rig, statement: str) -> None:
    """Behind everybody's back, and behind every driver that would object."""
    url = rig.desk.settings.database_url
    if not rig.desk.is_sqlite:
        run_statement(url, statement.replace("{", "{{").replace("}", "}}"))
        return
    with closing(sqlite3.connect(make_url(url).database or "", isolation_level=None)) as connection:
        connection.execute(statement)
