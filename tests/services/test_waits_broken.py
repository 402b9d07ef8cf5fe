"""A wait that takes longer than was said: told honestly, made a mistake, and forgotten by nobody."""

from dataclasses import replace
from datetime import timedelta

import pytest

from recovery.domain.errors import Forbidden, WrongState
from recovery.domain.messages import MessageStatus
from recovery.domain.permissions import Scope
from recovery.domain.remedies import RemedyKind
from recovery.domain.tickets import PromiseAbout, Source, TicketStatus
from recovery.domain.waits import WaitAnswer, WaitStatus
from recovery.models import Callback, Message, Promise, Wait
from recovery.services.deciding.remedies import NewRemedy, propose
from recovery.services.people.customers import NewCustomer
from recovery.services.people.erasing import erase
from recovery.services.proving.audit import verify
from recovery.services.proving.nightly import check, last_check
from recovery.services.proving.silence import silent
from recovery.services.ticketing.rows import Undetected
from recovery.services.ticketing.tickets import wait_for_customer, write_to_customer
from recovery.services.timing.due_rows import waits_to_go_on
from recovery.services.timing.promises import promise_by_hand
from recovery.services.waiting import turns
from tests.factories import LEE, NOOR, REMAKE, SAM, Business
from tests.services.calls import book, texts
from tests.services.ladder_parts import told
from tests.services.post import Post
from tests.services.test_undetected import reasons
from tests.services.wait_parts import (
    BY_NAME,
    again,
    helped_every,
    in_the_numbers,
    joined,
    last_text,
    press,
    promise,
    row,
    says_on_page,
    ticket_of,
)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The races have a file of their own, on both databases."""
    return sqlite_url


def test_an_estimate_that_slips_is_told_honestly_and_not_for_ever(business: Business) -> None:
    for each in (NOOR, LEE):
        joined(business, each)
    wait = joined(business)
    promised = promise(business, wait).due_at
    for _ in range(3):
        business.later(minutes=15)
        business.tick("waits to go on")
    ticket = ticket_of(business, wait)
    assert texts(business, ticket).count("waiting_longer") == 2
    assert "your turn comes in about 15 minutes" in last_text(business, wait)
    assert promise(business, wait).due_at > promised
    assert [each.outcome for each in business.rows(Promise, ticket)] == ["replaced", "replaced", None]
    assert ticket.lapses == 0


def test_a_broken_promise_makes_it_a_mistake_that_stands_on_the_board(business: Business) -> None:
    business.set_policy(waiting=replace(business.desk.house.policy.waiting, estimates=1))
    wait = joined(business)
    business.later(minutes=15, seconds=1)
    business.tick()
    ticket = ticket_of(business, wait)
    assert (ticket.lapses, ticket.failure, ticket.source) == (1, "late", Source.GREETER)
    assert texts(business, ticket) == ["waiting", "late"]
    assert reasons(business, ticket) == (Undetected.LEFT_WAITING,)
    assert in_the_numbers(business) == 1
    assert again(business, wait).status is WaitStatus.WAITING
    press(business, wait, turns.ready)
    assert reasons(business, ticket) == ()
    press(business, wait, turns.helped, by="omar")
    ticket = ticket_of(business, wait)
    assert ticket.status is TicketStatus.RESOLVED
    assert texts(business, ticket)[-1] == "resolved"
    assert in_the_numbers(business) == 1


def test_from_then_on_its_clocks_climb_as_those_of_every_mistake(business: Business) -> None:
    business.set_policy(waiting=replace(business.desk.house.policy.waiting, estimates=1))
    kept, broken = joined(business, SAM), joined(business, NOOR)
    press(business, kept, turns.ready)
    business.later(minutes=20, seconds=1)
    business.tick()
    business.later(minutes=25)
    business.tick()
    assert told(business, ticket_of(business, kept)) == []
    assert [(clock, step, who) for clock, step, who, _ in told(business, ticket_of(business, broken))] == [
        ("resolved", 1, "Maya")
    ]


def test_who_was_called_and_is_back_in_line_is_told_of_when_it_is_time(business: Business) -> None:
    """While it was their turn to come the clock stood still, and nobody looked at it for an hour."""
    business.set_policy(waiting=replace(business.desk.house.policy.waiting, estimates=1))
    wait = joined(business, SAM)
    business.later(minutes=20, seconds=1)
    business.tick()
    business.later(minutes=18)
    press(business, wait, turns.ready)
    business.later(minutes=5)
    business.tick()  # the clock is looked at, and rests
    says_on_page(business, wait, WaitAnswer.LATER)
    for _ in range(6):  # ten minutes later they are in line again: 38 minutes were counted, and it is told at 42
        business.later(minutes=3)
        business.tick()
    alerted = told(business, ticket_of(business, wait))
    assert [(clock, step, who) for clock, step, who, _ in alerted] == [("resolved", 1, "Maya")]


def test_who_goes_because_we_broke_our_promise_is_not_forgotten(business: Business) -> None:
    wait = joined(business, BY_NAME)
    business.later(minutes=15, seconds=1)  # no worker has looked yet
    press(business, wait, turns.not_coming)
    ticket = ticket_of(business, wait)
    assert again(business, wait).status is WaitStatus.GONE
    assert ticket.is_live
    assert ticket.lapses == 1
    assert promise(business, wait).due_at > business.now
    assert in_the_numbers(business) == 1
    business.later(minutes=30)
    business.tick("clocks to look at")
    assert [(clock, step, who) for clock, step, who, _ in told(business, ticket)] == [("resolved", 1, "Maya")]


def test_something_given_meanwhile_makes_it_a_recovery(business: Business) -> None:
    wait = joined(business)
    ticket = ticket_of(business, wait)
    business.on(ticket, lambda session, held, maya: propose(session, held, REMAKE, now=business.now, by=maya))
    assert in_the_numbers(business) == 1
    says_on_page(business, wait, WaitAnswer.NOT_COMING)
    assert again(business, wait).status is WaitStatus.GONE
    assert ticket_of(business, wait).is_live


def test_a_worker_that_was_away_for_hours_does_each_thing_once_and_late(business: Business) -> None:
    called, put_off, waiting = (joined(business, each) for each in (SAM, NOOR, LEE))
    press(business, called, turns.ready)
    says_on_page(business, put_off, WaitAnswer.LATER)
    business.later(hours=6)
    for _ in range(3):
        business.tick()
    assert again(business, called).status is WaitStatus.NO_SHOW
    assert texts(business, ticket_of(business, called)).count("waiting_missed") == 1
    assert again(business, put_off).status is WaitStatus.WAITING
    assert texts(business, ticket_of(business, put_off))[2:] == ["waiting_again"]
    assert texts(business, ticket_of(business, waiting)) == ["waiting", "late"]
    assert ticket_of(business, waiting).lapses == 1
    business.later(hours=2)
    business.tick()
    assert again(business, called).status is WaitStatus.GONE


def test_a_text_about_an_earlier_state_does_not_leave(business: Business) -> None:
    post, wait = Post(business), joined(business)
    assert post.send_all() == 1
    press(business, wait, turns.ready)
    press(business, wait, turns.helped)
    assert post.send_all() == 0
    ready = business.rows(Message, ticket_of(business, wait))[-1]
    assert (ready.template, ready.status, ready.drop_reason) == (
        "waiting_ready",
        MessageStatus.DROPPED,
        "no_longer_true",
    )


def test_words_of_staff_keep_the_promise_and_the_next_is_still_the_turn(business: Business) -> None:
    for each in (NOOR, LEE, BY_NAME, NewCustomer(None, "Kim")):
        joined(business, each)
    wait = joined(business)
    turn = promise(business, wait).due_at
    business.on(
        ticket_of(business, wait),
        lambda session, held, maya: write_to_customer(session, held, "Coffee?", now=business.now, by=maya),
    )
    assert [each.outcome for each in business.rows(Promise, ticket_of(business, wait))] == ["kept", None]
    assert promise(business, wait).due_at == turn


def test_a_call_that_is_booked_for_later_takes_nobodys_turn_away(business: Business) -> None:
    wait = joined(business)
    turn = promise(business, wait).due_at
    book(business, ticket_of(business, wait), hours=3)
    assert promise(business, wait).due_at == turn
    press(business, wait, turns.not_coming)
    assert [each.due_at for each in business.rows(Promise, ticket_of(business, wait))] == [turn]


def test_whoever_stands_in_line_is_waited_for_by_nobody(business: Business) -> None:
    wait = joined(business)
    ticket = ticket_of(business, wait)
    with pytest.raises(WrongState, match="They are in line and wait for us"):
        business.on(ticket, lambda session, held, maya: wait_for_customer(session, held, now=business.now, by=maya))
    press(business, wait, turns.ready)
    assert ticket_of(business, wait).status is TicketStatus.WAITING_FOR_CUSTOMER, "it is their turn to come"


def test_a_missed_call_is_told_when_it_is_missed_though_their_turn_was_late_before(business: Business) -> None:
    wait = joined(business)
    ticket, turn = ticket_of(business, wait), promise(business, wait).due_at
    book(business, ticket, hours=0, minutes=(turn - business.now).total_seconds() / 60 - 5)
    (call,) = business.rows(Callback, ticket)
    business.later(seconds=(turn - business.now).total_seconds())
    business.tick("promises to lapse")
    assert (promise(business, wait).about, promise(business, wait).due_at) == (PromiseAbout.CALLBACK, call.miss_at)
    told = texts(business, ticket).count("late")
    business.later(seconds=(call.miss_at - business.now).total_seconds())
    business.tick("callbacks due", "callbacks missed", "promises to lapse")
    assert texts(business, ticket).count("late") == told + 1


def test_to_whom_our_promise_is_broken_nobody_estimates_any_more(business: Business) -> None:
    wait = joined(business)
    business.later(hours=1)
    business.tick("promises to lapse")
    assert says_on_page(business, wait, WaitAnswer.LATER).due_at is not None
    business.later(minutes=10)
    business.tick("waits to go on")
    assert (again(business, wait).status, again(business, wait).due_at) == (WaitStatus.WAITING, None)


def test_a_promise_by_hand_that_broke_leaves_the_worker_nothing_to_look_at(business: Business) -> None:
    helped_every(business, gap=20, count=5)
    wait = joined(business)
    soon = business.now + timedelta(minutes=5)
    business.on(
        ticket_of(business, wait),
        lambda session, held, maya: promise_by_hand(session, held, due_at=soon, tell=False, now=business.now, by=maya),
    )
    business.later(minutes=5)
    business.tick("promises to lapse")
    business.later(seconds=(wait.estimate_at - business.now).total_seconds())
    with business.desk.read() as session:
        assert session.execute(waits_to_go_on(session, business.now)).all() == []


def test_nobody_in_line_is_left_to_themselves(business: Business) -> None:
    line = [joined(business, each) for each in (SAM, NOOR, LEE, BY_NAME)]
    press(business, line[0], turns.ready)
    says_on_page(business, line[1], WaitAnswer.LATER)
    for _ in range(5):
        business.later(hours=5)
        business.tick()
        with business.desk.read() as session:
            assert list(silent(session)) == []
    with business.desk.writing.begin() as connection:  # as no service would
        connection.execute(
            Wait.__table__.update().where(Wait.__table__.c.id == line[0].id).values(status="waiting", ended_at=None)
        )
    with business.desk.read() as session:
        assert list(silent(session)) == [ticket_of(business, line[0]).reference]


def test_reports_and_trail_say_the_same_of_waits(business: Business) -> None:
    for each, act in ((SAM, turns.helped), (NOOR, turns.not_coming), (LEE, None)):
        wait = joined(business, each)
        if act is not None:
            press(business, wait, act)
    business.later(hours=20)
    business.tick()
    for _ in range(5):
        check(business.desk, business.now)
    with business.desk.read() as session:
        done = last_check(session, now=business.now)
        assert done is not None
        assert (done.found.tickets, done.found.wrong, done.found.silent) == (3, 0, 0)
        assert verify(session, business.desk.house.audit_key).ok
    assert in_the_numbers(business) == 1


def test_erasing_them_leaves_a_wait_that_says_nothing_of_them(business: Business) -> None:
    wait = press(business, joined(business, note="returns a kettle"), turns.helped)
    ada = business.actor("ada")
    business.desk.transact(lambda session: erase(session, "+447700900123", now=business.now, by=ada))
    seen = row(business, wait)
    assert (seen.name, seen.phone, seen.note) == (None, None, None)
    assert all(message.body is None for message in business.rows(Message, ticket_of(business, wait)))


def test_a_token_that_may_only_read_moves_nobody(business: Business) -> None:
    wait = joined(business)
    reader = business.staff("maya").as_actor(frozenset({Scope.READ}))
    for act in (turns.ready, turns.helped, turns.back, turns.not_coming):
        with pytest.raises(Forbidden):
            business.desk.transact(
                lambda session, act=act: act(  # type: ignore[misc]
                    session, ticket_of(business, wait), wait, now=business.now, by=reader
                )
            )


def test_a_remedy_that_awaits_approval_is_decided_before_they_are_helped(business: Business) -> None:
    wait = joined(business)
    ticket = ticket_of(business, wait)
    asked = NewRemedy(RemedyKind.REFUND, 4500)
    business.on(ticket, lambda session, held, maya: propose(session, held, asked, now=business.now, by=maya))
    with pytest.raises(WrongState, match="still waits for approval"):
        press(business, wait, turns.helped)
    assert again(business, wait).status is WaitStatus.WAITING
