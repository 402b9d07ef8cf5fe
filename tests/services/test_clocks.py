"""The recovery clock is a fold over the trail: the row that reports read says what the trail says, at every moment."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from recovery.domain.actors import MACHINE
from recovery.domain.events import Tag
from recovery.domain.recovery_clock import Reason
from recovery.domain.special_days import special_day
from recovery.domain.tickets import Severity, Source
from recovery.models import Message, Remedy, Ticket, TicketClock
from recovery.services.access import lock_ticket, ticket_of_remedy, visible_site, visible_ticket
from recovery.services.deciding.remedies import approve, fulfil, make_ready
from recovery.services.people.sites import change_site
from recovery.services.people.special_days import set_day
from recovery.services.proving.audit import verify
from recovery.services.proving.trail import record
from recovery.services.ticketing.reopening import reopen
from recovery.services.ticketing.tickets import Change, change, resolve, resume, void, wait_for_customer
from recovery.services.timing import clocks
from tests.factories import HARBOUR, REMAKE, Business, refund


def row_of(business: Business, ticket: Ticket) -> TicketClock | None:
    with business.desk.read() as session:
        return session.get(TicketClock, ticket.id)


def sent(business: Business, ticket: Ticket) -> None:
    """The apology leaves."""
    with business.desk.write() as session:
        held = lock_ticket(session, ticket.id)
        message = session.scalars(select(Message).where(Message.ticket_id == ticket.id)).first()
        assert message is not None
        message.status = "sent"  # type: ignore[assignment]
        held.auto_response_at = held.auto_response_at or business.now
        record(session, held, Tag.TEXT_SENT, by=MACHINE, at=business.now, message=message.id, attempt=1)


def resolved(business: Business, ticket: Ticket, *, by: str = "maya") -> None:
    business.on(ticket, lambda session, held, who: resolve(session, held, how=None, now=business.now, by=who), by=by)


def test_a_ticket_has_its_row_from_the_moment_it_is_logged(business: Business) -> None:
    row = row_of(business, business.log())
    assert row is not None
    assert (row.failure, row.severity, row.staff_id) == ("wrong_order", "minor", business.staff("maya").id)
    assert (row.local_day, row.hour_of_week) == ("2026-03-10", 24 + 9)
    assert (row.first_response, row.resolved, row.promises_kept) == (None, None, 0)


def test_hour_and_day_are_those_of_the_sites_own_zone(business: Business) -> None:
    business.later(hours=-6.5)  # three in the morning in London, still Monday in New York
    row = row_of(business, business.log(by="nell", site="quay", customer=None))
    assert row is not None
    assert (row.local_day, row.hour_of_week) == ("2026-03-09", 23)


def test_an_apology_in_person_is_the_first_response(business: Business) -> None:
    row = row_of(business, business.log(apologised_in_person=True))
    assert row is not None
    assert row.first_response == 0


def test_a_text_by_the_machine_is_counted_apart_from_a_persons_word(business: Business) -> None:
    ticket = business.log()
    business.later(seconds=3)
    sent(business, ticket)
    business.later(minutes=4)
    resolved(business, ticket)
    row = row_of(business, ticket)
    assert row is not None
    assert (row.auto_response, row.first_response, row.resolved) == (3, 243, 243)
    assert business.again(ticket).first_response_at == business.now


def test_authorisation_runs_while_an_approval_is_asked_for(business: Business) -> None:
    ticket = business.log(remedies=(refund(4500),))
    business.later(minutes=7)
    (remedy,) = business.rows(Remedy, ticket)
    omar = business.actor("omar")
    with business.desk.write() as session:
        approve(session, *ticket_of_remedy(session, remedy.id, by=omar), now=business.now, by=omar)
    row = row_of(business, ticket)
    assert row is not None
    assert (row.authorisation, row.first_response) == (420, 420)


@pytest.mark.parametrize("done", [make_ready, fulfil])
def test_a_remedy_is_ready_when_it_is_said_or_handed_over(business: Business, done: Any) -> None:
    ticket = business.log(remedies=(REMAKE,))
    business.later(minutes=5)
    (remedy,) = business.rows(Remedy, ticket)
    business.on(
        ticket,
        lambda session, held, maya: done(session, held, session.get_one(Remedy, remedy.id), now=business.now, by=maya),
    )
    row = row_of(business, ticket)
    assert row is not None
    assert row.remedy_ready == 300


def test_only_opening_hours_count_and_the_customers_wait_stands_beside_them(business: Business) -> None:
    ada, mornings = business.actor("ada"), replace(HARBOUR, hours="mon-fri 08:00-10:00")
    with business.desk.write() as session:
        change_site(session, visible_site(session, "harbour-st", by=ada), mornings, now=business.now, by=ada)
    ticket = business.log()
    business.later(days=1)
    resolved(business, ticket)
    row = row_of(business, ticket)
    assert row is not None
    assert row.resolved == 2 * 3600
    assert row.customer_wait == 24 * 3600


def test_a_new_calendar_counts_from_now_on_and_leaves_what_was_counted(business: Business) -> None:
    """Logged half an hour before it shuts; three hours later it was decided that it never shuts."""
    ada, mornings = business.actor("ada"), replace(HARBOUR, hours="mon-fri 08:00-10:00")

    def change(hours: str) -> None:
        with business.desk.write() as session:
            site = visible_site(session, "harbour-st", by=ada)
            change_site(session, site, replace(mornings, hours=hours), now=business.now, by=ada)

    change(mornings.hours)
    ticket = business.log()
    business.later(hours=3)
    change("")
    business.later(hours=2)
    resolved(business, ticket)
    row = row_of(business, ticket)
    assert row is not None
    assert row.resolved == 2.5 * 3600
    assert row.customer_wait == 5 * 3600
    with business.desk.read() as session:
        assert verify(session, business.desk.house.audit_key).ok


def test_a_calendar_changed_after_the_computers_clock_was_set_back_rewrites_nothing(business: Business) -> None:
    ada, ticket = business.actor("ada"), business.log()

    def change(hours: str) -> None:
        with business.desk.write() as session:
            site = visible_site(session, "harbour-st", by=ada)
            change_site(session, site, replace(HARBOUR, hours=hours), now=business.now, by=ada)

    business.later(hours=3)
    change("mon-fri 08:00-10:00")
    business.later(minutes=-2)
    change("mon-fri 08:00-20:00")
    business.later(hours=1)
    resolved(business, ticket)
    row = row_of(business, ticket)
    assert row is not None
    assert row.resolved == row.customer_wait == (4 * 60 - 2) * 60


def test_a_holiday_is_not_counted(business: Business) -> None:
    ada, tomorrow = business.actor("ada"), business.now.date() + timedelta(days=1)
    with business.desk.write() as session:
        site = visible_site(session, "harbour-st", by=ada)
        set_day(session, site, special_day(tomorrow, "shut", "Founders' day"), now=business.now, by=ada)
    ticket = business.log()
    business.later(days=2)
    resolved(business, ticket)
    row = row_of(business, ticket)
    assert row is not None
    assert row.resolved == 24 * 3600
    assert row.customer_wait == 48 * 3600


def test_waiting_for_the_customer_pauses_our_clock_and_never_theirs(business: Business) -> None:
    ticket = business.log()
    business.later(minutes=10)
    business.on(ticket, lambda session, held, maya: wait_for_customer(session, held, now=business.now, by=maya))
    business.later(minutes=50)
    business.on(ticket, lambda session, held, maya: resume(session, held, now=business.now, by=maya))
    business.later(minutes=5)
    resolved(business, ticket)
    row = row_of(business, ticket)
    assert row is not None
    assert (row.resolved, row.customer_wait) == (15 * 60, 65 * 60)


def test_the_reading_explains_every_stretch(business: Business) -> None:
    ticket = business.log()
    business.later(minutes=10)
    business.on(ticket, lambda session, held, maya: wait_for_customer(session, held, now=business.now, by=maya))
    business.later(minutes=50)
    with business.desk.read() as session:
        held = visible_ticket(session, ticket.reference, by=business.actor("maya"))
        read = clocks.reading(session, held, business.now)
    assert [(part.reason, part.end - part.start) for part in read.stretches] == [
        (Reason.OPEN, timedelta(minutes=10)),
        (Reason.WAITING_FOR_CUSTOMER, timedelta(minutes=50)),
    ]
    assert read.resolved.at is None
    assert read.resolved.counted_seconds == 600


def test_a_reopened_ticket_is_not_resolved_until_it_is_resolved_again(business: Business) -> None:
    ticket = business.log()
    business.later(minutes=10)
    resolved(business, ticket)
    business.later(minutes=30)
    business.on(ticket, lambda session, held, maya: reopen(session, held, why="not right", now=business.now, by=maya))
    row = row_of(business, ticket)
    assert row is not None
    assert row.resolved is None
    business.later(minutes=20)
    resolved(business, ticket)
    row = row_of(business, ticket)
    assert row is not None
    assert row.resolved == 3600


def test_a_new_owner_and_another_severity_move_the_ticket_to_their_group(business: Business) -> None:
    ticket = business.log()
    omar = business.staff("omar")
    wanted = Change(owner_id=omar.id, severity=Severity.SEVERE)
    business.on(ticket, lambda session, held, by: change(session, held, wanted, now=business.now, by=by), by="omar")
    row = row_of(business, ticket)
    assert row is not None
    assert (row.staff_id, row.severity) == (omar.id, "severe")


def test_what_was_logged_in_error_leaves_the_numbers(business: Business) -> None:
    ticket = business.log()
    business.on(
        ticket,
        lambda session, held, maya: void(session, held, reason="twice", duplicate_of=None, now=business.now, by=maya),
    )
    assert row_of(business, ticket) is None


@pytest.mark.parametrize(("source", "counts"), [("drill", False), ("mystery_shop", False), ("store_walk", True)])
def test_drills_and_mystery_shops_never_enter_the_numbers(business: Business, source: str, counts: bool) -> None:  # noqa: FBT001  # a parameter of the test
    ticket = business.log(customer=None, remedies=(), source=Source(source))
    assert (row_of(business, ticket) is not None) is counts


def test_kept_and_broken_promises_are_counted(business: Business) -> None:
    ticket = business.log()
    business.later(minutes=16)
    business.tick()
    business.later(minutes=5)
    resolved(business, ticket)
    row = row_of(business, ticket)
    assert row is not None
    assert (row.promises_kept, row.promises_broken) == (1, 1)


def test_logging_reads_no_events_and_a_second_text_costs_no_fold(business: Business) -> None:
    ticket = business.log()
    sent(business, ticket)
    statements: list[str] = []
    event.listen(business.desk.writing, "before_cursor_execute", lambda *told: statements.append(told[2]))
    business.log()
    assert not [one for one in statements if "FROM events" in one]
    statements.clear()
    business.later(minutes=1)
    with business.desk.write() as session:
        held = lock_ticket(session, ticket.id)
        record(session, held, Tag.TEXT_SENT, by=MACHINE, at=business.now, message=1, attempt=1)
    assert not [one for one in statements if "ticket_clocks" in one]
