"""Logging by API what cannot be: one clear sentence, and nothing is written."""

from typing import Any

import pytest

from tests.api.calling import LOGGED, Desk, refused

BAD = [
    ({"site": "nowhere"}, 404, "nowhere"),
    ({"site": "quay"}, 404, "quay"),
    ({"failure": "bad_coffee"}, 422, "bad_coffee"),
    ({"severity": "terrible"}, 422, "severity: Choose one of"),
    ({"colour": "red"}, 422, "colour: There is no such field"),
    ({"customer": {"phone": "hello"}}, 422, "not a phone number"),
    ({"customer": {"phone": "12"}}, 422, "too short"),
    ({"customer": {"shoe": 43}}, 422, "customer.shoe: There is no such field"),
    ({"remedies": [{"kind": "hug"}]}, 422, "remedies.0.kind: Choose one of"),
    ({"remedies": [{"kind": "refund"}]}, 422, "needs an amount"),
    ({"remedies": [{"kind": "refund", "amount": -1}]}, 422, "remedies.0.amount: Choose a number from 1"),
    ({"remedies": [{"kind": "refund", "amount": 0}]}, 422, "remedies.0.amount: Choose a number from 1"),
    ({"remedies": [{"kind": "refund", "amount": 2.9}]}, 422, "without a fraction"),
    ({"remedies": [{"kind": "refund", "amount": 2.0}]}, 422, "without a fraction"),
    ({"remedies": [{"kind": "refund", "amount": True}]}, 422, "without a fraction"),
    ({"remedies": [{"kind": "refund", "amount": "450"}]}, 422, "without a fraction"),
    ({"remedies": [{"kind": "refund", "amount": 10**12}]}, 422, "Choose a number"),
    ({"remedies": [{"kind": "refund", "amount": 450, "currency": "EUR"}]}, 422, "works in GBP"),
    ({"remedies": [{"kind": "remake"}] * 11}, 422, "at most 10"),
    ({"order": {"amount": 450, "currency": "XYZ"}}, 422, "works in GBP"),
    ({"promise_minutes": 0}, 422, "promise_minutes"),
    ({"promise_minutes": -5}, 422, "promise_minutes"),
    ({"note": "x" * 4001}, 422, "keep it to 4000"),
    ({"note": "nul \0 inside"}, 422, "control character"),
    ({"note": "half a \ud83d smile"}, 422, "Half a character"),
    ({"note": 7}, 422, "Send text"),
    ({"apologised_in_person": "yes"}, 422, "Send true or false"),
    ({"happened_at": "yesterday"}, 422, "Send a time"),
    ({"happened_at": "2026-03-10T09:00:00"}, 422, "Say the zone"),
    ({"happened_at": "2026-03-01T09:00:00Z"}, 422, "seven days"),
    ({"happened_at": "2026-03-11T09:00:00Z"}, 422, "not happened yet"),
    ({"happened_at": "0001-01-01T00:00:00+14:00"}, 422, "Send a time"),
    ({"linked_to": "RD-222222"}, 422, "RD-222222"),
    ({"linked_to": "twenty"}, 422, "reference"),
    ({"remedies": "a remake"}, 422, "Send a list"),
    ({"remedies": [None]}, 422, "remedies.0: "),
    ({"order": 450}, 422, "order: Send a JSON object"),
    ({"site": None}, 422, "cannot be null"),
    ({"apologised_in_person": None}, 422, "cannot be null"),
    ({"customer": {"language": 7}}, 422, "Send text"),
]
MARSHMALLOWS = ("Field may not be null", "Invalid", "Not a valid", "Missing data", "Unknown field")
"""What the library says where nobody has said it better."""


@pytest.mark.parametrize(("wrong", "status", "words"), BAD, ids=[str(case[0])[:40] for case in BAD])
def test_bad_input_is_one_sentence_and_nothing_is_written(
    small_desk: Desk, wrong: dict[str, Any], status: int, words: str
) -> None:
    problem = refused(small_desk.call("maya", "POST", "/tickets", LOGGED | wrong), status, words)
    assert not any(theirs in str(problem) for theirs in MARSHMALLOWS)
    assert small_desk.done("maya", "GET", "/tickets")["items"] == []


@pytest.mark.parametrize(
    "nothing", ["customer", "order", "remedies", "note", "promise_minutes", "happened_at", "linked_to"]
)
def test_null_is_as_good_as_left_out(small_desk: Desk, nothing: str) -> None:
    body = {name: value for name, value in LOGGED.items() if name != nothing}
    logged, plain = (small_desk.done("maya", "POST", "/tickets", each) for each in (body | {nothing: None}, body))
    for ticket in (logged, plain):
        for own in ("reference", "url", "customer_url"):
            ticket.pop(own)
        ticket["remedies"] = [remedy["kind"] for remedy in ticket["remedies"]]
    assert logged == plain


@pytest.mark.parametrize(
    ("remedy", "field"),
    [({"kind": "refund"}, "amount"), ({"kind": "refund", "amount": 5, "currency": "EUR"}, "currency")],
)
def test_a_remedy_that_cannot_be_is_named_by_its_place(small_desk: Desk, remedy: dict[str, Any], field: str) -> None:
    body = LOGGED | {"remedies": [{"kind": "remake"}, remedy]}
    problem = refused(small_desk.call("maya", "POST", "/tickets", body), 422)
    assert list(problem["errors"]) == [f"remedies.1.{field}"]
    reference = small_desk.log()["reference"]
    alone = refused(small_desk.call("maya", "POST", f"/tickets/{reference}/remedies", remedy), 422)
    assert list(alone["errors"]) == [field]


@pytest.mark.parametrize("missing", ["site", "failure"])
def test_what_is_missing_is_named(small_desk: Desk, missing: str) -> None:
    body = {name: value for name, value in LOGGED.items() if name != missing}
    problem = refused(small_desk.call("maya", "POST", "/tickets", body), 422)
    assert problem["errors"] == {missing: ["This is needed."]}


def test_every_wrong_field_is_named_at_once(small_desk: Desk) -> None:
    wrong = {"severity": "x", "remedies": [{"kind": "remake"}, {"amount": 1}], "customer": {"name": 4}}
    problem = refused(small_desk.call("maya", "POST", "/tickets", LOGGED | wrong), 422)
    assert set(problem["errors"]) == {"severity", "remedies.1.kind", "customer.name"}
