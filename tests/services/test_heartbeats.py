from recovery.clock import FrozenClock
from recovery.services.running import heartbeats
from tests.services.post import Post


def beat(post: Post, name: str) -> None:
    post.desk.transact(lambda session: heartbeats.beat(session, name, now=post.now, detail={}))


def test_a_worker_lives_while_it_beats(post: Post, clock: FrozenClock) -> None:
    with post.desk.read() as session:
        assert not heartbeats.a_worker_lives(session, now=clock.now())
    beat(post, "worker:one")
    clock.advance(seconds=19)
    with post.desk.read() as session:
        assert heartbeats.a_worker_lives(session, now=clock.now())
    clock.advance(seconds=1)
    with post.desk.read() as session:
        assert not heartbeats.a_worker_lives(session, now=clock.now())


def test_a_worker_that_left_is_not_missed_and_an_old_one_is_forgotten(post: Post, clock: FrozenClock) -> None:
    beat(post, "worker:one")
    beat(post, "worker:killed")
    post.desk.transact(lambda session: heartbeats.stop_beating(session, "worker:one"))
    clock.advance(days=1, seconds=1)
    beat(post, "worker:two")
    with post.desk.read() as session:
        assert [worker.name for worker in heartbeats.workers(session)] == ["worker:two"]
