"""Waiting for a free colleague: in line with an estimate, called, on the way, put off, not there, helped or gone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.errors import Forbidden, Invalid, NotFound, WrongState
from recovery.domain.messages import MessageStatus
from recovery.domain.permissions import Scope
from recovery.domain.remedies import RemedyKind
from recovery.domain.tickets import PromiseAbout, Source, TicketStatus, ToldBy
from recovery.domain.waits import WaitAnswer, WaitStatus
from recovery.models import Callback, Message, Promise, TicketClock, Wait
from recovery.services.deciding.remedies import NewRemedy, propose
from recovery.services.people.customers import NewCustomer, last_recovery
from recovery.services.people.erasing import erase
from recovery.services.proving.audit import verify
from recovery.services.proving.nightly import check, last_check
from recovery.services.proving.silence import silent
from recovery.services.ticketing.reopening import reopen
from recovery.services.ticketing.rows import Undetected
from recovery.services.ticketing.tickets import resolve, void, write_to_customer
from recovery.services.waiting import turns
from recovery.services.waiting.joining import NewWait, join
from recovery.services.waiting.wait_lists import count_in_line, waits
from tests.factories import LEE, NOOR, REMAKE, SAM, Business
from tests.fixtures.settings import MakeSettings
from tests.services.calls import texts
from tests.services.post import Post
from tests.services.test_undetected import reasons
from tests.services.texting_parts import NOORS, delivered, says
from tests.services.wait_parts import again, joined, press, row, says_on_page, ticket_of

BY_NAME = NewCustomer(None, "Lady in the green coat")


@pytest.fixture
def business(make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock) -> Iterator[Business]:
    desk = build(make_settings(DATABASE_URL=sqlite_url), clock=clock)
    yield Business.opened(desk)
    desk.dispose()


def minutes(business: Business, wait: Wait) -> float:
    return (wait.estimate_at - business.now).total_seconds() / 60


def last_text(business: Business, wait: Wait) -> str:
    return business.rows(Message, ticket_of(business, wait))[-1].body or ""


def promise(business: Business, wait: Wait) -> Promise:
    return business.rows(Promise, ticket_of(business, wait))[-1]


def helped_every(business: Business, gap: int, count: int) -> None:
    """So many customers who came together, each called so many minutes after the one before."""
    line = [joined(business, NewCustomer(None, f"Customer {number}")) for number in range(count)]
    for wait in line:
        business.later(minutes=gap)
        press(business, press(business, wait, turns.ready), turns.helped)


def in_the_numbers(business: Business) -> int:
    with business.desk.read() as session:
        return session.query(TicketClock).count()


def test_who_waits_is_told_when_it_is_their_turn_and_the_promise_has_a_margin(business: Business) -> None:
    wait = joined(business, note="returns a kettle")
    ticket = ticket_of(business, wait)
    assert (wait.status, row(business, wait).place, minutes(business, wait)) == (WaitStatus.WAITING, 1, 5)
    assert (ticket.source, ticket.failure, ticket.status, ticket.note) == (
        Source.GREETER,
        "late",
        TicketStatus.OPEN,
        "returns a kettle",
    )
    made = promise(business, wait)
    assert (made.due_at, made.told_by, made.about) == (
        business.now + timedelta(minutes=15),
        ToldBy.TEXT,
        PromiseAbout.TOUCH,
    )
    body = last_text(business, wait)
    assert "Hello Sam, you are in line at Harbour St Coffee, and it is your turn in about 5 minutes." in body
    assert "/c/" in body
    assert business.tags(ticket) == ["ticket:logged", "wait:begun", "text:queued", "promise:made"]


def test_by_night_the_answer_to_somebody_who_stands_there_waits_for_no_morning(business: Business) -> None:
    business.later(hours=13)
    wait = joined(business)
    message = business.rows(Message, ticket_of(business, wait))[-1]
    assert message.not_before == business.now
    assert message.urgent_until is not None


def test_who_has_no_phone_is_listed_by_name_and_told_in_person(business: Business) -> None:
    wait = joined(business, BY_NAME)
    assert texts(business, ticket_of(business, wait)) == []
    assert promise(business, wait).told_by is ToldBy.IN_PERSON
    assert row(business, wait).name == "Lady in the green coat"
    assert wait.due_at is None
    assert press(business, press(business, wait, turns.ready), turns.helped).status is WaitStatus.HELPED


def test_somebody_has_to_be_named_and_nobody_stands_in_line_twice(business: Business) -> None:
    for customer in (NewCustomer(), NewCustomer(" ", " ")):
        with pytest.raises(Invalid) as refused:
            joined(business, customer)
        assert refused.value.errors["customer.phone"] == ["Enter a phone number, or a name to call out."]
    first = joined(business)
    with pytest.raises(Invalid) as refused:
        joined(business, NewCustomer("07700 900123"))
    assert "in line already" in refused.value.errors["customer.phone"][0]
    press(business, first, turns.helped)
    assert joined(business, NewCustomer("07700 900123")).status is WaitStatus.WAITING


def test_at_another_site_it_is_nothing(business: Business) -> None:
    wait = joined(business)
    with pytest.raises(NotFound):
        press(business, wait, turns.ready, by="nell")
    with pytest.raises(NotFound):
        row(business, wait, by="nell")
    nell = business.actor("nell")
    with business.desk.read() as session:
        assert list(waits(session, by=nell).items) == []
        assert count_in_line(session, by=nell) == 0
        assert count_in_line(session, by=business.actor("omar")) == 1
    with pytest.raises(NotFound):
        business.desk.transact(
            lambda session: join(session, NewWait("harbour-st", SAM), now=business.now, by=business.actor("nell"))
        )


def test_the_estimate_is_the_place_times_the_pace_of_today(business: Business) -> None:
    assert [minutes(business, joined(business, each)) for each in (SAM, NOOR, LEE)] == [5, 10, 15]
    business.later(days=1)
    helped_every(business, 9, 5)
    business.later(minutes=1)
    assert minutes(business, joined(business, NewCustomer(None, "Kim"))) == 40  # place 4, each some 9 minutes


def test_yesterdays_pace_is_not_todays(business: Business) -> None:
    helped_every(business, 9, 5)
    assert minutes(business, joined(business)) == 10
    business.later(days=1)
    assert minutes(business, joined(business, NOOR)) == 10  # the second, at the usual five minutes each


def test_when_we_are_ready_it_is_told_at_once_and_asked(business: Business) -> None:
    wait, other = joined(business), joined(business, NOOR)
    business.later(minutes=4)
    called = press(business, wait, turns.ready, by="omar")
    assert (called.status, called.called_at, called.called_by_id) == (
        WaitStatus.CALLED,
        business.now,
        business.staff("omar").id,
    )
    message = business.rows(Message, ticket_of(business, wait))[-1]
    assert "we are ready for you at Harbour St Coffee: Omar is free." in (message.body or "")
    assert (message.asks, message.urgent_until is not None) == ("coming", True)
    assert ticket_of(business, wait).status is TicketStatus.WAITING_FOR_CUSTOMER
    assert [each.outcome for each in business.rows(Promise, ticket_of(business, wait))] == ["kept", None]
    assert row(business, other).place == 1


def test_a_second_press_changes_nothing(business: Business) -> None:
    wait = press(business, joined(business), turns.ready)
    told = len(business.told(ticket_of(business, wait)))
    assert press(business, wait, turns.ready, by="omar").called_by_id == business.staff("maya").id
    assert len(business.told(ticket_of(business, wait))) == told
    helped = press(business, wait, turns.helped, by="omar")
    told = len(business.told(ticket_of(business, wait)))
    assert press(business, wait, turns.helped).helped_by_id == business.staff("omar").id == helped.helped_by_id
    assert len(business.told(ticket_of(business, wait))) == told
    with pytest.raises(WrongState, match="This wait is helped, so it cannot become called"):
        press(business, wait, turns.ready)


def test_helped_ends_it_without_a_word_and_it_is_in_no_report(business: Business) -> None:
    wait = press(business, joined(business), turns.ready)
    business.later(minutes=3)
    done = press(business, wait, turns.helped, by="omar")
    ticket = ticket_of(business, wait)
    assert (done.status, done.ended_at, done.helped_by_id) == (
        WaitStatus.HELPED,
        business.now,
        business.staff("omar").id,
    )
    assert (ticket.status, ticket.resolved_by_id) == (TicketStatus.CLOSED, business.staff("omar").id)
    assert texts(business, ticket) == ["waiting", "waiting_ready"]
    assert in_the_numbers(business) == 0
    with business.desk.read() as session:
        assert ticket.customer is not None
        assert last_recovery(session, ticket.customer, by=business.actor("maya")) is None
    business.later(days=10)
    business.tick()
    assert ticket_of(business, wait).status is TicketStatus.CLOSED


@pytest.mark.parametrize("words", ["1", "On my way"])
def test_on_my_way_gives_them_the_grace_to_come(business: Business, words: str) -> None:
    wait = press(business, joined(business), turns.ready)
    delivered(business)
    business.later(minutes=8)
    message = says(business, words)
    coming = again(business, wait)
    assert (coming.status, coming.due_at) == (WaitStatus.COMING, business.now + timedelta(minutes=10))
    assert ticket_of(business, wait).unread == 0
    assert message.ticket_id == wait.ticket_id
    business.later(minutes=9)
    business.tick("waits to go on")
    assert again(business, wait).status is WaitStatus.COMING


@pytest.mark.parametrize("words", ["2", "Diez minutos", "Dans dix minutes"])
def test_ten_minutes_keep_the_place_and_let_the_next_one_go_first(business: Business, words: str) -> None:
    wait, other = joined(business), joined(business, NOOR)
    press(business, wait, turns.ready)
    delivered(business)
    says(business, words)
    put_off = again(business, wait)
    assert (put_off.status, put_off.due_at) == (WaitStatus.LATER, business.now + timedelta(minutes=10))
    assert row(business, other).place == 1
    assert "You hear from us in about 10 minutes" in last_text(business, wait)
    business.later(minutes=10)
    assert business.tick("waits to go on") > 0
    assert again(business, wait).status is WaitStatus.WAITING
    assert (row(business, wait).place, row(business, other).place) == (1, 2)
    assert "your ten minutes are over, and it is your turn at Harbour St Coffee in about 5 minutes" in last_text(
        business, wait
    )
    assert texts(business, ticket_of(business, wait)).count("waiting_again") == 1
    delivered(business)
    says(business, "1")
    assert again(business, wait).status is WaitStatus.COMING


@pytest.mark.parametrize("words", ["3", "je ne viens pas"])
def test_not_coming_takes_them_out_kindly_and_was_no_mistake(business: Business, words: str) -> None:
    wait, other = joined(business), joined(business, NOOR)
    delivered(business)
    says(business, words)
    gone, ticket = again(business, wait), ticket_of(business, wait)
    assert (gone.status, gone.ended_at) == (WaitStatus.GONE, business.now)
    assert ticket.status is TicketStatus.VOID
    assert "Thank you for telling us, Sam: you are out of the line" in last_text(business, wait)
    assert row(business, other).place == 1
    assert in_the_numbers(business) == 0
    business.later(hours=5)
    business.tick()
    assert texts(business, ticket) == ["waiting", None, "waiting_over"]  # with theirs between


def test_a_digit_is_for_the_wait_that_asked_and_for_nobody_elses(business: Business) -> None:
    wait, other = press(business, joined(business), turns.ready), press(business, joined(business, NOOR), turns.ready)
    delivered(business)
    says(business, "1", number=NOORS)
    assert (again(business, wait).status, again(business, other).status) == (WaitStatus.CALLED, WaitStatus.COMING)


def test_whatever_else_they_write_is_for_a_person(business: Business) -> None:
    wait = press(business, joined(business), turns.ready)
    delivered(business)
    for words in ("4", "Where is the entrance?"):
        says(business, words)
    assert again(business, wait).status is WaitStatus.CALLED
    ticket = ticket_of(business, wait)
    assert ticket.unread == 2
    assert Undetected.UNREAD_REPLY in reasons(business, ticket)


def test_a_digit_after_the_end_is_read_by_a_person(business: Business) -> None:
    wait = press(business, joined(business), turns.helped)
    delivered(business)
    says(business, "2")
    assert again(business, wait).status is WaitStatus.HELPED
    assert ticket_of(business, wait).unread == 1


def test_saying_the_same_again_changes_nothing(business: Business) -> None:
    wait = press(business, joined(business), turns.ready)
    for said in (WaitAnswer.COMING, WaitAnswer.LATER, WaitAnswer.NOT_COMING):
        says_on_page(business, wait, said)
        told = len(business.told(ticket_of(business, wait)))
        says_on_page(business, wait, said)
        assert len(business.told(ticket_of(business, wait))) == told


def test_who_was_never_called_says_on_my_way_for_nothing(business: Business) -> None:
    wait = joined(business)
    assert says_on_page(business, wait, WaitAnswer.COMING).status is WaitStatus.WAITING


@pytest.mark.parametrize("is_coming", [False, True])
def test_who_does_not_come_is_told_once_and_comes_back_to_the_front(business: Business, *, is_coming: bool) -> None:
    wait = press(business, joined(business), turns.ready)
    if is_coming:
        says_on_page(business, wait, WaitAnswer.COMING)
    business.later(minutes=9)
    business.tick("waits to go on")
    assert again(business, wait).status in {WaitStatus.CALLED, WaitStatus.COMING}
    first = joined(business, NOOR)
    business.later(minutes=1)
    for _ in range(3):
        business.tick("waits to go on")
        business.later(minutes=1)
    assert again(business, wait).status is WaitStatus.NO_SHOW
    assert texts(business, ticket_of(business, wait)).count("waiting_missed") == 1
    with pytest.raises(WrongState, match="comes back to the front"):
        press(business, first, turns.back)
    back = press(business, wait, turns.back)
    assert back.status is WaitStatus.WAITING
    assert (row(business, wait).place, row(business, first).place) == (1, 2)
    assert promise(business, wait).told_by is ToldBy.IN_PERSON


def test_who_comes_back_stands_before_those_who_came_before_them(business: Business) -> None:
    first, wait = joined(business, NOOR), joined(business)
    press(business, wait, turns.ready)
    business.later(minutes=10)
    business.tick("waits to go on")
    press(business, wait, turns.back)
    assert (row(business, wait).place, row(business, first).place) == (1, 2)


def test_who_never_comes_is_out_of_the_line_in_the_end(business: Business) -> None:
    wait = press(business, joined(business), turns.ready)
    business.later(minutes=10)
    business.tick("waits to go on")
    business.later(minutes=119)
    business.tick("waits to go on")
    assert again(business, wait).status is WaitStatus.NO_SHOW
    business.later(minutes=1)
    business.tick("waits to go on")
    assert again(business, wait).status is WaitStatus.GONE
    assert ticket_of(business, wait).status is TicketStatus.VOID
    assert business.rows(Callback, ticket_of(business, wait)) == []


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


def test_the_ticket_ends_its_wait_and_an_undone_end_puts_it_back(business: Business) -> None:
    wait = joined(business)
    ticket = ticket_of(business, wait)
    business.on(ticket, lambda session, held, maya: resolve(session, held, how=None, now=business.now, by=maya))
    assert (again(business, wait).status, again(business, wait).helped_by_id) == (
        WaitStatus.HELPED,
        business.staff("maya").id,
    )
    business.later(seconds=5)
    business.on(ticket, lambda session, held, maya: reopen(session, held, why="undo", now=business.now, by=maya))
    assert again(business, wait).status is WaitStatus.WAITING
    business.on(
        ticket,
        lambda session, held, maya: void(session, held, reason="twice", duplicate_of=None, now=business.now, by=maya),
    )
    assert again(business, wait).status is WaitStatus.GONE


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
