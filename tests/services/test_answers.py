"""What the provider says to a sending, and what becomes of the text."""

from dataclasses import replace
from datetime import timedelta

import pytest

from recovery.clock import FrozenClock
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.domain.provider_codes import FaultCategory
from recovery.models import OptOut
from recovery.services.alerting.alerts import escalate
from recovery.services.sending import gates, receipts
from recovery.services.sending.answers import TRIED_OFTEN, Answer, finish
from recovery.services.sending.gates import standing
from recovery.services.texting import replies
from recovery.services.texting.replies import Inbound
from recovery.sms.gateway import Accepted, SendRefused
from tests.factories import LEE, NOOR
from tests.services.post import NO_ANSWER, REFUSED_FOR_GOOD, TOO_MANY, Post


def test_an_accepted_text_is_sent_and_told(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    departure = post.depart()[0]
    clock.advance(seconds=1)
    post.finish(departure, Accepted("SM1", "queued"))
    message = post.texts(ticket)[0]
    assert (message.status, message.provider_sid, message.sent_at) == (MessageStatus.SENT, "SM1", clock.now())
    assert (message.claim_token, message.lease_until) == (None, None)
    assert post.told(ticket, Tag.TEXT_SENT) == [f'{{"attempt":1,"message":{message.id},"provider_sid":"SM1"}}']


def test_the_first_automatic_text_is_the_automatic_response(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    assert post.reread(ticket).auto_response_at is None
    clock.advance(seconds=3)
    post.send_all()
    first = clock.now()
    post.say(ticket, template="late")
    clock.advance(seconds=3)
    post.send_all()
    assert post.reread(ticket).auto_response_at == first
    assert post.reread(ticket).first_response_at is None


def test_a_delivery_state_never_costs_a_person_their_form(post: Post) -> None:
    ticket = post.ticket()
    post.say(ticket)
    before = post.reread(ticket).version
    post.send_all()
    post.receipt("SM" + "1".rjust(32, "0"), "delivered")
    assert post.reread(ticket).version == before


def test_a_number_that_takes_no_texts_gets_a_call(post: Post) -> None:
    ticket = post.ticket()
    post.finish(post.depart()[0], REFUSED_FOR_GOOD)
    message = post.texts(ticket)[0]
    assert (message.status, message.error_code) == (MessageStatus.FAILED, "21614")
    assert message.error == "This is not a mobile number."
    assert post.call_tasks(ticket) == ["undelivered"]
    assert post.claim()[1] == []


def test_an_unknown_refusal_keeps_the_providers_own_words(post: Post) -> None:
    ticket = post.ticket()
    post.finish(post.depart()[0], SendRefused(FaultCategory.PERMANENT, 29999, "Some new rule"))
    assert "29999" in str(post.texts(ticket)[0].error)
    assert "Some new rule" in str(post.texts(ticket)[0].error)


def test_a_stop_that_only_the_provider_knew_is_learnt(post: Post) -> None:
    ticket = post.ticket()
    waiting = post.say(ticket)
    post.finish(post.depart()[0], SendRefused(FaultCategory.PERMANENT_NUMBER, 21610, "opted out"))
    with post.desk.read() as session:
        assert [row.how for row in session.query(OptOut)] == ["code"]
    assert post.text(waiting).drop_reason == "opted_out"
    assert post.call_tasks(ticket) == ["opted_out"]


def test_a_stop_that_the_provider_tells_late_does_not_undo_a_newer_start(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    departure = post.depart()[0]
    clock.advance(minutes=2)
    start = Inbound("+447700900123", "simulator", "START", "SM-start")
    post.desk.transact(lambda session: replies.receive(session, start, now=post.now))
    clock.advance(minutes=2)
    post.finish(departure, SendRefused(FaultCategory.PERMANENT_NUMBER, 21610, "opted out"))
    with post.desk.read() as session:
        assert session.query(OptOut).all() == []
    assert post.reread(ticket).no_text_reason is None
    assert post.call_tasks(ticket) == ["undelivered"], "what it said is still to be said"


def test_of_several_refusals_the_latest_departure_counts(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    early = post.depart()[0]
    clock.advance(minutes=2)
    start = Inbound("+447700900123", "simulator", "START", "SM-start")
    post.desk.transact(lambda session: replies.receive(session, start, now=post.now))
    clock.advance(minutes=2)
    post.reap()
    late = replace(early, message_id=post.say(ticket), began=post.now, token="of another worker")
    refusal = SendRefused(FaultCategory.PERMANENT_NUMBER, 21610, "opted out")
    answers = [Answer(late, refusal), Answer(early, refusal)]
    post.desk.transact(lambda session: finish(session, answers, terms=post.desk.terms, now=post.now))
    assert post.reread(ticket).no_text_reason == "opted_out"


def test_an_unclear_answer_is_a_doubt_and_no_second_text(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    post.finish(post.depart()[0], NO_ANSWER)
    message = post.texts(ticket)[0]
    assert (message.status, message.doubted_at) == (MessageStatus.IN_DOUBT, clock.now())
    assert message.look_at == clock.now() + timedelta(seconds=120)
    assert '"why":"no_answer"' in post.told(ticket, Tag.TEXT_DOUBTED)[0]
    clock.advance(hours=1)
    assert post.claim()[1] == []


def test_a_text_given_up_by_its_own_worker_costs_nobody_patience(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    gave_up = SendRefused(FaultCategory.RETRY, None, "The text was handed to another worker before it left.")
    post.finish(post.depart()[0], gave_up, lease_lost=True)
    with post.desk.read() as session:
        assert standing(session, "simulator") == gates.OPEN
    assert post.claim()[1] == [post.texts(ticket)[0].id]


def test_a_text_that_is_refused_for_a_day_is_handed_to_a_person(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket(days=2)
    post.set(post.texts(ticket)[0].id, attempts=TRIED_OFTEN - 1)
    clock.advance(hours=24, minutes=1)
    post.finish(post.depart()[0], TOO_MANY)
    assert post.texts(ticket)[0].status is MessageStatus.FAILED
    assert post.call_tasks(ticket) == ["undelivered"]


def test_a_backlog_that_is_older_than_a_day_is_not_given_up_at_the_first_refusal(
    post: Post, clock: FrozenClock
) -> None:
    ticket = post.ticket(days=2)
    clock.advance(hours=25)
    for _ in range(3):
        post.finish(post.depart()[0], TOO_MANY)
        clock.advance(minutes=1)
    assert post.texts(ticket)[0].status is MessageStatus.PENDING
    assert post.call_tasks(ticket) == []


def test_a_late_acceptance_settles_the_doubt(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    departure = post.depart()[0]
    clock.advance(seconds=61)
    post.reap()
    post.finish(departure, Accepted("SM1", "queued"))
    message = post.texts(ticket)[0]
    assert (message.status, message.provider_sid) == (MessageStatus.SENT, "SM1")
    assert '"applied":true' in post.told(ticket, Tag.TEXT_LATE_ANSWER)[0]
    assert '"then":"sent"' in post.told(ticket, Tag.TEXT_SETTLED)[0]


def test_a_late_answer_to_a_text_that_was_found_is_recorded_not_applied(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    departure = post.depart()[0]
    clock.advance(seconds=61)
    post.reap()
    message_id = post.texts(ticket)[0].id
    post.receipt("SM1", "delivered", of=message_id)
    post.finish(departure, Accepted("SM1", "queued"))
    assert post.status(message_id) is MessageStatus.DELIVERED
    assert '"applied":false' in post.told(ticket, Tag.TEXT_LATE_ANSWER)[0]


def test_a_late_refusal_settles_the_doubt_of_its_own_attempt_only(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    first = post.depart()[0]
    clock.advance(seconds=61)
    post.reap()
    post.finish(first, TOO_MANY)
    assert post.texts(ticket)[0].status is MessageStatus.PENDING
    second = post.depart()[0]
    assert second.attempt == 2
    post.finish(second, NO_ANSWER)
    post.finish(first, TOO_MANY)
    assert post.texts(ticket)[0].status is MessageStatus.IN_DOUBT


def test_a_late_answer_does_not_touch_a_second_sending_under_way(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    first = post.depart()[0]
    clock.advance(seconds=61)
    post.reap()
    post.finish(first, TOO_MANY)
    second = post.depart()[0]
    post.finish(first, Accepted("SM1", "queued"))
    assert post.texts(ticket)[0].status is MessageStatus.SENDING
    post.finish(second, Accepted("SM2", "queued"))
    assert post.texts(ticket)[0].provider_sid == "SM2"


def test_a_receipt_that_was_faster_than_the_answer_is_no_news(post: Post) -> None:
    ticket = post.ticket()
    departure = post.depart()[0]
    post.receipt("SM1", "sent", of=departure.message_id)
    post.finish(departure, Accepted("SM1", "queued"))
    assert post.texts(ticket)[0].status is MessageStatus.SENT
    assert post.told(ticket, Tag.TEXT_LATE_ANSWER) == []
    assert len(post.told(ticket, Tag.TEXT_SENT)) == 1


def test_receipts_that_came_before_the_name_are_laid_on_it(post: Post) -> None:
    ticket = post.ticket()
    departure = post.depart()[0]
    for status in ("delivered", "sent"):
        assert post.receipt("SM1", status)
    assert post.texts(ticket)[0].status is MessageStatus.SENDING
    post.finish(departure, Accepted("SM1", "queued"))
    assert post.texts(ticket)[0].status is MessageStatus.DELIVERED
    with post.desk.read() as session:
        assert receipts.strays(session) == []


def test_many_answers_are_written_in_one_transaction(post: Post) -> None:
    tickets = [post.ticket(), post.ticket(NOOR), post.ticket(LEE)]
    outcomes = [Accepted("SM1", "queued"), REFUSED_FOR_GOOD, NO_ANSWER]
    answers = [Answer(departure, said) for departure, said in zip(post.depart(), outcomes, strict=True)]
    post.desk.transact(lambda session: finish(session, answers, terms=post.desk.terms, now=post.now))
    states = [post.texts(ticket)[0].status for ticket in tickets]
    assert states == [MessageStatus.SENT, MessageStatus.FAILED, MessageStatus.IN_DOUBT]


@pytest.mark.parametrize("outcome", [REFUSED_FOR_GOOD, NO_ANSWER])
def test_an_alert_to_staff_that_fails_makes_no_call_to_the_customer(post: Post, outcome: SendRefused) -> None:
    ticket = post.ticket()
    post.send_all()
    post.business.on(ticket, lambda s, t, _: escalate(s, t, why="promise_lapsed", now=post.now))
    post.finish(post.depart()[0], outcome)
    assert post.call_tasks(ticket) == []
