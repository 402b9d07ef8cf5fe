"""The same POST twice is one deed, whoever sends it again and whenever."""

import threading
from typing import Any

import pytest
from sqlalchemy import func, select

from recovery.models import IdempotencyKey, Message, Ticket
from tests.api.calling import LOGGED, Desk, refused


def count(desk: Desk, table: type[Any]) -> int:
    with desk.business.desk.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_same_key_and_body_answer_the_first_answer_again(desk: Desk) -> None:
    first = desk.call("maya", "POST", "/tickets", LOGGED, key="a-1")
    again = desk.call("maya", "POST", "/tickets", LOGGED, key="a-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.get_json() == again.get_json()
    assert count(desk, Ticket) == count(desk, Message) == 1


def test_the_answer_is_rendered_anew(desk: Desk) -> None:
    reference = desk.done("maya", "POST", "/tickets", LOGGED, key="a-1")["reference"]
    desk.done("maya", "PATCH", f"/tickets/{reference}", {"note": "newer"})
    assert desk.done("maya", "POST", "/tickets", LOGGED, key="a-1")["note"] == "newer"


def test_a_promise_is_answered_again_as_itself_when_a_newer_one_stands(desk: Desk) -> None:
    promise = f"/tickets/{desk.log()['reference']}/promise"
    first = desk.done("maya", "POST", promise, {"minutes": 10}, key="p-1")
    newer = desk.done("omar", "POST", promise, {"minutes": 45})
    again = desk.done("maya", "POST", promise, {"minutes": 10}, key="p-1")
    assert again["due_at"] == first["due_at"] != newer["due_at"]
    assert again["made_at"] == first["made_at"]


def test_another_body_under_the_same_key_is_refused(desk: Desk) -> None:
    desk.done("maya", "POST", "/tickets", LOGGED, key="a-1")
    refused(desk.call("maya", "POST", "/tickets", LOGGED | {"note": "x"}, key="a-1"), 422, "another request")
    assert count(desk, Ticket) == 1


def test_another_path_under_the_same_key_is_refused(small_desk: Desk) -> None:
    first, second = small_desk.log()["reference"], small_desk.log()["reference"]
    small_desk.done("maya", "POST", f"/tickets/{first}/resolution", {}, key="a-1")
    refused(small_desk.call("maya", "POST", f"/tickets/{second}/resolution", {}, key="a-1"), 422)
    assert small_desk.ticket(second)["status"] == "in_recovery"


def test_two_people_may_use_the_same_key(small_desk: Desk) -> None:
    small_desk.done("maya", "POST", "/tickets", LOGGED, key="a-1")
    small_desk.done("omar", "POST", "/tickets", LOGGED, key="a-1")
    assert count(small_desk, Ticket) == 2


def test_what_was_refused_is_not_kept(small_desk: Desk) -> None:
    refused(small_desk.call("maya", "POST", "/tickets", LOGGED | {"failure": "none"}, key="a-1"), 422)
    assert count(small_desk, IdempotencyKey) == 0
    assert small_desk.call("maya", "POST", "/tickets", LOGGED, key="a-1").status_code == 201


def test_a_repeated_grant_grants_once(desk: Desk) -> None:
    reference = desk.log(remedies=[])["reference"]
    body = {"kind": "refund", "amount": 1500}
    first = desk.done("maya", "POST", f"/tickets/{reference}/remedies", body, key="g-1")
    again = desk.done("maya", "POST", f"/tickets/{reference}/remedies", body, key="g-1")
    assert first["id"] == again["id"]
    assert len(desk.ticket(reference)["remedies"]) == 1


def test_a_repeated_try_to_call_counts_once(desk: Desk) -> None:
    reference = desk.log()["reference"]
    call = desk.done("maya", "POST", f"/tickets/{reference}/callbacks", {}, key="c-1")
    for _ in range(2):
        tried = desk.done("maya", "POST", f"/callbacks/{call['id']}/attempts", {"outcome": "busy"}, key="c-2")
        assert len(tried["attempts"]) == 1


def test_twins_in_flight_make_one_ticket(desk: Desk) -> None:
    desk.token("maya")
    answers: list[Any] = []

    def send() -> None:
        answers.append(desk.call("maya", "POST", "/tickets", LOGGED, key="twins"))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {each.status_code for each in answers} == {201}
    assert len({each.get_json()["reference"] for each in answers}) == 1
    assert sum("Idempotency-Replayed" in each.headers for each in answers) == len(answers) - 1
    assert count(desk, Ticket) == 1


@pytest.mark.parametrize("key", ["", " ", "with space", "x" * 201, "naïve"])
def test_a_senseless_key_is_refused(small_desk: Desk, key: str) -> None:
    refused(small_desk.call("maya", "POST", "/tickets", LOGGED, key=key), 422, "Idempotency-Key")
    assert count(small_desk, Ticket) == 0


def test_without_a_key_twice_is_two(small_desk: Desk) -> None:
    small_desk.log()
    small_desk.log()
    assert count(small_desk, Ticket) == 2
