"""What the customer's page says is so: after trouble, on a page that stood open for hours, and by an address that was kept."""

import html
import re
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from recovery.domain.actors import CUSTOMER
from recovery.domain.languages import Language
from recovery.domain.texts import fold
from recovery.domain.tickets import TicketStatus
from recovery.domain.waits import WaitStatus
from recovery.models import Message, Ticket
from recovery.services.calling import booking
from recovery.services.ticketing import tickets
from recovery.services.ticketing.reopening import reopen
from tests.factories import Business, NewCustomer, shut
from tests.services.wait_parts import again, joined, ticket_of
from tests.web.customer_parts import call_of, fresh, link, resolved, send, words_of


def sent_again(client: FlaskClient, business: Business, address: str, **fields: str) -> str:
    """Presses while a table is away, and presses what the page offers then, once it is back."""
    rename = "ALTER TABLE {} RENAME TO {}"
    with business.desk.write() as session:
        session.execute(text(rename.format("sites", "elsewhere")))
    answer = client.post(address, data=fields)
    assert answer.status_code == 503
    with business.desk.write() as session:
        session.execute(text(rename.format("elsewhere", "sites")))
    kept = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', answer.text)
    return send(client, address, **dict(kept))


def test_what_was_pressed_is_in_the_form_that_sends_it_again(business: Business, client: FlaskClient) -> None:
    """“Nothing is lost” is said of every button, not of words alone."""
    wait = joined(business)
    address = link(business, ticket_of(business, wait))
    sent_again(client, business, f"{address}/wait", said="not_coming")
    assert again(business, wait).status is WaitStatus.GONE


def test_a_rating_a_language_and_a_zone_are_sent_again_too(business: Business, client: FlaskClient) -> None:
    ticket = resolved(business)
    address = link(business, ticket)
    send(client, f"{address}/confirmation")
    sent_again(client, business, f"{address}/rating", rating="4")
    assert fresh(business, ticket).rating == 4
    sent_again(client, business, f"{address}/language", language="fr")
    sent_again(client, business, f"{address}/zone", timezone="Asia/Tokyo")
    customer = business.again(ticket).customer
    assert customer is not None
    assert (customer.language, customer.timezone) == (Language.FRENCH, "Asia/Tokyo")


def opened_again(business: Business) -> Ticket:
    """By a supervisor, while the customer's page still asks whether it is right."""
    ticket = resolved(business)
    business.later(minutes=5)
    business.on(
        ticket, lambda session, row, omar: reopen(session, row, why="told", now=business.now, by=omar), by="omar"
    )
    return ticket


def taken_back(business: Business) -> Ticket:
    ticket = business.log()
    business.on(
        ticket,
        lambda session, row, maya: tickets.void(
            session, row, reason="wrong table", duplicate_of=None, now=business.now, by=maya
        ),
    )
    return ticket


def written(business: Business, ticket: Ticket) -> list[str | None]:
    return [message.body for message in business.rows(Message, ticket) if message.sender == "page"]


def test_it_is_right_said_on_an_old_page_is_read_by_a_person(business: Business, client: FlaskClient) -> None:
    ticket = opened_again(business)
    for _ in range(2):
        page = send(client, f"{link(business, ticket)}/confirmation")
    assert "We have it. Someone reads it and answers you." in page
    assert "We are glad" not in page
    assert fresh(business, ticket).status is TicketStatus.IN_RECOVERY
    assert (written(business, ticket), fresh(business, ticket).unread) == (["It is right."], 1)


def test_what_stays_taken_back_is_not_said_to_be_open_again(business: Business, client: FlaskClient) -> None:
    page = send(client, f"{link(business, taken_back(business))}/reopening", words="Still cold")
    assert "We have it. Someone reads it and answers you." in page
    assert "open again" not in page


def test_an_address_that_was_kept_says_nothing_that_is_not_so_any_more(business: Business, client: FlaskClient) -> None:
    ticket = resolved(business)
    address = link(business, ticket)

    def opened(said: str) -> str:
        return words_of(client.get(f"{address}?said={said}").text)

    assert "open again" not in opened("reopened"), "it was put right since"
    assert "We are glad" not in opened("right")
    business.on(ticket, lambda session, row, _: reopen(session, row, why="told", now=business.now, by=CUSTOMER))
    assert "The call is cancelled." in opened("cancelled")
    assert "as soon as someone is free. Harbour" not in opened("soonest")
    due = business.now.replace(hour=15, minute=0)
    business.on(ticket, lambda session, row, maya: booking.book(session, row, due_at=due, now=business.now, by=maya))
    assert call_of(business, ticket) is not None
    assert "The call is cancelled." not in opened("cancelled")
    assert "That time has just gone" not in opened("soonest")
    assert "Someone reads it" not in opened("kept")


