"""A ticket's page: what is done for the customer there, by text, by remedy and by call."""

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from recovery.clock import FrozenClock
from recovery.domain.remedies import RemedyStatus
from recovery.models import Attempt
from tests.factories import Business
from tests.web.pages import Visitor, value_of, words
from tests.web.ticket_parts import answer_by_text, call_of, fresh, remedy_of, tell, texts

# --- texts ---


def test_a_reply_goes_out_and_has_read_what_it_answers(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    answer_by_text(business, "Is it soon?")
    assert "new" in tell(business, maya, ticket)
    maya.act(ticket.reference, "messages", body="Two minutes!")
    (sent,) = texts(business, ticket, "free")
    assert "Two minutes!" in (sent.body or "")
    assert fresh(business, ticket).unread == 0


def test_thanks_is_read_without_an_answer(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    answer_by_text(business, "Thanks, all good")
    maya.act(ticket.reference, "reading")
    assert fresh(business, ticket).unread == 0
    assert texts(business, ticket, "free") == []


def test_an_empty_reply_and_one_too_long_are_refused_and_kept(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    assert "Write something first." in words(maya.act(ticket.reference, "messages", body="  "))
    answer = maya.act(ticket.reference, "messages", body="long " * 300)
    assert answer.status_code == 422
    assert "long long long" in words(answer)
    assert texts(business, ticket, "free") == []


def test_after_a_stop_nothing_can_be_written_and_what_was_typed_is_kept(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    page = maya.open(f"/tickets/{ticket.reference}").text
    answer_by_text(business, "STOP")
    shown = maya.open(f"/tickets/{ticket.reference}").text
    assert "Call instead" in shown
    assert 'id="reply"' not in shown
    answer = maya.post(
        f"/tickets/{ticket.reference}/messages", version=str(fresh(business, ticket).version), body="Are you there?"
    )
    assert value_of(page, "version") == "1"
    assert answer.status_code == 422
    assert "Are you there?" in words(answer)
    assert texts(business, ticket, "free") == []


# --- remedies ---


def test_a_remake_is_made_ready_and_handed_over_with_who_and_when(
    business: Business, maya: Visitor, clock: FrozenClock
) -> None:
    ticket = business.log()
    remedy = remedy_of(business, ticket)
    version = value_of(maya.open(f"/tickets/{ticket.reference}").text, "version")
    maya.post(f"/remedies/{remedy.id}/readiness", version=version)
    clock.advance(minutes=3)
    version = value_of(maya.open(f"/tickets/{ticket.reference}").text, "version")
    maya.post(f"/remedies/{remedy.id}/fulfilment", version=version)
    assert "Maya handed it over at 09:33" in tell(business, maya, ticket)
    assert len(texts(business, ticket, "ready")) == 1


def test_where_no_text_can_say_that_it_is_ready_a_person_is_to_say_it(business: Business, maya: Visitor) -> None:
    ticket = business.log(customer=None)
    maya.post(f"/remedies/{remedy_of(business, ticket).id}/readiness", version="1")
    assert "Ready. No text can tell them now: tell them yourself." in tell(business, maya, ticket)


def test_more_is_given_inside_the_limit_and_asked_for_above_it(business: Business, maya: Visitor) -> None:
    ticket = business.log(remedies=())
    maya.act(ticket.reference, "remedies", kind="voucher", amount="5,00")
    maya.act(ticket.reference, "remedies", kind="refund", amount="18")
    page = tell(business, maya, ticket)
    assert "Voucher £5.00 granted" in page
    assert "Refund £18.00 waiting for approval" in page


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"kind": "refund"}, "A refund needs an amount"),
        ({"kind": "refund", "amount": "lots"}, "“lots” is not an amount"),
        ({"kind": "pony"}, "Choose one of those offered."),
    ],
)
def test_what_cannot_be_given_is_said_beside_its_field(
    business: Business, maya: Visitor, typed: dict[str, str], sentence: str
) -> None:
    ticket = business.log(remedies=())
    answer = maya.act(ticket.reference, "remedies", **typed)
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert f'value="{typed.get("amount", "")}"' in answer.text


