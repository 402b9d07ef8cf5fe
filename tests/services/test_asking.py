"""Receipts are not guaranteed: a text that was sent and then silent is asked for after 15 minutes, 2 and 11 hours."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from recovery.clock import FrozenClock
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.models import OptOut, Ticket
from recovery.services.sending import asking
from recovery.sms.gateway import Accepted, ProviderStatus
from tests.services.post import Post


@pytest.fixture
def sent(post: Post) -> Ticket:
    ticket = post.ticket()
    post.finish(post.depart()[0], Accepted("SM1", "queued"))
    return ticket


def ask(post: Post, said: ProviderStatus | None) -> int:
    with post.desk.read() as session:
        silent = asking.silent(session, now=post.now)
    for message_id, _ in silent:
        assert post.desk.transact(lambda s, one=message_id: asking.start_asking(s, one, now=post.now))
        assert not post.desk.transact(lambda s, one=message_id: asking.start_asking(s, one, now=post.now))
        post.desk.transact(lambda s, one=message_id: asking.hear(s, one, said, now=post.now))
    return len(silent)


def test_a_silent_text_is_asked_for_three_times(post: Post, sent: Ticket, clock: FrozenClock) -> None:
    asked = []
    for minute in range(0, 14 * 60, 5):
        if ask(post, ProviderStatus("sent")):
            asked.append(minute)
        clock.advance(minutes=5)
    assert asked == [15, 120, 660]
    assert post.texts(sent)[0].status is MessageStatus.SENT


def test_what_the_provider_says_is_taken_as_a_receipt(post: Post, sent: Ticket, clock: FrozenClock) -> None:
    clock.advance(minutes=15)
    assert ask(post, ProviderStatus("undelivered", 30005)) == 1
    assert post.texts(sent)[0].status is MessageStatus.UNDELIVERED
    assert post.call_tasks(sent) == ["undelivered"]
    assert len(post.told(sent, Tag.TEXT_UNDELIVERED)) == 1


def test_a_text_whose_end_is_known_is_not_asked_for(post: Post, sent: Ticket, clock: FrozenClock) -> None:
    post.receipt("SM1", "delivered")
    clock.advance(hours=3)
    assert ask(post, None) == 0


def test_a_provider_that_forgot_the_text_changes_nothing(post: Post, sent: Ticket, clock: FrozenClock) -> None:
    clock.advance(minutes=15)
    ask(post, None)
    assert post.texts(sent)[0].status is MessageStatus.SENT
    assert post.texts(sent)[0].look_at == post.texts(sent)[0].sent_at + timedelta(hours=2)


def test_an_opt_out_of_which_no_receipt_told_us_is_learnt_by_asking(
    post: Post, sent: Ticket, clock: FrozenClock
) -> None:
    clock.advance(minutes=15)
    ask(post, ProviderStatus("undelivered", 21610))
    with post.desk.read() as session:
        opted_out = session.scalars(select(OptOut)).one()
    assert (opted_out.how, opted_out.sender) == ("code", "simulator")
    assert post.reread(sent).no_text_reason == "opted_out"
    assert post.call_tasks(sent) == ["opted_out"]
