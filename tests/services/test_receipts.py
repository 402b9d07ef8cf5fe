"""Delivery receipts in every order, repeated, too early, contradictory, and for texts that nobody knows."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import pytest
from sqlalchemy import func, select

from recovery.clock import FrozenClock
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.models import OptOut, Receipt, Ticket
from recovery.services.sending import receipts
from recovery.services.texting import replies
from recovery.services.texting.replies import Inbound
from recovery.sms.gateway import Accepted
from tests.factories import NO_CAPS
from tests.services.post import NO_ANSWER, TOO_MANY, Post


def sent(post: Post) -> Ticket:
    ticket = post.ticket()
    post.finish(post.depart()[0], Accepted("SM1", "queued"))
    return ticket


ANSWER = "answer"
ORDERS = list(permutations(["queued", "sent", "delivered", ANSWER]))


@pytest.mark.parametrize("by_ref", [True, False], ids=["our reference", "their name alone"])
def test_in_whatever_order_they_come_also_before_the_answer_the_highest_rank_stays(post: Post, *, by_ref: bool) -> None:
    """Each order on a text of its own; what comes before the answer and without our reference is of a text that nobody
    knows yet."""
    post.business.set_policy(caps=NO_CAPS)
    ticket = post.ticket()
    post.send_all()
    for number, order in enumerate(ORDERS):
        post.say(ticket, f"Number {number}.")
        (departure,) = post.depart()
        for status in order:
            if status == ANSWER:
                post.finish(departure, Accepted(f"SM{number}", "queued"))
            else:
                post.receipt(f"SM{number}", status, of=departure.message_id if by_ref else None)
        message = post.text(departure.message_id)
        assert (message.status, message.provider_sid) == (MessageStatus.DELIVERED, f"SM{number}"), order
        assert message.claim_token is None
    told = [json.loads(payload)["message"] for payload in post.told(ticket, Tag.TEXT_DELIVERED)]
    assert len(told) == len(set(told)) == len(ORDERS), "each arrived once"
    assert post.told(ticket, Tag.TEXT_CONTRADICTED) == post.told(ticket, Tag.TEXT_DOUBTED) == []
    assert post.call_tasks(ticket) == []


def test_a_receipt_repeated_fifty_times_changes_one_thing_once(post: Post) -> None:
    ticket = sent(post)
    assert [post.receipt("SM1", "delivered") for _ in range(50)].count(True) == 1
    with post.desk.read() as session:
        assert session.scalar(select(func.count()).select_from(Receipt)) == 1
    assert len(post.told(ticket, Tag.TEXT_DELIVERED)) == 1


def test_receipts_that_come_at_once_change_one_thing_once(post: Post) -> None:
    ticket = sent(post)
    with ThreadPoolExecutor(8) as posters:
        kept = list(posters.map(lambda _: post.receipt("SM1", "delivered"), range(24)))
    assert kept.count(True) == 1
    assert len(post.told(ticket, Tag.TEXT_DELIVERED)) == 1


def test_an_end_sticks_and_what_contradicts_it_is_recorded(post: Post) -> None:
    ticket = sent(post)
    post.receipt("SM1", "delivered")
    post.receipt("SM1", "undelivered", code="30005")
    assert post.texts(ticket)[0].status is MessageStatus.DELIVERED
    assert '"status":"undelivered"' in post.told(ticket, Tag.TEXT_CONTRADICTED)[0]
    assert post.call_tasks(ticket) == []


def test_a_text_that_did_not_arrive_gets_a_call(post: Post, clock: FrozenClock) -> None:
    ticket = sent(post)
    post.receipt("SM1", "undelivered", code="30005")
    message = post.texts(ticket)[0]
    assert (message.status, message.error_code, message.final_at) == (MessageStatus.UNDELIVERED, "30005", clock.now())
    assert "phone company does not know" in str(message.error)
    assert post.call_tasks(ticket) == ["undelivered"]


def test_a_word_that_we_never_heard_is_taken_as_accepted(post: Post) -> None:
    ticket = sent(post)
    assert post.receipt("SM1", "teleported")
    assert post.texts(ticket)[0].status is MessageStatus.SENT


def test_a_receipt_for_an_unknown_text_is_kept_and_joined_later(post: Post) -> None:
    ticket = post.ticket()
    departure = post.depart()[0]
    assert post.receipt("SM1", "undelivered", code="30006")
    post.finish(departure, Accepted("SM1", "queued"))
    assert post.texts(ticket)[0].status is MessageStatus.UNDELIVERED
    with post.desk.read() as session:
        assert session.scalar(select(Receipt.message_id)) == departure.message_id


def test_a_receipt_that_crossed_the_answer_is_joined_by_the_sweep(post: Post) -> None:
    ticket = sent(post)
    with post.desk.write() as session:
        row = Receipt(id=7, provider_sid="SM1", status="delivered", error_code="", received_at=post.now, applied=False)
        session.add(row)
    with post.desk.read() as session:
        strays = receipts.strays(session)
    for stray in strays:
        post.desk.transact(lambda session, r=stray: receipts.join_stray(session, r, now=post.now))
    assert strays == [7]
    assert post.texts(ticket)[0].status is MessageStatus.DELIVERED


def test_the_reference_proves_what_a_lost_answer_did_not_say(post: Post) -> None:
    ticket = post.ticket()
    departure = post.depart()[0]
    post.finish(departure, NO_ANSWER)
    post.receipt("SM9", "sent", of=departure.message_id)
    message = post.texts(ticket)[0]
    assert (message.status, message.provider_sid) == (MessageStatus.SENT, "SM9")
    assert '"how":"receipt"' in post.told(ticket, Tag.TEXT_SETTLED)[0]


def test_a_reference_that_we_did_not_make_proves_nothing(post: Post) -> None:
    ticket = post.ticket()
    departure = post.depart()[0]
    post.finish(departure, NO_ANSWER)
    told = receipts.Told("SM9", "sent", ref="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    post.desk.transact(lambda session: receipts.take(session, told, now=post.now))
    assert post.texts(ticket)[0].status is MessageStatus.IN_DOUBT


def test_the_receipt_of_a_second_copy_is_recorded_as_a_contradiction(post: Post) -> None:
    ticket = sent(post)
    message = post.texts(ticket)[0]
    post.receipt("SM2", "delivered", of=message.id)
    assert post.text(message.id).provider_sid == "SM1"
    assert len(post.told(ticket, Tag.TEXT_CONTRADICTED)) == 1


def test_a_receipt_that_says_stop_is_an_opt_out(post: Post) -> None:
    ticket = sent(post)
    post.receipt("SM1", "undelivered", code="21610")
    with post.desk.read() as session:
        assert [row.how for row in session.query(OptOut)] == ["code"]
    assert post.call_tasks(ticket) == ["opted_out"]


def opt_outs(post: Post) -> list[OptOut]:
    with post.desk.read() as session:
        return list(session.scalars(select(OptOut).order_by(OptOut.id)))


def writes(post: Post, words: str) -> None:
    inbound = Inbound("+447700900123", "simulator", words, f"SM{words}{post.now:%H%M}")
    post.desk.transact(lambda session: replies.receive(session, inbound, now=post.now))


def test_a_stop_that_is_told_again_after_start_opts_nobody_out(post: Post, clock: FrozenClock) -> None:
    ticket = sent(post)
    post.receipt("SM1", "undelivered", code="21610")
    clock.advance(minutes=5)
    writes(post, "START")
    clock.advance(minutes=5)
    assert post.receipt("SM1", "undelivered", code="21610") is False
    assert [row.lifted_at is None for row in opt_outs(post)] == [False]
    assert post.reread(ticket).no_text_reason is None


@pytest.mark.parametrize("knew", [True, False], ids=["STOP came to us", "STOP came to the provider alone"])
def test_a_receipt_from_before_the_start_opts_nobody_out(post: Post, clock: FrozenClock, *, knew: bool) -> None:
    ticket = sent(post)
    clock.advance(minutes=1)
    if knew:
        writes(post, "STOP")
        clock.advance(minutes=4)
    writes(post, "START")
    clock.advance(minutes=5)
    post.receipt("SM1", "undelivered", code="21610")
    assert [row for row in opt_outs(post) if row.lifted_at is None] == []
    assert post.reread(ticket).no_text_reason is None


def test_a_text_that_left_after_the_start_may_teach_us_of_another_stop(post: Post, clock: FrozenClock) -> None:
    ticket = sent(post)
    writes(post, "STOP")
    clock.advance(minutes=5)
    writes(post, "START")
    clock.advance(minutes=5)
    post.send_all()
    asked = post.say(ticket)
    departure = post.depart()[0]
    assert departure.message_id == asked
    post.finish(departure, Accepted("SM7", "queued"))
    post.receipt("SM7", "undelivered", code="21610")
    assert [row.lifted_at is None for row in opt_outs(post)] == [False, True]


def test_receipts_that_say_stop_at_once_learn_it_once(post: Post) -> None:
    ticket = sent(post)
    with ThreadPoolExecutor(8) as posters:
        kept = list(posters.map(lambda _: post.receipt("SM1", "undelivered", code="21610"), range(24)))
    assert kept.count(True) == 1
    assert len(opt_outs(post)) == len(post.told(ticket, Tag.CUSTOMER_OPTED_OUT)) == 1


def test_a_receipt_stops_a_text_that_was_to_be_sent_again(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    departure = post.depart()[0]
    clock.advance(seconds=61)
    post.reap()
    post.finish(departure, TOO_MANY)
    assert post.texts(ticket)[0].status is MessageStatus.PENDING
    post.receipt("SM1", "delivered", of=departure.message_id)
    assert post.texts(ticket)[0].status is MessageStatus.DELIVERED
    assert post.claim()[1] == []
