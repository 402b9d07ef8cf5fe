"""Callbacks, promises and texts by API."""

import pytest

from recovery.clock import FrozenClock
from tests.api.calling import Desk, refused


def test_a_call_is_booked_moved_and_cancelled(desk: Desk) -> None:
    reference = desk.log()["reference"]
    answer = desk.call("maya", "POST", f"/tickets/{reference}/callbacks", {"due_at": "2026-03-10T15:00:00Z"})
    booked = answer.get_json()
    assert answer.status_code == 201
    assert (booked["status"], booked["due_at"], booked["reason"]) == ("booked", "2026-03-10T15:00:00Z", "booked")
    assert booked["ticket"]["reference"] == reference
    moved = desk.done("maya", "PATCH", f"/callbacks/{booked['id']}", {"due_at": "2026-03-10T17:30:00+01:00"})
    assert (moved["due_at"], moved["moves"]) == ("2026-03-10T16:30:00Z", 1)
    assert desk.ticket(reference)["promise"]["about"] == "callback"
    cancelled = desk.done("maya", "DELETE", f"/callbacks/{booked['id']}")
    assert cancelled["status"] == "cancelled"
    refused(desk.call("maya", "DELETE", f"/callbacks/{booked['id']}"), 409, "cancelled")


def test_a_call_is_not_cancelled_over_somebodys_newer_change(desk: Desk) -> None:
    reference = desk.log()["reference"]
    booked = desk.done("maya", "POST", f"/tickets/{reference}/callbacks", {"due_at": "2026-03-10T15:00:00Z"})
    read = desk.ticket(reference)["version"]
    desk.done("omar", "PATCH", f"/callbacks/{booked['id']}", {"due_at": "2026-03-10T16:00:00Z"})
    problem = refused(desk.call("maya", "DELETE", f"/callbacks/{booked['id']}?version={read}"), 409)
    assert problem["current"] == read + 1
    assert "callbacks" in {each["field"] for each in problem["changed"]}
    assert desk.ticket(reference)["callbacks"][0]["status"] == "booked"
    refused(desk.call("maya", "DELETE", f"/callbacks/{booked['id']}?version=0"), 422)
    refused(desk.call("maya", "DELETE", f"/callbacks/{booked['id']}?verse=1"), 422)
    assert desk.done("maya", "DELETE", f"/callbacks/{booked['id']}?version={read + 1}")["status"] == "cancelled"


def test_without_a_time_it_is_as_soon_as_someone_is_free(desk: Desk) -> None:
    reference = desk.log()["reference"]
    booked = desk.done("maya", "POST", f"/tickets/{reference}/callbacks", {})
    assert (booked["status"], booked["as_soon_as_possible"]) == ("due", True)


def test_a_second_booking_moves_the_first(desk: Desk) -> None:
    reference = desk.log()["reference"]
    first = desk.done("maya", "POST", f"/tickets/{reference}/callbacks", {"due_at": "2026-03-10T15:00:00Z"})
    second = desk.done("maya", "POST", f"/tickets/{reference}/callbacks", {"due_at": "2026-03-10T16:00:00Z"})
    assert first["id"] == second["id"]


def test_every_try_has_an_outcome(desk: Desk) -> None:
    reference = desk.log()["reference"]
    call = desk.done("maya", "POST", f"/tickets/{reference}/callbacks", {})
    path = f"/callbacks/{call['id']}/attempts"
    refused(desk.call("maya", "POST", path, {"outcome": "bored"}), 422, "Choose one of")
    answer = desk.call("maya", "POST", path, {"outcome": "disconnected", "note": "in the lift"})
    cut = answer.get_json()
    assert answer.status_code == 201
    assert (cut["status"], cut["due_at"]) == ("due", "2026-03-10T09:32:00Z")
    assert [(each["outcome"], each["note"], each["by"]["name"]) for each in cut["attempts"]] == [
        ("disconnected", "in the lift", "Maya Okafor")
    ]
    reached = desk.done("maya", "POST", path, {"outcome": "reached"})
    assert (reached["status"], [each["number"] for each in reached["attempts"]]) == ("reached", [1, 2])
    refused(desk.call("maya", "POST", path, {"outcome": "reached"}), 409, "book a new one")


def test_calls_are_listed_the_soonest_first(desk: Desk) -> None:
    later, sooner = desk.log()["reference"], desk.log()["reference"]
    desk.done("maya", "POST", f"/tickets/{later}/callbacks", {"due_at": "2026-03-10T16:00:00Z"})
    desk.done("maya", "POST", f"/tickets/{sooner}/callbacks", {"due_at": "2026-03-10T15:00:00Z"})
    first = desk.done("maya", "GET", "/callbacks?limit=1")
    assert [each["ticket"]["reference"] for each in first["items"]] == [sooner]
    second = desk.done("maya", "GET", f"/callbacks?limit=1&cursor={first['next_cursor']}")
    assert [each["ticket"]["reference"] for each in second["items"]] == [later]
    assert second["next_cursor"] is None
    assert len(desk.done("maya", "GET", "/callbacks?due_before=2026-03-10T15:30:00Z")["items"]) == 1
    assert desk.done("maya", "GET", "/callbacks?status=reached")["items"] == []
    assert desk.done("nell", "GET", "/callbacks")["items"] == []


