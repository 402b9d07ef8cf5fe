"""PostgreSQL is told how long to wait: one frozen process neither keeps a row for ever nor makes everybody wait for it."""

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from recovery.app import create_app
from recovery.models import Promise
from recovery.services.ticketing.tickets import resolve
from tests.api.calling import Desk
from tests.factories import NOOR, SAM, Business
from tests.fixtures.locks import held, shorten

pytestmark = pytest.mark.postgres


@pytest.fixture
def business(on_postgres: Business) -> Business:
    return on_postgres


def test_no_session_waits_or_idles_for_ever(business: Business) -> None:
    for engine in (business.desk.writing, business.desk.reading):
        with engine.connect() as connection:
            assert setting(connection, "lock_timeout") == "5s"
            assert setting(connection, "idle_in_transaction_session_timeout") == "30s"


def setting(connection: Connection, name: str) -> str:
    return str(connection.execute(text(f"SHOW {name}")).scalar_one())


def test_a_row_that_somebody_holds_is_said_to_be_busy_with_a_time_to_come_back(business: Business) -> None:
    desk = Desk(business, create_app(business.desk.settings, business.desk))
    ticket = business.log(remedies=())
    path = f"/tickets/{ticket.reference}/resolution"
    shorten(business.desk.writing)
    with held(business.desk.writing, "tickets", ticket.id):
        answer = desk.call("maya", "POST", path, {})
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    assert desk.call("maya", "POST", path, {}).status_code in {200, 201}


def test_who_freezes_in_a_transaction_loses_the_row_and_is_told_so(business: Business) -> None:
    ticket = business.log(remedies=())
    with business.desk.writing.connect() as frozen:
        frozen.execute(text("SET LOCAL idle_in_transaction_session_timeout = '300ms'"))
        frozen.execute(text("SELECT 1 FROM tickets WHERE id = :id FOR UPDATE"), {"id": ticket.id})
        business.on(ticket, lambda session, mine, by: resolve(session, mine, how=None, now=business.now, by=by))
        with pytest.raises(DBAPIError) as told:
            frozen.execute(text("SELECT 1"))
        assert told.value.connection_invalidated


def test_a_page_whose_connection_was_cut_is_503(business: Business) -> None:
    """Read or written: whoever froze comes back to a database that has lost patience."""
    app = create_app(business.desk.settings, business.desk)

    @app.get("/frozen")
    def frozen() -> str:
        with business.desk.read() as session:
            session.execute(text("SELECT 1"))
            session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return "never"

    frozen.permission = app.view_functions["health.alive"].permission  # type: ignore[attr-defined]
    assert app.test_client().get("/frozen").status_code == 503


def test_what_falls_due_for_others_is_not_held_up(business: Business) -> None:
    first, second = business.log(customer=SAM), business.log(customer=NOOR)
    shorten(business.desk.writing)
    business.later(minutes=16)
    with held(business.desk.writing, "tickets", first.id):
        assert business.tick("promises to lapse") == 1
    assert [promise.lapsed_at is not None for promise in business.rows(Promise, second)] == [True, False]
    assert business.tick("promises to lapse") == 1
