"""Granting inside one's authority asks nobody; above it somebody else decides, once, with a reason for a refusal."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from recovery.domain.authority import LimitSpan
from recovery.domain.errors import Forbidden, Invalid, NotFound, Refused, WrongState
from recovery.domain.messages import MessageStatus
from recovery.domain.remedies import RemedyKind
from recovery.models import Approval, Ledger, Message, Remedy, Site, Staff, Ticket
from recovery.services.access import ticket_of_remedy
from recovery.services.deciding import authority, remedies
from recovery.services.deciding.remedies import NewRemedy
from recovery.services.people.sites import change_site
from recovery.services.people.staff import NewStaff, add_staff
from tests.factories import HARBOUR, NOOR, REMAKE, SAM, Business, refund


def only(business: Business, ticket: Ticket) -> Remedy:
    (remedy,) = business.rows(Remedy, ticket)
    return remedy


def on_remedy(business: Business, remedy: Remedy, act: Any, *, by: str, **more: Any) -> None:
    actor = business.actor(by)
    business.desk.transact(
        lambda session: act(
            session, *ticket_of_remedy(session, remedy.id, by=actor), now=business.now, by=actor, **more
        )
    )


def totals(business: Business) -> dict[LimitSpan, int]:
    with business.desk.read() as session:
        return {row.span: row.total for row in session.scalars(select(Ledger))}


def limit(business: Business, whom: str, span: LimitSpan, minor_units: int | None) -> None:
    with business.desk.write() as session:
        site = session.merge(business.site(), load=False)
        by = business.actor("ada")
        authority.set_limit(session, site, whom=whom, span=span, minor_units=minor_units, now=business.now, by=by)


def test_inside_the_limit_it_is_granted_at_once_with_the_limit_in_force(business: Business) -> None:
    remedy = only(business, business.log(remedies=(refund(2000),)))
    assert (remedy.status, remedy.needed_approval, remedy.limit_in_force) == ("granted", False, 2000)
    assert remedy.decided_by_id == business.staff("maya").id
    assert totals(business) == {LimitSpan.TICKET: 2000, LimitSpan.STAFF_DAY: 2000, LimitSpan.CUSTOMER_MONTH: 2000}


def test_a_penny_above_it_is_asked_of_the_supervisor(business: Business) -> None:
    ticket = business.log(remedies=(refund(2001),))
    remedy = only(business, ticket)
    assert remedy.status == "pending_approval"
    with business.desk.read() as session:
        approval = session.get_one(Approval, remedy.id)
    assert (approval.asked_of_id, approval.span, approval.limit) == (business.staff("omar").id, "ticket", 2000)
    assert totals(business).get(LimitSpan.TICKET, 0) == 0
    asked = [row for row in business.rows(Message, ticket) if row.template == "staff_approval"]
    assert [row.staff_id for row in asked] == [business.staff("omar").id]


def test_who_has_not_been_asked_by_the_time_that_it_is_decided_is_asked_no_more(business: Business) -> None:
    """The link in that text would lead nowhere."""
    ticket = business.log(remedies=(refund(2001),))
    on_remedy(business, only(business, ticket), remedies.approve, by="omar")
    (asked,) = [row for row in business.rows(Message, ticket) if row.template == "staff_approval"]
    assert (asked.status, asked.drop_reason) == (MessageStatus.DROPPED, "answered")


def test_a_remake_without_a_price_counts_for_nothing(business: Business) -> None:
    assert only(business, business.log(remedies=(REMAKE,))).status == "granted"
    assert totals(business) == {}


def test_a_remake_and_a_refund_stand_on_one_ticket(business: Business) -> None:
    ticket = business.log(remedies=(REMAKE, refund(450)))
    assert [remedy.status for remedy in business.rows(Remedy, ticket)] == ["granted", "granted"]


@pytest.mark.parametrize("kind", [RemedyKind.REFUND, RemedyKind.VOUCHER])
def test_money_needs_an_amount_in_the_sites_currency(business: Business, kind: RemedyKind) -> None:
    with pytest.raises(Invalid) as wrong:
        business.log(remedies=(NewRemedy(kind),))
    assert "remedies.0.amount" in wrong.value.errors
    with pytest.raises(Invalid) as wrong:
        business.log(remedies=(NewRemedy(kind, 100, "USD"),))
    assert "remedies.0.currency" in wrong.value.errors


def test_the_day_of_one_person_adds_up_over_their_tickets(business: Business) -> None:
    for _ in range(5):
        assert only(business, business.log(customer=None, remedies=(refund(2000),))).status == "granted"
    sixth = only(business, business.log(customer=None, remedies=(refund(1),)))
    assert sixth.status == "pending_approval"
    business.later(days=1)
    assert only(business, business.log(customer=None, remedies=(refund(2000),))).status == "granted"


def test_the_month_of_one_customer_adds_up_over_people(business: Business) -> None:
    assert only(business, business.log(by="omar", customer=SAM, remedies=(refund(9900),))).status == "granted"
    assert only(business, business.log(customer=SAM, remedies=(refund(200),))).status == "pending_approval"
    assert only(business, business.log(customer=NOOR, remedies=(refund(200),))).status == "granted"


def test_an_approval_enters_the_tickets_and_the_customers_ledger_and_nobodys_day(business: Business) -> None:
    remedy = only(business, business.log(remedies=(refund(4500),)))
    on_remedy(business, remedy, remedies.approve, by="omar")
    assert totals(business) == {LimitSpan.TICKET: 4500, LimitSpan.CUSTOMER_MONTH: 4500}


def test_a_supervisor_may_approve_a_smaller_amount_and_no_larger_one(business: Business) -> None:
    ticket = business.log(remedies=(refund(4500),))
    with pytest.raises(Invalid):
        on_remedy(business, only(business, ticket), remedies.approve, by="omar", amount=4501)
    on_remedy(business, only(business, ticket), remedies.approve, by="omar", amount=3000)
    remedy = only(business, ticket)
    assert (remedy.amount, remedy.proposed_amount, totals(business)[LimitSpan.TICKET]) == (3000, 4500, 3000)


def test_a_refusal_says_why_and_the_customer_is_told(business: Business) -> None:
    ticket = business.log(remedies=(refund(4500),))
    with pytest.raises(Invalid, match="Say why"):
        on_remedy(business, only(business, ticket), remedies.refuse, by="omar", reason=" ")
    on_remedy(business, only(business, ticket), remedies.refuse, by="omar", reason="It was eaten")
    remedy = only(business, ticket)
    assert (remedy.status, remedy.decision_reason) == ("refused", "It was eaten")
    assert "approval_refused" in [row.template for row in business.rows(Message, ticket)]
    assert totals(business).get(LimitSpan.TICKET, 0) == 0


def test_a_decision_is_made_once(business: Business) -> None:
    remedy = only(business, business.log(remedies=(refund(4500),)))
    on_remedy(business, remedy, remedies.approve, by="omar")
    with pytest.raises(WrongState, match="Omar has decided this already"):
        on_remedy(business, remedy, remedies.refuse, by="ada", reason="no")


def test_nobody_approves_their_own_and_a_sole_supervisors_own_goes_to_the_admin(business: Business) -> None:
    remedy = only(business, business.log(by="omar", customer=None, remedies=(refund(15_100),)))
    with business.desk.read() as session:
        assert session.get_one(Approval, remedy.id).asked_of_id == business.staff("ada").id
    with pytest.raises(Forbidden, match="yourself"):
        on_remedy(business, remedy, remedies.approve, by="omar")


def test_the_frontline_decides_nothing_and_another_site_sees_nothing(business: Business) -> None:
    with business.desk.write() as session:
        new = NewStaff("max@example.com", "Max Bell", "frontline", ("harbour-st",))
        add_staff(session, new, now=business.now, by=business.actor("ada"))
    remedy = only(business, business.log(remedies=(refund(4500),)))
    with pytest.raises(Forbidden):
        on_remedy(business, remedy, remedies.approve, by="max")
    with pytest.raises(NotFound):
        on_remedy(business, remedy, remedies.approve, by="nell")


def test_above_a_supervisors_own_limit_only_an_admin_decides(business: Business) -> None:
    remedy = only(business, business.log(remedies=(refund(15_001),)))
    with pytest.raises(Forbidden, match="an admin has to decide"):
        on_remedy(business, remedy, remedies.approve, by="omar")
    on_remedy(business, remedy, remedies.approve, by="ada")


def test_where_nobody_is_left_to_ask_it_is_refused_at_once_and_nothing_is_logged(business: Business) -> None:
    with business.desk.writing.begin() as connection:
        connection.execute(
            Staff.__table__.update().where(Staff.role != "frontline").values(deactivated_at=business.now)
        )
    with pytest.raises(Refused, match="nobody else who could approve"):
        business.log(remedies=(refund(4500),))
    with business.desk.read() as session:
        assert session.scalars(select(Ticket)).all() == []


@pytest.mark.parametrize("approved", ["alone", "by a supervisor"])
def test_what_is_cancelled_leaves_the_day_it_was_counted_in_though_the_sites_zone_has_changed(
    business: Business, approved: str
) -> None:
    """A quarter past midnight on the first of April in London is still March in New York."""
    business.later(days=21, hours=13, minutes=45)
    remedy = only(business, business.log(remedies=(refund(1500 if approved == "alone" else 4500),)))
    if approved != "alone":
        on_remedy(business, remedy, remedies.approve, by="omar")
    with business.desk.read() as session:
        periods = {row.period for row in session.scalars(select(Ledger))}
    assert periods == {"", "2026-04", *(["2026-04-01"] if approved == "alone" else [])}
    with business.desk.write() as session:
        change_site(
            session,
            session.get_one(Site, business.site().id),
            replace(HARBOUR, timezone="America/New_York"),
            now=business.now,
            by=business.actor("ada"),
        )
    on_remedy(business, remedy, remedies.cancel, by="maya", reason=None)
    with business.desk.read() as session:
        assert {(row.period, row.total) for row in session.scalars(select(Ledger))} == {(each, 0) for each in periods}


@pytest.mark.parametrize("end", [remedies.cancel, remedies.fail])
def test_what_does_not_happen_gives_its_money_back_to_the_limits(business: Business, end: Any) -> None:
    remedy = only(business, business.log(remedies=(refund(2000),)))
    business.later(days=1)  # it is taken from the day on which it was given
    on_remedy(business, remedy, end, by="maya", reason="The card was refused")
    assert set(totals(business).values()) == {0}


def test_handing_over_says_who_and_when_and_cannot_be_taken_back(business: Business) -> None:
    ticket = business.log(remedies=(REMAKE,))
    on_remedy(business, only(business, ticket), remedies.make_ready, by="omar")
    on_remedy(business, only(business, ticket), remedies.fulfil, by="maya")
    remedy = only(business, ticket)
    assert (remedy.status, remedy.fulfilled_by_id) == ("fulfilled", business.staff("maya").id)
    with pytest.raises(WrongState):
        on_remedy(business, remedy, remedies.cancel, by="maya", reason=None)


def test_a_limit_set_for_the_site_comes_before_the_policys_and_lowering_it_fails_no_old_row(
    business: Business,
) -> None:
    ticket = business.log(remedies=(refund(2000),))
    limit(business, "frontline", LimitSpan.TICKET, 500)
    business.on(
        ticket,
        lambda session, held, maya: remedies.propose(session, held, refund(100), now=business.now, by=maya),
    )
    assert [remedy.status for remedy in business.rows(Remedy, ticket)] == ["granted", "pending_approval"]
    assert only(business, business.log(customer=None, remedies=(refund(500),))).limit_in_force == 500


def test_a_limit_that_is_lifted_is_no_limit(business: Business) -> None:
    for whom, span in (
        ("frontline", LimitSpan.TICKET),
        ("frontline", LimitSpan.STAFF_DAY),
        ("customer", LimitSpan.CUSTOMER_MONTH),
    ):
        limit(business, whom, span, None)
    remedy = only(business, business.log(remedies=(refund(999_999),)))
    assert (remedy.status, remedy.limit_in_force) == ("granted", None)
