"""Without a script a reply can be looked at before it goes: the whole text, its segments, and what is typed stays."""

import html
import re

import pytest

from recovery.models import Ticket
from tests.factories import Business
from tests.web.pages import Visitor, words
from tests.web.ticket_parts import answer_by_text, fresh, texts

TYPED = "It’s ready – “hot” & waiting"


def look(maya: Visitor, ticket: Ticket, body: str = TYPED) -> str:
    answer = maya.act(ticket.reference, "messages", body=body, do="preview")
    assert answer.status_code == 200, words(answer)
    return answer.text


def test_it_is_shown_as_it_would_go_and_stays_in_its_box(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    page = look(maya, ticket)
    shown = re.search(r'(?s)aria-label="The text as it would go".*?</section>', page)
    assert shown is not None
    plain = f"It&#39;s ready - &#34;hot&#34; &amp; waiting - Maya at Harbour St Coffee, {ticket.reference}"
    assert plain in shown[0]
    assert "1 segment · GSM-7 · $0.0524" in shown[0]
    assert "’ – “ ” go out as plain letters." in shown[0]
    assert "It’s ready – “hot” &amp; waiting</textarea>" in page


def test_looking_at_it_sends_and_changes_nothing(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    answer_by_text(business, "Hello?")
    before = fresh(business, ticket)
    look(maya, ticket)
    after = fresh(business, ticket)
    assert texts(business, ticket, "free") == []
    assert (after.version, after.unread, after.event_seq) == (before.version, 1, before.event_seq)


def test_what_was_looked_at_is_what_goes(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    page = html.unescape(look(maya, ticket))
    assert maya.act(ticket.reference, "messages", body=TYPED).status_code == 302
    (sent,) = texts(business, ticket, "free")
    assert f'<p class="bubble-text">{sent.body}</p>' in page


@pytest.mark.parametrize(("body", "sentence"), [("", "Write something first."), ("x" * 1001, "Keep it below 1001")])
def test_what_could_not_go_says_why_and_stays(business: Business, maya: Visitor, body: str, sentence: str) -> None:
    ticket = business.log()
    answer = maya.act(ticket.reference, "messages", body=body, do="preview")
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert f"{body}</textarea>" in answer.text


def test_it_needs_the_token_of_the_page(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    address = f"/tickets/{ticket.reference}/messages"
    answer = maya.post(address, token="", version=ticket.version, body=TYPED, do="preview")
    assert answer.status_code == 400


def test_who_opted_out_meanwhile_gets_no_preview_and_the_words_stay(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    answer_by_text(business, "STOP")
    page = look(maya, ticket)
    assert "The text as it would go" not in page
    assert "What you wrote" in page
    assert "waiting</textarea>" in page
