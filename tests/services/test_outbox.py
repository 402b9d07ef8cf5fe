"""What a worker may take from the outbox, and what becomes of what it left behind."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from recovery.clock import FrozenClock
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.services.running.health import checks
from recovery.services.running.measures import gauges
from recovery.services.sending import outbox
from recovery.services.sending.outbox import Lane
from recovery.services.texting.replies import Inbound, receive
from tests.factories import LEE, NOOR, SAM, NewCustomer
from tests.fixtures.plans import plan_of
from tests.services.post import NO_ANSWER, TOO_MANY, Post


def test_a_text_is_claimed_by_one_worker_alone(post: Post) -> None:
    text_id = post.texts(post.ticket())[0].id
    assert post.claim()[1] == [text_id]
    assert post.claim()[1] == []
    assert post.status(text_id) is MessageStatus.CLAIMED
    assert post.text(text_id).status.shown is MessageStatus.PENDING


def test_the_second_text_to_a_number_waits_for_the_first(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    first, second = post.texts(ticket)[0].id, post.say(ticket)
    others = post.texts(post.ticket(NOOR))[0].id
    clock.advance(seconds=1)
    token, claimed = post.claim()
    assert sorted(claimed) == sorted([first, others])
    assert post.claim()[1] == []
    leaving = post.begin(token, claimed)
    assert post.claim()[1] == []
    for departure in leaving:
        post.finish(departure, post.accept())
    assert post.claim()[1] == [second]


def test_order_is_kept_while_the_first_is_tried_again(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    post.say(ticket)
    post.finish(post.depart()[0], TOO_MANY)
    assert post.claim()[1] == []
    clock.advance(minutes=1)
    assert post.claim()[1] == [post.texts(ticket)[0].id]


def test_a_stuck_text_does_not_block_its_number_for_ever(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    second = post.say(ticket)
    post.finish(post.depart()[0], NO_ANSWER)
    clock.advance(minutes=14)
    assert post.claim()[1] == []
    clock.advance(minutes=2)
    assert post.claim()[1] == [second]


def test_a_text_held_till_morning_lets_an_urgent_one_pass(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    post.send_all()
    clock.advance(hours=13)
    held = post.say(ticket)
    assert post.status(held) is MessageStatus.HELD
    stop = Inbound("+447700900123", "simulator", "HELP", "SMhelp")
    post.desk.transact(lambda session: receive(session, stop, now=clock.now()))
    assert post.send_all() == 1
    assert post.status(held) is MessageStatus.HELD


def test_a_held_text_leaves_in_the_morning(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    post.send_all()
    clock.advance(hours=13)
    held = post.say(ticket)
    assert post.send_all() == 0
    clock.advance(hours=9, minutes=31)
    assert post.send_all() == 1
    assert post.status(held) is MessageStatus.SENT


def test_urgent_texts_leave_first(post: Post, clock: FrozenClock) -> None:
    old = post.ticket(SAM)
    post.send_all()
    waiting = post.say(old)
    clock.advance(minutes=5)
    urgent = post.texts(post.ticket(NOOR))[0]
    assert urgent.urgent_until is not None
    assert post.claim(limit=1)[1] == [urgent.id]
    assert post.claim(limit=1)[1] == [waiting]


def test_what_was_claimed_is_given_back(post: Post) -> None:
    text_id = post.texts(post.ticket())[0].id
    token, claimed = post.claim()
    assert post.desk.transact(lambda session: outbox.give_back(session, token, claimed)) == 1
    assert post.claim()[1] == [text_id]


def test_what_is_being_sent_is_not_given_back(post: Post) -> None:
    post.ticket()
    token, claimed = post.claim()
    post.begin(token, claimed)
    assert post.desk.transact(lambda session: outbox.give_back(session, token, claimed)) == 0


def test_a_claim_whose_worker_died_is_free_again(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    post.claim()
    clock.advance(seconds=59)
    post.reap()
    assert post.claim()[1] == []
    clock.advance(seconds=2)
    post.reap()
    assert post.claim()[1] == [post.texts(ticket)[0].id]
    assert post.told(ticket, Tag.TEXT_DOUBTED) == []


def test_a_sending_whose_worker_died_is_in_doubt_and_never_sent_on(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    post.depart()
    clock.advance(seconds=61)
    post.reap()
    message = post.texts(ticket)[0]
    assert message.status is MessageStatus.IN_DOUBT
    assert message.look_at == clock.now() + timedelta(seconds=120)
    assert len(post.told(ticket, Tag.TEXT_DOUBTED)) == 1
    assert post.claim()[1] == []


def test_a_lease_written_by_a_clock_that_was_ahead_ends_too(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    clock.advance(hours=2)
    post.claim()
    clock.advance(hours=-2)
    post.reap()
    assert post.claim()[1] == [post.texts(ticket)[0].id]


def test_two_hosts_whose_clocks_differ_a_little_do_not_reap_one_another(post: Post, clock: FrozenClock) -> None:
    post.ticket()
    clock.advance(seconds=3)
    post.claim()
    clock.advance(seconds=-3)
    post.reap()
    assert post.claim()[1] == []


def test_the_age_of_the_queue_is_that_of_its_oldest_due_text(post: Post, clock: FrozenClock) -> None:
    with post.desk.read() as session:
        assert outbox.oldest_due(session, now=clock.now()) is None
    ticket = post.ticket()
    since = clock.now()
    post.say(ticket, after=timedelta(hours=1))
    clock.advance(minutes=5)
    with post.desk.read() as session:
        assert outbox.oldest_due(session, now=clock.now()) == since


def test_what_was_held_for_the_morning_waits_like_any_other_once_it_is_morning(post: Post, clock: FrozenClock) -> None:
    """No worker is there: whoever runs the desk has to hear of it."""
    ticket = post.ticket()
    post.send_all()
    clock.advance(hours=13)
    post.say(ticket)
    for wait, state in ((timedelta(hours=9), "ok"), (timedelta(hours=1), "late")):
        clock.advance(seconds=wait.total_seconds())
        with post.desk.read() as session:
            (queue,) = (check for check in checks(session, now=clock.now()) if check.what == "Texts waiting")
            (age,) = (
                each for each in gauges(session, now=clock.now()) if each.name.endswith("oldest_due_text_seconds")
            )
        assert (queue.state, age.values[()]) == (state, 0 if state == "ok" else 30 * 60)


def test_workers_that_claim_at_once_share_the_texts(post: Post) -> None:
    people = [NewCustomer(f"07700 9002{number:02}", f"Customer {number}") for number in range(40)]
    expected = {post.texts(post.ticket(person))[0].id for person in people}

    def claim_all(_: int) -> list[int]:
        mine: list[int] = []
        while claimed := post.claim(limit=3)[1]:
            mine += claimed
        return mine

    with ThreadPoolExecutor(4) as workers:
        taken = Counter(text_id for share in workers.map(claim_all, range(4)) for text_id in share)
    taken += Counter(claim_all(0))  # one that was looked at by two in the same moment is left by both
    assert taken == Counter(expected)


def test_the_claim_reads_the_partial_indexes(post: Post) -> None:
    query, values = outbox.claimable(Lane("simulator", 1), post.now, 8, but=[1])
    with post.desk.write() as session:
        compiled = query.params(values).compile(session.connection(), compile_kwargs={"literal_binds": True})
        plan = plan_of(session, str(compiled), None, index="ix_messages_to_leave")
    assert "ix_messages_to_leave" in plan
    assert not post.desk.is_sqlite or "ix_messages_open_by_number" in plan


def test_a_customer_who_has_two_tickets_still_gets_one_text_at_a_time(post: Post) -> None:
    post.ticket(LEE)
    post.ticket(LEE)
    assert len(post.claim()[1]) == 1
