"""What the provider says to a sending, and what becomes of the text."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from recovery.clock import FrozenClock
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.domain.provider_codes import FaultCategory, fault_for
from recovery.models import OptOut
from recovery.services.running.health import Check, checks
from recovery.services.running.tallies import LINE_STOPPED, counted
from recovery.services.sending import gates, receipts
from recovery.services.sending.answers import TRIED_OFTEN, Answer, finish
from recovery.services.sending.gates import standing
from recovery.services.texting import replies
from recovery.services.texting.replies import Inbound
from recovery.services.timing.lapses import escalate
from recovery.sms.gateway import Accepted, SendRefused
from tests.factories import LEE, NOOR, NewCustomer
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


def test_after_too_many_requests_all_workers_wait_at_one_gate(post: Post, clock: FrozenClock) -> None:
    people = [NewCustomer(f"07700 9003{number:02}", f"Customer {number}") for number in range(8)]
    for person in people:
        post.ticket(person)
    leaving = post.depart()
    clock.advance(seconds=0.1)
    for departure in leaving:
        post.finish(departure, TOO_MANY)
    with post.desk.read() as session:
        gate = standing(session, "simulator")
    assert gate.refusals == 1, "eight refused at once are one refusal"
    assert gate.is_closed(clock.now())
    assert gate.closed_until is not None
    assert gate.closed_until <= clock.now() + timedelta(seconds=1)
    assert post.texts(post.ticket(NOOR))[0].status is MessageStatus.PENDING


def test_each_refusal_in_a_row_doubles_the_pause_up_to_a_bound(post: Post, clock: FrozenClock) -> None:
    post.ticket()
    pauses = []
    for _ in range(6):
        departure = post.depart()[0]
        post.finish(departure, TOO_MANY)
        with post.desk.read() as session:
            closed_until = standing(session, "simulator").closed_until
        assert closed_until is not None
        pauses.append((closed_until - clock.now()).total_seconds())
        clock.advance(seconds=60)
    assert pauses == [0.5, 1, 2, 4, 5, 5]


def test_the_provider_may_name_the_pause_itself(post: Post, clock: FrozenClock) -> None:
    post.ticket()
    post.finish(post.depart()[0], SendRefused(FaultCategory.RETRY, 20429, "slow down", retry_after=17))
    with post.desk.read() as session:
        assert standing(session, "simulator").closed_until == clock.now() + timedelta(seconds=17)


@pytest.mark.parametrize("asked", [99_999_999_999_999_999.0, float("inf"), 1e308])
def test_a_pause_beyond_all_reason_is_an_hour(post: Post, clock: FrozenClock, asked: float) -> None:
    post.ticket()
    post.finish(post.depart()[0], SendRefused(FaultCategory.RETRY, 20429, "slow down", retry_after=asked))
    with post.desk.read() as session:
        assert standing(session, "simulator").closed_until == clock.now() + timedelta(hours=1)


def test_a_gate_closed_by_a_clock_that_was_wrong_is_open(post: Post, clock: FrozenClock) -> None:
    post.ticket()
    clock.advance(days=365)
    post.finish(post.depart()[0], SendRefused(FaultCategory.RETRY, 20429, "slow down", retry_after=3600))
    with post.desk.read() as session:
        gate = standing(session, "simulator")
    assert gate.is_closed(clock.now())
    clock.set(clock.now() - timedelta(days=365))
    assert not gate.is_closed(clock.now())
    post.ticket(NOOR)
    post.finish(post.depart()[0], TOO_MANY)
    with post.desk.read() as session:
        assert standing(session, "simulator").is_closed(clock.now()), "and can be closed again"


def test_an_accepted_text_opens_the_line_again(post: Post, clock: FrozenClock) -> None:
    post.ticket()
    post.finish(post.depart()[0], TOO_MANY)
    clock.advance(minutes=1)
    post.desk.transact(lambda session: gates.reopen(session, "simulator"))
    with post.desk.read() as session:
        assert standing(session, "simulator").refusals == 0
    assert post.send_all() == 1


def test_of_all_workers_one_at_a_time_tries_the_line_again(post: Post, clock: FrozenClock) -> None:
    def takes_turn() -> bool:
        return post.desk.transact(lambda session: gates.take_turn(session, "simulator", now=clock.now()))

    post.ticket()
    post.finish(post.depart()[0], TOO_MANY)
    assert not takes_turn(), "the provider's pause comes first"
    clock.advance(seconds=1)
    assert [takes_turn() for _ in range(3)] == [True, False, False]
    clock.advance(seconds=2)
    assert [takes_turn() for _ in range(2)] == [True, False], "whoever does not come back holds up nobody"
    post.finish(post.depart()[0], TOO_MANY)
    clock.advance(seconds=60)
    assert takes_turn(), "an answer ends the turn"


def test_a_fault_of_our_account_stops_the_line_and_is_counted(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    post.finish(post.depart()[0], SendRefused(FaultCategory.STOP_LINE, 20003, "Authenticate"))
    assert post.texts(ticket)[0].status is MessageStatus.PENDING
    with post.desk.read() as session:
        gate = standing(session, "simulator")
        assert counted(session, LINE_STOPPED) == 1
    assert gate.is_closed(clock.now() + timedelta(seconds=14))
    assert gate.why == "Authenticate"
    assert post.call_tasks(ticket) == []


def test_a_country_that_is_not_allowed_costs_one_text_and_stops_nobody_else(post: Post, clock: FrozenClock) -> None:
    """As the provider answers it: what the code means for the line is read from our own table."""
    code = 21408
    post.business.set_policy(countries=frozenset({"GB", "IE"}))
    abroad, sam = post.ticket(NewCustomer("+353 85 012 3456", "Aoife")), post.ticket()
    first, second = post.depart()
    post.finish(first, SendRefused(fault_for(code, 400).category, code, "no permission for this region"))
    assert [text.status for text in post.texts(abroad)] == [MessageStatus.FAILED]
    assert post.call_tasks(abroad) == ["undelivered"]
    with post.desk.read() as session:
        assert standing(session, "simulator") == gates.OPEN
    post.finish(second, post.accept())
    assert [text.status for text in post.texts(sam)] == [MessageStatus.SENT]


def test_the_admin_is_told_which_countries_are_not_allowed_and_no_number(post: Post, clock: FrozenClock) -> None:
    post.business.set_policy(countries=frozenset({"GB", "IE", "US"}))
    for number in ("+353 85 012 3456", "+353 85 012 3457", "+1 202 555 0143"):
        post.ticket(NewCustomer(number))
    post.send_all(lambda: SendRefused(FaultCategory.PERMANENT_NUMBER, 21408, "no permission for this region"))
    told = countries(post)
    assert (told.state, "3 texts of the last day" in told.words, "(+1, +353)" in told.words) == ("soon", True, True)
    assert not re.search("0123|555", told.words)
    clock.advance(hours=25)
    assert countries(post).state == "ok"


def countries(post: Post) -> Check:
    with post.desk.read() as session:
        return next(check for check in checks(session, now=post.now) if check.what == "Countries")


def test_a_text_that_stops_the_line_lets_others_try_first(post: Post, clock: FrozenClock) -> None:
    """Or one text that our sender cannot send would be tried for ever, and nothing else."""
    post.ticket()
    post.finish(post.depart()[0], SendRefused(FaultCategory.STOP_LINE, 21606, "not a number of ours"))
    noor = post.texts(post.ticket(NOOR))[0].id
    clock.advance(seconds=20)
    assert post.claim()[1] == [noor]


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
    ticket = post.ticket()
    post.set(post.texts(ticket)[0].id, attempts=TRIED_OFTEN - 1)
    clock.advance(hours=24, minutes=1)
    post.finish(post.depart()[0], TOO_MANY)
    assert post.texts(ticket)[0].status is MessageStatus.FAILED
    assert post.call_tasks(ticket) == ["undelivered"]


def test_a_backlog_that_is_older_than_a_day_is_not_given_up_at_the_first_refusal(
    post: Post, clock: FrozenClock
) -> None:
    ticket = post.ticket()
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
