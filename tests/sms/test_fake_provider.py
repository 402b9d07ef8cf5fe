"""The fake provider is what many tests lean on: so it is tested itself."""

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import requests

from recovery.sms.signatures import genuine
from tests.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio, Fault

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = "https://desk.example.com"
SENT_TO = "/2010-04-01/Accounts/" + ACCOUNT_SID + "/Messages.json"
FORM = {"To": "+447700900123", "From": "+447700900001", "Body": "Hello", "StatusCallback": PUBLIC + "/status?ref=r1"}


class Desk:
    """Listens where our app would, and keeps each webhook with whether its signature was right."""

    def __init__(self) -> None:
        self.heard: queue.Queue[tuple[bool, dict[str, str]]] = queue.Queue()
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {key: values[0] for key, values in parse_qs(raw, keep_blank_values=True).items()}
                header, kind = self.headers["X-Twilio-Signature"], self.headers["Content-Type"]
                right = genuine(PUBLIC + self.path, form, header, [AUTH_TOKEN], content_type=kind)
                desk.heard.put((right, form))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing on the terminal."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def next(self) -> tuple[bool, dict[str, str]]:
        return self.heard.get(timeout=20)


@pytest.fixture
def desk() -> Iterator[Desk]:
    listening = Desk()
    thread = threading.Thread(target=listening.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield listening
    listening.server.shutdown()
    thread.join()
    listening.server.server_close()


@pytest.fixture
def twilio(desk: Desk) -> Iterator[FakeTwilio]:
    with FakeTwilio() as provider:
        provider.hooks.deliver_to = desk.url
        yield provider


def post(twilio: FakeTwilio, **changes: str) -> requests.Response:
    return requests.post(twilio.url + SENT_TO, data=FORM | changes, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=20)


def test_receipts_follow_a_text_signed_and_in_order(twilio: FakeTwilio, desk: Desk) -> None:
    twilio.hooks.lifecycle = ["sent", "delivered"]
    sid = post(twilio).json()["sid"]
    heard = [desk.next() for _ in range(2)]
    assert [(right, form["MessageStatus"], form["MessageSid"]) for right, form in heard] == [
        (True, "sent", sid),
        (True, "delivered", sid),
    ]
    assert twilio.accepted[0].status == "delivered"


def test_receipts_may_come_repeated_and_in_any_order(twilio: FakeTwilio, desk: Desk) -> None:
    twilio.hooks.lifecycle, twilio.hooks.repeated, twilio.hooks.shuffled = ["queued", "sent", "delivered"], 5, True
    post(twilio)
    words = [desk.next()[1]["MessageStatus"] for _ in range(15)]
    assert sorted(words) == ["delivered"] * 5 + ["queued"] * 5 + ["sent"] * 5
    assert words != sorted(words, key=["queued", "sent", "delivered"].index)


def test_a_receipt_may_come_before_the_answer(twilio: FakeTwilio, desk: Desk) -> None:
    twilio.plan(Fault("callback_first"))
    answer = post(twilio)
    right, form = desk.heard.get_nowait()
    assert right
    assert form["MessageSid"] == answer.json()["sid"]


def test_a_customer_answers_with_a_signed_text(twilio: FakeTwilio, desk: Desk) -> None:
    status = twilio.hooks.inbound(PUBLIC + "/messages", from_="+447700900123", to="+447700900001", body="1 ✓")
    right, form = desk.next()
    assert (status, right, form["Body"], form["From"]) == (204, True, "1 ✓", "+447700900123")


def test_a_desk_that_is_down_is_no_error_of_the_provider(twilio: FakeTwilio) -> None:
    twilio.hooks.deliver_to = "http://127.0.0.1:9"
    assert twilio.hooks.inbound(PUBLIC + "/messages", from_="+447700900123", to="+447700900001", body="1") is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"To": "12"}, 21211),
        ({"MessagingServiceSid": "MG1"}, 21603),
    ],
)
def test_bad_texts_are_refused_as_twilio_would(twilio: FakeTwilio, changes: dict[str, str], code: int) -> None:
    answer = post(twilio, **changes)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert twilio.accepted == []


def test_faults_may_be_planned_for_one_number_or_drawn_by_weight(twilio: FakeTwilio) -> None:
    twilio.plan(Fault("broken"), number="+447700900124")
    assert post(twilio).status_code == 201
    assert post(twilio, To="+447700900124").status_code == 500
    twilio.faults.mix([(Fault("ok"), 1), (Fault("html_502"), 1)], seed=7)
    assert {post(twilio).status_code for _ in range(30)} == {201, 502}


def test_it_runs_as_a_process_of_its_own() -> None:
    command = [sys.executable, str(ROOT / "tests" / "fake_twilio"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            requests.post(url + "/_faults", json={"queue": [{"kind": "broken_after"}]}, timeout=20).raise_for_status()
            auth = (ACCOUNT_SID, AUTH_TOKEN)
            assert requests.post(url + SENT_TO, data=FORM, auth=auth, timeout=20).status_code == 500
            [accepted] = requests.get(url + "/_accepted", timeout=20).json()
            assert (accepted["to"], accepted["body"], accepted["ref"]) == ("+447700900123", "Hello", "r1")
            assert accepted["at"] > 0
        finally:
            process.terminate()
        assert process.wait(timeout=20) == 0
