"""Somebody loses their role while what their token asked for waits for its turn."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text

from recovery.app import create_app
from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.tickets import TicketStatus
from recovery.services.access import lock_ticket
from recovery.services.people.staff import NewStaff, change_staff, locked_person
from recovery.services.session import DeskSession
from tests.api.calling import Desk, refused
from tests.factories import OMAR, Business
from tests.fixtures.settings import MakeSettings
from tests.fixtures.waiting import wait_until


@pytest.fixture
def desk_on_postgres(make_settings: MakeSettings, postgres_url: str, clock: FrozenClock) -> Iterator[Desk]:
    """Where a row can be waited for. SQLite has one writer at a time anyway."""
    components = build(make_settings(DATABASE_URL=postgres_url), clock=clock)
    yield Desk(Business.opened(components), create_app(components.settings, components))
    components.dispose()


def test_nobody_loses_their_role_in_the_middle_of_what_their_token_does(desk_on_postgres: Desk) -> None:
    """Omar's resolution waits for the ticket; who takes his role away waits for Omar, and for no ticket."""
    desk, business = desk_on_postgres, desk_on_postgres.business
    ticket = business.log()
    desk.token("omar")
    ada = business.actor("ada")

    def demote_omar(session: DeskSession) -> None:
        new = NewStaff(OMAR.email, OMAR.name, "frontline", OMAR.sites)
        change_staff(session, locked_person(session, business.staff("omar").id), new, now=business.now, by=ada)

    with ThreadPoolExecutor(2) as others:
        with business.desk.write() as session:
            lock_ticket(session, ticket.id)
            answer = others.submit(desk.call, "omar", "POST", f"/tickets/{ticket.reference}/resolution", {})
            wait_until(lambda: waiting(business) == 1, what="the resolution waits for the ticket")
            demoting = others.submit(business.desk.transact, demote_omar)
            wait_until(lambda: waiting(business) == 2, what="the demotion waits for Omar")
        assert answer.result().status_code == 200
        demoting.result()
    assert business.again(ticket).status is TicketStatus.RESOLVED
    refused(desk.call("omar", "GET", "/approvals"), 403)


def waiting(business: Business) -> int:
    """Connections that wait for a lock."""
    with business.desk.read() as session:
        here = text("datname = current_database() AND wait_event_type = 'Lock'")
        return session.scalar(select(func.count()).select_from(text("pg_stat_activity")).where(here)) or 0
