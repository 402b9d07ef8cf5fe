"""After a restore the outbox is old: nothing leaves until each waiting text was looked for."""

from datetime import timedelta

from recovery.clock import FrozenClock
from recovery.domain.messages import MessageStatus
from recovery.models import Event
from recovery.services.running import restoring
from tests.services.post import Post


def test_a_text_that_left_before_the_restore_is_not_sent_again(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    left, never = post.texts(ticket)[0].id, post.say(ticket)
    post.desk.transact(lambda session: restoring.hold_after_restore(session, now=clock.now()))
    with post.desk.read() as session:
        hold = restoring.standing_hold(session)
        assert hold is not None
        assert restoring.to_look_for(session, hold) == [left, never]
        look = restoring.look_of(session, left)
    assert look is not None
    post.desk.transact(lambda session: restoring.left_before_restore(session, left, "SM1", now=clock.now()))
    post.desk.transact(lambda session: restoring.release(session, messages=2, now=clock.now()))
    assert post.status(left) is MessageStatus.SENT
    assert post.claim()[1] == [never]
    with post.desk.read() as session:
        assert restoring.standing_hold(session) is None
        assert session.query(Event).filter_by(tag="settings:outbox:released").one().payload == '{"messages":2}'


def test_the_look_waits_until_the_provider_must_know(post: Post, clock: FrozenClock) -> None:
    hold = restoring.Hold(clock.now())
    grace = timedelta(seconds=120)
    assert not restoring.is_ripe(hold, grace=grace, now=clock.now() + timedelta(seconds=119))
    assert restoring.is_ripe(hold, grace=grace, now=clock.now() + timedelta(seconds=120))


def test_releasing_what_is_not_held_tells_nobody(post: Post, clock: FrozenClock) -> None:
    assert post.desk.transact(lambda session: restoring.release(session, messages=0, now=clock.now())) is False
