"""What is inferred is a guess until a person says how it went; then what had come of it is taken back."""

import pytest

from recovery.domain.actors import Actor
from recovery.domain.callbacks import CallbackStatus, CallReason, Outcome
from recovery.domain.errors import NotFound, WrongState
from recovery.domain.messages import MessageStatus
from recovery.models import Callback, Message, Ticket
from recovery.services.calling import attempts
from recovery.services.calling.call_tasks import open_call_task
from recovery.services.session import DeskSession
from recovery.services.texting.messages import WRONG_NUMBER
from tests.services.post import Post
from tests.telephony.parties import Desk


def after_a_call(desk: Desk, seconds: int) -> tuple[Ticket, Callback]:
    ticket, callback = desk.promised()
    desk.talk_to(callback)
    desk.play.customer_picks_up()
    desk.play.customer_hangs_up(seconds)
    return ticket, callback


def test_a_short_call_that_said_it_all_was_no_cut_and_its_text_never_leaves(simulated: Desk) -> None:
    post = Post(simulated.business)
    ticket, _ = after_a_call(simulated, 20)
    post.send_all()
    simulated.correct(ticket, Outcome.REACHED)
    simulated.business.later(seconds=11)
    post.send_all()
    text = next(each for each in simulated.business.rows(Message, ticket) if each.template == "disconnected")
    assert (text.status, text.drop_reason) == (MessageStatus.DROPPED, "no_longer_true")
    assert simulated.callback(ticket).status is CallbackStatus.REACHED
    (attempt,) = simulated.attempts(ticket)
    assert (attempt.outcome, attempt.inferred) == (Outcome.REACHED, False)
    assert simulated.business.tags(ticket).count("callback:attempted") == 1, "it was one try"
    assert "callback:corrected" in simulated.business.tags(ticket)


def test_a_cut_that_is_not_corrected_is_told_to_the_customer(simulated: Desk) -> None:
    post = Post(simulated.business)
    ticket, _ = after_a_call(simulated, 20)
    simulated.business.later(seconds=11)
    post.send_all()
    text = next(each for each in simulated.business.rows(Message, ticket) if each.template == "disconnected")
    assert text.status is MessageStatus.SENT


def test_a_long_talk_with_a_voicemail_is_tried_again(simulated: Desk) -> None:
    ticket, _ = after_a_call(simulated, 75)
    assert simulated.callback(ticket).status is CallbackStatus.REACHED
    simulated.correct(ticket, Outcome.VOICEMAIL, by="omar")
    call = simulated.callback(ticket)
    assert (call.status, call.in_vain, call.ended_at) == (CallbackStatus.BOOKED, 1, None)


def test_a_guess_that_was_right_is_said_once(simulated: Desk) -> None:
    ticket, _ = after_a_call(simulated, 75)
    simulated.correct(ticket, Outcome.REACHED)
    assert simulated.callback(ticket).status is CallbackStatus.REACHED
    with pytest.raises(WrongState, match="Somebody has said already"):
        simulated.correct(ticket, Outcome.BUSY)


def test_no_answer_that_was_a_cut_is_redialled(simulated: Desk) -> None:
    ticket, callback = simulated.promised()
    simulated.talk_to(callback)
    simulated.play.customer_does_not_answer()
    simulated.correct(ticket, Outcome.DISCONNECTED)
    call = simulated.callback(ticket)
    assert (call.status, call.in_vain) == (CallbackStatus.DUE, 0)


def test_a_number_that_is_theirs_after_all_gets_texts_again(http: Desk) -> None:
    ticket, callback = http.promised()
    http.talk_to(callback)
    http.play.line.customer_does_not("failed", SipResponseCode="404")
    (attempt,) = http.attempts(ticket)
    assert (attempt.outcome, attempt.inferred) == (Outcome.WRONG_NUMBER, True)
    assert http.business.again(ticket).no_text_reason == WRONG_NUMBER
    http.correct(ticket, Outcome.NO_ANSWER)
    assert http.business.again(ticket).no_text_reason is None
    assert http.callback(ticket).status is CallbackStatus.BOOKED


def test_a_number_that_only_seems_wrong_silences_nothing_else_until_somebody_says_so(http: Desk) -> None:
    ticket, callback = http.promised()
    other = http.business.log(failure="late")
    http.talk_to(callback)
    http.play.line.customer_does_not("failed", SipResponseCode="404")
    assert http.business.again(ticket).no_text_reason == WRONG_NUMBER
    assert http.business.again(other).no_text_reason is None
    http.correct(ticket, Outcome.WRONG_NUMBER)
    assert http.business.again(other).no_text_reason == WRONG_NUMBER


