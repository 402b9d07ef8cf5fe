"""The last look before a text leaves: consent, quiet hours, still wanted, still true."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import update

from recovery.clock import FrozenClock
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.models import Contact, Message, Ticket
from recovery.services.alerting.alerts import escalate
from recovery.services.calling import booking
from recovery.services.people.erasing import erase
from recovery.services.sending import departures
from recovery.services.sending.outbox import BULK
from recovery.services.texting.consent import opt_out
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing.reopening import reopen
from recovery.services.ticketing.tickets import resolve
from recovery.services.timing.promises import current_promise, touched
from tests.factories import NO_CAPS, NOOR, Business
from tests.fixtures.locks import is_waited_for
from tests.fixtures.waiting import wait_until
from tests.services.post import Post


def alter(post: Post, text_id: int, **values: object) -> None:
    """As it may stand after a backup, another release or a hand in the database."""
    post.desk.transact(
        lambda session: session.execute(
            update(Message).where(Message.id == text_id).values(**values), execution_options=BULK
        )
    )


def stop(post: Post) -> None:
    says(post, "STOP", sid="SMstop")


def says(post: Post, words: str, *, sid: str) -> None:
    inbound = Inbound("+447700900123", "simulator", words, sid)
    post.desk.transact(lambda session: receive(session, inbound, now=post.now))


def test_a_text_that_leaves_is_in_sending_with_a_new_lease(post: Post, clock: FrozenClock) -> None:
    text_id = post.texts(post.ticket())[0].id
    token, claimed = post.claim()
    clock.advance(seconds=30)
    departure = post.begin(token, claimed)[0]
    message = post.text(text_id)
    assert (message.status, message.attempts) == (MessageStatus.SENDING, 1)
    assert message.lease_until == departure.lease_until == clock.now() + timedelta(seconds=60)
    assert departure.outgoing.body == message.body
    assert departures.message_id_of(post.desk.house, departure.outgoing.ref) == text_id


def test_a_stop_between_claim_and_sending_drops_the_text(post: Post) -> None:
    ticket = post.ticket()
    token, claimed = post.claim()
    stop(post)
    assert post.begin(token, claimed) == []
    message = post.texts(ticket)[0]
    assert (message.status, message.drop_reason) == (MessageStatus.DROPPED, "opted_out")
    assert post.call_tasks(ticket) == ["opted_out"]
    assert len(post.told(ticket, Tag.TEXT_DROPPED)) == 1


def test_the_word_that_confirms_a_stop_still_leaves(post: Post) -> None:
    ticket = post.ticket()
    post.send_all()
    stop(post)
    assert post.send_all() == 1
    confirmation = post.texts(ticket)[-1]
    assert (confirmation.template, confirmation.status) == ("stop_confirmed", MessageStatus.SENT)


def test_none_of_two_hundred_waiting_texts_leaves_after_a_stop(post: Post) -> None:
    """And HELP, plain words and a START without a STOP hold up none of them."""
    post.business.set_policy(caps=NO_CAPS)
    ticket = post.ticket()
    waiting = [post.say(ticket, f"Number {number}.") for number in range(200)]
    for number, words in enumerate(("HELP", "Where is it?", "START", "please stop texting me")):
        says(post, words, sid=f"SM{number}")
        post.finish(post.depart()[0], post.accept())
    left = [text_id for text_id in waiting if post.status(text_id) is MessageStatus.SENT]
    assert len(left) == 3, "the apology came first"
    stop(post)
    assert [text.template for text in texts_after(post, ticket)] == ["stop_confirmed"]
    assert Counter(post.status(text_id) for text_id in waiting) == {MessageStatus.SENT: 3, MessageStatus.DROPPED: 197}
    assert post.call_tasks(ticket) == ["opted_out"]
    says(post, "START", sid="SMstart")
    assert [text.template for text in texts_after(post, ticket)] == ["start_confirmed"]
    again = post.say(ticket, "Number 201.")
    assert [text.id for text in texts_after(post, ticket)] == [again]


def texts_after(post: Post, ticket: Ticket) -> list[Message]:
    """What leaves now, until nothing more does."""
    before = {text.id for text in post.texts(ticket) if text.sending_at is not None}
    post.send_all()
    return [text for text in post.texts(ticket) if text.sending_at is not None and text.id not in before]


def test_a_text_that_was_leaving_when_stop_came_may_arrive_and_the_trail_says_in_what_order(post: Post) -> None:
    ticket = post.ticket()
    departure = post.depart()[0]
    stop(post)
    post.finish(departure, post.accept())
    post.receipt(post.text(departure.message_id).provider_sid or "", "delivered")
    assert post.text(departure.message_id).status is MessageStatus.DELIVERED
    tags = [event.tag for event in post.trail(ticket)]
    order = [Tag.TEXT_QUEUED, Tag.CUSTOMER_OPTED_OUT, Tag.TEXT_SENT, Tag.TEXT_DELIVERED]
    assert [tag for tag in tags if tag in set(order) - {Tag.TEXT_QUEUED}] == order[1:]
    assert tags.index(Tag.TEXT_QUEUED) < tags.index(Tag.CUSTOMER_OPTED_OUT)
    assert post.told(ticket, Tag.TEXT_DROPPED) == []


def test_a_text_that_is_no_longer_urgent_waits_for_the_morning(post: Post, clock: FrozenClock) -> None:
    clock.advance(hours=12)
    urgent = post.texts(post.ticket(days=1))[0]
    assert urgent.status is MessageStatus.PENDING
    clock.advance(minutes=11)
    assert post.depart() == []
    message = post.text(urgent.id)
    assert message.status is MessageStatus.HELD
    assert f"{message.not_before:%H:%M}" == "08:00"
    assert message.claim_token is None


def test_an_urgent_text_leaves_at_night(post: Post, clock: FrozenClock) -> None:
    clock.advance(hours=14)
    post.ticket()
    assert len(post.depart()) == 1


def test_a_text_past_its_time_is_dropped_with_its_reason(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    post.send_all()
    text_id = post.say(ticket, expires_at=clock.now() + timedelta(minutes=5))
    clock.advance(minutes=5)
    assert post.depart() == []
    assert post.text(text_id).drop_reason == "expired"
    assert post.told(ticket, Tag.TEXT_DROPPED) == [f'{{"message":{text_id},"reason":"expired"}}']


def test_a_promise_that_was_kept_meanwhile_is_not_told_late(post: Post) -> None:
    ticket = post.ticket()
    post.send_all()
    with post.desk.read() as session:
        promise = current_promise(session, ticket)
    assert promise is not None
    text_id = post.say(ticket, template="late", holds_while=f"promise:{promise.id}")
    other = post.say(ticket, template="late", holds_while=f"promise:{promise.id + 1}")
    assert post.begin(*post.claim()) != []
    post.business.on(ticket, lambda session, t, maya: touched(session, t, how="in person", now=post.now, by=maya))
    assert post.status(text_id) is MessageStatus.SENDING
    alter(post, text_id, status=MessageStatus.PENDING, claim_token=None, lease_until=None)
    assert post.depart() == []
    assert post.text(text_id).drop_reason == "no_longer_true"
    assert post.depart() == []
    assert post.text(other).drop_reason == "no_longer_true"


def test_a_call_that_was_moved_is_not_announced_at_its_old_time(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    post.send_all()
    at = clock.now() + timedelta(hours=2)
    call = post.business.on(ticket, lambda s, t, maya: booking.book(s, t, due_at=at, now=post.now, by=maya))
    booked = post.texts(ticket)[-1]
    assert booked.holds_while == f"callback:{call.id}:0"
    later = at + timedelta(hours=1)
    post.business.on(ticket, lambda s, t, maya: booking.book(s, t, due_at=later, now=post.now, by=maya))
    post.send_all()
    assert post.text(booked.id).drop_reason == "no_longer_true"
    assert post.texts(ticket)[-1].status is MessageStatus.SENT


def test_undo_of_a_resolution_stops_its_text(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    post.send_all()
    post.business.on(ticket, lambda s, t, maya: resolve(s, t, how=None, now=post.now, by=maya))
    resolved = post.texts(ticket)[-1].id
    post.business.on(ticket, lambda s, t, maya: reopen(s, t, why="undo", now=post.now, by=maya))
    clock.advance(seconds=11)
    post.send_all()
    assert post.text(resolved).status is MessageStatus.DROPPED


def test_a_demo_text_never_leaves_by_a_real_gateway(post: Post) -> None:
    ticket = post.ticket()
    text_id = post.texts(ticket)[0].id
    alter(post, text_id, is_demo=True)
    token, claimed = post.claim()
    assert post.begin(token, claimed, real=True) == []
    assert post.text(text_id).drop_reason == "demo"


def test_an_erased_text_is_dropped(post: Post) -> None:
    text_id = post.texts(post.ticket())[0].id
    alter(post, text_id, body=None)
    assert post.depart() == []
    assert post.text(text_id).drop_reason == "erased"


@pytest.mark.parametrize("body", ["x" * 1601, "a lone \ud83d surrogate", "a \0 byte"])
def test_a_text_that_nobody_can_send_is_parked_for_a_person(post: Post, body: str) -> None:
    ticket = post.ticket()
    text_id = post.texts(ticket)[0].id
    message = post.text(text_id)
    message.body = body
    with pytest.raises(ValueError):  # noqa: PT011 - three kinds of it
        departures.outgoing(post.desk.house, message)
    post.claim()
    post.desk.transact(lambda session: departures.park(session, text_id, now=post.now))
    assert (post.text(text_id).status, post.text(text_id).error) == (MessageStatus.FAILED, departures.PARKED)
    assert post.call_tasks(ticket) == ["undelivered"]


def test_nothing_begins_with_a_claim_that_was_lost(post: Post, clock: FrozenClock) -> None:
    post.ticket()
    token, claimed = post.claim()
    clock.advance(seconds=61)
    assert post.begin(token, claimed) == []
    post.reap()
    assert post.begin(token, claimed) == []
    assert len(post.begin(*post.claim())) == 1


def test_texts_to_staff_are_not_held_by_a_customers_stop(post: Post) -> None:
    ticket = post.ticket()
    stop(post)
    post.send_all()
    post.business.on(ticket, lambda s, t, _: escalate(s, t, why="promise_lapsed", now=post.now))
    assert [departure.outgoing.to for departure in post.depart()] == ["+447700900102"]


@pytest.mark.postgres
def test_a_stop_that_is_being_written_is_waited_for(on_postgres: Business) -> None:
    """The contact's row is where a STOP and a sending meet: whoever comes second sees what the first did."""
    post = Post(on_postgres)
    ticket = post.ticket()
    token, claimed = post.claim()
    left: list[object] = []
    with post.desk.write() as session:
        contact = session.query(Contact).filter_by(phone="+447700900123").one()
        opt_out(session, contact, sender="simulator", how="code", message_id=None, now=post.now)
        beginning = threading.Thread(target=lambda: left.append(post.begin(token, claimed)))
        beginning.start()
        wait_until(lambda: is_waited_for(post.desk.reading), what="the sending waits")
        assert left == []
    beginning.join()
    assert left == [[]]
    assert post.texts(ticket)[0].drop_reason == "opted_out"


@pytest.mark.postgres
def test_a_text_whose_customer_is_being_erased_does_not_leave(on_postgres: Business) -> None:
    """Its words were still there when the sending began to look, and are gone when it comes to its turn."""
    post = Post(on_postgres)
    ticket, ada = post.ticket(), post.business.actor("ada")
    token, claimed = post.claim()
    post.business.on(ticket, lambda session, held, by: resolve(session, held, how=None, now=post.now, by=by))
    left: list[object] = []
    with post.desk.write() as session:
        erase(session, "+447700900123", now=post.now, by=ada)
        session.flush()
        beginning = threading.Thread(target=lambda: left.append(post.begin(token, claimed)))
        beginning.start()
        wait_until(lambda: is_waited_for(post.desk.reading), what="the sending waits")
    beginning.join()
    assert left == [[]]
    assert post.text(claimed[0]).drop_reason == "erased"


def test_noor_is_texted_though_sam_wrote_stop(post: Post) -> None:
    post.ticket()
    noor = post.ticket(NOOR)
    token, claimed = post.claim()
    stop(post)
    assert [departure.outgoing.to for departure in post.begin(token, claimed)] == ["+447700900124"]
    assert post.texts(noor)[0].status is MessageStatus.SENDING
