"""What those say who were told that we are ready, and those who say nothing."""

from datetime import timedelta

import pytest

from recovery.domain.errors import WrongState
from recovery.domain.tickets import TicketStatus, ToldBy
from recovery.domain.waits import WaitAnswer, WaitStatus
from recovery.models import Callback
from recovery.services.ticketing.rows import Undetected
from recovery.services.waiting import turns
from tests.factories import NOOR, Business
from tests.services.calls import texts
from tests.services.test_undetected import reasons
from tests.services.texting_parts import NOORS, delivered, says
from tests.services.wait_parts import (
    again,
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


def test_who_is_said_to_have_left_and_stands_there_is_heard_on_the_same_ticket(business: Business) -> None:
    wait = press(business, joined(business), turns.not_coming)
    delivered(business)
    ticket = ticket_of(business, wait)
    assert (ticket.status, in_the_numbers(business)) == (TicketStatus.CLOSED, 0)
    says(business, "I am still here!")
    assert ticket_of(business, wait).unread == 1
    assert Undetected.UNREAD_REPLY in reasons(business, ticket)


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
