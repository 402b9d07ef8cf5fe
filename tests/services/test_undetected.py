"""The Undetected board: whoever is overlooked stands there, with each reason, and leaves it by one act of a person."""

import pytest

from recovery.domain.callbacks import CallbackStatus, CallReason
from recovery.models import Callback, Remedy, Ticket
from recovery.services.access import ticket_of_remedy
from recovery.services.calling.call_tasks import open_call_task
from recovery.services.deciding import remedies
from recovery.services.people.leaving import release
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing import listing
from recovery.services.ticketing.rows import Undetected
from recovery.services.ticketing.undetected import SETS, count_undetected, undetected
from tests.factories import NOOR, SAM, Business, refund
from tests.fixtures.plans import plan_of
from tests.services.calls import book


def reasons(business: Business, ticket: Ticket, by: str = "maya") -> tuple[Undetected, ...]:
    """As the board says them; its count and the filter of the ticket list agree."""
    actor = business.actor(by)
    with business.desk.read() as session:
        rows = undetected(session, by=actor).items
        assert count_undetected(session, by=actor) == len(rows)
        listed = listing.tickets(session, listing.TicketFilter(undetected=True), by=actor).items
        assert {row.id for row in listed} == {row.ticket.id for row in rows}
    return next((row.reasons for row in rows if row.ticket.id == ticket.id), ())


def task(business: Business, ticket: Ticket, reason: CallReason) -> None:
    business.on(ticket, lambda session, held, _: open_call_task(session, held, reason, now=business.now))


def asked_in_vain(business: Business) -> Ticket:
    """Omar was asked, then the admins; nobody is left."""
    ticket = business.log(customer=NOOR, remedies=(refund(4500),))
    for _ in range(3):
        business.later(minutes=10)
        business.tick("approvals overdue")
    return ticket


def test_an_approval_that_nobody_is_left_to_answer_stands_there_until_it_is(business: Business) -> None:
    ticket = asked_in_vain(business)
    other = business.log(customer=SAM, remedies=(refund(4500),))
    assert reasons(business, ticket) == (Undetected.UNANSWERED_APPROVAL,)
    assert reasons(business, other) == ()
    (remedy,) = business.rows(Remedy, ticket)
    omar = business.actor("omar")
    business.desk.transact(
        lambda session: remedies.approve(
            session, *ticket_of_remedy(session, remedy.id, by=omar), now=business.now, by=omar
        )
    )
    assert reasons(business, ticket) == ()


def test_whoever_asked_takes_it_from_the_board_by_taking_it_back(business: Business) -> None:
    ticket = asked_in_vain(business)
    business.on(
        ticket,
        lambda session, held, maya: remedies.cancel(
            session, held, remedies.remedies_of(session, held)[0], reason="they left", now=business.now, by=maya
        ),
    )
    assert reasons(business, ticket) == ()


@pytest.mark.parametrize("reason", [CallReason.UNDELIVERED, CallReason.NO_PHONE])
def test_a_text_that_reached_nobody_stands_there_at_once(business: Business, reason: CallReason) -> None:
    ticket = business.log()
    task(business, ticket, reason)
    assert reasons(business, ticket) == (Undetected.UNDELIVERED_TEXT,)


@pytest.mark.parametrize("reason", [CallReason.OPTED_OUT, CallReason.LAPSED])
def test_any_other_call_to_make_stands_on_the_desk_and_there_once_it_is_missed(
    business: Business, reason: CallReason
) -> None:
    ticket = business.log()
    task(business, ticket, reason)
    assert reasons(business, ticket) == ()
    business.later(minutes=11)
    business.tick("callbacks missed")
    assert [call.status for call in business.rows(Callback, ticket)] == [CallbackStatus.MISSED]
    assert reasons(business, ticket) == (Undetected.MISSED_CALLBACK,)


def test_what_comes_first_is_said_first(business: Business) -> None:
    ticket = business.log()
    book(business, ticket)
    business.later(minutes=11)
    business.tick("callbacks missed")
    business.on(ticket, lambda session, held, _: release(session, held, now=business.now))
    inbound = Inbound("+447700900123", "simulator", "Hello?", "SM1")
    business.desk.transact(lambda session: receive(session, inbound, now=business.now))
    assert reasons(business, ticket) == (
        Undetected.UNREAD_REPLY,
        Undetected.NO_OWNER,
        Undetected.MISSED_CALLBACK,
    )


def test_nobody_elses_site_is_told_of_it(business: Business) -> None:
    ticket = asked_in_vain(business)
    assert reasons(business, ticket, by="nell") == ()
    assert reasons(business, ticket, by="ada") == (Undetected.UNANSWERED_APPROVAL,)


@pytest.mark.parametrize(
    ("reason", "index"),
    [
        (Undetected.UNREAD_REPLY, "ix_tickets_unread"),
        (Undetected.UNREACHED, "ix_callbacks_given_up"),
        (Undetected.UNANSWERED_APPROVAL, "ix_approvals_exhausted"),
        (Undetected.LATE_TASK, "ix_tasks_late"),
        (Undetected.LEFT_WAITING, "ix_waits_line"),
    ],
)
def test_what_is_rare_is_found_by_an_index_of_its_own(business: Business, reason: Undetected, index: str) -> None:
    with business.desk.write() as session:
        spelled = {"render_postcompile": True, "literal_binds": True}
        query = str(SETS[reason].compile(session.get_bind(), compile_kwargs=spelled))
        assert index in plan_of(session, query, None, index=index)
