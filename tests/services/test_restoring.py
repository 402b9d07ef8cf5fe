"""After a restore the outbox is old: nothing leaves until each waiting text was looked for."""

from datetime import timedelta

import pytest

from recovery.clock import FrozenClock
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.models import Event
from recovery.services.running import restoring
from recovery.services.running.restoring import LOOKED_FOR_WITHIN, Hold
from recovery.sms.gateway import Found
from tests.factories import LEE, NOOR, SAM
from tests.services.post import Post

GRACE = timedelta(seconds=120)


def hold(post: Post) -> None:
    post.desk.transact(lambda session: restoring.hold_after_restore(session, grace=GRACE, now=post.now))


def to_look_for(post: Post) -> list[int]:
    with post.desk.read() as session:
        standing = restoring.standing_hold(session)
        return restoring.to_look_for(session, standing) if standing else []


def looked_for(post: Post, message_id: int, found: Found | None = None) -> None:
    post.desk.transact(lambda session: restoring.looked_for(session, message_id, found, now=post.now))


def release(post: Post) -> bool:
    return post.desk.transact(lambda session: restoring.release(session, grace=GRACE, now=post.now))


def test_a_text_that_left_before_the_restore_is_not_sent_again(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    left, never = post.texts(ticket)[0].id, post.say(ticket)
    hold(post)
    assert to_look_for(post) == [left, never]
    looked_for(post, left, Found("SM1", "delivered", clock.now()))
    assert to_look_for(post) == [never]
    looked_for(post, never)
    assert release(post)
    assert post.status(left) is MessageStatus.DELIVERED
    assert post.claim()[1] == [never]
    with post.desk.read() as session:
        assert restoring.standing_hold(session) is None
        assert session.query(Event).filter_by(tag="settings:outbox:released").one().payload == '{"messages":2}'
    assert post.told(ticket, Tag.TEXT_DOUBTED)
    assert '"found":true,"how":"list"' in post.told(ticket, Tag.TEXT_SETTLED)[0]


def test_what_a_worker_had_claimed_or_begun_is_nobodys_any_more(post: Post, clock: FrozenClock) -> None:
    waiting, claimed, leaving = (post.texts(post.ticket(who))[0].id for who in (SAM, NOOR, LEE))
    token, ids = post.claim()
    assert sorted(ids) == [waiting, claimed, leaving]
    post.begin(token, [leaving])
    post.set(waiting, status=MessageStatus.PENDING, claim_token=None, lease_until=None)
    hold(post)
    assert [post.status(text_id) for text_id in (waiting, claimed)] == [MessageStatus.PENDING] * 2
    assert (post.text(leaving).status, post.text(leaving).look_at) == (MessageStatus.IN_DOUBT, clock.now() + GRACE)
    assert to_look_for(post) == [waiting, claimed]


def test_nothing_is_claimed_while_it_is_held_whatever_a_worker_believes(post: Post) -> None:
    post.ticket()
    hold(post)
    assert post.claim()[1] == []


def test_it_is_not_released_before_each_was_looked_for(post: Post) -> None:
    """Also one that came back into the queue while the others were looked for."""
    ticket = post.ticket()
    first = post.texts(ticket)[0].id
    hold(post)
    assert not release(post)
    looked_for(post, first)
    post.set(first, looked_by=None)
    assert not release(post)
    looked_for(post, first)
    assert release(post)


def test_what_was_looked_for_in_an_earlier_restore_is_looked_for_again(post: Post) -> None:
    first = post.texts(post.ticket())[0].id
    hold(post)
    looked_for(post, first)
    hold(post)
    assert to_look_for(post) == [first]


def test_a_text_written_after_the_restore_needs_no_look(post: Post, clock: FrozenClock) -> None:
    hold(post)
    clock.advance(seconds=1)
    post.ticket()
    assert to_look_for(post) == []
    assert release(post)


def test_what_the_list_tells_nothing_of_is_in_doubt_and_the_others_go(post: Post, clock: FrozenClock) -> None:
    unread, looked = (post.texts(post.ticket(who))[0].id for who in (SAM, NOOR))
    hold(post)
    looked_for(post, looked)
    clock.advance(seconds=(GRACE + LOOKED_FOR_WITHIN).total_seconds() - 1)
    assert not release(post)
    clock.advance(seconds=1)
    assert release(post)
    assert post.status(unread) is MessageStatus.IN_DOUBT
    assert post.claim()[1] == [looked]


def test_a_receipt_that_comes_before_the_look_is_enough(post: Post) -> None:
    text_id = post.texts(post.ticket())[0].id
    hold(post)
    post.receipt("SM1", "delivered", of=text_id)
    assert to_look_for(post) == []
    looked_for(post, text_id, Found("SM1", "sent", post.now))
    assert post.status(text_id) is MessageStatus.DELIVERED


@pytest.mark.parametrize(("seconds", "ripe"), [(119, False), (120, True)])
def test_the_look_waits_until_the_provider_must_know(clock: FrozenClock, seconds: int, *, ripe: bool) -> None:
    since = Hold(clock.now())
    assert restoring.is_ripe(since, grace=GRACE, now=clock.now() + timedelta(seconds=seconds)) is ripe


def test_releasing_what_is_not_held_tells_nobody(post: Post) -> None:
    assert release(post) is False