def test_where_another_call_has_taken_its_place_only_the_record_changes(simulated: Desk) -> None:
    ticket, callback = after_a_call(simulated, 75)
    simulated.book(ticket)

    def act(session: DeskSession, held: Ticket, maya: Actor) -> None:
        first = session.get_one(Callback, callback.id)
        attempts.correct(session, held, first, 1, outcome=Outcome.BUSY, now=simulated.business.now, by=maya)

    simulated.business.on(ticket, act)
    first, second = simulated.business.rows(Callback, ticket)
    assert (first.status, second.status) == (CallbackStatus.REACHED, CallbackStatus.DUE)
    assert simulated.attempts(ticket)[0].outcome is Outcome.BUSY


def test_only_the_last_try_is_corrected_and_only_one_that_was(simulated: Desk) -> None:
    ticket, _ = after_a_call(simulated, 20)
    simulated.say(ticket, Outcome.NO_ANSWER)

    def correct(number: int) -> None:
        def act(session: DeskSession, held: Ticket, maya: Actor) -> None:
            call = session.get_one(Callback, simulated.callback(ticket).id)
            attempts.correct(session, held, call, number, outcome=Outcome.BUSY, now=simulated.business.now, by=maya)

        simulated.business.on(ticket, act)

    with pytest.raises(WrongState, match="another try since"):
        correct(1)
    with pytest.raises(WrongState, match="Somebody has said already"):
        correct(2)
    with pytest.raises(NotFound):
        correct(7)


def test_a_last_try_that_ended_otherwise_asks_them_to_choose_once(simulated: Desk) -> None:
    ticket = after_the_last_try(simulated)
    simulated.correct(ticket, Outcome.BUSY)
    assert simulated.callback(ticket).status is CallbackStatus.UNREACHED
    assert asked_to_choose(simulated, ticket) == [MessageStatus.PENDING]


def test_who_was_there_after_all_is_not_asked_to_choose_and_once_more_if_that_comes_to_nothing(simulated: Desk) -> None:
    ticket = after_the_last_try(simulated)
    simulated.correct(ticket, Outcome.DISCONNECTED)
    assert simulated.callback(ticket).status is CallbackStatus.DUE
    assert asked_to_choose(simulated, ticket) == [MessageStatus.DROPPED]
    simulated.say(ticket, Outcome.NO_ANSWER)
    assert asked_to_choose(simulated, ticket) == [MessageStatus.DROPPED, MessageStatus.PENDING]


def test_once_it_is_certain_that_they_were_reached_nobody_calls_them_twice(simulated: Desk) -> None:
    ticket, callback = simulated.promised()
    simulated.business.on(
        ticket,
        lambda session, held, _: open_call_task(session, held, CallReason.UNDELIVERED, now=simulated.business.now),
    )
    simulated.talk_to(callback)
    simulated.play.customer_picks_up()
    simulated.play.customer_hangs_up(75)
    statuses = [call.status for call in simulated.business.rows(Callback, ticket)]
    assert statuses == [CallbackStatus.REACHED, CallbackStatus.DUE]

    def confirm(session: DeskSession, held: Ticket, maya: Actor) -> None:
        call = session.get_one(Callback, callback.id)
        attempts.correct(session, held, call, 1, outcome=Outcome.REACHED, now=simulated.business.now, by=maya)

    simulated.business.on(ticket, confirm)
    assert simulated.callback(ticket).status is CallbackStatus.CANCELLED


def test_who_says_on_an_old_page_how_it_went_says_it_of_the_try_that_was_inferred(simulated: Desk) -> None:
    ticket, callback = after_a_call(simulated, 20)

    def say(session: DeskSession, held: Ticket, maya: Actor) -> None:
        call, now = session.get_one(Callback, callback.id), simulated.business.now
        said = {"outcome": Outcome.REACHED, "note": "all well", "number": 1}
        attempts.attempt(session, held, call, **said, now=now, by=maya)

    simulated.business.on(ticket, say)
    (attempt,) = simulated.attempts(ticket)
    assert (attempt.outcome, attempt.note, attempt.inferred) == (Outcome.REACHED, "all well", False)
    assert simulated.callback(ticket).status is CallbackStatus.REACHED


def after_the_last_try(desk: Desk) -> Ticket:
    desk.business.set_policy(retry_gaps=())
    ticket, callback = desk.promised()
    desk.talk_to(callback)
    desk.play.customer_does_not_answer()
    assert asked_to_choose(desk, ticket) == [MessageStatus.PENDING]
    return ticket


def asked_to_choose(desk: Desk, ticket: Ticket) -> list[MessageStatus]:
    return [text.status for text in desk.business.rows(Message, ticket) if text.template == "unreached"]
