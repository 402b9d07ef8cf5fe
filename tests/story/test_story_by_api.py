"""The whole main job by API: web and worker are processes of their own, the provider answers over HTTP."""

import json
from pathlib import Path

import pytest

from tests.fixtures.waiting import wait_until
from tests.story.business import OMAR, SAM, Business, in_minutes, open_for_business

pytestmark = pytest.mark.slow


def test_a_wrong_order_is_put_right_from_the_log_to_the_audit(database_url: str, tmp_path: Path) -> None:
    with open_for_business(database_url, tmp_path) as business:
        reference = _log_a_wrong_order(business)
        _grant_more_than_maya_may(business, reference)
        _book_a_call_and_lose_the_line(business, reference)
        _resolve_twice(business, reference)
        _prove_it(business, reference)


@pytest.mark.postgres
def test_the_procfile_runs_as_it_stands_and_two_workers_double_nothing(empty_postgres_url: str, tmp_path: Path) -> None:
    mistakes = 4  # two segments each, at a segment a second
    with open_for_business(empty_postgres_url, tmp_path, workers=2) as business:
        for number in range(mistakes):
            customer = {"phone": f"07700 900{200 + number}"}
            mistake = {"site": "harbour-st", "failure": "late", "customer": customer}
            business.call("maya", "POST", "/tickets", mistake)
        wait_until(lambda: len(business.twilio.accepted) >= mistakes, what="each customer has a text")
    assert sorted(text.to for text in business.twilio.accepted) == [f"+447700900{200 + n}" for n in range(mistakes)]


def _log_a_wrong_order(business: Business) -> str:
    logged = business.call(
        "maya",
        "POST",
        "/tickets",
        {
            "site": "harbour-st",
            "failure": "wrong_order",
            "customer": {"phone": "07700 900123", "name": "Sam Whitfield"},
            "order": {"reference": "A113", "amount": 450, "currency": "GBP", "kept": False},
            "note": "asked for oat milk, got cow's milk",
            "remedies": [{"kind": "remake"}],
            "promise_minutes": 6,
        },
        **{"Idempotency-Key": "story-1"},
    )
    assert (logged["status"], logged["version"]) == ("in_recovery", 1)
    assert [(r["kind"], r["status"]) for r in logged["remedies"]] == [("remake", "granted")]
    apology = business.wait_for_text(SAM, "sorry")
    assert logged["customer_url"] in apology.body
    wait_until(lambda: _states(business, logged["reference"]) == ["delivered"], what="the receipt is kept")
    return str(logged["reference"])


def _grant_more_than_maya_may(business: Business, reference: str) -> None:
    asked = business.call(
        "maya", "POST", f"/tickets/{reference}/remedies", {"kind": "refund", "amount": 4500, "currency": "GBP"}
    )
    refund = next(r for r in business.ticket(reference)["remedies"] if r["kind"] == "refund")
    assert refund["status"] == "pending_approval", asked
    assert business.ask("maya", "POST", f"/remedies/{refund['id']}/approval", {}).status_code == 403
    business.wait_for_text(SAM, "what more we can do")  # an answer that comes before it takes it back
    business.wait_for_text(OMAR, reference)
    waiting = business.call("omar", "GET", "/approvals")["items"]
    assert [item["id"] for item in waiting] == [refund["id"]]
    business.call("omar", "POST", f"/remedies/{refund['id']}/approval", {})
    assert business.ask("ada", "POST", f"/remedies/{refund['id']}/approval", {}).status_code == 409
    business.wait_for_text(SAM, "£45.00 back")


def _book_a_call_and_lose_the_line(business: Business, reference: str) -> None:
    a_little_after_the_reminder = in_minutes(15.1)
    business.call("maya", "POST", f"/tickets/{reference}/callbacks", {"due_at": a_little_after_the_reminder})
    business.wait_for_text(SAM, "We'll call you ")  # at a time, which a quarter of an hour before midnight is tomorrow
    business.wait_for_text(SAM, "quick reminder")
    (booked,) = business.ticket(reference)["callbacks"]
    business.call("maya", "POST", f"/callbacks/{booked['id']}/attempts", {"outcome": "disconnected"})
    business.wait_for_text(SAM, "we got cut off")
    (redial,) = business.ticket(reference)["callbacks"]
    assert redial["status"] == "due"
    business.call("maya", "POST", f"/callbacks/{booked['id']}/attempts", {"outcome": "reached"})
    (reached,) = business.ticket(reference)["callbacks"]
    assert reached["status"] == "reached"


def _resolve_twice(business: Business, reference: str) -> None:
    business.call("maya", "POST", f"/tickets/{reference}/resolution", {})
    business.wait_for_text(SAM, "Reply 1 if it is fixed, 2 if not")
    business.sam_writes("2")
    reopened = business.ticket(reference)
    assert (reopened["status"], reopened["level"]) == ("in_recovery", 2)
    business.wait_for_text(SAM, "It isn't right yet")
    business.sam_writes("It was the lid as well")
    assert business.call("maya", "GET", f"/tickets/{reference}/messages")["items"][-1]["direction"] == "inbound"
    assert any(row["reference"] == reference for row in business.call("maya", "GET", "/undetected")["items"])
    business.call("maya", "POST", f"/tickets/{reference}/reading", {})
    business.call("maya", "POST", f"/tickets/{reference}/resolution", {})
    business.wait_for_text(SAM, "We've been back to it")
    business.sam_writes("1")
    assert business.ticket(reference)["status"] == "closed"


def _prove_it(business: Business, reference: str) -> None:
    wait_until(lambda: set(_states(business, reference)) == {"delivered"}, what="every text has its receipt")
    refs = [text.ref for text in business.twilio.accepted]
    assert len(refs) == len(set(refs)), "a text went out twice"
    events = business.call("omar", "GET", f"/tickets/{reference}/events?limit=200")["items"]
    told = [event["tag"] for event in events]
    for tag in ("ticket:ticket:logged", "ticket:remedy:granted", "ticket:ticket:reopened", "ticket:ticket:closed"):
        assert tag in told
    report = business.call("omar", "GET", "/reports/recovery-times?group_by=site")["groups"]
    assert [(group["key"], group["count"]) for group in report] == [("harbour-st", 1)]
    assert json.loads(business.commands(("audit", "verify", "--json"))[0])["ok"] is True


def _states(business: Business, reference: str) -> list[str]:
    thread = business.call("maya", "GET", f"/tickets/{reference}/messages")["items"]
    return [message["status"] for message in thread if message["direction"] == "outbound"]
