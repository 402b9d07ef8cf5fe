"""The schema, brought to this version's state: one at a time, whoever starts it, on SQLite and on PostgreSQL."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationInfo
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from recovery.models.triggers import EXPECTED, count_triggers, make_triggers

FOLDER = Path(__file__).parent
HEAD = "head"
BASE = "base"
ONE_MIGRATION_AT_A_TIME = 7_305_214_108
"""PostgreSQL's advisory lock of ours: any number that nobody else uses on this database."""

Tell = Callable[[str], None]


class CannotMigrate(Exception):
    """With the sentence to show; nothing was changed."""


def migrate(url: str, *, to: str = HEAD, tell: Tell = lambda _: None) -> bool:
    """Runs what is missing up to `to`, or back down to it; False where nothing was. `tell` hears of each step.

    All of it in one transaction: it is there whole, or not at all. Raises CannotMigrate.
    """
    engine = create_engine(url, poolclass=NullPool)
    with ExitStack() as stack:
        if engine.dialect.name == "sqlite":
            stack.enter_context(_alone_with(make_url(url).database))
        connection = stack.enter_context(engine.connect())
        _prepare(connection)
        before = _revision(connection)
        _run(connection, to, tell)
        if inspect(connection).has_table("events"):
            make_triggers(connection)  # also where there was nothing to run: whatever dropped one, it is back
        _check(connection)
        after = _revision(connection)
        connection.commit()
    return before != after


def schema_is_current(engine: Engine) -> bool:
    """A newer schema is current too: each must carry the version before it, so that web processes change one by one."""
    with engine.connect() as connection:
        return _has_tables(connection) and count_triggers(connection) == EXPECTED


def schema_is_there(engine: Engine) -> bool:
    """Whoever looks for what was tampered with looks also where a trigger was dropped."""
    with engine.connect() as connection:
        return _has_tables(connection)


def _has_tables(connection: Connection) -> bool:
    revision = _revision(connection)
    return revision is not None and revision >= newest()


@cache
def newest() -> str:
    """Number of this version's last migration; numbers sort as they follow one another."""
    head = ScriptDirectory(str(FOLDER)).get_current_head()
    if head is None:
        raise CannotMigrate(f"There is no migration in {FOLDER}: the installation is not whole.")
    return head


@contextmanager
def _alone_with(database: str | None) -> Iterator[None]:
    """At the same file as every writer of ours, so that a migration waits for them and they for it."""
    path = Path(database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _prepare(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_MIGRATION_AT_A_TIME})
        return
    driver: Any = connection.connection.driver_connection
    driver.isolation_level = None  # we begin ourselves: the driver would commit before a CREATE TABLE
    driver.execute("PRAGMA journal_mode=WAL")
    driver.execute("PRAGMA foreign_keys=OFF")  # has no effect inside a transaction; a table is rebuilt by dropping it
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _revision(connection: Connection) -> str | None:
    """Without Alembic, which tells the log each time that it was asked."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _run(connection: Connection, to: str, tell: Tell) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    config.attributes["after_each"] = _after_each(connection, tell)
    before = _revision(connection)
    try:
        if to == BASE or (to != HEAD and before is not None and to < before):
            command.downgrade(config, to)
        else:
            command.upgrade(config, to)
    except CommandError as error:
        raise CannotMigrate(
            f"This database is at revision {before}, which this version does not know: run the newer version."
        ) from error


def _after_each(connection: Connection, tell: Tell) -> Callable[..., None]:
    def after(*, step: MigrationInfo, **_: Any) -> None:
        if inspect(connection).has_table("events"):
            make_triggers(connection)  # SQLite drops them in silence with the table that is rebuilt
        what = step.up_revision.doc if isinstance(step.up_revision, Script) else ""
        tell(f"{'up to' if step.is_upgrade else 'down from'} {step.up_revision_id}: {what}")

    return after


def _check(connection: Connection) -> None:
    if connection.dialect.name == "sqlite" and (broken := connection.execute(text("PRAGMA foreign_key_check")).all()):
        raise CannotMigrate(f"Rows of {broken[0][0]} would point at nothing: the migration was undone.")
    if inspect(connection).has_table("events") and count_triggers(connection) != EXPECTED:
        raise CannotMigrate("A trigger that keeps the trail is missing: the migration was undone.")
