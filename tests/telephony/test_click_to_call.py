"""Click to call, over both providers: our own phone rings first, then the customer's, and callbacks fill the attempts."""

import pytest

from recovery.domain.callbacks import CallbackStatus, Outcome
from recovery.domain.phone_calls import CallEnd, CallState
from recovery.models import Message
from recovery.services.people.staff import deactivate, locked_with_admins
from recovery.services.proving.audit import verify
from recovery.sms.gateway import Accepted
from tests.telephony.parties import MAYAS, SAMS, Desk


def test_our_own_phone_rings_first_and_a_voice_says_who_it_is_and_why(desk: Desk) -> None:
    ticket, callback = desk.promised()
    desk.ask(callback)
    assert isinstance(desk.place(), Accepted)
    assert desk.call().state is CallState.RINGING
    desk.play.pick_up()
    spelt = ", ".join(" ".join(part) for part in ticket.reference.split("-"))
    assert desk.play.said == f"A call to Sam about wrong order, ticket {spelt}. Press any key to be connected."
    assert (desk.call().state, desk.play.dialled) == (CallState.ANSWERED, ""), (
        "nobody is called before a key is pressed"
    )
    desk.play.press_key()
    assert (desk.call().state, desk.play.dialled) == (CallState.CONNECTING, SAMS)
    desk.play.customer_picks_up()
    assert desk.call().state is CallState.TALKING


def test_a_voice_tells_nothing_of_a_sensitive_matter(desk: Desk) -> None:
    ticket = desk.business.log(failure="unsafe", remedies=(), note="nut allergy")
    desk.ask(desk.book(ticket))
    desk.place()
    desk.play.pick_up()
    assert desk.play.said.startswith("A call to Sam, ticket R D")
    assert not {"unsafe", "allergy", "nut"} & set(desk.play.said.lower().replace(",", "").split())


def test_who_talks_for_more_than_a_minute_was_reached(desk: Desk) -> None:
    ticket, callback = desk.promised()
    desk.talk_to(callback)
    desk.play.customer_picks_up()
    desk.play.customer_hangs_up(64)
    (attempt,) = desk.attempts(ticket)
    assert (attempt.outcome, attempt.seconds, attempt.inferred) == (Outcome.REACHED, 64, True)
    assert attempt.by_id == desk.business.staff("maya").id
    assert desk.callback(ticket).status is CallbackStatus.REACHED
    assert "promise:kept" in desk.business.tags(ticket)
    assert desk.business.again(ticket).first_response_at is not None


def test_a_call_that_is_cut_within_a_minute_is_redialled_by_the_same_person(desk: Desk) -> None:
    ticket, callback = desk.promised()
    desk.talk_to(callback)
    desk.play.customer_picks_up()
    desk.play.customer_hangs_up(38)
    (attempt,) = desk.attempts(ticket)
    assert (attempt.outcome, attempt.seconds, attempt.inferred) == (Outcome.DISCONNECTED, 38, True)
    call = desk.callback(ticket)
    assert (call.status, call.staff_id) == (CallbackStatus.DUE, desk.business.staff("maya").id)
    assert (call.miss_at - desk.business.now).total_seconds() == 120
    text = next(each for each in desk.business.rows(Message, ticket) if each.template == "disconnected")
    assert "we got cut off" in (text.body or "")
    assert (text.not_before - desk.business.now).total_seconds() == 10, "so long somebody may know better"


def test_who_leaves_while_they_speak_is_not_who_calls_straight_back(simulated: Desk) -> None:
    ticket, callback = simulated.promised()
    simulated.talk_to(callback)
    simulated.play.customer_picks_up()
    business, ada = simulated.business, simulated.business.actor("ada")
    with business.desk.write() as session:
        deactivate(session, locked_with_admins(session, business.staff("maya").id), now=business.now, by=ada)
    simulated.play.customer_hangs_up(20)
    call = simulated.callback(ticket)
    assert (call.status, call.staff_id) == (CallbackStatus.DUE, None)


def test_nobody_redials_and_the_next_person_up_is_alerted(desk: Desk) -> None:
    ticket, callback = desk.promised()
    desk.talk_to(callback)
    desk.play.customer_picks_up()
    desk.play.customer_hangs_up(5)
    desk.business.later(minutes=2, seconds=1)
    desk.business.tick()
    assert desk.callback(ticket).status is CallbackStatus.MISSED
    assert "ticket:escalated" in desk.business.tags(ticket)


