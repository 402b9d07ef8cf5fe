"""Who may have a call placed, and that it is placed once at most, whatever becomes of worker, provider and line."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from recovery.domain.actors import CUSTOMER
from recovery.domain.callbacks import CallReason
from recovery.domain.errors import NotFound, WrongState
from recovery.domain.messages import Doubt
from recovery.domain.phone_calls import CallEnd, CallState
from recovery.domain.provider_codes import FaultCategory
from recovery.models import Callback, Staff
from recovery.services.calling.call_tasks import open_call_task
from recovery.services.telephony import dialling, ending, progress
from recovery.services.telephony.call_lines import ref_of
from recovery.services.telephony.progress import Told
from recovery.services.ticketing.tickets import tell_times_in
from recovery.sms.gateway import Accepted, SendInDoubt, SendRefused
from tests.fake_twilio import FakeTwilio, Fault
from tests.telephony.parties import Desk


def settle(desk: Desk) -> None:
    """As the worker's tick."""
    now, components = desk.business.now, desk.desk
    with components.read() as session:
        lost = dialling.lost(session, lease=components.terms.lease, now=now)
        silent = ending.overdue(session, now=now)
    for call_id in lost:
        components.transact(lambda session, each=call_id: dialling.reap(session, each, now=now))  # type: ignore[misc]
    for call_id in silent:
        components.transact(lambda session, each=call_id: progress.give_up(session, each, now=now))  # type: ignore[misc]


def begin(desk: Desk, token: str = "t") -> dialling.Departure | None:
    lease, now = desk.desk.terms.lease, desk.business.now
    return desk.desk.transact(lambda session: dialling.begin(session, token=token, lease=lease, real=False, now=now))


def finish(desk: Desk, departure: dialling.Departure, outcome: Accepted | SendRefused | SendInDoubt) -> None:
    now = desk.business.now
    desk.desk.transact(lambda session: dialling.finish(session, departure, outcome, now=now))


def without_phone(desk: Desk, name: str) -> None:
    with desk.desk.write() as session:
        session.execute(update(Staff).where(Staff.email == f"{name}@example.com").values(phone=None))


def test_without_a_voice_number_a_person_dials(simulated: Desk) -> None:
    _, callback = simulated.promised()
    simulated.desk.house = replace(simulated.desk.house, voice_number=None)
    with pytest.raises(WrongState, match="dial yourself"):
        simulated.ask(callback)


def test_without_a_phone_of_ones_own_the_sentence_says_what_is_missing(simulated: Desk) -> None:
    _, callback = simulated.promised()
    without_phone(simulated, "maya")
    with pytest.raises(WrongState, match="your own number is known here"):
        simulated.ask(callback)


def test_two_presses_are_one_call_and_nobody_is_on_two(simulated: Desk) -> None:
    _, callback = simulated.promised()
    simulated.ask(callback)
    with pytest.raises(WrongState, match="You are on the phone with them"):
        simulated.ask(callback)
    with pytest.raises(WrongState, match="Maya is on the phone with them"):
        simulated.ask(callback, by="omar")
    other = simulated.business.log()
    with pytest.raises(WrongState, match="You are on another call"):
        simulated.ask(simulated.book(other))


def test_another_sites_call_is_nothing(simulated: Desk) -> None:
    _, callback = simulated.promised()
    with pytest.raises(NotFound):
        simulated.ask(callback, by="nell")


AT_NIGHT = datetime.fromisoformat("2026-03-10T22:30:00+00:00")


def at_night(desk: Desk) -> None:
    desk.business.later(seconds=(AT_NIGHT - desk.business.now).total_seconds())


def test_nobody_is_called_in_the_night_who_did_not_ask_for_it(simulated: Desk) -> None:
    ticket = simulated.business.log()
    at_night(simulated)
    now = simulated.business.now
    task = simulated.business.on(
        ticket, lambda session, held, _: open_call_task(session, held, CallReason.LAPSED, now=now)
    )
    assert task is not None
    with pytest.raises(WrongState, match=r"Calls rest until 08:00 there"):
        simulated.ask(task)


