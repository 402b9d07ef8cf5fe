"""What only the real line can do: time-outs, drips, half-answers, long lists, and who pays for the import."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from recovery.domain.provider_codes import FaultCategory
from recovery.sms.gateway import LookupFailed, OutgoingText, SendInDoubt, SendRefused
from recovery.sms.twilio import TwilioAccount, TwilioGateway
from tests.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio, Fault

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
STATUS_HOOK = "https://desk.example.com/hooks/twilio/status"
AN_HOUR = 3600.0


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio() as provider:
        yield provider


def gateway(twilio: FakeTwilio, **changes: object) -> TwilioGateway:
    account = {"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "api_url": twilio.url, "timeout_seconds": 30.0}
    return TwilioGateway(TwilioAccount(**(account | {"status_callback": STATUS_HOOK} | changes)))


def text(number: int = 1) -> OutgoingText:
    return OutgoingText(
        to="+447700900123", body=f"Hello {number}", ref=f"r&{number}", validity_seconds=600, from_="+447700900001"
    )


def test_what_was_asked_is_what_arrives(twilio: FakeTwilio) -> None:
    gateway(twilio).send(text(), now=NOW)
    [accepted] = twilio.accepted
    assert (accepted.to, accepted.from_, accepted.body) == ("+447700900123", "+447700900001", "Hello 1")
    assert (accepted.validity, accepted.ref) == (600, "r&1")
    assert accepted.status_callback == STATUS_HOOK + "?ref=r%261"


@pytest.mark.parametrize(
    ("kind", "accepted"),
    [
        ("broken", 0),
        ("broken_after", 1),
        ("html_502", 0),
        ("drop_before", 0),
        ("accept_then_drop", 1),
        ("empty_201", 1),
    ],
)
def test_an_answer_that_settles_nothing_is_a_doubt_and_is_asked_once(
    twilio: FakeTwilio, kind: str, accepted: int
) -> None:
    twilio.plan(Fault(kind))
    with pytest.raises(SendInDoubt):
        gateway(twilio).send(text(), now=NOW)
    assert (len(twilio.accepted), twilio.record.requests) == (accepted, 1)


@pytest.mark.parametrize(
    "fault", [Fault("hang", AN_HOUR), Fault("hang_after", AN_HOUR), Fault("drip", 0.05), Fault("drip_head", 0.05)]
)
def test_a_provider_that_never_ends_costs_one_time_out_and_no_more(twilio: FakeTwilio, fault: Fault) -> None:
    """A drip of some 700 bytes would end well, after half a minute: the doubt shows that we did not wait."""
    twilio.plan(fault)
    with pytest.raises(SendInDoubt):
        gateway(twilio, timeout_seconds=1.0).send(text(), now=NOW)


def test_after_trouble_the_next_text_goes_out_on_a_new_line(twilio: FakeTwilio) -> None:
    sender = gateway(twilio, timeout_seconds=4.0)
    for kind in ("accept_then_drop", "drip", "empty_201"):
        twilio.plan(Fault(kind, 0.05))
        with pytest.raises(SendInDoubt):
            sender.send(text(), now=NOW)
        assert sender.send(text(), now=NOW).provider_sid == twilio.accepted[-1].sid


def test_too_many_requests_tells_when_to_come_back(twilio: FakeTwilio) -> None:
    twilio.plan(Fault.too_many("7"), Fault.too_many(format_datetime(NOW + timedelta(seconds=90))), Fault.too_many(None))
    waits = []
    for _ in range(3):
        with pytest.raises(SendRefused) as refusal:
            gateway(twilio).send(text(), now=NOW)
        waits.append(refusal.value.retry_after)
        assert (refusal.value.category, refusal.value.code) == (FaultCategory.RETRY, 20429)
    assert waits == [7.0, 90.0, None]


def test_a_senseless_retry_after_is_none(twilio: FakeTwilio) -> None:
    twilio.plan(Fault.too_many("soon"))
    with pytest.raises(SendRefused) as refusal:
        gateway(twilio).send(text(), now=NOW)
    assert refusal.value.retry_after is None


def test_a_refusal_carries_the_providers_code_and_words(twilio: FakeTwilio) -> None:
    twilio.plan(Fault("error", code=29999, message="Nobody has seen this before."))
    with pytest.raises(SendRefused) as refusal:
        gateway(twilio).send(text(), now=NOW)
    assert (refusal.value.category, refusal.value.code) == (FaultCategory.PERMANENT, 29999)
    assert refusal.value.detail == "Nobody has seen this before."


@pytest.mark.parametrize("code", [21408, 21606, 21211, 29999])
def test_the_providers_words_tell_nobody_a_customers_number(twilio: FakeTwilio, code: int) -> None:
    words = "Permission to send has not been enabled for the region indicated by the 'To' number: +447700900123"
    twilio.plan(Fault("error", code=code, message=words))
    with pytest.raises(SendRefused) as refusal:
        gateway(twilio).send(text(), now=NOW)
    assert refusal.value.detail.endswith("by the 'To' number: +44…")


def test_wrong_credentials_stop_the_line(twilio: FakeTwilio) -> None:
    with pytest.raises(SendRefused) as refusal:
        gateway(twilio, auth_token="old").send(text(), now=NOW)
    assert (refusal.value.category, refusal.value.code) == (FaultCategory.STOP_LINE, 20003)


def test_a_provider_that_is_not_there_has_surely_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    account = TwilioAccount(account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, api_url=nobody)
    with pytest.raises(SendRefused) as refusal:
        TwilioGateway(account).send(text(), now=NOW)
    assert refusal.value.category is FaultCategory.RETRY


def test_a_tls_handshake_that_fails_has_surely_sent_nothing(twilio: FakeTwilio) -> None:
    with pytest.raises(SendRefused) as refusal:
        gateway(twilio, api_url=twilio.url.replace("http:", "https:")).send(text(), now=NOW)
    assert refusal.value.category is FaultCategory.RETRY
    assert twilio.record.requests == 0


def test_the_lease_is_looked_at_with_the_line_open_and_nothing_said(twilio: FakeTwilio) -> None:
    asked = []
    sender = gateway(twilio)
    sender.send(text(), now=NOW)
    with pytest.raises(SendRefused):
        sender.send(text(), now=NOW, still_ours=lambda: bool(asked.append(twilio.record.requests)))
    assert asked == [1]
    assert twilio.record.requests == 1


def test_a_letter_that_cannot_be_sent_asks_for_another_text(twilio: FakeTwilio) -> None:
    poisoned = OutgoingText(to="+447700900123", body="\ud800", ref="r", validity_seconds=60, from_="+447700900001")
    with pytest.raises(SendRefused) as refusal:
        gateway(twilio).send(poisoned, now=NOW)
    assert refusal.value.category is FaultCategory.CHANGE_TEXT


def test_a_text_is_found_on_the_last_page_of_a_long_list(twilio: FakeTwilio) -> None:
    since = datetime.now(UTC)
    twilio.record.page_size = 4
    sender = gateway(twilio)
    for number in range(11):
        sender.send(text(number), now=since)
    found = sender.find(text(0), since)
    assert found is not None
    assert found.provider_sid == twilio.accepted[0].sid


def test_a_text_with_the_words_of_a_trial_account_before_it_is_ours(twilio: FakeTwilio) -> None:
    since = datetime.now(UTC)
    sid = gateway(twilio).send(text(), now=since).provider_sid
    twilio.accepted[0].body = "Sent from your Twilio trial account - Hello 1"
    found = gateway(twilio).find(text(), since)
    assert found is not None
    assert found.provider_sid == sid


def test_a_customers_own_text_is_never_taken_for_ours(twilio: FakeTwilio) -> None:
    since = datetime.now(UTC)
    gateway(twilio).send(text(), now=since)
    twilio.accepted[0].direction = "inbound"
    assert gateway(twilio).find(text(), since) is None


def test_a_list_that_cannot_be_read_is_no_proof_of_absence(twilio: FakeTwilio) -> None:
    with pytest.raises(LookupFailed):
        gateway(twilio, auth_token="old").find(text(), NOW)
    with pytest.raises(LookupFailed):
        gateway(twilio, auth_token="old").fetch("SM1")
    twilio.stop()
    with pytest.raises(LookupFailed):
        gateway(twilio).find(text(), NOW)


def test_a_receipts_error_is_seen_when_polled(twilio: FakeTwilio) -> None:
    sender = gateway(twilio, status_callback=None)
    sid = sender.send(text(), now=NOW).provider_sid
    twilio.hooks.receipt(twilio.accepted[0], "undelivered", error_code=30005)
    polled = sender.fetch(sid)
    assert polled is not None
    assert (polled.status, polled.error_code) == ("undelivered", 30005)


def test_the_environment_cannot_move_the_host(twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    assert gateway(twilio).send(text(), now=NOW).provider_sid == twilio.accepted[0].sid


def test_many_threads_share_one_client(twilio: FakeTwilio) -> None:
    sender = gateway(twilio)
    threads = [
        threading.Thread(target=lambda first=first: [sender.send(text(first + n), now=NOW) for n in range(10)])
        for first in range(0, 80, 10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(accepted.body for accepted in twilio.accepted) == sorted(f"Hello {n}" for n in range(80))


def test_naming_the_gateway_does_not_load_the_library() -> None:
    program = (
        "import sys, recovery.sms.twilio as t, recovery.sms.signatures, recovery.sms.simulator;"
        "t.TwilioGateway(t.TwilioAccount(account_sid='AC1', auth_token='x'));"
        "sys.exit(bool({'twilio.rest', 'requests', 'urllib3'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0