def test_a_call_that_goes_on_is_not_missed(desk: Desk) -> None:
    ticket, callback = desk.promised()
    desk.business.later(minutes=9)
    desk.talk_to(callback)
    desk.play.customer_picks_up()
    desk.business.later(minutes=5)
    desk.business.tick()
    assert desk.callback(ticket).status is CallbackStatus.DUE
    assert "promise:lapsed" not in desk.business.tags(ticket), "nobody is told that we are late while we speak"
    desk.play.customer_hangs_up(60)
    assert desk.callback(ticket).status is CallbackStatus.REACHED
    assert "promise:kept" in desk.business.tags(ticket), "the call began in time"


@pytest.mark.parametrize("what", ["busy", "no_answer"])
def test_who_is_not_there_is_tried_again_later(desk: Desk, what: str) -> None:
    ticket, callback = desk.promised()
    desk.talk_to(callback)
    if what == "busy":
        desk.play.customer_is_busy()
    else:
        desk.play.customer_does_not_answer()
    (attempt,) = desk.attempts(ticket)
    assert (attempt.outcome, attempt.inferred, attempt.seconds) == (Outcome(what), True, None)
    assert desk.callback(ticket).status is CallbackStatus.BOOKED


def test_the_voice_says_whether_there_is_another_try(simulated: Desk) -> None:
    ticket, callback = simulated.promised()
    simulated.talk_to(callback)
    simulated.play.customer_is_busy()
    assert simulated.play.said == "The line is busy. The next try stands on the list."
    for _ in simulated.desk.house.policy.retry_gaps[1:]:
        simulated.say(ticket, Outcome.NO_ANSWER)
    simulated.business.later(seconds=1)
    simulated.talk_to(callback)
    simulated.play.customer_is_busy()
    assert simulated.callback(ticket).status is CallbackStatus.UNREACHED
    assert simulated.play.said == "The line is busy. That was the last try."


def test_a_phone_of_ours_that_nobody_answers_calls_no_customer(desk: Desk) -> None:
    ticket, callback = desk.promised()
    desk.ask(callback)
    desk.place()
    desk.play.ring()
    desk.play.we_do_not_answer()
    assert (desk.call().ending, desk.attempts(ticket)) == (CallEnd.STAFF_AWAY, [])
    assert desk.callback(ticket).status is CallbackStatus.DUE


def test_a_voicemail_of_ours_presses_no_key_and_calls_no_customer(desk: Desk) -> None:
    ticket, callback = desk.promised()
    desk.ask(callback)
    desk.place()
    desk.play.pick_up()
    desk.play.we_put_down()
    assert (desk.call().ending, desk.play.dialled, desk.attempts(ticket)) == (CallEnd.UNCONNECTED, "", [])


def test_hanging_up_before_they_answer_says_nothing_of_them(desk: Desk) -> None:
    ticket, callback = desk.promised()
    desk.talk_to(callback)
    desk.play.we_hang_up()
    assert (desk.call().ending, desk.attempts(ticket)) == (CallEnd.CANCELLED, [])
    assert desk.callback(ticket).status is CallbackStatus.DUE


def test_who_says_how_it_went_is_believed_over_the_provider(desk: Desk) -> None:
    ticket, callback = desk.promised()
    desk.talk_to(callback)
    desk.play.customer_picks_up()
    desk.say(ticket, Outcome.VOICEMAIL)
    desk.play.customer_hangs_up(70)
    (attempt,) = desk.attempts(ticket)
    assert (attempt.outcome, attempt.inferred) == (Outcome.VOICEMAIL, False)


def test_the_trail_of_a_call_holds_and_names_nobody(desk: Desk) -> None:
    ticket, callback = desk.promised()
    desk.talk_to(callback)
    desk.play.customer_picks_up()
    desk.play.customer_hangs_up(20)
    told = desk.business.told(ticket)
    assert {"ticket:call:placed", "ticket:call:ended"} <= {event.tag for event in told}
    assert not any(number in event.payload for event in told for number in (SAMS, MAYAS))
    with desk.desk.read() as session:
        assert verify(session, desk.desk.house.audit_key).ok


def test_what_the_provider_tells_costs_nobody_their_form(desk: Desk) -> None:
    ticket, callback = desk.promised()
    desk.talk_to(callback)
    before = desk.business.again(ticket).version
    desk.play.customer_picks_up()
    desk.play.customer_hangs_up(90)
    assert desk.business.again(ticket).version == before
