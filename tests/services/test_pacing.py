"""Slots are given out once, whoever asks, and in the transaction that makes a text leave."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from config.settings import Settings
from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.messages import MessageStatus
from recovery.domain.pacing import AHEAD, LATEST, SECOND, Slot
from recovery.domain.provider_codes import FaultCategory
from recovery.domain.senders import Rates, SenderKind
from recovery.models import SendPace
from recovery.services.sending import departures, pacing
from recovery.services.session import House
from recovery.sms.gateway import SendRefused
from tests.factories import LEE, NOOR, SAM, Business, NewCustomer
from tests.services.post import Post


def one_a_second(house: House) -> House:
    return replace(house, policy=replace(house.policy, rates=Rates({SenderKind.SIMULATOR: 1}, {})))


@pytest.fixture
def post(settings: Settings, clock: FrozenClock) -> Iterator[Post]:
    desk = build(settings, clock=clock)
    desk.house = one_a_second(desk.house)
    yield Post(Business.opened(desk))
    desk.dispose()


def free_at(post: Post) -> SendPace | None:
    with post.desk.read() as session:
        return session.get(SendPace, "simulator")


def test_of_three_claimed_texts_one_leaves_and_the_others_are_free_for_any_worker(post: Post) -> None:
    ids = [post.texts(post.ticket(who))[0].id for who in (SAM, NOOR, LEE)]
    (departure,) = post.depart()
    assert departure.message_id == ids[0]
    assert departure.slot is not None
    assert departure.slot.at == post.now
    assert [post.status(text_id) for text_id in ids[1:]] == [MessageStatus.PENDING] * 2
    assert post.text(ids[1]).attempts == 0
    assert post.depart() == []


def test_the_next_begins_a_moment_before_its_slot_and_leaves_in_it(post: Post, clock: FrozenClock) -> None:
    for who in (SAM, NOOR):
        post.ticket(who)
    first = post.depart()[0]
    free = post.now + LATEST + SECOND * post.text(first.message_id).segments
    clock.set(free - AHEAD - timedelta(milliseconds=1))
    assert post.depart() == []
    clock.set(free - AHEAD)
    assert [departure.slot and departure.slot.at for departure in post.depart()] == [free]


def test_the_next_is_counted_from_when_a_text_really_left(post: Post, clock: FrozenClock) -> None:
    for who in (SAM, NOOR):
        post.ticket(who)
    first, left = post.depart()[0], post.now + timedelta(milliseconds=7)
    post.finish(first, post.accept(), slot=first.slot, left_at=left)
    free = left + SECOND * post.text(first.message_id).segments
    clock.set(free - AHEAD - timedelta(milliseconds=1))
    assert post.depart() == []
    clock.set(free - AHEAD)
    assert [departure.slot and departure.slot.at for departure in post.depart()] == [free]


def test_a_text_that_did_not_leave_gives_its_slot_back(post: Post, clock: FrozenClock) -> None:
    for who in (SAM, NOOR):
        post.ticket(who)
    first = post.depart()[0]
    refused = SendRefused(FaultCategory.RETRY, None, "nobody answered")
    post.finish(first, refused, lease_lost=True, slot=first.slot)
    clock.advance(seconds=1)
    assert [departure.slot and departure.slot.at for departure in post.depart()] == [post.now]


def test_a_refused_text_that_left_keeps_its_slot(post: Post, clock: FrozenClock) -> None:
    for who in (SAM, NOOR):
        post.ticket(who)
    first = post.depart()[0]
    refused = SendRefused(FaultCategory.PERMANENT_NUMBER, 21211, "no such number")
    post.finish(first, refused, slot=first.slot, left_at=post.now)
    clock.advance(seconds=0.8)
    assert post.depart() == []


def test_a_slot_that_was_missed_is_moved_unless_another_text_has_its_second(post: Post, clock: FrozenClock) -> None:
    for who in (SAM, NOOR):
        post.ticket(who)
    slot = post.depart()[0].slot
    assert slot is not None
    clock.advance(seconds=0.26)
    assert slot.is_missed(clock.now())

    def move(missed: Slot) -> Slot | None:
        now = clock.now()
        return post.desk.transact(lambda session: pacing.move_slot(session, "simulator", missed, now=now))

    later = move(slot)
    assert later is not None
    assert clock.now() < later.at <= clock.now() + timedelta(milliseconds=20)
    clock.set(later.at + LATEST + SECOND * later.segments)
    assert len(post.depart()) == 1
    assert move(later) is None


def test_a_text_that_is_dropped_takes_no_slot(post: Post, clock: FrozenClock) -> None:
    stale = post.texts(post.ticket())[0].id
    post.set(stale, expires_at=clock.now())
    noor = post.texts(post.ticket(NOOR))[0].id
    assert [departure.message_id for departure in post.depart()] == [noor]
    assert post.status(stale) is MessageStatus.DROPPED


def test_a_transaction_that_fails_takes_no_slot(post: Post) -> None:
    post.ticket()
    token, claimed = post.claim()
    with post.desk.write() as session:
        departures.begin(session, claimed, token=token, lease=post.desk.terms.lease, real=False, now=post.now)
        session.rollback()
    assert free_at(post) is None


def test_an_urgent_text_leaves_before_what_has_waited_longer(post: Post, clock: FrozenClock) -> None:
    for number in range(3):
        post.ticket(NewCustomer(f"07700 9004{number:02}"))
    clock.advance(minutes=11)  # nobody waits for these any more as for an answer
    urgent = post.texts(post.ticket(LEE))[0].id
    (first,) = post.depart()
    assert first.message_id == urgent


def test_a_worker_with_a_slower_text_lets_the_others_urgent_one_pass(post: Post, clock: FrozenClock) -> None:
    old = post.ticket()
    post.send_all()
    clock.advance(minutes=5)
    waiting = post.say(old)
    slow = post.claim()
    urgent = post.texts(post.ticket(NOOR))[0].id
    quick = post.claim()
    assert (slow[1], quick[1]) == ([waiting], [urgent])
    assert post.begin(*slow) == [], "it yields"
    assert [departure.message_id for departure in post.begin(*quick)] == [urgent]
    assert post.status(waiting) is MessageStatus.PENDING


def test_an_urgent_claim_whose_worker_died_holds_up_nobody_for_long(post: Post, clock: FrozenClock) -> None:
    old = post.ticket()
    post.send_all()
    clock.advance(minutes=5)
    post.ticket(NOOR)
    post.claim()
    clock.advance(seconds=1.1)
    waiting = post.say(old)
    assert [departure.message_id for departure in post.depart()] == [waiting]


@pytest.mark.postgres
def test_workers_that_ask_at_once_share_one_rate(post: Post) -> None:
    """Each with a text of its own in its hands: one slot, one text."""
    people = [NewCustomer(f"07700 9003{number:02}", f"Customer {number}") for number in range(6)]
    for person in people:
        post.ticket(person)
    claims = [post.claim(limit=1) for _ in people]
    together, begun = threading.Barrier(len(claims)), list[int]()

    def begin(claim: tuple[str, list[int]]) -> None:
        together.wait(timeout=20)
        begun.extend(departure.message_id for departure in post.begin(*claim))

    workers = [threading.Thread(target=begin, args=[claim]) for claim in claims]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert len(begun) == 1
    pace = free_at(post)
    assert pace is not None
    assert len(pace.taken.split()) == post.text(begun[0]).segments


def test_without_a_rate_all_leave_at_once(post: Post) -> None:
    post.desk.house = replace(post.desk.house, policy=replace(post.desk.house.policy, rates=Rates({}, {})))
    for who in (SAM, NOOR, LEE):
        post.ticket(who)
    assert len(post.depart()) == 3
    assert free_at(post) is None