def test_a_remedy_that_cannot_be_done_says_why_and_can_be_cancelled_once(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    remedy = remedy_of(business, ticket)
    version = str(fresh(business, ticket).version)
    maya.post(f"/remedies/{remedy.id}/failure", version=version, reason="out of oat milk")
    assert "out of oat milk" in tell(business, maya, ticket)
    again = maya.post(f"/remedies/{remedy.id}/cancellation", version=str(fresh(business, ticket).version))
    assert again.status_code == 409
    assert remedy_of(business, ticket).status is RemedyStatus.FAILED


def test_a_remedy_of_another_site_is_nothing(business: Business, maya: Visitor) -> None:
    remedy = remedy_of(business, business.log())
    nell = Visitor.signed_in(business, "nell", maya)
    for what in ("readiness", "fulfilment", "cancellation", "failure"):
        assert nell.post(f"/remedies/{remedy.id}/{what}", version="1").status_code == 404
        assert nell.post(f"/remedies/123/{what}", version="1").status_code == 404


# --- promise and calls ---


def test_a_new_time_is_promised_and_told(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    maya.act(ticket.reference, "promise", minutes="25", tell="1")
    assert fresh(business, ticket).promise_due_at == business.now + timedelta(minutes=25)
    assert len(texts(business, ticket, "promised")) == 1


def test_by_night_who_promises_is_told_to_call_where_no_text_goes_in_time(
    business: Business, maya: Visitor, clock: FrozenClock
) -> None:
    clock.advance(hours=12, minutes=30)
    maya.sign_in("maya")
    ticket = business.log()
    maya.act(ticket.reference, "promise", minutes="120", tell="1")
    page = tell(business, maya, ticket)
    assert "Promised. Texts wait for the morning now, and this is due before: call them and say it." in page
    assert "nobody could be told yet" in page
    assert texts(business, ticket, "promised") == []


@pytest.mark.parametrize("minutes", ["", "0", "-3", "1e3", "soon", "99999999"])
def test_a_promise_needs_minutes_that_can_come_true(business: Business, maya: Visitor, minutes: str) -> None:
    ticket = business.log()
    answer = maya.act(ticket.reference, "promise", minutes=minutes)
    assert answer.status_code == 422
    assert fresh(business, ticket).version == 1


def test_a_call_is_booked_tried_and_tried_again(business: Business, maya: Visitor, clock: FrozenClock) -> None:
    ticket = business.log()
    page = maya.open(f"/tickets/{ticket.reference}").text
    slot = re.findall(r'<option value="(2026-[^"]+)"', page)[2]
    maya.act(ticket.reference, "callbacks", when=slot)
    call = call_of(business, ticket)
    assert call.due_at.isoformat() == slot
    maya.post(f"/callbacks/{call.id}/attempts", outcome="disconnected", note="a tunnel")
    page = tell(business, maya, ticket)
    assert "We got cut off" in page
    assert "2nd try" in page
    maya.post(f"/callbacks/{call.id}/attempts", outcome="reached")
    assert call_of(business, ticket).ended_at == business.now
    with business.desk.read() as session:
        assert [each.outcome.value for each in session.scalars(select(Attempt).order_by(Attempt.number))] == [
            "disconnected",
            "reached",
        ]


def test_a_colleague_books_as_far_ahead_as_the_customer(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    page = maya.open(f"/tickets/{ticket.reference}").text
    slots = [datetime.fromisoformat(slot) for slot in re.findall(r'<option value="(2026-[^"]+)"', page)]
    assert slots == sorted(slots)
    assert slots[-1] > business.now + timedelta(days=6, hours=23)
    assert business.now + timedelta(hours=30, minutes=15) in slots
    assert business.now + timedelta(days=4, minutes=30) in slots
    assert business.now + timedelta(days=4, minutes=15) not in slots


def test_an_outcome_that_is_pressed_twice_is_one_try_and_an_old_page_tells_of_no_other(
    business: Business, maya: Visitor, omar: Visitor
) -> None:
    ticket = business.log()
    maya.act(ticket.reference, "callbacks")
    number = value_of(maya.open(f"/tickets/{ticket.reference}").text, "number")
    call = f"/callbacks/{call_of(business, ticket).id}/attempts"
    for _ in range(2):
        assert maya.post(call, outcome="no_answer", number=number).status_code == 302
    assert call_of(business, ticket).attempt_count == 1
    answer = omar.post(call, outcome="busy", number=number, note="at noon")
    assert answer.status_code == 409
    assert "Maya has tried meanwhile: no answer." in words(answer)
    assert 'value="at noon"' in answer.text
    assert call_of(business, ticket).attempt_count == 1
    assert omar.post(call, outcome="busy", number=value_of(answer.text, "number")).status_code == 302
    assert call_of(business, ticket).attempt_count == 2


def test_a_call_is_moved_and_cancelled(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    maya.act(ticket.reference, "callbacks")
    call = call_of(business, ticket)
    later = (business.now + timedelta(hours=2)).isoformat()
    assert (
        maya.post(f"/callbacks/{call.id}/move", version=str(fresh(business, ticket).version), when=later).status_code
        == 302
    )
    assert call_of(business, ticket).due_at == business.now + timedelta(hours=2)
    assert maya.post(f"/callbacks/{call.id}/move", version=str(fresh(business, ticket).version)).status_code == 422
    assert call_of(business, ticket).due_at == business.now + timedelta(
        hours=2
    )  # a lost time is not "as soon as possible"
    maya.post(f"/callbacks/{call.id}/cancellation", version=str(fresh(business, ticket).version))
    assert call_of(business, ticket).status.value == "cancelled"


@pytest.mark.parametrize(
    "when", ["yesterday", "2026-03-10T10:00:00", "2020-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00"]
)
def test_a_time_that_cannot_be_is_refused_in_one_sentence(business: Business, maya: Visitor, when: str) -> None:
    ticket = business.log()
    answer = maya.act(ticket.reference, "callbacks", when=when)
    assert answer.status_code == 422
    assert fresh(business, ticket).version == 1


def test_a_call_without_an_outcome_is_no_call(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    maya.act(ticket.reference, "callbacks")
    answer = maya.post(f"/callbacks/{call_of(business, ticket).id}/attempts", note="rang")
    assert answer.status_code == 422
    assert "Say how the call went." in words(answer)
