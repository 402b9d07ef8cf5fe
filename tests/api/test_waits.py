"""Waits by API."""

import pytest

from recovery.clock import FrozenClock
from recovery.domain.permissions import Scope
from tests.api.calling import Desk, refused

SAM = {"site": "harbour-st", "customer": {"phone": "07700 900123", "name": "Sam"}, "note": "returns a kettle"}


def test_somebody_is_put_in_line_called_and_helped(small_desk: Desk, clock: FrozenClock) -> None:
    desk = small_desk
    answer = desk.call("maya", "POST", "/waits", SAM)
    wait = answer.get_json()
    assert answer.status_code == 201
    assert (wait["status"], wait["place"], wait["site"], wait["note"]) == (
        "waiting",
        1,
        "harbour-st",
        "returns a kettle",
    )
    assert (wait["estimate_at"], wait["promised_by"]) == ("2026-03-10T09:35:00Z", "2026-03-10T09:45:00Z")
    assert wait["customer"] == {"name": "Sam", "phone": "+447700900123"}
    assert desk.ticket(wait["ticket"]["reference"])["source"] == "greeter"
    clock.advance(minutes=2)
    called = desk.done("omar", "POST", f"/waits/{wait['id']}/readiness")
    assert (called["status"], called["called_by"]["name"], called["place"]) == ("called", "Omar Haddad", None)
    assert called["goes_on_at"] == "2026-03-10T09:42:00Z"
    refused(desk.call("maya", "POST", f"/waits/{wait['id']}/return"), 409, "comes back to the front")
    done = desk.done("maya", "POST", f"/waits/{wait['id']}/help")
    assert (done["status"], done["helped_by"]["name"], done["ended_at"]) == (
        *("helped", "Maya Okafor", "2026-03-10T09:32:00Z"),
    )
    assert done["ticket"]["status"] == "closed"
    refused(desk.call("maya", "POST", f"/waits/{wait['id']}/departure"), 409, "This wait is helped")
    assert desk.done("maya", "GET", "/waits")["items"] == []
    assert [row["id"] for row in desk.done("maya", "GET", "/waits?status=helped")["items"]] == [wait["id"]]
    assert desk.done("maya", "GET", f"/waits/{wait['id']}") == done


def test_the_line_is_read_page_by_page_in_its_order(small_desk: Desk, clock: FrozenClock) -> None:
    for name in ("Sam", "Noor", "Lee"):
        small_desk.done("maya", "POST", "/waits", {"site": "harbour-st", "customer": {"name": name}})
        clock.advance(minutes=1)
    first = small_desk.done("omar", "GET", "/waits?limit=2&site=harbour-st")
    rest = small_desk.done("omar", "GET", f"/waits?limit=2&cursor={first['next_cursor']}")
    seen = [(row["customer"]["name"], row["place"]) for row in [*first["items"], *rest["items"]]]
    assert seen == [("Sam", 1), ("Noor", 2), ("Lee", 3)]


def test_the_same_key_puts_nobody_in_line_twice(small_desk: Desk) -> None:
    first, second = (small_desk.done("maya", "POST", "/waits", SAM, key="sam") for _ in range(2))
    assert first["id"] == second["id"]
    assert len(small_desk.done("maya", "GET", "/waits")["items"]) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"customer": {"name": "Sam"}}, "site"),
        ({"site": "harbour-st"}, "customer"),
        ({"site": "harbour-st", "customer": None}, "customer"),
        ({"site": "harbour-st", "customer": {}}, "customer.phone"),
        ({"site": "harbour-st", "customer": {"phone": "12"}}, "customer.phone"),
        (SAM | {"note": "x" * 201}, "note"),
        (SAM | {"failure": "late"}, "failure"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(small_desk: Desk, body: dict[str, object], field: str) -> None:
    problem = refused(small_desk.call("maya", "POST", "/waits", body), 422)
    assert field in problem["errors"]


def test_a_token_that_reads_moves_nobody_and_the_version_is_held(small_desk: Desk) -> None:
    wait = small_desk.done("maya", "POST", "/waits", SAM)
    path = f"/waits/{wait['id']}/readiness"
    refused(small_desk.call("omar", "POST", path, scopes=frozenset({Scope.READ})), 403)
    assert small_desk.call("omar", "GET", "/waits", scopes=frozenset({Scope.READ})).status_code == 200
    small_desk.done("omar", "PATCH", f"/tickets/{wait['ticket']['reference']}", {"note": "two kettles"})
    refused(small_desk.call("maya", "POST", path, {"version": wait["ticket"]["version"]}), 409)
