"""On the pages: whose text it is, what it asks for, and who wrote without a ticket."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from recovery.clock import FrozenClock
from recovery.domain.messages import MessageStatus
from recovery.models import Message, OptOut, Stranger, Ticket
from tests.factories import Business, NewCustomer
from tests.services.texting_parts import delivered, says
from tests.web.pages import Visitor, words
from tests.web.ticket_parts import tell

STRANGERS = "+447700900777"


def two(business: Business) -> tuple[Ticket, Ticket]:
    first = business.log()
    business.later(minutes=5)
    second = business.log(failure="late")
    delivered(business)
    return first, second


def test_a_guess_says_that_it_is_one_and_is_moved_by_one_press(business: Business, maya: Visitor) -> None:
    first, second = two(business)
    message = says(business, "Still cold")
    assert "We are not sure that this belongs here." in tell(business, maya, second)
    answer = maya.act(second.reference, f"messages/{message.id}/move", to=first.reference)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/tickets/{second.reference}")
    assert f"Moved to {first.reference}." in words(maya.open(f"/tickets/{second.reference}"))
    page = tell(business, maya, first)
    assert "Still cold" in page
    assert "Maya moved a text here" in page
    assert "We are not sure" not in page


def test_a_move_that_cannot_be_says_why_in_the_story(business: Business, maya: Visitor) -> None:
    _, second = two(business)
    message = says(business, "Still cold")
    answer = maya.act(second.reference, f"messages/{message.id}/move", to="RD-222222")
    assert answer.status_code == 422
    assert "Choose another open ticket of the same customer." in words(answer)


def test_with_no_other_ticket_nothing_offers_to_move(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    says(business, "Still cold")
    assert "Move to" not in tell(business, maya, ticket)


def test_a_plain_refusal_stands_out_and_one_press_opts_the_number_out(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    message = says(business, "Please stop texting me")
    assert "They ask us to stop texting." in tell(business, maya, ticket)
    assert maya.act(ticket.reference, f"messages/{message.id}/opt-out").status_code == 303
    page = words(maya.open(f"/tickets/{ticket.reference}"))
    assert "They get no more texts. Call them instead." in page
    assert "No texts: they have asked for none. Call instead." in page
    assert "They asked in their own words, and one of us did it" in page
    assert "Maya put down that they want no more texts" in page
    assert page.count("Please stop texting me") == 2
    assert "Opt this number out" not in page
    statuses = {row.template: row.status for row in business.rows(Message, ticket) if row.template}
    assert statuses["logged"] is MessageStatus.DROPPED


def test_a_stop_is_shown_with_its_words_and_so_is_that_it_was_lifted(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    says(business, "Stop!")
    assert "They texted us the word for it, at 09:30: “Stop!”." in tell(business, maya, ticket)
    business.later(minutes=5)
    says(business, "START")
    page = tell(business, maya, ticket)
    assert "They once wanted no texts" in page
    assert "They wanted texts again at 09:35." in page


@pytest.mark.parametrize("what", ["move", "opt-out"])
def test_a_sensitive_ticket_is_opened_before_its_texts_are_touched(
    business: Business, omar: Visitor, what: str
) -> None:
    ticket = business.log(failure="unsafe")
    message = says(business, "Please stop texting me")
    fields = {"version": str(ticket.version)} | ({"to": "RD-222222"} if what == "move" else {})
    answer = omar.post(f"/tickets/{ticket.reference}/messages/{message.id}/{what}", **fields)
    assert answer.status_code == 302
    assert business.again(ticket).no_text_reason is None


def test_who_has_no_ticket_stands_on_undetected_with_their_words(business: Business, omar: Visitor) -> None:
    says(business, "You sent me <b>the wrong</b> parcel", number=STRANGERS)
    page = omar.open("/undetected")
    assert "07700 900777" in words(page)
    assert "“You sent me <b>the wrong</b> parcel”" in words(page)
    assert "<b>the wrong" not in page.text
    assert "photo" not in words(page)
    assert "Nobody is overlooked" not in words(page)
    assert "One number without a ticket waits for an answer." in words(page)
    assert re.search(r"Undetected\s*1\b", words(omar.open("/")))


def test_logging_from_there_begins_with_the_number_and_takes_the_words_along(business: Business, omar: Visitor) -> None:
    says(business, "the wrong parcel", number=STRANGERS)
    business.later(minutes=1)
    page = omar.open("/undetected").text
    link = re.search(r'href="(/log\?stranger=\d+)"', page)
    assert link
    assert f'value="{STRANGERS}"' in omar.open(link[1]).text
    assert STRANGERS.removeprefix("+") not in link[1]
    done = omar.log(phone=STRANGERS, name="Robin")
    ticket = words(omar.open(done.headers["Location"]))
    assert "the wrong parcel" in ticket
    assert "07700 900777" not in words(omar.open("/undetected"))


def test_so_it_does_when_ids_have_grown_by_a_digit(business: Business, clock: FrozenClock) -> None:
    clock.set(datetime(2035, 6, 5, 9, 30, tzinfo=UTC))
    says(business, "the wrong parcel", number=STRANGERS)
    omar = Visitor.signed_in(business, "omar")
    link = re.search(r'href="(/log\?stranger=\d{19})"', omar.open("/undetected").text)
    assert link
    assert f'value="{STRANGERS}"' in omar.open(link[1]).text
    assert omar.open(f"/log?stranger={'9' * 19}").status_code == 200


def test_another_sites_stranger_begins_no_log(business: Business, maya: Visitor) -> None:
    """Of a sender that sites share, supervisors see who wrote; Maya does not."""
    message = says(business, "the wrong parcel", number=STRANGERS)
    with business.desk.read() as session:
        (stranger,) = session.execute(Stranger.__table__.select()).all()
    assert message.ticket_id is None
    assert STRANGERS not in maya.open(f"/log?stranger={stranger.id}").text
    for nonsense in ("", "x", "9" * 40, "²", "-1"):
        assert maya.open(f"/log?stranger={nonsense}").status_code == 200


def test_nothing_to_do_takes_a_reason_and_keeps_what_was_typed(business: Business, omar: Visitor) -> None:
    says(business, "wrong number, sorry", number=STRANGERS)
    action = re.search(r'action="(/undetected/strangers/\d+/aside)"', omar.open("/undetected").text)
    assert action
    refused = omar.post(action[1], reason=" ")
    assert refused.status_code == 422
    assert "Say in a few words why there is nothing to do." in words(refused)
    long = omar.post(action[1], reason="x" * 501)
    assert long.status_code == 422
    assert "x" * 501 in long.text
    done = omar.post(action[1], reason="a wrong number")
    assert (done.status_code, done.headers["Location"]) == (303, "/undetected")
    assert "Nobody is overlooked." in words(omar.open("/undetected"))
    assert omar.post(action[1], reason="again").status_code == 409


def test_maya_sets_aside_nothing_of_a_shared_sender(business: Business, maya: Visitor, omar: Visitor) -> None:
    says(business, "hello", number=STRANGERS)
    action = re.search(r'action="(/undetected/strangers/\d+/aside)"', omar.open("/undetected").text)
    assert action
    assert maya.post(action[1], reason="no").status_code == 404


def test_still_not_right_in_so_many_words_reopens(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    maya.act(ticket.reference, "resolution", how="")
    says(business, "Still not right!")
    assert business.again(ticket).level == 2
    assert business.again(ticket).unread == 0


def test_other_words_after_a_resolution_have_both_acts_on_the_page_too(business: Business, maya: Visitor) -> None:
    ticket = business.log(customer=NewCustomer("07700 900124", "Noor"))
    maya.act(ticket.reference, "resolution", how="")
    says(business, "Thanks, you are kind", number="+447700900124")
    assert "Thanks, you are kind" in words(maya.open("/undetected"))
    page = tell(business, maya, ticket)
    assert "That's thanks: mark as read" in page
    assert "Reopen" in page


def test_a_stranger_who_asks_us_to_stop_stands_out_and_one_press_opts_the_number_out(
    business: Business, omar: Visitor
) -> None:
    for text in ("Please stop texting me", "who", "are", "you"):
        says(business, text, number=STRANGERS)
        business.later(seconds=1)
    page = omar.open("/undetected")
    assert "They ask us to stop texting." in words(page)
    action = re.search(r'action="(/undetected/strangers/\d+/opt-out)"', page.text)
    assert action
    assert omar.post(action[1]).status_code == 303
    page = omar.open("/undetected")
    assert "That number gets no texts from us." in words(page)
    assert "07700 900777" not in words(page)
    with business.desk.read() as session:
        (row,) = session.execute(
            select(OptOut.how, OptOut.sender, Message.body).join(Message, Message.id == OptOut.message_id)
        ).all()
    assert tuple(row) == ("person", "simulator", "Please stop texting me")
    later = words(omar.open(omar.log(phone=STRANGERS).headers["Location"]))
    assert "No texts: they have asked for none. Call instead." in later
    assert omar.post(action[1]).status_code == 409


def test_nobody_is_opted_out_who_did_not_ask(business: Business, omar: Visitor) -> None:
    says(business, "the wrong parcel", number=STRANGERS)
    page = omar.open("/undetected").text
    assert "/opt-out" not in page
    action = re.search(r"/undetected/strangers/\d+", page)
    assert action
    answer = omar.post(f"{action[0]}/opt-out")
    assert answer.status_code == 409
    assert "Nothing that it wrote, and nobody has dealt with, asks us to stop." in words(answer)
    with business.desk.read() as session:
        assert session.scalars(select(OptOut)).all() == []
