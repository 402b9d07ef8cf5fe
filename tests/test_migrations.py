"""The schema is what the models say, on both databases, and comes back from a journey down and up with every row."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, Row, create_engine, inspect, select, text
from sqlalchemy.pool import NullPool

from recovery import migrations
from recovery.bootstrap import Components, build
from recovery.clock import FrozenClock
from recovery.domain.actors import MACHINE
from recovery.migrations import BASE, CannotMigrate, migrate, newest, schema_is_current
from recovery.models import Base, FormerCalendar, Site
from recovery.models.triggers import EXPECTED, count_triggers, drop_triggers
from recovery.services.people.sites import change_site
from recovery.services.proving.audit import verify
from recovery.services.running import backups
from recovery.services.session import DeskSession
from tests.factories import HARBOUR, Business
from tests.fixtures.settings import MakeSettings

Rows = dict[str, dict[str, list[str]]]
"""By table and column."""


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[Engine]:
    engine = create_engine(empty_database_url, poolclass=NullPool)
    yield engine
    engine.dispose()


def test_the_migrated_schema_is_what_the_models_say(engine: Engine, empty_database_url: str) -> None:
    models = as_declared()
    models.create_all(engine)
    wanted = described(engine)
    models.drop_all(engine)
    migrate(empty_database_url)
    migrated = described(engine)
    assert migrated.keys() == wanted.keys()
    for table, parts in wanted.items():
        assert migrated[table] == parts, table


def test_the_search_for_differences_finds_a_check_and_a_condition(engine: Engine, empty_database_url: str) -> None:
    migrate(empty_database_url)
    before = described(engine)
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX ix_tickets_unread"))
        connection.execute(text("CREATE INDEX ix_tickets_unread ON tickets (site_id) WHERE unread > 1"))
    assert described(engine)["tickets"]["indexes"] != before["tickets"]["indexes"]


def as_declared() -> MetaData:
    """A copy: making tables on PostgreSQL leaves a mark on the keys that it adds afterwards, and SQLite, which cannot,
    would then leave them out in whatever test comes next."""
    copy = MetaData(naming_convention=Base.metadata.naming_convention)
    for table in Base.metadata.tables.values():
        table.to_metadata(copy)
    return copy


def described(engine: Engine) -> dict[str, Any]:
    """Every table with its columns, keys, checks and indexes, in an order of its own."""
    looking = inspect(engine)
    return {
        table: {
            "columns": sorted(  # one that was added later stands last, whatever the models say
                (c["name"], str(c["type"]), c["nullable"], c["default"]) for c in looking.get_columns(table)
            ),
            "key": looking.get_pk_constraint(table),
            "foreign": by_name(looking.get_foreign_keys(table)),
            "unique": by_name(looking.get_unique_constraints(table)),
            "checks": by_name(looking.get_check_constraints(table)),
            "indexes": by_name(looking.get_indexes(table)),
        }
        for table in looking.get_table_names()
        if table != "alembic_version"
    }


def by_name(parts: Any) -> list[str]:
    return sorted(f"{part['name']}: {sorted(spelled(part).items())}" for part in parts)


def spelled(part: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in part.items() if name != "dialect_options"} | {
        name: str(value) for name, value in part.get("dialect_options", {}).items()
    }


def test_a_second_run_changes_nothing(engine: Engine, empty_database_url: str) -> None:
    told: list[str] = []
    assert migrate(empty_database_url, tell=told.append)
    assert told[0] == "up to 0001: The first desk: every table of the first release."
    assert len(told) == len(numbered())
    assert not migrate(empty_database_url, tell=told.append)
    assert len(told) == len(numbered())


def test_two_that_start_at_once_both_succeed_and_one_migrates(empty_database_url: str) -> None:
    together, outcomes = threading.Barrier(2), []

    def start() -> None:
        together.wait(timeout=10)
        outcomes.append(migrate(empty_database_url))

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(outcomes) == [False, True]


def test_a_database_is_ready_only_with_its_schema_and_its_triggers(engine: Engine, empty_database_url: str) -> None:
    assert not schema_is_current(engine)
    migrate(empty_database_url)
    assert schema_is_current(engine)
    with engine.begin() as connection:
        on = " ON events" if engine.dialect.name == "postgresql" else ""
        connection.execute(text(f"DROP TRIGGER events_append_only_delete{on}"))
    assert not schema_is_current(engine)


def test_a_newer_schema_serves_this_version_but_is_not_migrated_by_it(engine: Engine, empty_database_url: str) -> None:
    migrate(empty_database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert schema_is_current(engine)
    with pytest.raises(CannotMigrate, match=r"9999.*run the newer version"):
        migrate(empty_database_url)


def test_down_and_up_again_leaves_an_empty_database_whole(engine: Engine, empty_database_url: str) -> None:
    migrate(empty_database_url)
    before = described(engine)
    migrate(empty_database_url, to=BASE)
    assert described(engine) == {}
    migrate(empty_database_url)
    assert described(engine) == before
    with engine.connect() as connection:
        assert count_triggers(connection) == EXPECTED


def test_rows_survive_a_journey_down_and_up(
    empty_database_url: str, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """Below the first migration there is nothing: the rows travel in a backup."""
    migrate(empty_database_url)
    desk = build(make_settings(DATABASE_URL=empty_database_url))
    Business.opened(desk).log()
    now = desk.clock.now()
    with desk.read() as session:
        manifest = backups.write(session, tmp_path / "rows.zip", revision=newest(), now=now, tell=lambda *_: None)
    desk.dispose()
    migrate(empty_database_url, to=BASE)
    migrate(empty_database_url)
    how = {"revision": newest(), "replace": False, "grace": desk.terms.grace, "now": now, "tell": lambda *_: None}
    desk.transact(lambda session: backups.restore(session, tmp_path / "rows.zip", manifest, **how))  # type: ignore[arg-type]  # of several types
    with desk.read() as session:
        assert verify(session, desk.house.audit_key).ok
    desk.dispose()


def test_rows_keep_what_the_older_schemas_have_on_the_way_down_and_up(
    engine: Engine, empty_database_url: str, make_settings: MakeSettings
) -> None:
    migrate(empty_database_url)
    desk = build(make_settings(DATABASE_URL=empty_database_url))
    Business.opened(desk).log()
    before = rows(engine)
    desk.dispose()
    newer = before
    for revision, next_one in reversed(list(pairwise(numbered()))):
        migrate(empty_database_url, to=revision)
        older = rows(engine)
        migrate(empty_database_url, to=next_one)
        assert_kept(older, rows(engine), revision)
        assert_kept(older, before, revision)
        migrate(empty_database_url, to=revision)
        assert rows(engine) == older, revision
        newer = older
    migrate(empty_database_url)
    assert_kept(newer, rows(engine), "all the way")
    with desk.read() as session:
        assert verify(session, desk.house.audit_key).ok
    desk.dispose()


def assert_kept(older: Rows, newer: Rows, what: str) -> None:
    """Whatever stands in the columns of the older schema."""
    for table, columns in older.items():
        assert {name: newer[table][name] for name in columns} == columns, (what, table)


def test_calendars_that_were_changed_before_there_was_a_table_for_them_come_from_the_trail(
    empty_sqlite_url: str, make_settings: MakeSettings
) -> None:
    migrate(empty_sqlite_url)
    desk = build(make_settings(DATABASE_URL=empty_sqlite_url), clock=FrozenClock(datetime(2026, 3, 10, 9, tzinfo=UTC)))
    business = Business.opened(desk)
    for hours, timezone in (("mon-fri 08:00-10:00", "Europe/London"), ("sat 10:00-12:00", "Europe/Paris")):
        business.later(days=1)
        new = replace(HARBOUR, hours=hours, timezone=timezone)
        desk.transact(
            lambda session, new=new: change_site(session, first_site(session), new, now=business.now, by=MACHINE)
        )  # type: ignore[misc]
    kept = former(desk)
    assert [(row.hours, row.timezone) for row in kept] == [
        ("", "Europe/London"),
        ("mon-fri 08:00-10:00", "Europe/London"),
    ]
    migrate(empty_sqlite_url, to="0008")
    migrate(empty_sqlite_url)
    assert former(desk) == kept
    with desk.read() as session:
        assert first_site(session).calendar_changed_at == business.now
    desk.dispose()


def first_site(session: DeskSession) -> Site:
    return session.scalars(select(Site).where(Site.slug == "harbour-st")).one()


def former(desk: Components) -> Sequence[Row[Any]]:
    columns = (FormerCalendar.until, FormerCalendar.hours, FormerCalendar.timezone, FormerCalendar.special_days)
    with desk.read() as session:
        return session.execute(select(*columns).order_by(FormerCalendar.until)).all()


def numbered() -> list[str]:
    return sorted(path.name[:4] for path in (migrations.FOLDER / "versions").glob("0*.py"))


def rows(engine: Engine) -> Rows:
    """Of every table what stands in each column, in no order, as the database itself has it."""
    found: Rows = {}
    with engine.connect() as connection:
        for table in set(inspect(connection).get_table_names()) - {"alembic_version"}:
            read = connection.exec_driver_sql(f'SELECT * FROM "{table}"')
            names, all_rows = list(read.keys()), read.all()
            found[table] = {name: sorted(str(row[place]) for row in all_rows) for place, name in enumerate(names)}
    return found


def test_a_trigger_that_somebody_dropped_is_back_after_migrate(engine: Engine, empty_database_url: str) -> None:
    migrate(empty_database_url)
    with engine.begin() as connection:
        drop_triggers(connection)
    assert not migrate(empty_database_url)
    assert schema_is_current(engine)


def test_rows_that_would_point_at_nothing_undo_the_migration(empty_sqlite_url: str) -> None:
    migrate(empty_sqlite_url)
    engine = create_engine(empty_sqlite_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO staff_sites (staff_id, site_id) VALUES (1, 2)"))
    with pytest.raises(CannotMigrate, match="staff_sites would point at nothing"):
        migrate(empty_sqlite_url)


def test_migrations_are_numbered_without_a_fork() -> None:
    assert migrations.newest() == numbered()[-1]
