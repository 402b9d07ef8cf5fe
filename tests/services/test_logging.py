"""Ten seconds, three choices: what was logged, granted, promised and said stands together, or not at all."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from recovery.domain.errors import Forbidden, Invalid, NotFound
from recovery.domain.messages import MessageStatus
from recovery.domain.tickets import FAILURES, Source
from recovery.models import Contact, Customer, Event, Message, Remedy, Ticket
from recovery.services.people.customers import NewCustomer
from recovery.services.ticketing.logging_mistakes import NewTicket, Order, log
from tests.factories import REMAKE, SAM, Business, refund


def nothing_was_written(business: Business) -> bool:
    with business.desk.read() as session:
        return not any(
            session.scalar(select(func.count()).select_from(kind)) for kind in (Ticket, Customer, Remedy, Message)
        )


def test_only_site_and_failure_are_needed(business: Business) -> None:
    ticket = business.log(customer=None, remedies=())
    assert (ticket.status, ticket.severity, ticket.source, ticket.version) == ("open", "minor", "counter", 1)
    assert ticket.reference.startswith("RD-")
    assert ticket.no_text_reason == "no_phone"


def test_one_submit_logs_grants_promises_and_queues_the_apology(business: Business) -> None:
    ticket = business.log(remedies=(REMAKE, refund(450)))
    assert ticket.status == "in_recovery"
    (text,) = business.rows(Message, ticket)
    assert (text.template, text.status, text.to_number) == ("logged", MessageStatus.PENDING, "+447700900123")
    assert text.body is not None
    assert "Sam" in text.body
    assert business.tags(ticket)[0] == "ticket:logged"


@pytest.mark.parametrize("failure", sorted(FAILURES))
def test_the_severity_follows_from_the_failure(business: Business, failure: str) -> None:
    ticket = business.log(failure=failure, customer=None, remedies=())
    assert ticket.severity is FAILURES[failure].severity
    assert ticket.is_sensitive is FAILURES[failure].sensitive


def test_the_apology_goes_out_whatever_an_approval_will_say(business: Business) -> None:
    ticket = business.log(remedies=(REMAKE, refund(4500)))
    templates = [row.template for row in business.rows(Message, ticket) if row.audience == "customer"]
    assert templates == ["logged_waiting"]


def test_a_known_customer_comes_back_by_any_spelling_of_their_number(business: Business) -> None:
    first = business.log(customer=SAM)
    second = business.log(customer=NewCustomer("+44 (0)7700-900123"))
    assert second.customer_id == first.customer_id
    assert business.again(second).customer.name == "Sam Whitfield"  # type: ignore[union-attr]


def test_two_sites_know_the_same_number_apart(business: Business) -> None:
    business.log(customer=NewCustomer("+44 7700 900123", "Sam"))
    business.log(by="nell", site="quay", customer=NewCustomer("+44 7700 900123"))
    with business.desk.read() as session:
        assert session.scalar(select(func.count()).select_from(Contact)) == 1
        assert set(session.scalars(select(Customer.name))) == {"Sam", None}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"failure": "too_salty"}, "failure"),
        ({"customer": NewCustomer("12")}, "customer.phone"),
        ({"order": Order(amount=500, currency="EUR")}, "order.currency"),
        ({"happened_at": timedelta(hours=1)}, "happened_at"),
        ({"happened_at": timedelta(days=-8)}, "happened_at"),
        ({"promise_minutes": -1}, "due_at"),
        ({"linked_to": "RD-222222"}, "linked_to"),
    ],
)
def test_what_cannot_be_is_refused_by_field_and_nothing_is_written(
    business: Business, wrong: dict[str, Any], field: str
) -> None:
    if isinstance(wrong.get("happened_at"), timedelta):
        wrong = {"happened_at": business.now + wrong["happened_at"]}
    with pytest.raises(Invalid) as refused:
        business.log(**wrong)
    assert set(refused.value.errors) == {field}
    assert nothing_was_written(business)


def test_another_site_and_no_site_are_the_same(business: Business) -> None:
    for site in ("quay", "atlantis"):
        with pytest.raises(NotFound):
            business.log(site=site)
    assert nothing_was_written(business)


def test_a_token_that_may_only_read_logs_nothing(business: Business) -> None:
    from_token = business.staff("maya").as_actor(frozenset())
    with pytest.raises(Forbidden):
        business.desk.transact(
            lambda session: log(session, NewTicket("harbour-st", "late"), now=business.now, by=from_token)
        )


def test_what_happened_earlier_may_be_said_and_the_promise_runs_from_now(business: Business) -> None:
    ticket = business.log(happened_at=business.now - timedelta(hours=3))
    assert (ticket.happened_at, ticket.logged_at) == (business.now - timedelta(hours=3), business.now)
    assert ticket.promise_due_at == business.now + timedelta(minutes=15)


def test_a_sender_whose_clock_runs_ahead_a_little_is_taken_as_now(business: Business) -> None:
    ticket = business.log(happened_at=business.now + timedelta(seconds=90))
    assert ticket.happened_at == business.now


def test_a_second_problem_is_linked_and_has_a_promise_of_its_own(business: Business) -> None:
    first = business.log()
    second = business.log(linked_to=first.reference.lower(), failure="late")
    assert (second.linked_to_id, second.promise_due_at) == (first.id, business.now + timedelta(minutes=15))


def test_an_observation_texts_nobody(business: Business) -> None:
    ticket = business.log(source=Source.STORE_WALK, remedies=())
    assert business.rows(Message, ticket) == []
    assert ticket.no_text_reason == "observation"


def test_in_quiet_hours_the_apology_goes_out_all_the_same(business: Business) -> None:
    business.later(hours=13)
    (text,) = business.rows(Message, business.log(remedies=()))
    assert text.status is MessageStatus.PENDING
    assert text.urgent_until == business.now + timedelta(minutes=10)


def test_logging_takes_few_statements(business: Business) -> None:
    """Each costs a share of the rate; more than these need a reason."""
    business.log(remedies=(REMAKE,))
    actor_looked_up, statements = 1, list[str]()
    event.listen(business.desk.writing, "before_cursor_execute", lambda *told: statements.append(told[2]))
    business.log(remedies=(REMAKE,))
    assert len(statements) <= 14 + actor_looked_up, "\n".join(statements)


def test_references_do_not_repeat_and_are_easy_to_read_out(business: Business) -> None:
    references = {business.log(customer=None, remedies=()).reference for _ in range(20)}
    assert len(references) == 20
    assert not set("01ILOU") & set("".join(references).replace("RD-", ""))


def test_the_first_event_says_all_that_groups_and_clocks_need(business: Business) -> None:
    ticket = business.log()
    with business.desk.read() as session:
        payload = session.scalar(select(Event.payload).where(Event.stream_id == ticket.id, Event.seq == 1))
    for word in ('"failure":"wrong_order"', '"severity":"minor"', '"owner":', '"site":', '"logged_at":'):
        assert word in str(payload)
