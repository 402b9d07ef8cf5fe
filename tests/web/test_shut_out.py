"""Somebody loses their role, their site or their account while what they pressed waits for its turn."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, func, select, text
from werkzeug.test import TestResponse

from config.settings import Settings
from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.actors import MACHINE
from recovery.domain.callbacks import Outcome
from recovery.domain.remedies import RemedyStatus
from recovery.models import Approval, Remedy, Staff, Ticket
from recovery.services.access import lock_ticket
from recovery.services.calling import attempts, booking
from recovery.services.deciding.approvals import pass_on
from recovery.services.people.sign_in import hash_password, issue_link, use_link
from recovery.services.people.staff import NewStaff, change_staff, deactivate, locked_person
from recovery.services.session import DeskSession
from recovery.services.texting.links import approval_url, customer_token
from tests.factories import OMAR, Business, refund
from tests.fixtures.waiting import wait_until
from tests.web.pages import Visitor

Change = Callable[[Business, DeskSession], object]


@pytest.fixture
def business(settings: Settings, clock: FrozenClock) -> Iterator[Business]:
    """On SQLite, where a writer waits for all others, and on PostgreSQL, where it waits for a row."""
    desk = build(settings, clock=clock)
    yield Business.opened(desk)
    desk.dispose()


def omar_in(session: DeskSession, business: Business) -> Staff:
    return locked_person(session, business.staff("omar").id)


def given(business: Business, session: DeskSession, role: str, site: str) -> None:
    new = NewStaff(OMAR.email, OMAR.name, role, (site,))
    change_staff(session, omar_in(session, business), new, now=business.now, by=business.actor("ada"))


def shut_out(business: Business, session: DeskSession) -> None:
    deactivate(session, omar_in(session, business), now=business.now, by=business.actor("ada"))


def signed_out(business: Business, session: DeskSession) -> None:
    """Somebody used the link that Omar was given, and every other session of his ended."""
    token = issue_link(session, business.staff("omar").id, now=business.now, by=MACHINE)
    use_link(session, token, password_hash=hash_password("another one", cheap=True), now=business.now)


def demoted(business: Business, session: DeskSession) -> None:
    given(business, session, "frontline", "harbour-st")


def moved(business: Business, session: DeskSession) -> None:
    given(business, session, "supervisor", "quay")


def passed_on(business: Business, session: DeskSession) -> None:
    approval = session.scalars(select(Approval)).one()
    pass_on(session, lock_ticket(session, approval.ticket_id), approval, now=business.now)


def meanwhile(business: Business, change: Change, press: Callable[[], TestResponse]) -> TestResponse:
    """`press` is let in as things were, and then has to wait until `change` is saved."""
    let_in = threading.Event()
    event.listen(business.desk.reading, "checkin", lambda *_: let_in.set())
    with ThreadPoolExecutor(1) as other:
        with business.desk.write() as session:
            change(business, session)
            session.flush()
            let_in.clear()
            answer = other.submit(press)
            assert let_in.wait(10)
        return answer.result()


def asked(business: Business) -> Ticket:
    """Maya asks Omar for a refund above her limit."""
    return business.log(remedies=(refund(4500),))


def one_tap(business: Business) -> str:
    with business.desk.read() as session:
        approval = session.scalars(select(Approval)).one()
        return approval_url(business.desk.house, approval).removeprefix(business.desk.settings.public_url)


@pytest.mark.parametrize(("change", "status"), [(shut_out, 302), (signed_out, 302), (demoted, 403), (moved, 404)])
def test_a_decision_on_the_page_is_checked_when_its_turn_comes(business: Business, change: Change, status: int) -> None:
    ticket, omar = asked(business), Visitor.signed_in(business, "omar")
    (remedy,) = business.rows(Remedy, ticket)
    omar.token()
    answer = meanwhile(business, change, lambda: omar.post(f"/approvals/{remedy.id}/approval"))
    assert answer.status_code == status
    assert business.rows(Remedy, ticket)[0].status is RemedyStatus.PENDING_APPROVAL


@pytest.mark.parametrize("change", [shut_out, demoted, moved, passed_on])
def test_a_decision_by_one_tap_is_checked_when_its_turn_comes(business: Business, change: Change) -> None:
    ticket, phone = asked(business), Visitor.at(business)
    address = f"{one_tap(business)}/approval"
    answer = meanwhile(business, change, lambda: phone.client.post(address))
    assert answer.status_code == 404
    assert business.rows(Remedy, ticket)[0].status is RemedyStatus.PENDING_APPROVAL


@pytest.mark.parametrize("change", [shut_out, signed_out, moved])
def test_what_is_done_on_a_ticket_is_checked_when_its_turn_comes(business: Business, change: Change) -> None:
    ticket, omar = business.log(), Visitor.signed_in(business, "omar")
    omar.token()
    answer = meanwhile(
        business, change, lambda: omar.post(f"/tickets/{ticket.reference}/resolution", how="", version="1")
    )
    assert answer.status_code in {302, 404}
    assert answer.headers.get("Location", "").startswith("/sign-in") or answer.status_code == 404
    assert business.again(ticket).resolved_at is None


def test_a_link_that_is_revoked_while_an_act_waits_opens_nothing_any_more(on_postgres: Business) -> None:
    """Whoever answered the phone was not Sam: the owner of that number stops reading and writing on Sam's page."""
    business, ticket = on_postgres, on_postgres.log()
    stranger, link = Visitor.at(business), f"/c/{customer_token(business.desk.house, ticket)}"
    maya = business.actor("maya")
    with ThreadPoolExecutor(1) as other:
        with business.desk.write() as session:
            held = lock_ticket(session, ticket.id)
            answer = other.submit(stranger.client.post, f"{link}/messages", data={"words": "Ha"})
            wait_until(lambda: waiting(business) == 1, what="the stranger waits for the ticket")
            call = booking.book(session, held, due_at=None, now=business.now, by=maya)
            attempts.attempt(session, held, call, outcome=Outcome.WRONG_NUMBER, note=None, now=business.now, by=maya)
        assert answer.result().status_code == 404
    assert business.again(ticket).unread == 0


@pytest.mark.parametrize("way_in", ["page", "one tap"])
def test_nobody_is_shut_out_in_the_middle_of_what_they_do(on_postgres: Business, way_in: str) -> None:
    """Omar's decision waits for the ticket; who shuts him out waits for the decision."""
    business = on_postgres
    ticket, omar = asked(business), Visitor.signed_in(business, "omar")
    (remedy,) = business.rows(Remedy, ticket)
    omar.token()
    address = f"/approvals/{remedy.id}/approval" if way_in == "page" else f"{one_tap(business)}/approval"

    def shut_omar_out() -> None:
        business.desk.transact(lambda session: shut_out(business, session))

    with ThreadPoolExecutor(2) as others:
        with business.desk.write() as session:
            lock_ticket(session, ticket.id)
            answer = others.submit(omar.post, address)
            wait_until(lambda: waiting(business) == 1, what="the decision waits for the ticket")
            shutting = others.submit(shut_omar_out)
            wait_until(lambda: waiting(business) == 2, what="shutting out waits for the decision")
        assert answer.result().status_code == 302
        shutting.result()
    assert business.rows(Remedy, ticket)[0].status is RemedyStatus.GRANTED
    assert omar.open("/").headers["Location"].startswith("/sign-in")


def waiting(business: Business) -> int:
    """Connections that wait for a lock."""
    with business.desk.read() as session:
        here = text("datname = current_database() AND wait_event_type = 'Lock'")
        return session.scalar(select(func.count()).select_from(text("pg_stat_activity")).where(here)) or 0