def test_the_same_words_pressed_twice_are_written_once(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    for words in ("The lid leaks.", "The lid leaks. ", "And it is cold."):
        send(client, f"{link(business, ticket)}/messages", words=words)
    assert written(business, ticket) == ["The lid leaks.", "And it is cold."]
    business.later(minutes=3)
    send(client, f"{link(business, ticket)}/messages", words="The lid leaks.")
    assert len(written(business, ticket)) == 3


def test_another_rating_later_is_kept_for_a_person(business: Business, client: FlaskClient) -> None:
    ticket = resolved(business)
    address = link(business, ticket)
    send(client, f"{address}/confirmation")
    for rating in ("5", "5", "1"):
        send(client, f"{address}/rating", rating=rating)
    assert (fresh(business, ticket).rating, written(business, ticket)) == (5, ["I rate this 1 of 5."])


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "as soon as someone is free, once we open tomorrow at 00:00."),
        ("es", "en cuanto alguien esté libre, cuando abramos mañana a las 00:00."),
        ("fr", "dès que quelqu'un sera libre, à notre ouverture demain à 0h00."),
    ],
)
def test_who_wants_a_call_while_we_are_shut_is_told_when_we_open(
    business: Business, client: FlaskClient, language: str, told: str
) -> None:
    """“As soon as someone is free” alone lets them sit up at night beside the telephone."""
    shut(business, "2026-03-10", "Stocktaking")
    ticket = business.log(customer=NewCustomer("07700 900129", "Ana", language))
    page = html.unescape(send(client, f"{link(business, ticket)}/callback"))
    assert page.count(told) == 2, "in the answer, and with the call"
    text = business.rows(Message, ticket)[-1]
    assert (text.template, text.segments) == ("callback_booked", 2)
    assert fold(told) in (text.body or "")
    assert text.expires_at == datetime(2026, 3, 11, 0, 0, tzinfo=UTC), "no tomorrow after midnight"


def test_a_time_that_has_gone_while_we_are_shut_is_said_so_too(business: Business, client: FlaskClient) -> None:
    shut(business, "2026-03-10", "Stocktaking")
    page = send(client, f"{link(business, business.log())}/callback", due_at="2026-03-10T10:00Z")
    assert "That time has just gone. We call you as soon as someone is free, once we open tomorrow at 00:00." in page
    assert "We call you 00:00 tomorrow" in page, "and not soon, in what comes next"


def test_what_was_written_on_a_page_that_has_ended_since_is_given_back(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    address = link(business, ticket)
    with business.desk.write() as session:
        session.execute(text("UPDATE tickets SET link_generation = 1 WHERE id = :id"), {"id": ticket.id})
    answer = client.post(f"{address}/messages", data={"words": "It <b>leaks</b> again."})
    assert answer.status_code == 404
    assert "readonly>It &lt;b&gt;leaks&lt;/b&gt; again.</textarea>" in answer.text
    assert "simply answer that text" in answer.text


@pytest.mark.parametrize(("act", "box"), [("messages", "words"), ("reopening", "not-right")])
def test_what_was_wrong_is_said_first_and_leads_to_its_box(
    business: Business, client: FlaskClient, act: str, box: str
) -> None:
    answer = client.post(f"{link(business, business.log())}/{act}", data={"words": "a" * 1001})
    top, page = answer.text.split("<h1>")
    assert f'role="alert"><a href="#{box}">That is longer than 1000 letters' in top
    (wrong,) = re.findall(r"<textarea[^>]*aria-invalid[^>]*>", page)
    assert f'id="{box}"' in wrong
    assert "autofocus" in wrong


def test_an_old_link_leads_to_what_goes_on_from_it(business: Business, client: FlaskClient) -> None:
    """Its own page is over, and would let them believe that nobody is on it."""
    old = resolved(business)
    assert "This goes on" not in client.get(link(business, old)).text
    business.later(days=8)
    following = business.on(old, lambda s, row, maya: reopen(s, row, why="told", now=business.now, by=maya))
    page = client.get(link(business, old)).text
    (onward,) = re.findall(r'<a href="([^"]+)">This goes on: see how it stands now.</a>', page)
    assert onward == link(business, following)
    assert "This goes on" not in client.get(onward).text
