"""Bodies of unknown length, before the server that runs in production: it knows their end only when it comes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import func, select

from recovery.bootstrap import build
from recovery.domain.actors import MACHINE
from recovery.models import Receipt, Ticket
from recovery.services.people.tokens import DEFAULT_SCOPES, add_token
from tests.factories import Business
from tests.fake_twilio import ACCOUNT_SID, AUTH_TOKEN
from tests.fixtures.settings import MakeSettings
from tests.fixtures.waiting import free_port, is_listening, wait_until

REPOSITORY = Path(__file__).parents[1]
MEGABYTE = 1024 * 1024
LOGGED = b'{"site": "harbour-st", "failure": "late"}'
"""Whole by itself: whatever is cut off behind it is not missed."""


@pytest.fixture
def business(environment: dict[str, str], make_settings: MakeSettings, sqlite_url: str) -> Iterator[Business]:
    desk = build(make_settings(DATABASE_URL=sqlite_url))
    yield Business.opened(desk)
    desk.dispose()


@pytest.fixture
def address(environment: dict[str, str], sqlite_url: str) -> Iterator[str]:
    """Of a gunicorn over the business's database."""
    port = free_port()
    line = {"SMS_GATEWAY": "twilio", "TWILIO_FROM": "+15550100", "TWILIO_API_URL": "http://127.0.0.1:1"}
    account = {"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN}
    web = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "wsgi:app", "-c", "config/gunicorn.py", "--bind", f"127.0.0.1:{port}"],
        cwd=REPOSITORY,
        env=os.environ | environment | line | account | {"DATABASE_URL": sqlite_url, "PORT": str(port)},
    )
    try:
        wait_until(lambda: is_listening(port), what="the web listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        web.terminate()
        web.wait(timeout=30)


def in_pieces(begin: bytes, size: int, filler: bytes = b" ") -> Iterator[bytes]:
    """Sent without a Content-Length, as `curl -T -` does."""
    yield begin
    left = size - len(begin)
    while left > 0:
        yield filler * min(left, 50_000)
        left -= 50_000


def test_a_body_that_does_not_say_its_length_is_taken_whole_or_not_at_all(business: Business, address: str) -> None:
    with business.desk.write() as session:
        person = business.staff("maya")
        token = add_token(session, person, scopes=DEFAULT_SCOPES, now=business.now, by=MACHINE)[1]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    tickets = f"{address}/api/v1/tickets"

    taken = requests.post(tickets, data=in_pieces(LOGGED, MEGABYTE), headers=headers, timeout=30)
    assert taken.status_code == 201, taken.text
    for path in ("", f"/{taken.json()['reference']}/viewings"):
        refused = requests.post(tickets + path, data=in_pieces(LOGGED, MEGABYTE + 1), headers=headers, timeout=30)
        assert refused.status_code == 413, refused.text
        assert "more than a megabyte" in refused.json()["detail"]
    assert _count(business, Ticket) == 1

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    hook, told = f"{address}/hooks/twilio/status", b"MessageSid=SM1&MessageStatus=sent&Filler="
    refused = requests.post(hook, data=in_pieces(told, 64 * 1024 + 1, b"x"), headers=form, timeout=30)
    assert refused.status_code == 413
    assert refused.json()["detail"] == "A text or a receipt is at most 64 KB long."
    assert _count(business, Receipt) == 0

    page = requests.post(
        f"{address}/sign-in", data=in_pieces(b"email=maya&filler=", MEGABYTE + 1, b"x"), headers=form, timeout=30
    )
    assert page.status_code == 413
    assert "too much at once" in page.text


def _count(business: Business, what: type) -> int:
    with business.desk.read() as session:
        return session.scalar(select(func.count()).select_from(what)) or 0
