"""The end of a wait that was pressed by a slip of the thumb: undone, they stand as they stood."""

from datetime import timedelta

import pytest

from recovery.domain.tickets import TicketStatus
from recovery.domain.waits import WaitAnswer, WaitStatus
from recovery.models import Wait
from recovery.services.ticketing.reopening import reopen, undo_resolution
from recovery.services.ticketing.tickets import resolve, void
from recovery.services.waiting import turns
from tests.factories import Business
from tests.services.calls import texts
from tests.services.ladder_parts import told
from tests.services.wait_parts import (
    BY_NAME,
    again,
    helped_every,
    in_the_numbers,
    joined,
    press,
    promise,
    says_on_page,
    ticket_of,
)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The races have a file of their own, on both databases."""
    return sqlite_url


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


@pytest.mark.parametrize("called", [False, True])
@pytest.mark.parametrize("how", ["resolved", "helped"])
def test_an_undone_end_leaves_them_as_they_stood_with_the_promise_that_they_had(
    business: Business, how: str, *, called: bool
) -> None:
    helped_every(business, gap=20, count=5)  # a slow day: they are told of a time far ahead
    wait, mistakes = joined(business), in_the_numbers(business)
    if called:
        press(business, wait, turns.ready)
    ticket, due = ticket_of(business, wait), promise(business, wait).due_at
    business.later(seconds=2)
    if how == "helped":
        press(business, wait, turns.helped)
    else:
        business.on(ticket, lambda session, held, maya: resolve(session, held, how=None, now=business.now, by=maya))
    business.later(seconds=3)
    business.on(ticket, lambda session, held, maya: undo_resolution(session, held, now=business.now, by=maya))
    found = again(business, wait)
    assert found.status is (WaitStatus.CALLED if called else WaitStatus.WAITING)
    assert (found.called_at is not None) is called
    assert ticket_of(business, wait).status is ticket.status
    assert promise(business, wait).due_at >= due
    assert in_the_numbers(business) == mistakes


@pytest.mark.parametrize(
    ("said", "status"), [(WaitAnswer.LATER, WaitStatus.LATER), (WaitAnswer.COMING, WaitStatus.COMING)]
)
def test_who_is_put_off_or_on_the_way_has_the_rest_of_their_minutes(
    business: Business, said: WaitAnswer, status: WaitStatus
) -> None:
    wait = joined(business)
    if said is WaitAnswer.COMING:
        press(business, wait, turns.ready)
    business.later(minutes=1)
    before = says_on_page(business, wait, said)
    business.later(minutes=2)
    undone(business, wait)
    found = again(business, wait)
    assert (found.status, found.due_at, found.called_at) == (status, before.due_at, before.called_at)
    assert ticket_of(business, wait).status is TicketStatus.WAITING_FOR_CUSTOMER
    business.later(minutes=10)
    business.tick("waits to go on")
    assert again(business, wait).status is not status


def test_who_was_not_there_is_told_so_once(business: Business) -> None:
    wait = joined(business)
    press(business, wait, turns.ready)
    business.later(minutes=11)
    business.tick("waits to go on")
    undone(business, wait)
    business.later(minutes=11)
    business.tick("waits to go on")
    assert again(business, wait).status is WaitStatus.NO_SHOW
    assert texts(business, ticket_of(business, wait)).count("waiting_missed") == 1


def test_an_undone_end_of_a_wait_that_keeps_its_promise_alerts_nobody(business: Business) -> None:
    helped_every(business, gap=20, count=5)
    for _ in range(3):
        wait = joined(business, BY_NAME)
    undone(business, wait)
    assert promise(business, wait).due_at - business.now > timedelta(minutes=50)
    business.later(minutes=45)
    business.tick("clocks to look at")
    assert told(business, ticket_of(business, wait)) == []


def undone(business: Business, wait: Wait) -> None:
    """Helped by a slip of the thumb."""
    ticket = ticket_of(business, wait)
    business.later(seconds=1)
    press(business, wait, turns.helped)
    business.later(seconds=3)
    business.on(ticket, lambda session, held, maya: undo_resolution(session, held, now=business.now, by=maya))
