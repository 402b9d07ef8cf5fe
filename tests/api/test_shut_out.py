"""Somebody loses their account or their role while what their token asked for waits for its turn."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text

from recovery.app import create_app
from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.remedies import RemedyStatus
from recovery.models import Remedy
from recovery.services.access import lock_ticket
from recovery.services.people.staff import deactivate, locked_person
from recovery.services.session import DeskSession
from tests.api.calling import Desk, refused
from tests.factories import Business, refund
from tests.fixtures.settings import MakeSettings
from tests.fixtures.waiting import wait_until


@pytest.fixture
def desk_on_postgres(make_settings: MakeSettings, postgres_url: str, clock: FrozenClock) -> Iterator[Desk]:
    """Where a row can be waited for. SQLite has one writer at a time anyway."""
    components = build(make_settings(DATABASE_URL=postgres_url), clock=clock)
    yield Desk(Business.opened(components), create_app(components.settings, components))
    components.dispose()


def test_nobody_is_shut_out_in_the_middle_of_what_their_token_does(desk_on_postgres: Desk) -> None:
    """Omar's decision waits for the ticket; who shuts him out waits for the decision, and the token is worth nothing then."""
    desk, business = desk_on_postgres, desk_on_postgres.business
    ticket = business.log(remedies=(refund(4500),))
    (remedy,) = business.rows(Remedy, ticket)
    desk.token("omar")
    ada = business.actor("ada")

    def shut_omar_out(session: DeskSession) -> None:
        deactivate(session, locked_person(session, business.staff("omar").id), now=business.now, by=ada)

    with ThreadPoolExecutor(2) as others:
        with business.desk.write() as session:
            lock_ticket(session, ticket.id)
            answer = others.submit(desk.call, "omar", "POST", f"/remedies/{remedy.id}/approval", {})
            wait_until(lambda: waiting(business) == 1, what="the decision waits for the ticket")
            shutting = others.submit(business.desk.transact, shut_omar_out)
            wait_until(lambda: waiting(business) == 2, what="shutting out waits for the decision")
        assert answer.result().status_code == 200
        shutting.result()
    assert business.rows(Remedy, ticket)[0].status is RemedyStatus.GRANTED
    refused(desk.call("omar", "GET", "/tickets"), 401)


def waiting(business: Business) -> int:
    """Connections that wait for a lock."""
    with business.desk.read() as session:
        here = text("datname = current_database() AND wait_event_type = 'Lock'")
        return session.scalar(select(func.count()).select_from(text("pg_stat_activity")).where(here)) or 0
