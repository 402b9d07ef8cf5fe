"""Triggers are no part of the metadata, and SQLite drops them in silence when a table is rebuilt: one list makes them,
again after every migration."""

from sqlalchemy import Connection, text

APPEND_ONLY = ("events", "anchors")
VERBS = ("update", "delete")


def make_triggers(connection: Connection) -> None:
    """Makes every trigger anew; safe to repeat."""
    for statement in _statements(connection.dialect.name):
        connection.execute(text(statement))


def drop_triggers(connection: Connection) -> None:
    """For the one transaction that takes the demo business away, and makes them again."""
    for table in APPEND_ONLY:
        for verb in VERBS:
            on = f" ON {table}" if connection.dialect.name == "postgresql" else ""
            connection.execute(text(f"DROP TRIGGER {table}_append_only_{verb}{on}"))


def count_triggers(connection: Connection) -> int:
    if connection.dialect.name == "sqlite":
        counting = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_append_only_%'"
    else:
        counting = "SELECT count(*) FROM pg_trigger WHERE tgname LIKE '%_append_only_%'"
    return int(connection.execute(text(counting)).scalar_one())


EXPECTED = len(VERBS) * len(APPEND_ONLY)


def _statements(dialect: str) -> list[str]:
    if dialect == "sqlite":
        return [statement for table in APPEND_ONLY for verb in VERBS for statement in _sqlite(table, verb)]
    return [_POSTGRES_FUNCTION] + [
        statement for table in APPEND_ONLY for verb in VERBS for statement in _postgres(table, verb)
    ]


def _sqlite(table: str, verb: str) -> list[str]:
    name = f"{table}_append_only_{verb}"
    return [
        f"DROP TRIGGER IF EXISTS {name}",
        f"CREATE TRIGGER {name} BEFORE {verb.upper()} ON {table} BEGIN SELECT RAISE(ABORT, '{table} are only added'); END",
    ]


_POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% are only added', TG_TABLE_NAME; END $$
"""


def _postgres(table: str, verb: str) -> list[str]:
    name = f"{table}_append_only_{verb}"
    return [
        f"DROP TRIGGER IF EXISTS {name} ON {table}",
        f"CREATE TRIGGER {name} BEFORE {verb.upper()} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    ]
