"""What the page of who is in line tells them is so, also once it did not go as they were told first."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from recovery.domain.waits import WaitAnswer, WaitStatus
from recovery.models import Wait
from recovery.services.people.customers import NewCustomer
from recovery.services.waiting import turns
from tests.factories import NOOR, SAM, Business
from tests.services.calls import opted_out
from tests.services.wait_parts import again, joined, last_text, press, says_on_page, ticket_of
from tests.web.customer_parts import fresh, link, send, words_of

THANKED = "Thank you for telling us."


def page(business: Business, client: FlaskClient, wait: Wait) -> str:
    return words_of(client.get(link(business, ticket_of(business, wait))).text)


def not_there(business: Business, customer: NewCustomer = SAM) -> Wait:
    wait = press(business, joined(business, customer), turns.ready)
    business.later(minutes=10)
    business.tick("waits to go on")
    return again(business, wait)


def test_whoever_gets_no_texts_is_not_told_to_walk_around(business: Business, client: FlaskClient) -> None:
    wait = joined(business)
    assert "Walk around if you like: we text you." in page(business, client, wait)
    opted_out(business)
    told = page(business, client, wait)
    assert "we text you" not in told
    assert "No text of ours reaches you: please stay nearby, and we call your name." in told


@pytest.mark.parametrize(
    ("language", "text", "told"),
    [
        ("en", "Come by 11:40, and you are at the front", "We keep that place for you until 11:40."),
        ("es", "Venga antes de las 11:40 y sera de nuevo", "Le guardamos ese turno hasta las 11:40."),
        ("fr", "Venez avant 11h40, vous serez de nouveau", "Nous vous gardons cette place jusqu’à 11h40."),
    ],
)
def test_the_front_of_the_line_is_kept_until_a_time_that_they_are_told(
    business: Business, client: FlaskClient, language: str, text: str, told: str
) -> None:
    wait = not_there(business, NewCustomer("07700 900128", "Ana", language))
    assert text in last_text(business, wait)
    assert told in page(business, client, wait)
    business.later(minutes=120)
    business.tick("waits to go on")
    assert again(business, wait).status is WaitStatus.GONE


def test_a_short_while_is_told_by_the_clock_too(business: Business) -> None:
    """“Come in about 15 minutes” would keep them away until it is over."""
    rules = business.desk.house.policy.waiting
    business.set_policy(waiting=replace(rules, kept=timedelta(minutes=15)))
    assert "Come by 09:55, and" in last_text(business, not_there(business))


def test_nobody_is_thanked_for_what_they_have_not_told_us(business: Business, client: FlaskClient) -> None:
    wait = not_there(business)
    business.later(minutes=120)
    business.tick("waits to go on")
    told = page(business, client, wait)
    assert THANKED not in told
    assert "You are not in our line any more. If you still need us, come in or write to us below" in told


def test_nobody_is_thanked_for_what_a_colleague_said_for_them(business: Business, client: FlaskClient) -> None:
    wait = press(business, joined(business), turns.not_coming)
    assert THANKED not in page(business, client, wait)


def test_who_says_that_they_are_not_coming_is_thanked(business: Business, client: FlaskClient) -> None:
    wait = joined(business)
    says_on_page(business, wait, WaitAnswer.NOT_COMING)
    assert f"{THANKED} You are out of the line" in page(business, client, wait)


def test_on_my_way_pressed_too_late_is_read_by_a_person(business: Business, client: FlaskClient) -> None:
    """A colleague took the wrong row for helped, and the page stood open: as by text it is not lost."""
    wait = press(business, joined(business), turns.ready)
    ticket = ticket_of(business, wait)
    press(business, wait, turns.helped)
    for _ in range(2):
        told = send(client, f"{link(business, ticket)}/wait", said="coming")
    assert "We have it. Someone reads it and answers you." in told
    assert fresh(business, ticket).unread == 1
    send(client, f"{link(business, ticket)}/wait", said="not_coming")
    assert fresh(business, ticket).unread == 1
    other = business.log(customer=NOOR)
    send(client, f"{link(business, other)}/wait", said="coming")
    assert fresh(business, other).unread == 0, "who never waited has no such button"
