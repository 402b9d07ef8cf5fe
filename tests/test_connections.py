"""Connections that are kept: asked whether they live after a rest, and not before every use."""

import time

import pytest
from sqlalchemy import text

from config.settings import Settings
from recovery.bootstrap import RESTED, Components, build
from tests.fixtures.postgres import run_statement
from tests.fixtures.settings import MakeSettings

CUT_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture
def desk(make_settings: MakeSettings, postgres_url: str) -> Components:
    settings: Settings = make_settings(DATABASE_URL=postgres_url)
    return build(settings)


def one(desk: Components) -> int:
    with desk.read() as session:
        return session.scalar(text("SELECT 1")) or 0


@pytest.mark.postgres
def test_a_connection_that_was_cut_while_it_rested_costs_nobody_an_error(desk: Components, postgres_url: str) -> None:
    assert one(desk) == 1
    run_statement(postgres_url, CUT_ALL)
    time.sleep(RESTED * 1.1)
    assert one(desk) == 1
    desk.dispose()


@pytest.mark.postgres
def test_a_connection_that_has_just_worked_is_not_asked(desk: Components) -> None:
    one(desk)
    dialect, asked = desk.reading.dialect, []
    ping = dialect.do_ping
    dialect.do_ping = lambda connection: asked.append(connection) or ping(connection)  # type: ignore[method-assign]
    for _ in range(3):
        one(desk)
    assert asked == []
    time.sleep(RESTED * 1.1)
    one(desk)
    assert len(asked) == 1
    desk.dispose()
