"""Whoever races, with real threads over real connections: one grant each, no limit passed, and the ledgers add up."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from recovery.bootstrap import build
from recovery.domain.actors import MACHINE, Actor
from recovery.domain.authority import LimitSpan
from recovery.domain.errors import Invalid, WrongState
from recovery.domain.events import Tag
from recovery.domain.remedies import COUNTED, RemedyStatus
from recovery.models import Event, Ledger, Remedy, Ticket
from recovery.services.access import locked_ticket, ticket_of_remedy
from recovery.services.deciding.remedies import approve, propose
from recovery.services.people.customers import NewCustomer
from recovery.services.people.escalation import admins
from recovery.services.people.staff import (
    NewStaff,
    add_staff,
    change_staff,
    deactivate,
    locked_with_admins,
    reactivate,
)
from recovery.services.proving.audit import verify
from recovery.services.session import DeskSession
from recovery.services.ticketing.logging_mistakes import NewTicket, log
from tests.factories import Business, refund

PEOPLE = 8


def at_once(works: Sequence[Callable[[], None]]) -> None:
    """Each in a thread of its own, all begun at the same moment. Raises what any of them raised."""
    start, raised = threading.Barrier(len(works)), []

    def run(work: Callable[[], None]) -> None:
        start.wait()
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # raised again below
            raised.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in raised:
        raise error


def supervisors(business: Business) -> list[Actor]:
    with business.desk.write() as session:
        for number in range(PEOPLE):
            new = NewStaff(f"s{number}@example.com", f"Super {number}", "supervisor", ("harbour-st",))
            add_staff(session, new, now=business.now, by=business.actor("ada"))
    return [business.actor(f"s{number}") for number in range(PEOPLE)]


def figures(business: Business) -> tuple[Counter[tuple[LimitSpan, int]], dict[tuple[LimitSpan, int], int]]:
    """What was granted by ticket, by person and by customer, and what the ledgers say of it."""
    given: Counter[tuple[LimitSpan, int]] = Counter()
    with business.desk.read() as session:
        rows = session.execute(
            select(Remedy.ticket_id, Ticket.customer_id, Remedy.decided_by_id, Remedy.needed_approval, Remedy.amount)
            .join(Ticket, Ticket.id == Remedy.ticket_id)
            .where(Remedy.status.in_(COUNTED)),
        )
        for ticket, customer, decider, needed_approval, amount in rows:
            given[LimitSpan.TICKET, ticket] += amount
            if customer is not None:
                given[LimitSpan.CUSTOMER_MONTH, customer] += amount
            if not needed_approval:
                given[LimitSpan.STAFF_DAY, decider] += amount
        ledgers = {(row.span, row.subject_id): row.total for row in session.scalars(select(Ledger)) if row.total}
    return given, ledgers


def whole(business: Business) -> None:
    with business.desk.read() as session:
        verdict = verify(session, business.desk.house.audit_key)
    assert verdict.ok, (verdict.first_break, verdict.first_wrong_clock)


@pytest.mark.slow
def test_eight_people_authorise_the_same_remedies_at_once(business: Business) -> None:
    count = 200 if business.desk.writing.dialect.name == "postgresql" else 25
    deciders = supervisors(business)
    for _ in range(count):
        business.log(customer=None, remedies=(refund(4500),))
    with business.desk.read() as session:
        remedies = session.scalars(select(Remedy.id).order_by(Remedy.id)).all()
    granted, too_late = list[int](), list[int]()  # threads may append at once; adding to a count they may not

    def decide_all(by: Actor) -> None:
        for remedy_id in remedies:
            try:
                business.desk.transact(lambda session, id_=remedy_id: decide(session, id_, by))
                granted.append(remedy_id)
            except WrongState:
                too_late.append(remedy_id)

    def decide(session: DeskSession, remedy_id: int, by: Actor) -> None:
        approve(session, *ticket_of_remedy(session, remedy_id, by=by), now=business.now, by=by)

    at_once([lambda by=by: decide_all(by) for by in deciders])
    assert Counter(granted) == Counter(remedies)
    assert set(Counter(too_late).values()) == {PEOPLE - 1}
    with business.desk.read() as session:
        told = select(func.count()).select_from(Event).where(Event.tag == Tag.REMEDY_GRANTED.value)
        assert session.scalar(told) == count
    given, ledgers = figures(business)
    assert given == ledgers
    whole(business)


@pytest.mark.slow
def test_the_limit_of_a_ticket_holds_when_eight_grant_on_it_at_once(business: Business) -> None:
    ticket = business.log(customer=None, remedies=())
    maya = business.actor("maya")

    def grant(session: DeskSession) -> None:
        held = locked_ticket(session, ticket.reference, by=maya)
        propose(session, held, refund(900), now=business.now, by=maya)

    at_once([lambda: business.desk.transact(grant)] * PEOPLE)
    remedies = business.rows(Remedy, ticket)
    assert Counter(remedy.status for remedy in remedies) == {
        RemedyStatus.GRANTED: 2,
        RemedyStatus.PENDING_APPROVAL: PEOPLE - 2,
    }
    given, ledgers = figures(business)
    assert given == ledgers
    assert given[LimitSpan.TICKET, ticket.id] == 1800
    whole(business)


@pytest.mark.slow
def test_the_limit_of_a_day_holds_when_one_person_logs_from_eight_tablets_at_once(business: Business) -> None:
    maya = business.actor("maya")

    def log_one(session: DeskSession) -> None:
        new = NewTicket("harbour-st", "wrong_order", remedies=(refund(1900),))
        log(session, new, now=business.now, by=maya)

    at_once([lambda: business.desk.transact(log_one)] * PEOPLE)
    given, ledgers = figures(business)
    assert given == ledgers
    assert given[LimitSpan.STAFF_DAY, maya.id or 0] == 5 * 1900
    whole(business)


@pytest.mark.slow
def test_the_limit_of_a_customers_month_holds_when_eight_people_grant_at_once(business: Business) -> None:
    """Supervisors may give 150.00 on a ticket, and still a customer gets 100.00 a month without anybody being asked."""
    people = supervisors(business)

    def log_one(session: DeskSession, by: Actor) -> None:
        new = NewTicket("harbour-st", "late", customer=NewCustomer("07700 900150", "Lee"), remedies=(refund(3000),))
        log(session, new, now=business.now, by=by)

    at_once([lambda by=by: business.desk.transact(lambda session: log_one(session, by)) for by in people])
    given, ledgers = figures(business)
    assert given == ledgers
    (customer,) = {subject for span, subject in given if span is LimitSpan.CUSTOMER_MONTH}
    assert given[LimitSpan.CUSTOMER_MONTH, customer] == 9000
    with business.desk.read() as session:
        assert len(set(session.scalars(select(Ticket.customer_id)))) == 1
    whole(business)


@pytest.mark.slow
def test_eight_people_who_log_the_same_new_number_make_one_customer_and_eight_tickets(business: Business) -> None:
    maya = business.actor("maya")

    def log_one(session: DeskSession) -> None:
        log(session, NewTicket("harbour-st", "late", customer=NewCustomer("07700 900151")), now=business.now, by=maya)

    at_once([lambda: business.desk.transact(log_one)] * PEOPLE)
    with business.desk.read() as session:
        customers = session.scalars(select(Ticket.customer_id)).all()
    assert len(customers) == PEOPLE
    assert len(set(customers)) == 1


@pytest.mark.slow
def test_processes_of_their_own_connections_race_as_threads_do(business: Business) -> None:
    """Two builds over one database: on SQLite they meet at the file's lock, on PostgreSQL at the row's."""
    other = build(business.desk.settings, clock=business.desk.clock)
    ticket, maya = business.log(customer=None, remedies=()), business.actor("maya")

    def grant(session: DeskSession) -> None:
        held = locked_ticket(session, ticket.reference, by=maya)
        propose(session, held, refund(1500), now=business.now, by=maya)

    at_once([lambda: business.desk.transact(grant), lambda: other.transact(grant)])
    assert {remedy.status for remedy in business.rows(Remedy, ticket)} == {"granted", "pending_approval"}
    other.dispose()


@pytest.mark.slow
def test_two_admins_who_send_one_another_away_leave_one(business: Business) -> None:
    """Either by deactivating or by taking the role; again and again, for the two rarely meet."""
    beth = NewStaff("beth@example.com", "Beth Lind", "admin")
    with business.desk.write() as session:
        add_staff(session, beth, now=business.now, by=MACHINE)
    ids = {name: business.staff(name).id for name in ("ada", "beth")}

    def send_away(by: str, whom: str, *, demote: bool) -> None:
        def act(session: DeskSession) -> None:
            person = locked_with_admins(session, ids[whom])
            if demote:
                new = NewStaff("", "Somebody", "supervisor", ("harbour-st",))
                change_staff(session, person, new, now=business.now, by=actors[by])
            else:
                deactivate(session, person, now=business.now, by=actors[by])

        with suppress(Invalid):  # the last admin stays
            business.desk.transact(act)

    for round_ in range(20):
        with business.desk.write() as session:
            for name, staff_id in ids.items():
                person = locked_with_admins(session, staff_id)
                reactivate(session, person, now=business.now, by=MACHINE)
                change_staff(session, person, replace(beth, name=name), now=business.now, by=MACHINE)
        actors = {name: business.actor(name) for name in ids}
        demote = bool(round_ % 2)
        at_once(
            [
                lambda: send_away("ada", "beth", demote=demote),  # noqa: B023  # both are over before the next round
                lambda: send_away("beth", "ada", demote=demote),  # noqa: B023  # as above
            ]
        )
        with business.desk.read() as session:
            assert len(admins(session)) == 1
