"""The first text tells by when they hear from us next: one that could not leave in time is not sent late, but said anew."""

from datetime import timedelta

import pytest

from recovery.domain.messages import MessageStatus
from recovery.models import Message, Ticket
from recovery.services.deciding import remedies
from recovery.services.ticketing import reopening, tickets
from recovery.services.timing.promises import promise_by_hand
from tests.factories import REMAKE, refund
from tests.services.post import Post


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the database."""
    return sqlite_url


def said(post: Post, ticket: Ticket) -> list[tuple[str | None, str]]:
    return [(text.template, text.status.value) for text in post.texts(ticket)]


def lapse(post: Post, *, minutes: int) -> None:
    """The line is down all the while; the worker ticks."""
    post.business.later(minutes=minutes)
    post.business.tick()


def last(post: Post, ticket: Ticket) -> Message:
    return post.texts(ticket)[-1]


def test_an_apology_that_waited_past_its_promise_is_said_anew_with_the_new_time(post: Post) -> None:
    ticket = post.ticket()
    lapse(post, minutes=16)
    post.send_all()
    assert said(post, ticket) == [("logged", "dropped"), ("logged", "sent")]
    dropped, anew = post.texts(ticket)
    assert dropped.drop_reason == "expired"
    assert "a fresh one, made again. You'll hear from me in about 15 minutes." in (anew.body or "")
    assert post.call_tasks(ticket) == []


def test_it_is_said_by_the_second_lapse_too_if_the_line_was_down_so_long(post: Post) -> None:
    ticket = post.ticket()
    lapse(post, minutes=16)
    lapse(post, minutes=16)
    post.send_all()
    assert [status for _, status in said(post, ticket)] == ["dropped", "dropped", "sent"]
    assert last(post, ticket).template == "logged"


def test_who_got_the_first_hears_that_we_are_late(post: Post) -> None:
    ticket = post.ticket()
    post.send_all()
    lapse(post, minutes=16)
    post.send_all()
    assert said(post, ticket) == [("logged", "sent"), ("late", "sent")]


def test_so_does_who_may_have_got_it(post: Post) -> None:
    """In doubt: the provider may have it."""
    ticket = post.ticket()
    post.depart()
    assert last(post, ticket).status is MessageStatus.SENDING
    lapse(post, minutes=16)
    assert last(post, ticket).template == "late"


def test_said_anew_it_waits_for_an_answer_only_where_somebody_is_still_asked(post: Post) -> None:
    asked = post.business.log(remedies=(refund(4500),))
    answered = post.business.log(remedies=(refund(4500),), customer=None)
    assert answered.customer_id is None  # nobody to text: the lapse below must not trip over it
    lapse(post, minutes=11)
    assert last(post, asked).template == "logged_waiting"
    post.business.on(
        asked,
        lambda s, t, omar: remedies.refuse(s, t, remedies.remedies_of(s, t)[0], reason="No.", now=post.now, by=omar),
        by="omar",
    )
    lapse(post, minutes=16)
    assert last(post, asked).template != "logged_waiting"


def test_a_time_promised_by_hand_is_told_and_the_old_one_is_not(post: Post) -> None:
    ticket = post.ticket()
    post.business.later(minutes=10)
    due = post.now + timedelta(minutes=20)
    post.business.on(ticket, lambda s, t, maya: promise_by_hand(s, t, due_at=due, tell=True, now=post.now, by=maya))
    lapse(post, minutes=6)
    post.send_all()
    assert said(post, ticket) == [("logged", "dropped"), ("promised", "sent")]


def test_who_heard_since_that_it_was_put_right_hears_that_we_are_late(post: Post) -> None:
    """The apology fell into a day without a worker; days later it is not right after all, and they are promised a time."""
    ticket = post.ticket()
    post.business.later(minutes=3)
    post.business.on(ticket, lambda s, t, maya: tickets.resolve(s, t, how=None, now=post.now, by=maya))
    post.business.later(minutes=20)
    post.send_all()
    assert said(post, ticket) == [("logged", "dropped"), ("resolved", "sent")]
    post.business.on(ticket, lambda s, t, omar: reopening.reopen(s, t, why="cold", now=post.now, by=omar), by="omar")
    post.send_all()
    lapse(post, minutes=16)
    assert last(post, ticket).template == "late"


def take_back(post: Post, ticket: Ticket, *, number: int = 0) -> None:
    post.business.on(
        ticket,
        lambda session, held, maya: remedies.cancel(
            session, held, remedies.remedies_of(session, held)[number], reason="a slip", now=post.now, by=maya
        ),
    )


def test_what_is_taken_back_before_it_leaves_is_not_promised(post: Post) -> None:
    """The line is down, and Maya has ticked one thing too many."""
    ticket = post.business.log(remedies=(refund(450), REMAKE))
    post.business.later(minutes=2)
    take_back(post, ticket)
    post.send_all()
    first, anew = post.texts(ticket)
    assert (first.status, first.drop_reason) == (MessageStatus.DROPPED, "no_longer_true")
    assert "£4.50" in (first.body or "")
    assert "it's Maya at Harbour St Coffee. I'm so sorry we got your order wrong. To put it right: a fresh one" in (
        anew.body or ""
    )
    assert "£4.50" not in (anew.body or "")
    assert "You'll hear from me in about 13 minutes." in (anew.body or "")
    assert (anew.status, anew.expires_at) == (MessageStatus.SENT, first.expires_at)


def test_also_one_that_waits_for_the_morning_and_it_waits_for_it_still(post: Post) -> None:
    post.business.later(hours=11, minutes=20)
    ticket = post.business.log(remedies=(refund(450), REMAKE))
    lapse(post, minutes=16)
    held = last(post, ticket)
    take_back(post, ticket, number=1)
    anew = last(post, ticket)
    assert (held.status, anew.status, anew.not_before) == (MessageStatus.HELD, MessageStatus.HELD, held.not_before)
    assert "made again" not in (anew.body or "")


def test_an_apology_that_has_left_is_not_said_twice(post: Post) -> None:
    ticket = post.business.log(remedies=(refund(450), REMAKE))
    post.send_all()
    take_back(post, ticket)
    assert said(post, ticket) == [("logged", "sent")]


def test_nor_is_one_of_a_ticket_that_is_taken_out(post: Post) -> None:
    ticket = post.business.log(remedies=(refund(450), REMAKE))
    post.business.on(
        ticket,
        lambda session, held, maya: tickets.void(
            session, held, reason="twice", duplicate_of=None, now=post.now, by=maya
        ),
    )
    assert said(post, ticket) == [("logged", "dropped")]
