"""A resolution that is undone leaves the ticket in the state that it had, on both databases and in the numbers."""

import pytest
from sqlalchemy import select

from recovery.domain.tickets import TicketStatus
from recovery.models import Ticket
from recovery.services.calling import booking
from recovery.services.proving.audit import verify
from recovery.services.proving.changes_since import changes_since
from recovery.services.ticketing import reopening, tickets
from recovery.services.timing.clocks import reading
from tests.factories import REMAKE, Business


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the database."""
    return sqlite_url


def do(business: Business, ticket: Ticket, act: object, by: str = "maya", **more: object) -> None:
    business.on(ticket, lambda session, row, who: act(session, row, now=business.now, by=who, **more), by=by)  # type: ignore[operator]


def resolve_and_undo(business: Business, ticket: Ticket) -> Ticket:
    do(business, ticket, tickets.resolve, how=None)
    business.later(seconds=0.1)
    do(business, ticket, reopening.undo_resolution)
    return business.again(ticket)


def test_a_ticket_that_nobody_had_begun_is_open_again(business: Business) -> None:
    ticket = business.log(remedies=())
    assert ticket.status is TicketStatus.OPEN
    undone = resolve_and_undo(business, ticket)
    assert (undone.status, undone.level, undone.resolved_at) == (TicketStatus.OPEN, 1, None)
    do(business, ticket, booking.book, due_at=None)
    assert business.again(ticket).status is TicketStatus.IN_RECOVERY


def test_one_that_was_in_recovery_goes_on(business: Business) -> None:
    assert resolve_and_undo(business, business.log(remedies=(REMAKE,))).status is TicketStatus.IN_RECOVERY


def test_one_that_waited_for_the_customer_waits_again_and_our_clock_with_it(business: Business) -> None:
    ticket = business.log()
    do(business, ticket, tickets.wait_for_customer)
    business.later(minutes=5)
    assert resolve_and_undo(business, ticket).status is TicketStatus.WAITING_FOR_CUSTOMER
    business.later(minutes=5)
    with business.desk.read() as session:
        clock = reading(session, session.scalars(select(Ticket)).one(), business.now)
        assert clock.resolved.counted_seconds == 0
    with business.desk.read() as session:
        assert verify(session, business.desk.house.audit_key).ok


def test_the_last_resolution_counts_and_a_reopening_is_no_undo(business: Business) -> None:
    ticket = business.log(remedies=())
    do(business, ticket, tickets.resolve, how=None)
    business.later(minutes=5)
    do(business, ticket, reopening.reopen, why="by_hand")
    assert business.again(ticket).status is TicketStatus.IN_RECOVERY
    undone = resolve_and_undo(business, ticket)
    assert (undone.status, undone.level) == (TicketStatus.IN_RECOVERY, 2)


@pytest.mark.parametrize(("remedies", "told"), [((), "open"), ((REMAKE,), "in_recovery")])
def test_whoever_comes_too_late_is_told_the_status_that_it_has(
    business: Business, remedies: tuple[object, ...], told: str
) -> None:
    ticket = resolve_and_undo(business, business.log(remedies=remedies))  # type: ignore[arg-type]
    with business.desk.read() as session:
        changes = changes_since(session, session.get_one(Ticket, ticket.id), 1)
    assert [each["theirs"] for each in changes if each["field"] == "status"] == [told]