def test_the_night_in_which_nobody_is_called_is_their_own(simulated: Desk) -> None:
    """Staff read until when by the clock of their site."""
    ticket = simulated.business.log()
    at_night(simulated)
    now = simulated.business.now

    task = simulated.business.on(ticket, lambda s, held, _: open_call_task(s, held, CallReason.LAPSED, now=now))
    assert task is not None
    simulated.business.on(ticket, lambda s, held, _: tell_times_in(s, held, "Asia/Tokyo", now=now, by=CUSTOMER))
    with pytest.raises(WrongState, match=r"Calls rest until 23:00: it is night in Tokyo"):
        simulated.ask(task)
    simulated.business.on(ticket, lambda s, held, _: tell_times_in(s, held, "America/New_York", now=now, by=CUSTOMER))
    simulated.ask(task)


def test_who_booked_the_night_is_called_in_it(simulated: Desk) -> None:
    ticket = simulated.business.log()
    callback = simulated.book(ticket, AT_NIGHT)
    at_night(simulated)
    assert simulated.ask(callback).state is CallState.REQUESTED


def test_a_call_that_should_have_been_made_by_day_waits_for_the_morning(simulated: Desk) -> None:
    ticket = simulated.business.log()
    callback = simulated.book(ticket, simulated.business.now + timedelta(hours=2))
    at_night(simulated)
    with pytest.raises(WrongState, match="they did not ask for this time"):
        simulated.ask(callback)


def test_a_call_is_taken_by_one_worker(simulated: Desk) -> None:
    _, callback = simulated.promised()
    simulated.ask(callback)
    assert begin(simulated, "first") is not None
    assert begin(simulated, "second") is None


def test_a_worker_that_dies_while_it_places_a_call_leaves_a_doubt_that_nobody_redials(simulated: Desk) -> None:
    ticket, callback = simulated.promised()
    simulated.ask(callback)
    assert begin(simulated) is not None
    simulated.business.later(seconds=61)
    settle(simulated)
    assert simulated.call().state is CallState.IN_DOUBT
    assert begin(simulated, "other") is None, "never placed again by itself"
    simulated.business.later(seconds=61)
    settle(simulated)
    assert simulated.call().ending is CallEnd.UNKNOWN
    assert "call:doubted" in simulated.business.tags(ticket)
    assert simulated.attempts(ticket) == []
    assert simulated.ask(callback).state is CallState.REQUESTED, "a person presses again"


def test_a_callback_settles_a_doubt(simulated: Desk) -> None:
    _, callback = simulated.promised()
    call = simulated.ask(callback)
    departure = begin(simulated)
    assert departure is not None
    finish(simulated, departure, SendInDoubt(Doubt.NO_ANSWER, "the line broke"))
    told = Told("CA1", "ringing", ref_of(simulated.desk.house, call.id))
    simulated.desk.transact(lambda session: progress.hear_near(session, told, now=simulated.business.now))
    assert (simulated.call().state, simulated.call().provider_sid) == (CallState.RINGING, "CA1")


def test_a_callback_that_comes_before_the_answer_is_not_undone_by_it(simulated: Desk) -> None:
    _, callback = simulated.promised()
    call = simulated.ask(callback)
    departure = begin(simulated)
    assert departure is not None
    told = Told("CA1", "in-progress", ref_of(simulated.desk.house, call.id))
    simulated.desk.transact(lambda session: progress.hear_near(session, told, now=simulated.business.now))
    finish(simulated, departure, Accepted("CA1", "queued"))
    assert simulated.call().state is CallState.ANSWERED


def test_a_late_answer_of_a_worker_that_was_frozen_settles_the_doubt(simulated: Desk) -> None:
    _, callback = simulated.promised()
    simulated.ask(callback)
    departure = begin(simulated)
    assert departure is not None
    simulated.business.later(seconds=61)
    settle(simulated)
    finish(simulated, departure, Accepted("CA1", "queued"))
    assert simulated.call().state is CallState.RINGING


