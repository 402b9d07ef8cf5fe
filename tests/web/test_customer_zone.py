"""The customer's page by their own clock, and where they say which that is."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from recovery.clock import FrozenClock
from recovery.domain.languages import Language
from recovery.domain.messages import MessageStatus
from recovery.domain.page_words.zones import ZONE_WORDS
from recovery.models import Customer, Message, Ticket
from recovery.services.calling import booking
from recovery.services.timing.promises import promise_by_hand
from tests.factories import SAM, Business, NewCustomer
from tests.services.wait_parts import joined
from tests.web.customer_parts import events, link, send, words_of
from tests.web.pages import Visitor

DANA = NewCustomer("+1 212 555 0123", "Dana")
NEW_YORK = "America/New_York"


def read(client: FlaskClient, business: Business, ticket: Ticket) -> str:
    return html.unescape(words_of(client.get(link(business, ticket)).text))


def zone_kept(business: Business, ticket: Ticket) -> str | None:
    with business.desk.read() as session:
        return session.get_one(Customer, ticket.customer_id).timezone


def choose(client: FlaskClient, business: Business, ticket: Ticket, zone: str) -> str:
    return html.unescape(send(client, f"{link(business, ticket)}/zone", timezone=zone))


def book(business: Business, ticket: Ticket, due: datetime) -> None:
    business.on(ticket, lambda s, row, maya: booking.book(s, row, due_at=due, now=business.now, by=maya))


def optgroups(page: str) -> list[tuple[str, list[str]]]:
    groups = re.findall(r'<optgroup label="([^"]+)">(.*?)</optgroup>', page, re.DOTALL)
    return [(html.unescape(name), re.findall(r'<option value="([^"]+)"', inside)) for name, inside in groups]


def test_a_choice_changes_every_time_on_the_page(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    assert "Times are those of London. Other time zone" in read(client, business, ticket)
    page = choose(client, business, ticket, NEW_YORK)
    assert "From now on, times are those of New York." in page
    assert "Times are those of New York." in page
    assert "You hear from us by 05:45" in page
    assert "09:45" not in page
    assert zone_kept(business, ticket) == NEW_YORK


def test_a_call_and_its_times_are_said_by_their_clock_over_midnight(business: Business, client: FlaskClient) -> None:
    ticket = business.log(promise_minutes=24 * 60)
    choose(client, business, ticket, "Asia/Tokyo")
    client.post(f"{link(business, ticket)}/callback/beginning")
    days = optgroups(client.get(link(business, ticket)).text)
    assert [name for name, _ in days][:2] == ["Today", "Tomorrow"]
    assert days[0][1][-1] == "2026-03-10T14:45Z", "their midnight, in the afternoon at the site"
    assert days[1][1][0] == "2026-03-10T15:00Z"
    page = html.unescape(send(client, f"{link(business, ticket)}/callback", due_at="2026-03-10T15:00Z"))
    assert "Good: we call you tomorrow at 00:00." in page


def test_by_a_clock_three_quarters_off_later_days_have_times_as_well(business: Business, client: FlaskClient) -> None:
    business.set_policy(callback_step_minutes=30)
    ticket = business.log(promise_minutes=24 * 60)
    choose(client, business, ticket, "Asia/Kathmandu")
    client.post(f"{link(business, ticket)}/callback/beginning")
    days = optgroups(client.get(link(business, ticket)).text)
    assert all(times for _, times in days)


def test_what_staff_read_stays_by_the_clock_of_the_site(business: Business, client: FlaskClient, maya: Visitor) -> None:
    ticket = business.log(promise_minutes=24 * 60)
    book(business, ticket, datetime(2026, 3, 10, 15, 0, tzinfo=UTC))
    before = words_of(maya.open(f"/tickets/{ticket.reference}").text)
    assert "15:00" in before
    assert "Their time zone" not in before
    choose(client, business, ticket, "Asia/Tokyo")
    shown = maya.open(f"/tickets/{ticket.reference}").text
    page = html.unescape(
        words_of(re.sub(r"<select.*?</select>", "", shown, flags=re.DOTALL))
    )  # but for what is offered
    assert "Their time zone Tokyo" in page
    assert "changed the customer’s time zone from London to Tokyo" in page
    assert "15:00" in page
    assert "00:00" not in page
    for address in ("/", "/board"):
        assert "00:00" not in words_of(maya.open(address).text)


def test_zones_of_their_number_come_first_and_then_all_of_them(business: Business, client: FlaskClient) -> None:
    page = client.get(f"{link(business, business.log(customer=DANA))}/zone")
    (likely, first), *areas = optgroups(page.text)
    assert likely == "Perhaps yours, with the time there now"
    assert first[:3] == ["Europe/London", NEW_YORK, "America/Chicago"]
    assert [name for name, _ in areas] == sorted(name for name, _ in areas)
    assert sum(len(zones) for _, zones in areas) > 400
    assert "New York, 05:30" in html.unescape(page.text)
    assert re.findall(r'<option value="([^"]+)" selected', page.text) == ["Europe/London"]
    assert len(page.data) < 50_000
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script" not in page.text


@pytest.mark.parametrize("language", list(Language))
def test_the_choice_is_offered_in_their_language(business: Business, client: FlaskClient, language: Language) -> None:
    ticket, words = business.log(customer=NewCustomer("07700 900126", "Ana", language.value)), ZONE_WORDS[language]
    assert words.other in read(client, business, ticket)
    page = client.get(f"{link(business, ticket)}/zone").text
    assert f'<html lang="{language.value}">' in page
    assert {words.title, words.why, words.label, words.choose} <= set(
        html.unescape(re.sub(r"<[^>]+>", "\n", page)).split("\n")
    )
    assert [name for name, _ in optgroups(page)][1:] == list(words.areas.values())
    assert words.chosen.format(zone="Paris") in choose(client, business, ticket, "Europe/Paris")


@pytest.mark.parametrize("wanted", ["Mars/Olympus_Mons", "", "\0", "A" * 9000])
def test_nonsense_changes_nothing_and_is_said_in_one_sentence(
    business: Business, client: FlaskClient, wanted: str
) -> None:
    ticket = business.log()
    before = events(business)
    answer = client.post(f"{link(business, ticket)}/zone", data={"timezone": wanted})
    assert answer.status_code == 422
    assert "Choose one of the time zones in the list." in answer.text
    assert (zone_kept(business, ticket), events(business)) == (None, before)


def test_looking_changes_nothing_and_a_wrong_link_opens_nothing(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    before = events(business)
    client.get(f"{link(business, ticket)}/zone?timezone={NEW_YORK}")
    client.get(f"{link(business, ticket)}?said=zone")
    assert (zone_kept(business, ticket), events(business)) == (None, before)
    for answer in (client.get("/c/nonsense/zone"), client.post("/c/nonsense/zone", data={"timezone": NEW_YORK})):
        assert (answer.status_code, "This link does not open anything." in answer.text) == (404, True)


def test_too_many_changes_at_once_are_not_taken(business: Business, client: FlaskClient, clock: FrozenClock) -> None:
    ticket = business.log(promise_minutes=24 * 60)
    for number in range(12):
        choose(client, business, ticket, (NEW_YORK, "Europe/Paris")[number % 2])
    refused = client.post(f"{link(business, ticket)}/zone", data={"timezone": NEW_YORK})
    assert (refused.status_code, zone_kept(business, ticket)) == (429, "Europe/Paris")
    clock.advance(seconds=timedelta(minutes=11).total_seconds())
    choose(client, business, ticket, NEW_YORK)
    assert zone_kept(business, ticket) == NEW_YORK


def test_who_is_unknown_is_offered_none(business: Business, client: FlaskClient) -> None:
    ticket = business.log(customer=None)
    assert "Other time zone" not in read(client, business, ticket)
    before = events(business)
    client.post(f"{link(business, ticket)}/zone", data={"timezone": NEW_YORK})
    assert events(business) == before


def test_who_waits_in_line_is_told_until_when_by_their_clock(business: Business, client: FlaskClient) -> None:
    wait = joined(business, SAM)
    with business.desk.read() as session:
        ticket = session.get_one(Ticket, wait.ticket_id)
    latest = f"{wait.promised_by:%H:%M}"
    assert f"by {latest} at the latest" in read(client, business, ticket)
    page = choose(client, business, ticket, NEW_YORK)
    assert f"by {wait.promised_by - timedelta(hours=4):%H:%M} at the latest" in page
    assert latest not in page


def test_an_hour_that_comes_twice_says_which_of_the_two(
    business: Business, client: FlaskClient, clock: FrozenClock
) -> None:
    """At 01:40 “by 01:40” would be over already; and a list of times would have the same one twice."""
    clock.set(datetime(2026, 10, 25, 0, 40, tzinfo=UTC))
    ticket = business.log(promise_minutes=60)
    (text,) = business.rows(Message, ticket)
    assert "You'll hear from me by 01:40 GMT." in (text.body or "")
    page = read(client, business, ticket)
    assert "You hear from us by 01:40 GMT" in page
    assert "You told us 01:40 BST" in page
    clock.set(datetime(2026, 10, 25, 2, 40, tzinfo=UTC))
    assert "02:45" in send(client, f"{link(business, ticket)}/callback", due_at="2026-10-25T02:45Z")
    assert "02:45 GMT" not in read(client, business, ticket)


def test_what_waits_for_the_morning_is_told_by_the_clock_and_in_the_language_that_are_theirs_by_then(
    business: Business, client: FlaskClient, clock: FrozenClock
) -> None:
    """It was written at night for London; they say that they are in Tokyo, and read Spanish."""
    clock.set(datetime(2026, 3, 10, 22, 0, tzinfo=UTC))
    ticket = business.log(promise_minutes=24 * 60)
    due = datetime(2026, 3, 11, 15, 30, tzinfo=UTC)
    business.on(ticket, lambda s, row, maya: promise_by_hand(s, row, due_at=due, tell=True, now=business.now, by=maya))

    def waiting() -> list[Message]:
        return [each for each in business.rows(Message, ticket) if each.template == "promised"]

    (held,) = waiting()
    assert (held.status, "you'll hear from us by 15:30." in (held.body or "")) == (MessageStatus.HELD, True)
    clock.advance(minutes=15)
    choose(client, business, ticket, "Asia/Tokyo")
    first, second = waiting()
    assert (first.status, second.status) == (MessageStatus.DROPPED, MessageStatus.HELD)
    assert "you'll hear from us by 00:30 tomorrow." in (second.body or "")
    assert second.not_before == datetime(2026, 3, 10, 23, 0, tzinfo=UTC), "eight there"
    send(client, f"{link(business, ticket)}/language", language="es")
    *_, third = waiting()
    assert (second.id < third.id, third.status) == (True, MessageStatus.HELD)
    assert "mañana antes de las 00:30" in (third.body or "") or "manana antes de las 00:30" in (third.body or "")
    send(client, f"{link(business, ticket)}/language", language="es")
    assert len(waiting()) == 3, "the same again changes nothing"
