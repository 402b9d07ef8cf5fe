"""Backstage tasks by API."""

import pytest

from recovery.clock import FrozenClock
from recovery.domain.permissions import Scope
from tests.api.calling import Desk, refused

LATTE = {"list": "kitchen", "words": "One latte with oat milk"}


def test_a_task_is_asked_taken_and_done(small_desk: Desk) -> None:
    desk = small_desk
    reference = desk.log()["reference"]
    answer = desk.call("maya", "POST", f"/tickets/{reference}/tasks", LATTE)
    task = answer.get_json()
    assert answer.status_code == 201
    assert (task["status"], task["list"], task["words"]) == ("waiting", "kitchen", "One latte with oat milk")
    assert (task["asked_by"]["name"], task["due_at"], task["site"]) == (
        *("Maya Okafor", "2026-03-10T09:40:00Z", "harbour-st"),
    )
    taken = desk.done("omar", "POST", f"/tasks/{task['id']}/taking")
    assert (taken["status"], taken["taken_by"]["name"]) == ("taken", "Omar Haddad")
    refused(desk.call("maya", "POST", f"/tasks/{task['id']}/taking"), 409, "Omar has it already")
    done = desk.done("maya", "POST", f"/tasks/{task['id']}/completion")
    assert (done["status"], done["done_by"]["name"], done["done_at"]) == (
        *("done", "Maya Okafor", "2026-03-10T09:30:00Z"),
    )
    assert done["ticket"] == {
        "reference": reference,
        "status": "in_recovery",
        "version": desk.ticket(reference)["version"],
    }
    assert desk.ticket(reference)["promise"]["told_by"] == "text"
    refused(desk.call("maya", "POST", f"/tasks/{task['id']}/cancellation"), 409, "done already")


def test_the_same_key_asks_once(small_desk: Desk) -> None:
    reference = small_desk.log()["reference"]
    first, second = (
        small_desk.done("maya", "POST", f"/tickets/{reference}/tasks", LATTE, key="the-latte") for _ in range(2)
    )
    assert first["id"] == second["id"]
    assert len(small_desk.done("maya", "GET", "/tasks")["items"]) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"list": "kitchen"}, "words"),
        ({"list": "kitchen", "words": "  "}, "words"),
        ({"list": "kitchen", "words": "x" * 201}, "words"),
        ({"list": "garden", "words": "Roses"}, "list"),
        ({"words": "Roses"}, "list"),
        ({"list": "it", "words": "x", "due_at": "2026-03-10T10:00:00Z"}, "due_at"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(small_desk: Desk, body: dict[str, str], field: str) -> None:
    reference = small_desk.log()["reference"]
    problem = refused(small_desk.call("maya", "POST", f"/tickets/{reference}/tasks", body), 422)
    assert field in problem["errors"]
    assert small_desk.done("maya", "GET", "/tasks")["items"] == []


def test_tasks_are_listed_the_longest_due_first(small_desk: Desk, clock: FrozenClock) -> None:
    desk = small_desk
    reference = desk.log()["reference"]
    first = desk.done("maya", "POST", f"/tickets/{reference}/tasks", LATTE)
    clock.advance(minutes=1)
    second = desk.done("maya", "POST", f"/tickets/{reference}/tasks", LATTE | {"list": "it"})
    page = desk.done("maya", "GET", "/tasks?limit=1&site=harbour-st")
    rest = desk.done("maya", "GET", f"/tasks?limit=1&cursor={page['next_cursor']}")
    assert [page["items"][0]["id"], rest["items"][0]["id"]] == [first["id"], second["id"]]
    assert rest["next_cursor"] is None
    assert [each["id"] for each in desk.done("maya", "GET", "/tasks?list=it")["items"]] == [second["id"]]
    desk.done("maya", "POST", f"/tasks/{first['id']}/cancellation")
    assert [each["id"] for each in desk.done("maya", "GET", "/tasks")["items"]] == [second["id"]]
    assert [each["id"] for each in desk.done("maya", "GET", "/tasks?status=cancelled")["items"]] == [first["id"]]
    assert desk.done("nell", "GET", "/tasks")["items"] == []
    refused(desk.call("nell", "GET", "/tasks?site=harbour-st"), 404)
    refused(desk.call("maya", "GET", "/tasks?list=garden"), 422)


def test_an_older_version_is_not_acted_upon(small_desk: Desk) -> None:
    desk = small_desk
    reference = desk.log()["reference"]
    task = desk.done("maya", "POST", f"/tickets/{reference}/tasks", LATTE)
    read = task["ticket"]["version"]
    desk.done("omar", "POST", f"/tasks/{task['id']}/taking", {"version": read})
    problem = refused(desk.call("maya", "POST", f"/tasks/{task['id']}/cancellation", {"version": read}), 409)
    assert {each["field"] for each in problem["changed"]} == {"tasks"}


def test_a_ticket_that_is_not_for_their_eyes_is_not_told(small_desk: Desk) -> None:
    desk = small_desk
    reference = desk.log("omar", failure="unsafe", remedies=[])["reference"]
    desk.done("omar", "POST", f"/tickets/{reference}/tasks", LATTE)
    (seen,) = desk.done("maya", "GET", "/tasks")["items"]
    assert seen["ticket"] is None
    assert reference not in str(desk.done("maya", "POST", f"/tasks/{seen['id']}/completion"))


def test_a_token_that_only_reads_changes_nothing(small_desk: Desk) -> None:
    reference = small_desk.log()["reference"]
    task = small_desk.done("maya", "POST", f"/tickets/{reference}/tasks", LATTE)
    only = {"scopes": frozenset({Scope.READ})}
    for path in (f"/tickets/{reference}/tasks", f"/tasks/{task['id']}/taking"):
        assert small_desk.call("maya", "POST", path, LATTE, **only).status_code == 403  # type: ignore[arg-type]
    assert small_desk.call("maya", "GET", "/tasks", **only).status_code == 200  # type: ignore[arg-type]
