"""What was written by night and is no longer so, or otherwise, in the morning."""

import pytest

from recovery.domain.callbacks import Outcome
from recovery.domain.messages import MessageStatus
from recovery.models import Message
from recovery.services.deciding import remedies
from recovery.services.ticketing import reopening, tickets
from tests.factories import refund
from tests.services.calls import book, tried
from tests.services.night_parts import do, logged_at, of, pass_the_time
from tests.services.post import Post
from tests.services.texting_parts import says


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the database."""
    return sqlite_url


def closed_by_night(post: Post, *, confirmed: bool) -> list[Message]:
    """Resolved and closed by hand at ten in the evening; the text that says so waits for the morning."""
    ticket = logged_at(post, 22, 0)
    do(post, ticket, tickets.resolve, how=None)
    do(post, ticket, tickets.close, by="omar", cause="Two orders swapped", action=None)
    if confirmed:
        do(post, ticket, tickets.confirm, message_id=None)
    pass_the_time(post, minutes=11 * 60, every=30)
    return of(post, ticket, "resolved")


def test_a_text_that_waited_while_its_ticket_was_closed_by_hand_is_sent(post: Post) -> None:
    assert [text.status for text in closed_by_night(post, confirmed=False)] == [MessageStatus.SENT]


def test_but_not_where_the_customer_said_meanwhile_that_it_is_right(post: Post) -> None:
    assert [text.drop_reason for text in closed_by_night(post, confirmed=True)] == ["no_longer_true"]


def test_that_we_could_not_reach_them_is_not_said_once_they_have_another_time(post: Post) -> None:
    post.business.set_policy(retry_gaps=())
    ticket = logged_at(post, 21, 30)
    book(post.business, ticket)
    tried(post.business, ticket, Outcome.NO_ANSWER)
    (asked,) = of(post, ticket, "unreached")
    assert asked.status is MessageStatus.HELD
    says(post.business, "CALL")
    (dropped,) = of(post, ticket, "unreached")
    assert (dropped.status, dropped.drop_reason) == (MessageStatus.DROPPED, "no_longer_true")


@pytest.mark.parametrize("why", ["reached", "late"])
def test_that_we_call_straight_back_is_not_said_afterwards(post: Post, why: str) -> None:
    """The line was stopped for a while, or slow."""
    ticket = logged_at(post, 11, 0)
    book(post.business, ticket)
    tried(post.business, ticket, Outcome.DISCONNECTED)
    if why == "reached":
        tried(post.business, ticket, Outcome.REACHED)
    else:
        post.business.later(minutes=3)
    post.send_all()
    (said,) = of(post, ticket, "disconnected")
    assert said.status is MessageStatus.DROPPED


def test_what_was_put_right_again_by_night_is_told_in_the_morning_with_its_day(post: Post) -> None:
    """At eight in the morning "at 22:00" would be tonight."""
    ticket = logged_at(post, 21, 30)
    do(post, ticket, tickets.resolve, how=None)
    post.business.later(minutes=15)
    do(post, ticket, reopening.reopen, why="cold")
    post.business.later(minutes=15)
    do(post, ticket, tickets.resolve, how=None)
    (told,) = of(post, ticket, "resolved_again")
    assert told.status is MessageStatus.HELD
    assert "We've been back to it, and on Tue 10 Mar at 22:00 I hope everything is right." in (told.body or "")


def test_when_the_answer_comes_is_told_by_when_the_text_leaves(post: Post) -> None:
    """Asked at five to eight, for ten minutes: at eight there are five left."""
    ticket = logged_at(post, 9, 30)
    post.business.later(hours=22, minutes=25)
    do(post, ticket, remedies.propose, new=refund(4500))
    (asked,) = of(post, ticket, "asked")
    assert (asked.status, f"{asked.not_before:%H:%M}") == (MessageStatus.HELD, "08:00")
    assert "you'll have the answer in about 5 minutes." in (asked.body or "")