def test_an_answer_to_somebody_elses_claim_changes_nothing(simulated: Desk) -> None:
    _, callback = simulated.promised()
    simulated.ask(callback)
    departure = begin(simulated)
    assert departure is not None
    finish(simulated, replace(departure, token="another"), SendRefused(FaultCategory.PERMANENT, 21215, "no"))
    assert simulated.call().state is CallState.DIALLING


def test_a_refused_call_says_so_and_is_not_tried_again(simulated: Desk) -> None:
    ticket, callback = simulated.promised()
    simulated.ask(callback)
    departure = begin(simulated)
    assert departure is not None
    finish(simulated, departure, SendRefused(FaultCategory.PERMANENT, 21215, "Geo permission"))
    assert (simulated.call().ending, simulated.call().error_code) == (CallEnd.REFUSED, "21215")
    assert (begin(simulated), simulated.attempts(ticket)) == (None, [])


def test_a_call_that_no_worker_took_in_time_is_not_placed_later(simulated: Desk) -> None:
    """Nobody expects it any more, and a backup that is put back calls nobody."""
    _, callback = simulated.promised()
    simulated.ask(callback)
    simulated.business.later(seconds=46)
    assert begin(simulated) is None
    settle(simulated)
    assert simulated.call().ending is CallEnd.EXPIRED


def test_a_line_of_which_nothing_more_is_heard_is_ended_and_left_to_a_person(simulated: Desk) -> None:
    ticket, callback = simulated.promised()
    simulated.talk_to(callback)
    simulated.business.later(minutes=3, seconds=1)
    settle(simulated)
    assert (simulated.call().ending, simulated.attempts(ticket)) == (CallEnd.UNKNOWN, [])
    assert simulated.business.rows(Callback, ticket)[-1].ended_at is None


def test_the_truth_that_comes_late_still_counts(http: Desk) -> None:
    ticket, callback = http.promised()
    http.talk_to(callback)
    http.play.customer_picks_up()
    http.business.later(hours=5)
    settle(http)
    assert (http.call().ending, http.attempts(ticket)) == (CallEnd.UNKNOWN, [])
    http.play.customer_hangs_up(300)
    assert http.call().ending is CallEnd.COMPLETED
    assert [each.seconds for each in http.attempts(ticket)] == [300]


def test_where_the_word_about_the_customers_leg_is_lost_ours_tells_enough(http: Desk) -> None:
    ticket, callback = http.promised()
    http.talk_to(callback)
    http.play.customer_picks_up()
    http.business.later(seconds=42)
    http.play.line.near("completed", 60)  # type: ignore[attr-defined]
    settle(http)
    assert http.attempts(ticket) == [], "the word may still come"
    http.business.later(seconds=15)
    settle(http)
    assert [(each.seconds, each.inferred) for each in http.attempts(ticket)] == [(42, True)]


@pytest.mark.parametrize("kind", ["broken", "html_502", "drop_before", "accept_then_drop", "empty_201"])
def test_an_answer_that_settles_nothing_is_a_doubt(http: Desk, twilio: FakeTwilio, kind: str) -> None:
    _, callback = http.promised()
    twilio.plan(Fault(kind))
    http.ask(callback)
    assert isinstance(http.place(), SendInDoubt)
    assert http.call().state is CallState.IN_DOUBT
    assert (http.place(), twilio.record.requests) == (None, 1)


def test_what_was_placed_though_its_answer_was_lost_goes_on(http: Desk, twilio: FakeTwilio) -> None:
    _, callback = http.promised()
    twilio.plan(Fault("accept_then_drop"))
    http.ask(callback)
    http.place()
    http.play.ring()
    http.play.pick_up()
    assert "A call to Sam" in http.play.said
    assert http.call().state is CallState.ANSWERED


def test_what_we_ask_of_the_provider(http: Desk, twilio: FakeTwilio) -> None:
    _, callback = http.promised()
    http.ask(callback)
    http.place()
    (call,) = twilio.calls
    assert (call.to, call.from_, call.timeout) == ("+447700900101", "+442079460123", 25)
    assert call.events == ("initiated", "ringing", "answered", "completed")
    assert call.url.startswith("https://desk.example.com/hooks/twilio/calls/script?ref=")
    assert call.ref
