"""Signed out in the middle of something: what was typed waits for whoever signs in, and is sent by their button alone."""

import html
import re
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from recovery.clock import FrozenClock
from recovery.domain.actors import MACHINE
from recovery.models import Message, Ticket
from recovery.services.people.sign_in import issue_link
from tests.factories import PASSWORD, Business
from tests.web.pages import Visitor, reference_in, value_of, words

OURS = {"Origin": "http://localhost"}
"""As browsers say where a form came from; the test client asks `localhost`."""
NOTE = 'wanted <b>oat</b> milk & "no" sugar'


def offered(answer: TestResponse, label: str) -> tuple[str, list[tuple[str, str]]]:
    """Where the form with that button goes, and what it sends."""
    form = next(each for each in re.findall(r"(?s)<form.*?</form>", answer.text) if f">{label}</button>" in each)
    action = re.search(r'action="([^"]*)"', form)
    assert action is not None
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
    return html.unescape(action[1]), [(name, html.unescape(value)) for name, value in fields]


def press(visitor: Visitor, answer: TestResponse, label: str = "Send it now", **more: str) -> TestResponse:
    action, fields = offered(answer, label)
    data: dict[str, Any] = {name: [value for each, value in fields if each == name] for name, _ in fields}
    return visitor.client.post(action, data=data | more, headers=OURS)


def half_logged(visitor: Visitor) -> dict[str, Any]:
    """The log page, filled in and not sent yet."""
    page = visitor.open("/log").text
    kept = {name: value_of(page, name) for name in ("csrf_token", "submission")}
    return kept | {
        "site": "harbour-st",
        "phone": "07700 900123",
        "failure": "wrong_order",
        "remedy": ["remake", "refund"],
        "amount_refund": "4.50",
        "note": NOTE,
    }


def logged(business: Business) -> int:
    with business.desk.read() as session:
        return session.scalar(select(func.count()).select_from(Ticket)) or 0


def test_a_log_that_outlived_its_session_is_saved_after_signing_in_elsewhere(business: Business, maya: Visitor) -> None:
    form = half_logged(maya)
    maya.post("/sign-out")
    maya.sign_in("maya")
    answer = maya.client.post("/log", data=form, headers=OURS)
    assert answer.status_code == 400
    assert "You were signed out meanwhile." in words(answer)
    assert "JSON" not in words(answer)
    assert NOTE in words(answer)
    assert "<b>oat" not in answer.text
    assert "remake, refund" in words(answer)
    assert logged(business) == 0
    reference = reference_in(press(maya, answer))
    with business.desk.read() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.reference == reference)).one()
        assert (ticket.note, ticket.customer and ticket.customer.phone) == (NOTE, "+447700900123")
    assert "£4.50" in words(maya.open(f"/tickets/{reference}"))
    assert reference_in(press(maya, answer)) == reference  # and once


def test_a_log_without_any_session_waits_behind_the_door(business: Business, maya: Visitor, clock: FrozenClock) -> None:
    form = half_logged(maya)
    clock.advance(hours=2)
    door = maya.client.post("/log", data=form, headers=OURS)
    assert door.status_code == 401
    assert "What you typed is kept" in words(door)
    wrong = press(maya, door, "Sign in", email="maya@example.com", password="not hers")
    assert wrong.status_code == 422
    answer = press(maya, wrong, "Sign in", email="maya@example.com", password=PASSWORD)
    assert answer.status_code == 200
    assert "Nothing is saved yet, Maya." in words(answer)
    assert logged(business) == 0
    reference_in(press(maya, answer))
    assert logged(business) == 1


def test_what_was_written_on_a_ticket_waits_as_well(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    page = maya.open(f"/tickets/{ticket.reference}").text
    form = {name: value_of(page, name) for name in ("csrf_token", "version")} | {"body": "On its way, Sam."}
    maya.post("/sign-out")
    maya.sign_in("maya")
    answer = maya.client.post(f"/tickets/{ticket.reference}/messages", data=form, headers=OURS)
    assert "Your reply On its way, Sam." in words(answer)
    assert press(maya, answer).status_code == 302
    assert business.rows(Message, ticket)[-1].template == "free"


def test_what_waits_is_refused_by_the_form_it_goes_to_if_it_is_wrong(maya: Visitor) -> None:
    form = half_logged(maya) | {"phone": "12"}
    maya.post("/sign-out")
    maya.sign_in("maya")
    answer = press(maya, maya.client.post("/log", data=form, headers=OURS))
    assert answer.status_code == 422
    assert "That phone number is too short" in words(answer)
    assert NOTE in words(answer)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "null"}, {"Origin": "https://evil.example"}, {"Origin": "http://localhost.evil.example"}],
    ids=["unsaid", "hidden", "elsewhere", "like ours"],
)
def test_a_form_from_elsewhere_is_not_offered_again(business: Business, maya: Visitor, headers: dict[str, str]) -> None:
    form = half_logged(maya) | {"csrf_token": "made up", "note": "a trap"}
    answer = maya.client.post("/log", data=form, headers=headers)
    assert answer.status_code == 400
    assert "did not come from a page of ours" in words(answer)
    assert "a trap" not in answer.text
    maya.post("/sign-out")
    door = maya.client.post("/log", data=form, headers=headers)
    assert (door.status_code, "a trap" in door.text) == (302, False)
    assert logged(business) == 0


def test_what_waits_behind_the_door_cannot_be_made_up(business: Business, maya: Visitor) -> None:
    maya.post("/sign-out")
    answer = maya.sign_in("maya", held="made up")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_a_door_that_stood_open_too_long_keeps_the_name_and_never_the_password(business: Business) -> None:
    visitor = Visitor.at(business)
    answer = visitor.post("/sign-in", token="old", email="maya@example.com", password=PASSWORD)
    assert answer.status_code == 400
    assert "Try it once more" in words(answer)
    assert 'value="maya@example.com"' in answer.text
    assert PASSWORD not in answer.text
    link = business.desk.transact(
        lambda session: issue_link(session, business.staff("maya").id, now=business.now, by=MACHINE)
    )
    choice = visitor.post(f"/sign-in/{link}", token="old", password="a password that I choose")
    assert choice.headers["Location"] == f"/sign-in/{link}"
    assert "Try it once more" in words(visitor.open(f"/sign-in/{link}"))


def test_a_page_that_asks_while_somebody_types_is_not_thrown_away(maya: Visitor, clock: FrozenClock) -> None:
    clock.advance(hours=2)
    asked = maya.client.post("/log/preview", data={"phone": "07"}, headers={"HX-Request": "true"})
    assert asked.status_code == 401
    assert "HX-Refresh" not in asked.headers


def test_a_page_does_not_talk_to_people_of_json(maya: Visitor) -> None:
    answer = maya.client.post("/sign-out", data={"csrf_token": "made up"})
    assert answer.status_code == 400
    assert "JSON" not in words(answer)
    assert maya.open("/").status_code == 200