def test_slots_are_those_of_the_site(small_desk: Desk) -> None:
    slots = small_desk.done("maya", "GET", "/callbacks/slots?site=harbour-st")["items"]
    assert slots[0] == {"due_at": "2026-03-10T09:45:00Z"}
    refused(small_desk.call("maya", "GET", "/callbacks/slots?site=quay"), 404)
    refused(small_desk.call("maya", "GET", "/callbacks/slots"), 422, "site: This is needed")


@pytest.mark.parametrize("due_at", ["2026-03-10T09:00:00Z", "2027-03-10T09:00:00Z"])
def test_a_call_in_the_past_or_next_year_is_refused(small_desk: Desk, due_at: str) -> None:
    reference = small_desk.log()["reference"]
    refused(small_desk.call("maya", "POST", f"/tickets/{reference}/callbacks", {"due_at": due_at}), 422)
    assert small_desk.ticket(reference)["callbacks"] == []


def test_a_new_time_is_promised_and_told(desk: Desk) -> None:
    reference = desk.log()["reference"]
    answer = desk.call("maya", "POST", f"/tickets/{reference}/promise", {"minutes": 10, "tell_customer": True})
    promise = answer.get_json()
    assert answer.status_code == 201
    assert (promise["due_at"], promise["told_by"], promise["kept"]) == ("2026-03-10T09:40:00Z", "text", None)
    thread = desk.done("maya", "GET", f"/tickets/{reference}/messages")["items"]
    assert [each["template"] for each in thread] == ["logged", "promised"]
    quiet = desk.done("maya", "POST", f"/tickets/{reference}/promise", {"due_at": "2026-03-10T11:00:00Z"})
    assert quiet["told_by"] == "page"


def test_by_night_the_answer_says_that_nobody_was_told(desk: Desk, clock: FrozenClock) -> None:
    reference = desk.log()["reference"]
    clock.advance(hours=13)
    answer = desk.done("maya", "POST", f"/tickets/{reference}/promise", {"minutes": 90, "tell_customer": True})
    assert answer["told_by"] == "nobody"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "one of the two"),
        ({"minutes": 10, "due_at": "2026-03-10T11:00:00Z"}, "one of the two"),
        ({"due_at": "2026-03-10T09:00:00Z"}, "future"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 5, "tell_customer": "true"}, "true or false"),
    ],
)
def test_a_promise_needs_one_time_to_come(small_desk: Desk, body: dict[str, object], words: str) -> None:
    reference = small_desk.log()["reference"]
    refused(small_desk.call("maya", "POST", f"/tickets/{reference}/promise", body), 422, words)


def test_a_text_goes_out_in_staffs_own_words(desk: Desk) -> None:
    reference = desk.log()["reference"]
    answer = desk.call("maya", "POST", f"/tickets/{reference}/messages", {"body": "Your coffee is on the counter."})
    text = answer.get_json()
    assert answer.status_code == 201
    assert (text["direction"], text["status"], text["template"]) == ("outbound", "pending", "free")
    assert "Your coffee is on the counter." in text["body"]
    assert text["by"]["name"] == "Maya Okafor"
    thread = desk.done("maya", "GET", f"/tickets/{reference}/messages")
    assert [each["id"] for each in thread["items"]][-1] == text["id"]
    refused(desk.call("maya", "POST", f"/tickets/{reference}/messages", {"body": "  "}), 422, "cannot be empty")


def test_who_has_no_phone_gets_no_text_and_we_say_so(desk: Desk) -> None:
    reference = desk.log(customer={"name": "Lee"})["reference"]
    answer = desk.call("maya", "POST", f"/tickets/{reference}/messages", {"body": "Hello"}, key="once")
    refused(answer, 409, "no texts")
    refused(desk.call("maya", "POST", f"/tickets/{reference}/messages", {"body": "Hello"}, key="once"), 409)
    tags = [each["tag"] for each in desk.done("maya", "GET", f"/tickets/{reference}/events")["items"]]
    assert tags.count("ticket:text:withheld") == 2  # the apology and this one, once


def test_a_long_thread_comes_in_pages(desk: Desk) -> None:
    reference = desk.log()["reference"]
    for words in ("one", "two", "three"):
        desk.done("maya", "POST", f"/tickets/{reference}/messages", {"body": words})
    first = desk.done("maya", "GET", f"/tickets/{reference}/messages?limit=3")
    rest = desk.done("maya", "GET", f"/tickets/{reference}/messages?limit=3&cursor={first['next_cursor']}")
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (3, 1, None)
