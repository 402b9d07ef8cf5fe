"""The calls' doors: forged webhooks change nothing, replayed ones change one thing once, and order does not matter."""

from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import requests
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from recovery.bootstrap import CALL_HOOK
from recovery.domain.callbacks import Outcome
from recovery.domain.phone_calls import CallState
from recovery.models.base import Base
from recovery.services.telephony.call_lines import ref_of
from tests.factories import SAM
from tests.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from tests.telephony.conftest import PUBLIC
from tests.telephony.parties import OURS, SAMS, Desk

STEPS = ("", "/script", "/connection", "/customer", "/dialled", "/answerer", "/inbound")
FIELDS = {
    "AccountSid": ACCOUNT_SID,
    "CallSid": "CA1",
    "CallStatus": "in-progress",
    "From": SAMS,
    "To": OURS,
    "DialCallStatus": "busy",
    "DialCallDuration": "0",
}
FORGED: dict[str, dict[str, Any]] = {
    "other token": {"token": "another account's token"},
    "none": {"headers": {"X-Twilio-Signature": ""}},
    "other scheme": {"signed_for": "http://desk.example.com{path}"},
    "other port": {"signed_for": "https://desk.example.com:8443{path}"},
    "other path": {"signed_for": f"{PUBLIC}/hooks/twilio/status"},
    "other call": {"signed_for": PUBLIC + "{door}?ref=another"},
    "other account": {"fields": {"AccountSid": "AC" + "9" * 32}},
}


def call(
    twilio: FakeTwilio,
    path: str,
    fields: dict[str, str] = FIELDS,
    *,
    token: str = AUTH_TOKEN,
    signed_for: str = "",
    headers: dict[str, str] | None = None,
) -> requests.Response:
    signature = RequestValidator(token).compute_signature(signed_for or PUBLIC + path, fields)
    server = twilio.hooks.deliver_to or ""
    return requests.post(
        server + path, data=fields, headers={"X-Twilio-Signature": signature, **(headers or {})}, timeout=10
    )


def everything(desk: Desk) -> dict[str, list[str]]:
    with desk.desk.read() as session:
        return {
            table.name: sorted(str(tuple(row)) for row in session.execute(select(table)))
            for table in Base.metadata.sorted_tables
            if table.name != "tallies"
        }


def test_a_forged_word_about_a_call_is_refused_and_writes_nothing(http: Desk, twilio: FakeTwilio) -> None:
    """At every door, in every way that we could think of, of a call that we know."""
    _, callback = http.promised()
    ref = ref_of(http.desk.house, http.ask(callback).id)
    http.place()
    before = everything(http)
    for step in STEPS:
        door = CALL_HOOK + step
        path = f"{door}?ref={ref}"
        for way, forged in FORGED.items():
            told = dict(forged)
            fields = FIELDS | told.pop("fields", {})
            if "signed_for" in told:
                told["signed_for"] = told["signed_for"].format(path=path, door=door)
            assert call(twilio, path, fields, **told).status_code == 403, (step, way)
    assert everything(http) == before


def test_a_word_about_no_call_is_refused(http: Desk, twilio: FakeTwilio) -> None:
    nameless = {name: value for name, value in FIELDS.items() if name != "CallSid"}
    assert call(twilio, CALL_HOOK, nameless).status_code == 403


@pytest.mark.parametrize("ref", ["", "?ref=", "?ref=AAAA", "?ref=%00", "?ref=" + "A" * 34])
def test_a_call_that_nobody_knows_changes_nothing(http: Desk, twilio: FakeTwilio, ref: str) -> None:
    http.promised()
    before = everything(http)
    for step in STEPS[:-1]:
        answer = call(twilio, CALL_HOOK + step + ref)
        assert answer.status_code in {200, 204}, step
        assert "<Dial" not in answer.text
    assert everything(http) == before


def test_a_word_that_is_repeated_fifty_times_changes_one_thing_once(http: Desk, twilio: FakeTwilio) -> None:
    ticket, callback = http.promised()
    http.talk_to(callback)
    http.play.customer_picks_up()
    ref = http.call()
    path = f"{CALL_HOOK}/dialled?ref={ref_of(http.desk.house, ref.id)}"
    told = FIELDS | {"CallSid": ref.provider_sid or "", "DialCallStatus": "completed", "DialCallDuration": "38"}
    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(lambda _: call(twilio, path, told).status_code, range(50)))
    assert set(answers) == {200}
    assert [each.outcome for each in http.attempts(ticket)] == [Outcome.DISCONNECTED]
    assert http.business.tags(ticket).count("call:ended") == 1


WORDS = {
    "our phone rings": ("", {"CallStatus": "ringing"}),
    "we picked up": ("", {"CallStatus": "in-progress"}),
    "theirs rings": ("/customer", {"CallStatus": "ringing"}),
    "they picked up": ("/customer", {"CallStatus": "in-progress"}),
    "theirs is over": ("/customer", {"CallStatus": "completed", "CallDuration": "38"}),
}


def test_whatever_order_the_words_come_in_the_end_is_the_same(http: Desk, twilio: FakeTwilio) -> None:
    for number, order in enumerate(list(permutations(WORDS))[::13]):
        ticket = http.business.log(customer=SAM)
        http.talk_to(http.book(ticket))
        placed = http.call()
        for word in order:
            step, fields = WORDS[word]
            path = f"{CALL_HOOK}{step}?ref={ref_of(http.desk.house, placed.id)}"
            sid = {"CallSid": f"CAfar{number}" if step else placed.provider_sid or ""}
            assert call(twilio, path, FIELDS | sid | fields).status_code == 204
        assert http.call().state is CallState.ENDED, order
        assert [(each.outcome, each.seconds) for each in http.attempts(ticket)] == [(Outcome.DISCONNECTED, 38)], order
        http.say(ticket, Outcome.REACHED)


def test_what_we_answer_is_whole_twiml_whatever_a_name_holds(http: Desk) -> None:
    ticket = http.business.log(customer=SAM)
    with http.desk.write() as session:
        held = session.merge(http.business.again(ticket))
        assert held.customer
        held.customer.name = '</Say><Dial>+447700900666</Dial><Say a="'
    http.ask(http.book(ticket))
    http.place()
    http.play.pick_up()
    assert "</Say><Dial>+447700900666</Dial><Say" in http.play.said
    assert http.play.dialled == ""


def test_the_customer_is_dialled_with_our_number_and_no_machine_is_looked_for_unasked(
    http: Desk, twilio: FakeTwilio
) -> None:
    _, callback = http.promised()
    http.talk_to(callback)
    script = http.play.line.script  # type: ignore[attr-defined]
    dial, number = script.find("Dial"), script.find(".//Number")
    assert dial is not None
    assert number is not None
    assert (dial.get("callerId"), dial.get("answerOnBridge"), dial.get("timeout")) == (OURS, "true", "25")
    assert number.get("statusCallbackEvent") == "initiated ringing answered completed"
    assert number.get("machineDetection") is None
    assert b"+4477" not in ET.tostring(script).replace(SAMS.encode(), b"")


def test_no_number_stands_in_the_log(http: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    _, callback = http.promised()
    http.talk_to(callback)
    http.play.customer_picks_up()
    http.play.customer_hangs_up(5)
    out, err = capfd.readouterr()
    assert not any(number in out + err for number in (SAMS, "+447700900101", OURS))
