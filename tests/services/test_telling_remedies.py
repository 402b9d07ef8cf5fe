"""What is given or asked for after the first text is told by another; what was not said keeps no promise."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from recovery.domain.messages import MessageStatus
from recovery.models import Contact, Message, Promise, Remedy, Ticket
from recovery.services.deciding import remedies
from recovery.services.texting import consent
from recovery.services.ticketing.tickets import write_to_customer
from tests.factories import REMAKE, Business, refund
from tests.services.post import Post


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the database."""
    return sqlite_url


def propose(business: Business, ticket: Ticket, new: Any = REMAKE) -> None:
    business.on(ticket, lambda session, held, maya: remedies.propose(session, held, new, now=business.now, by=maya))


def on_newest(business: Business, ticket: Ticket, act: Any, *, by: str = "maya", **more: Any) -> None:
    newest = business.rows(Remedy, ticket)[-1].id
    business.on(
        ticket,
        lambda session, held, who: act(
            session, held, session.get_one(Remedy, newest), now=business.now, by=who, **more
        ),
        by=by,
    )


def make_ready(business: Business, ticket: Ticket) -> None:
    on_newest(business, ticket, remedies.make_ready)


def say_stop(business: Business) -> None:
    with business.desk.write() as session:
        contact = session.scalars(select(Contact)).one()
        sender = business.desk.house.sender
        consent.opt_out(session, contact, sender=sender, how="keyword", message_id=None, now=business.now)


def texts(business: Business, ticket: Ticket) -> list[Message]:
    return [message for message in business.rows(Message, ticket) if message.audience == "customer"]


def outcomes(business: Business, ticket: Ticket) -> list[str | None]:
    return [promise.outcome for promise in business.rows(Promise, ticket)]


def by_night(business: Business) -> None:
    business.later(hours=12, minutes=30)  # ten in the evening


def test_what_is_granted_later_is_told_and_keeps_the_promise(business: Business) -> None:
    ticket = business.log(remedies=())
    business.later(minutes=3)
    propose(business, ticket, refund(450))
    told = texts(business, ticket)[-1]
    assert (told.template, told.status) == ("granted", MessageStatus.PENDING)
    assert "To put it right for you: £4.50 back." in (told.body or "")
    assert outcomes(business, ticket) == ["kept", None]
    assert business.again(ticket).first_response_at == business.now


def test_what_is_asked_for_later_promises_its_answer_by_text(business: Business) -> None:
    ticket = business.log(remedies=())
    business.later(minutes=3)
    propose(business, ticket, refund(4500))
    told = texts(business, ticket)[-1]
    assert told.template == "asked"
    assert "you'll have the answer in about 10 minutes" in (told.body or "")
    promise = business.rows(Promise, ticket)[-1]
    assert (promise.about, promise.told_by, promise.due_at) == ("answer", "text", business.now + timedelta(minutes=10))
    assert "ticket:touched" not in business.tags(ticket)


@pytest.mark.parametrize("new", [REMAKE, refund(4500)])
def test_where_nobody_can_be_told_the_promise_stands_that_they_know_of(business: Business, new: Any) -> None:
    ticket = business.log(customer=None, remedies=())
    business.later(minutes=3)
    propose(business, ticket, new)
    assert outcomes(business, ticket) == [None]
    assert business.rows(Promise, ticket)[0].about == "touch"
    assert business.again(ticket).first_response_at is None
    business.later(minutes=13)
    assert business.tick("promises to lapse") == 1


@pytest.mark.parametrize("act", [propose, make_ready])
def test_what_a_stop_keeps_back_is_not_said(business: Business, act: Callable[[Business, Ticket], None]) -> None:
    ticket = business.log()
    say_stop(business)
    act(business, ticket)
    assert outcomes(business, ticket) == [None]
    assert "ticket:touched" not in business.tags(ticket)
    assert business.again(ticket).first_response_at is None


def test_an_answer_that_could_not_be_told_is_kept_by_the_handing_over(business: Business) -> None:
    ticket = business.log(customer=None, remedies=(refund(4500),))
    on_newest(business, ticket, remedies.approve, by="omar")
    assert outcomes(business, ticket) == [None]
    on_newest(business, ticket, remedies.fulfil)
    assert outcomes(business, ticket) == ["kept", None]


def test_a_text_that_waits_for_the_morning_keeps_nothing_and_moves_the_promise_behind_it(business: Business) -> None:
    by_night(business)
    ticket = business.log()
    propose(business, ticket)
    told, promise = texts(business, ticket)[-1], business.rows(Promise, ticket)[-1]
    assert (told.template, told.status) == ("granted", MessageStatus.HELD)
    assert promise.due_at == told.not_before + timedelta(minutes=15)
    assert outcomes(business, ticket) == ["replaced", None]
    assert business.again(ticket).first_response_at is None


def test_and_so_do_words_of_ones_own(business: Business) -> None:
    by_night(business)
    ticket = business.log()
    business.on(
        ticket, lambda session, held, maya: write_to_customer(session, held, "Hello", now=business.now, by=maya)
    )
    assert outcomes(business, ticket) == ["replaced", None]


def test_by_night_no_answer_is_promised_that_cannot_be_told_in_time(business: Business) -> None:
    by_night(business)
    ticket = business.log()
    propose(business, ticket, refund(4500))
    assert [text.template for text in texts(business, ticket)] == ["logged"]
    assert outcomes(business, ticket) == [None]


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (remedies.fulfil, "handed_over"),
        (lambda *args, **more: remedies.cancel(*args, reason=None, **more), "cancelled"),
        (lambda *args, **more: remedies.fail(*args, reason="no oat milk", **more), "failed"),
    ],
)
def test_what_waits_to_be_said_of_a_remedy_goes_with_it(business: Business, act: Any, reason: str) -> None:
    by_night(business)
    ticket = business.log(remedies=())
    propose(business, ticket)
    make_ready(business, ticket)
    on_newest(business, ticket, act)
    waited = [text for text in texts(business, ticket) if text.template in {"granted", "ready"}]
    assert {(text.status, text.drop_reason) for text in waited} == {(MessageStatus.DROPPED, reason)}


def test_a_question_that_was_answered_is_not_told_of_any_more(business: Business) -> None:
    ticket = business.log(remedies=())
    propose(business, ticket, refund(4500))
    on_newest(business, ticket, remedies.approve, by="omar")
    told = [(text.template, text.drop_reason) for text in texts(business, ticket)]
    assert told == [("logged", None), ("asked", "answered"), ("approval_granted", None)]


def test_what_is_ready_is_granted_still(business: Business) -> None:
    by_night(business)
    ticket = business.log(remedies=())
    propose(business, ticket)
    make_ready(business, ticket)
    assert [text.drop_reason for text in texts(business, ticket)] == [None, None, None]


@pytest.mark.parametrize(("act", "said"), [(make_ready, "ready"), (propose, "granted")])
def test_one_that_a_worker_has_in_its_hand_is_looked_at_again(post: Post, act: Any, said: str) -> None:
    ticket = post.ticket()
    post.send_all()
    act(post.business, ticket)
    token, claimed = post.claim()
    on_newest(post.business, ticket, remedies.fulfil)
    assert post.begin(token, claimed) == []
    told = post.texts(ticket)[-1]
    assert (told.template, told.drop_reason) == (said, "no_longer_true")


@pytest.mark.parametrize("act", [make_ready, propose])
def test_and_goes_while_it_is_so(post: Post, act: Any) -> None:
    ticket = post.ticket()
    post.send_all()
    act(post.business, ticket)
    assert len(post.depart()) == 1
