"""The database alone refuses every forbidden row, whatever the code above it does: raw SQL, no service."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from recovery.domain.remedies import RemedyKind
from recovery.models import Callback, Remedy, Ticket
from recovery.services.calling import booking
from recovery.services.deciding.remedies import NewRemedy
from tests.factories import REMAKE, Business, refund


def refused(business: Business, statement: str, *, because: str, **values: Any) -> None:
    """`because` is the constraint's name; SQLite tells the columns of a unique one instead."""
    with pytest.raises(DBAPIError) as error, business.desk.writing.begin() as connection:
        connection.execute(text(statement), values)
    told = str(error.value.orig)
    assert any(name in told for name in because.split("|")), told


def copied(business: Business, table: str, key: str, row: int, **changed: str) -> str:
    with business.desk.reading.connect() as connection:
        columns = list(connection.execute(text(f"SELECT * FROM {table} WHERE {key} = :id"), {"id": row}).keys())
    values = ", ".join(changed.get(name, f'"{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE {key} = :id"


@pytest.fixture
def ticket(business: Business) -> Ticket:
    return business.log(remedies=(NewRemedy(RemedyKind.REFUND, 500), REMAKE, refund(4500)))


@pytest.mark.parametrize("amount", [0, -1])
def test_money_given_is_more_than_nothing(business: Business, ticket: Ticket, amount: int) -> None:
    refused(
        business,
        "UPDATE remedies SET amount = :amount WHERE ticket_id = :id AND amount = 500",
        because="ck_remedies_amount_positive",
        amount=amount,
        id=ticket.id,
    )


def test_a_refund_has_an_amount(business: Business, ticket: Ticket) -> None:
    refused(
        business,
        "UPDATE remedies SET amount = NULL, currency = NULL WHERE ticket_id = :id AND amount = 500",
        because="ck_remedies_money_has_amount",
        id=ticket.id,
    )


def test_an_amount_has_a_currency(business: Business, ticket: Ticket) -> None:
    refused(
        business,
        "UPDATE remedies SET currency = NULL WHERE ticket_id = :id AND amount = 500",
        because="ck_remedies_amount_with_currency",
        id=ticket.id,
    )


@pytest.mark.parametrize("status", ["granted", "refused", "ready", "fulfilled", "failed"])
def test_nothing_is_decided_by_nobody(business: Business, ticket: Ticket, status: str) -> None:
    refused(
        business,
        "UPDATE remedies SET status = :status, decision_reason = 'x' WHERE ticket_id = :id AND amount = 4500",
        because="ck_remedies_decided_by_somebody|ck_remedies_fulfilled_by_somebody",
        status=status,
        id=ticket.id,
    )


def test_nobody_approves_their_own(business: Business, ticket: Ticket) -> None:
    refused(
        business,
        "UPDATE remedies SET status = 'granted', decided_by_id = proposed_by_id, decided_at = proposed_at "
        "WHERE ticket_id = :id AND amount = 4500",
        because="ck_remedies_nobody_approves_their_own",
        id=ticket.id,
    )


def test_a_refusal_has_a_reason(business: Business, ticket: Ticket) -> None:
    refused(
        business,
        "UPDATE remedies SET status = 'refused', decided_by_id = :omar, decided_at = proposed_at "
        "WHERE ticket_id = :id AND amount = 4500",
        because="ck_remedies_refusal_has_reason",
        omar=business.staff("omar").id,
        id=ticket.id,
    )


def test_what_is_handed_over_says_by_whom_and_when(business: Business, ticket: Ticket) -> None:
    refused(
        business,
        "UPDATE remedies SET status = 'fulfilled' WHERE ticket_id = :id AND amount = 500",
        because="ck_remedies_fulfilled_by_somebody",
        id=ticket.id,
    )


def test_a_remedy_has_one_approval_and_so_one_decision(business: Business, ticket: Ticket) -> None:
    remedy = business.rows(Remedy, ticket)[-1]
    refused(
        business,
        copied(business, "approvals", "remedy_id", remedy.id),
        because="pk_approvals|approvals.remedy_id",
        id=remedy.id,
    )


def test_a_ledger_never_passes_its_limit_nor_falls_below_nothing(business: Business, ticket: Ticket) -> None:
    for total, why in (("ceiling + 1", "within_limit"), ("-1", "not_negative")):
        refused(
            business,
            f"UPDATE ledgers SET total = {total} WHERE span = 'staff_day'",
            because=f"ck_ledgers_{why}",
        )


def test_a_live_ticket_has_a_promise(business: Business, ticket: Ticket) -> None:
    refused(
        business,
        "UPDATE tickets SET promise_due_at = NULL WHERE id = :id",
        because="ck_tickets_live_has_promise",
        id=ticket.id,
    )


def test_a_ticket_has_one_current_promise(business: Business, ticket: Ticket) -> None:
    promise = _first_id(business, "promises", ticket)
    refused(
        business,
        copied(business, "promises", "id", promise, id=str(promise + 1), number="2"),
        because="uq_promises_current|promises.ticket_id",
        id=promise,
    )


def test_a_ticket_has_one_live_callback(business: Business, ticket: Ticket) -> None:
    business.on(ticket, lambda session, held, maya: booking.book(session, held, due_at=None, now=business.now, by=maya))
    (call,) = business.rows(Callback, ticket)
    refused(
        business,
        copied(business, "callbacks", "id", call.id, id=str(call.id + 1)),
        because="uq_callbacks_live_with_customer|callbacks.ticket_id",
        id=call.id,
    )


def test_an_ended_callback_says_when(business: Business, ticket: Ticket) -> None:
    business.on(ticket, lambda session, held, maya: booking.book(session, held, due_at=None, now=business.now, by=maya))
    refused(
        business,
        "UPDATE callbacks SET status = 'reached' WHERE ticket_id = :id",
        because="ck_callbacks_ended_has_time",
        id=ticket.id,
    )


@pytest.mark.parametrize("status", ["resolved", "closed"])
def test_what_is_resolved_was_resolved_by_somebody(business: Business, ticket: Ticket, status: str) -> None:
    refused(
        business,
        "UPDATE tickets SET status = :status, closed_at = :at WHERE id = :id",
        because="ck_tickets_resolved_by_somebody",
        status=status,
        at=None if status == "resolved" else "2026-03-10 10:00:00.000000+00:00",
        id=ticket.id,
    )


def test_a_status_that_nobody_knows_is_refused(business: Business, ticket: Ticket) -> None:
    refused(
        business,
        "UPDATE tickets SET status = 'solved' WHERE id = :id",
        because="ck_tickets_ticket_status",
        id=ticket.id,
    )


def test_a_dropped_text_says_why(business: Business, ticket: Ticket) -> None:
    refused(
        business,
        "UPDATE messages SET status = 'dropped' WHERE ticket_id = :id",
        because="ck_messages_drop_has_reason",
        id=ticket.id,
    )


def test_one_meaning_is_said_once(business: Business, ticket: Ticket) -> None:
    message = _first_id(business, "messages", ticket)
    refused(
        business,
        copied(business, "messages", "id", message, id="17"),
        because="uq_messages_meaning|messages.meaning",
        id=message,
    )


def test_a_second_event_with_the_same_number_is_refused_so_a_chain_cannot_fork(
    business: Business, ticket: Ticket
) -> None:
    refused(
        business,
        copied(business, "events", "stream_id", ticket.id) + " AND seq = 1",
        because="pk_events|events.stream_id",
        id=ticket.id,
    )


def _first_id(business: Business, table: str, ticket: Ticket) -> int:
    with business.desk.reading.connect() as connection:
        found = connection.scalar(
            text(f"SELECT id FROM {table} WHERE ticket_id = :id ORDER BY id LIMIT 1"), {"id": ticket.id}
        )
    return int(found)
