"""A reply that comes after the end: on Undetected and on the desk it is read, and answered by one of two buttons."""

import html
import re

import pytest
from werkzeug.test import TestResponse

from recovery.clock import FrozenClock
from recovery.domain.photos import Media
from recovery.domain.tickets import TicketStatus
from recovery.models import Ticket
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing import tickets
from tests.factories import Business
from tests.services.texting_parts import delivered as arrived
from tests.web.pages import Visitor, reference_in, words
from tests.web.ticket_parts import answer_by_text, fresh

THANKS, REOPEN = "That's thanks", "Reopen"


def resolved(business: Business, clock: FrozenClock, **more: str) -> Ticket:
    ticket = business.log(**more)  # type: ignore[arg-type]  # failure and owner alone are given
    business.on(ticket, lambda session, row, by: tickets.resolve(session, row, how=None, now=business.now, by=by))
    clock.advance(minutes=5)
    return ticket


def buttons(answer: TestResponse) -> list[str]:
    """The acts on rows."""
    page = html.unescape(answer.text)
    return [label for label in (THANKS, REOPEN) if re.search(rf"<button[^>]*>\s*<span>{label}<", page)]


def press(visitor: Visitor, address: str, label: str) -> TestResponse:
    page = html.unescape(visitor.open(address).text)
    form = next(each for each in re.findall(r"(?s)<form.*?</form>", page) if f"<span>{label}<" in each)
    action = re.search(r'action="([^"]*)"', form)
    assert action is not None
    return visitor.client.post(action[1], data=dict(re.findall(r'name="([^"]*)" value="([^"]*)"', form)))


@pytest.mark.parametrize("address", ["/undetected", "/"])
def test_thanks_are_read_where_they_stand(business: Business, maya: Visitor, clock: FrozenClock, address: str) -> None:
    ticket = resolved(business, clock)
    answer_by_text(business, "Thank you, Maya & all!")
    page = maya.open(address)
    assert "“Thank you, Maya & all!”" in words(page)
    assert buttons(page) == [THANKS, REOPEN]
    answer = press(maya, address, THANKS)
    assert (answer.status_code, answer.headers["Location"]) == (302, address)
    assert (fresh(business, ticket).unread, fresh(business, ticket).status) == (0, TicketStatus.RESOLVED)
    page = maya.open(address)
    assert "Thank you" not in words(page)
    assert buttons(page) == []


def test_a_low_rating_is_read_and_is_no_thanks(business: Business, maya: Visitor, clock: FrozenClock) -> None:
    ticket = resolved(business, clock)
    arrived(business)
    answer_by_text(business, "1")
    arrived(business)
    answer_by_text(business, "2")
    for address in ("/undetected", f"/tickets/{ticket.reference}"):
        page = html.unescape(maya.open(address).text)
        assert "I have read it" in page
        assert THANKS not in page
    assert "and rates it 2 of 5." in words(maya.open(f"/tickets/{ticket.reference}"))
    press(maya, "/undetected", "I have read it")
    assert fresh(business, ticket).unread == 0


def test_the_desk_says_that_a_reply_is_unread_until_it_is_read(
    business: Business, maya: Visitor, omar: Visitor, clock: FrozenClock
) -> None:
    resolved(business, clock)
    assert "All is well." in words(maya.open("/"))
    answer_by_text(business, "Thank you!")
    assert "One reply is unread." in words(maya.open("/"))
    assert "Thank you!" not in words(omar.open("/"))  # it is Maya's
    press(maya, "/", THANKS)
    assert "All is well." in words(maya.open("/"))


@pytest.mark.parametrize("address", ["/undetected", "/"])
def test_what_is_not_right_goes_on_from_where_it_stands(
    business: Business, maya: Visitor, clock: FrozenClock, address: str
) -> None:
    ticket = resolved(business, clock)
    answer_by_text(business, "The second one is cold too")
    answer = press(maya, address, REOPEN)
    assert reference_in(answer) == ticket.reference
    now = fresh(business, ticket)
    assert (now.status, now.level, now.unread) == (TicketStatus.IN_RECOVERY, 2, 1)
    page = maya.open("/undetected")  # it waits for an answer now
    assert "The second one is cold too" in words(page)
    assert "Read and answer" in words(page)
    assert buttons(page) == []


def test_after_the_window_the_reply_goes_along_to_where_it_goes_on(business: Business, clock: FrozenClock) -> None:
    ticket = resolved(business, clock)
    clock.advance(days=8)
    answer_by_text(business, "It broke again")
    maya = Visitor.signed_in(business, "maya")
    follower = reference_in(press(maya, "/undetected", REOPEN))
    assert follower != ticket.reference
    assert fresh(business, ticket).unread == 0
    assert "It broke again" in words(maya.open(f"/tickets/{follower}"))
    page = words(maya.open("/undetected"))
    assert "One customer is overlooked." in page
    assert follower in maya.open("/undetected").text
    assert f"/tickets/{ticket.reference}" not in maya.open("/undetected").text


def test_what_cannot_be_read_on_the_row_is_read_on_the_ticket(
    business: Business, maya: Visitor, clock: FrozenClock
) -> None:
    """A photo, a long text, the fourth of four."""
    resolved(business, clock)
    inbound = Inbound("+447700900123", "simulator", "Look", "MM1", media=(Media("https://x.invalid/1"),))
    business.desk.transact(lambda session: receive(session, inbound, now=business.now))
    page = maya.open("/undetected")
    assert "“Look” A photo came too." in words(page)
    assert (buttons(page), "Read and answer" in words(page)) == ([], True)


@pytest.mark.parametrize("replies", [["x" * 321], ["one thing", "two", "three", "four"]])
def test_words_that_a_row_has_no_room_for_are_read_on_the_ticket(
    business: Business, maya: Visitor, clock: FrozenClock, replies: list[str]
) -> None:
    resolved(business, clock)
    for reply in replies:
        answer_by_text(business, reply)
    page = maya.open("/undetected")
    assert (buttons(page), "Read and answer" in words(page)) == ([], True)
    assert (buttons(maya.open("/")), "Read and answer" in words(maya.open("/"))) == ([], True)


def test_a_sensitive_tickets_reply_is_not_read_on_a_list(business: Business, maya: Visitor, clock: FrozenClock) -> None:
    resolved(business, clock, failure="unsafe")
    answer_by_text(business, "The rash is gone")
    for address in ("/undetected", "/"):
        page = maya.open(address)
        assert "rash" not in words(page)
        assert (buttons(page), "Read and answer" in words(page)) == ([], True)


def test_a_text_that_came_meanwhile_is_not_read_by_that_button(
    business: Business, maya: Visitor, clock: FrozenClock
) -> None:
    ticket = resolved(business, clock)
    answer_by_text(business, "Thanks!")
    page = maya.open(f"/tickets/{ticket.reference}")
    seen = re.search(r'name="version" value="(\d+)"', page.text)
    assert seen is not None
    answer_by_text(business, "But where is my bag?")
    answer = maya.post(f"/tickets/{ticket.reference}/reading", version=seen[1], back="undetected")
    assert answer.status_code == 409
    assert fresh(business, ticket).unread == 2


def test_a_way_back_is_one_of_our_lists(business: Business, maya: Visitor, clock: FrozenClock) -> None:
    ticket = resolved(business, clock)
    answer_by_text(business, "Thanks!")
    answer = maya.act(ticket.reference, "reading", back="https://elsewhere.invalid/")
    assert answer.status_code == 422
    assert fresh(business, ticket).unread == 1
