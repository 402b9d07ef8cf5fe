"""Promise 1: every live ticket says by when the customer hears from us, and the customer was told it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from recovery.domain.errors import Invalid, WrongState
from recovery.domain.tickets import Severity, Source
from recovery.models import Contact, Event, Promise, Ticket
from recovery.services.texting import consent
from recovery.services.ticketing import tickets
from recovery.services.timing.promises import promise_by_hand
from tests.factories import Business, refund


def promised(business: Business, ticket: Ticket, *, tell: bool = True, **ahead: float) -> Promise:
    due = business.now + timedelta(**ahead)
    return business.on(
        ticket,
        lambda session, held, maya: promise_by_hand(session, held, due_at=due, tell=tell, now=business.now, by=maya),
    )


def stopped(business: Business, ticket: Ticket) -> None:
    with business.desk.write() as session:
        contact = session.scalars(select(Contact)).one()
        sender = business.desk.house.sender
        consent.opt_out(session, contact, sender=sender, how="keyword", message_id=None, now=business.now)


def told_by(business: Business, ticket: Ticket) -> list[tuple[str, str]]:
    """Of each promise: what its row says, and what the trail says."""
    made = [event for event in business.told(ticket) if event.tag == "ticket:promise:made"]
    return [
        (promise.told_by.value, event.payload.split('"told_by":"')[1].split('"')[0])
        for promise, event in zip(business.rows(Promise, ticket), made, strict=True)
    ]


@pytest.mark.parametrize(("severity", "minutes"), [(Severity.MINOR, 15), (Severity.SERIOUS, 10), (Severity.SEVERE, 5)])
def test_by_severity_the_customer_hears_from_us_in_minutes(
    business: Business, severity: Severity, minutes: int
) -> None:
    ticket = business.log(severity=severity)
    (promise,) = business.rows(Promise, ticket)
    assert promise.due_at == ticket.promise_due_at == business.now + timedelta(minutes=minutes)
    assert promise.warn_at == business.now + timedelta(minutes=minutes) * 0.7


def test_with_an_approval_asked_the_promise_is_its_answer(business: Business) -> None:
    (promise,) = business.rows(Promise, business.log(remedies=(refund(4500),)))
    assert (promise.about, promise.due_at) == ("answer", business.now + timedelta(minutes=10))


@pytest.mark.parametrize("source", [Source.STORE_WALK, Source.MYSTERY_SHOP, Source.DRILL])
def test_an_observation_owes_nobody_anything(business: Business, source: Source) -> None:
    ticket = business.log(source=source, customer=None, remedies=())
    assert business.rows(Promise, ticket) == []
    with pytest.raises(WrongState, match="nobody to promise"):
        promised(business, ticket, hours=1)


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(minutes=-1), timedelta(days=31)])
def test_nobody_promises_the_past_or_the_far_future(business: Business, ahead: timedelta) -> None:
    with pytest.raises(Invalid):
        promised(business, business.log(), seconds=ahead.total_seconds())


def test_row_and_trail_agree_on_how_the_customer_was_told(business: Business) -> None:
    ticket = business.log()
    promised(business, ticket, hours=1)
    promised(business, ticket, hours=2, tell=False)
    assert told_by(business, ticket) == [("text", "text"), ("text", "text"), ("page", "page")]


def test_and_they_agree_too_where_the_customer_wants_no_texts(business: Business) -> None:
    business.log()
    stopped(business, business.log())
    ticket = business.log()
    promised(business, ticket, minutes=20)
    business.later(minutes=21)
    business.tick("promises to lapse")
    expected = [("in_person", "in_person"), ("page", "page"), ("nobody", "nobody")]
    assert told_by(business, ticket) == expected


def test_without_a_phone_it_is_told_in_person_and_its_lapse_becomes_a_call_task(business: Business) -> None:
    ticket = business.log(customer=None)
    assert told_by(business, ticket) == [("in_person", "in_person")]
    business.later(minutes=16)
    business.tick("promises to lapse")
    assert business.tags(ticket).count("callback:booked") == 1


def test_a_promise_replaced_after_its_time_was_broken_all_the_same(business: Business) -> None:
    """A worker that is down for an hour must not make the numbers better."""
    ticket = business.log()
    business.later(minutes=40)
    promised(business, ticket, hours=1)
    assert [promise.outcome for promise in business.rows(Promise, ticket)] == ["broken", None]
    assert business.again(ticket).lapses == 1
    assert business.tags(ticket).count("promise:lapsed") == 1


def test_one_replaced_in_time_is_neither_kept_nor_broken(business: Business) -> None:
    ticket = business.log()
    business.later(minutes=14)
    promised(business, ticket, hours=1)
    assert [promise.outcome for promise in business.rows(Promise, ticket)] == ["replaced", None]


def test_a_word_in_time_keeps_it_and_the_next_one_stands(business: Business) -> None:
    ticket = business.log()
    business.later(minutes=15)  # to the second
    business.on(
        ticket,
        lambda session, held, maya: tickets.write_to_customer(session, held, "On its way.", now=business.now, by=maya),
    )
    assert [promise.outcome for promise in business.rows(Promise, ticket)] == ["kept", None]


def test_a_ticket_logged_in_error_breaks_no_promise(business: Business) -> None:
    ticket = business.log()
    business.later(minutes=40)
    business.on(
        ticket,
        lambda session, held, maya: tickets.void(
            session, held, reason="twice", duplicate_of=None, now=business.now, by=maya
        ),
    )
    assert "promise:lapsed" not in business.tags(ticket)


def test_while_the_site_is_shut_the_promise_is_its_opening_and_a_quarter_of_an_hour(business: Business) -> None:
    with business.desk.writing.begin() as connection:
        connection.exec_driver_sql("UPDATE sites SET hours = 'mon-fri 10:00-18:00' WHERE slug = 'harbour-st'")
    ticket = business.log()  # at half past nine
    assert ticket.promise_due_at == business.now + timedelta(minutes=45)


def test_every_event_of_a_lapse_is_the_machines(business: Business) -> None:
    ticket = business.log()
    before = len(business.told(ticket))
    business.later(minutes=16)
    business.tick()
    with business.desk.read() as session:
        after = session.scalars(select(Event.actor_kind).where(Event.stream_id == ticket.id, Event.seq > before)).all()
    assert set(after) == {"machine"}
