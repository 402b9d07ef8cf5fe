"""Backup and restore: every row as JSON lines, checksummed, in one file that either database can take in.

The file holds what customers said and wrote; it never holds AUDIT_KEY, SECRET_KEY, or who is signed in. It is one
snapshot, taken while the desk works on.
"""

import base64
import fcntl
import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, LargeBinary, Table, func, insert, select, text, update

from recovery.domain.actors import MACHINE
from recovery.domain.errors import Refused
from recovery.domain.event_chain import key_id
from recovery.domain.events import Tag
from recovery.models import Anchor, Event
from recovery.models.base import Base, UtcDateTime
from recovery.models.triggers import drop_triggers, make_triggers
from recovery.services.hearing.missed import know_until
from recovery.services.proving.trail import record_of_settings
from recovery.services.running.restoring import hold_after_restore
from recovery.services.session import DeskSession
from recovery.services.timing.catching_up import catch_up

FORMAT = 1
MANIFEST = "manifest.json"
ROWS_AT_ONCE = 500
PHOTOS_AT_ONCE = 4
"""Each may have five megabytes."""
LEFT_OUT = frozenset({"login_sessions", "sign_in_links", "heartbeats"})
"""Who is signed in, and who is alive, is not true any more when a backup is put back."""

Tell = Callable[[int, int], None]
"""How many rows of how many."""


@dataclass(frozen=True, slots=True)
class Manifest:
    revision: str
    made_at: datetime
    audit_key_id: str | None
    """Names the key of the trail; None where there is no event yet."""
    anchor: int | None
    rows: Mapping[str, int]
    checksums: Mapping[str, str]


def announce(session: DeskSession, *, revision: str, now: datetime) -> None:
    """Stands in the trail before the snapshot is taken, so that the backup itself tells of it. Raises Refused as `write`."""
    _refuse_other_schema(session.connection(), revision)
    last = session.scalar(select(func.max(Anchor.id)))
    record_of_settings(session, Tag.BACKUP_MADE, by=MACHINE, at=now, anchor=last)


def write(session: DeskSession, file: Path, *, revision: str, now: datetime, tell: Tell) -> Manifest:
    """The session is fresh and reads only. Raises FileExistsError, and Refused where the schema is not the one of
    `revision`, or somebody writes this file already; leaves no half-written file."""
    if file.exists():
        raise FileExistsError(file)
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    connection = session.connection()
    _refuse_other_schema(connection, revision)
    with _unfinished(file) as unfinished:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            manifest = _write_tables(connection, archive, revision=revision, now=now, tell=tell)
            archive.writestr(MANIFEST, _spelled(manifest))
        unfinished.rename(file)
    return manifest


@contextmanager
def _unfinished(file: Path) -> Iterator[Path]:
    """Ours alone as long as we write it: two at once would take it from each other. One that was killed holds nothing
    any more, and what it left is written over."""
    path = file.with_name(f"{file.name}.unfinished")
    path.touch(mode=0o600)
    with path.open("ab") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"Another backup is writing {file} just now: wait for it, or choose another name.") from None
        try:
            if file.exists():  # whoever held it has just come to their end
                raise FileExistsError(file)
            yield path
        finally:
            path.unlink(missing_ok=True)


def read_manifest(file: Path) -> Manifest:
    """Raises Refused for what is no backup of ours, or was changed."""
    try:
        with zipfile.ZipFile(file) as archive:
            told = json.loads(archive.read(MANIFEST))
            _check_sums(archive, told["checksums"])
    except (zipfile.BadZipFile, zlib.error, EOFError, LookupError, ValueError) as error:
        raise Refused(f"{file} is no whole backup of Recovery Desk: use another one.") from error
    if told["format"] != FORMAT:
        raise Refused(f"{file} was made by a newer version: restore it with that one.")
    return Manifest(
        revision=told["revision"],
        made_at=datetime.fromisoformat(told["made_at"]),
        audit_key_id=told["audit_key_id"],
        anchor=told["anchor"],
        rows=told["rows"],
        checksums=told["checksums"],
    )


def restore(
    session: DeskSession,
    file: Path,
    manifest: Manifest,
    *,
    revision: str,
    replace: bool,
    grace: timedelta,
    now: datetime,
    tell: Tell,
) -> int:
    """Puts everything back, holds the texts that wait, does what fell due meanwhile without telling customers, and says
    so in the trail. One transaction. Gives how many texts of due work were left to a person.

    `grace` is how long the provider may take to list a text. Raises Refused for another schema, another AUDIT_KEY, or a database with rows in it (unless `replace`).
    """
    connection = session.connection()
    _refuse_misfit(connection, manifest, key=session.house.audit_key, revision=revision, replace=replace)
    if replace:
        _empty(connection)
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA defer_foreign_keys=ON"))
    total, done = sum(manifest.rows.values()), 0
    with zipfile.ZipFile(file) as archive:
        for table in _tables():
            for rows in _batches(archive, table):
                _put_back(connection, table, rows)
                done += len(rows)
                tell(done, total)
            _point_within(connection, archive, table)
    hold_after_restore(session, grace=grace, now=now)
    made_at = manifest.made_at.isoformat(timespec="microseconds")
    know_until(session, manifest.made_at, now=now)
    record_of_settings(session, Tag.BACKUP_RESTORED, by=MACHINE, at=now, anchor=manifest.anchor, made_at=made_at)
    return catch_up(session, now=now)


def _tables() -> list[Table]:
    """What is pointed at comes first."""
    return [table for table in Base.metadata.sorted_tables if table.name not in LEFT_OUT]


def _write_tables(
    connection: Connection, archive: zipfile.ZipFile, *, revision: str, now: datetime, tell: Tell
) -> Manifest:
    rows = {table.name: _count(connection, table) for table in _tables()}
    done, total, checksums = 0, sum(rows.values()), {}
    for table in _tables():
        with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as lines:
            checksums[table.name] = _write_rows(connection, table, lines)
        done += rows[table.name]
        tell(done, total)
    return Manifest(
        revision=revision,
        made_at=now,
        audit_key_id=connection.scalar(select(Event.key_id).limit(1)),
        anchor=connection.scalar(select(func.max(Anchor.id))),
        rows=rows,
        checksums=checksums,
    )


def _count(connection: Connection, table: Table) -> int:
    return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def _write_rows(connection: Connection, table: Table, lines: IO[bytes]) -> str:
    checksum = hashlib.sha256()
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_at_once(table))
    for row in connection.execute(query):
        values = [_written(value) for value in row]
        line = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"
        checksum.update(line)
        lines.write(line)
    return checksum.hexdigest()


def _at_once(table: Table) -> int:
    return PHOTOS_AT_ONCE if any(isinstance(column.type, LargeBinary) for column in table.columns) else ROWS_AT_ONCE


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def _spelled(manifest: Manifest) -> str:
    columns = {table.name: [column.name for column in table.columns] for table in _tables()}
    told = {
        "format": FORMAT,
        "revision": manifest.revision,
        "made_at": manifest.made_at.isoformat(timespec="microseconds"),
        "audit_key_id": manifest.audit_key_id,
        "anchor": manifest.anchor,
        "rows": dict(manifest.rows),
        "columns": columns,
        "checksums": dict(manifest.checksums),
    }
    return json.dumps(told, indent=2)


def _check_sums(archive: zipfile.ZipFile, checksums: Mapping[str, str]) -> None:
    for name, told in checksums.items():
        checksum = hashlib.sha256()
        with archive.open(f"{name}.jsonl") as lines:
            for line in lines:
                checksum.update(line)
        if checksum.hexdigest() != told:
            raise ValueError(f"{name} was changed")


def _refuse_other_schema(connection: Connection, revision: str) -> None:
    """A version works on the schema of a newer one too, but knows only its own tables and columns: what it would leave
    out is missed when the backup is needed."""
    there = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if there != revision:
        raise Refused(
            f"The database has schema {there} and this version {revision}, which would leave out what is newer: back up "
            "with the version that migrated it."
        )


def _refuse_misfit(connection: Connection, manifest: Manifest, *, key: bytes, revision: str, replace: bool) -> None:
    if manifest.revision != revision:
        raise Refused(
            f"The backup has schema {manifest.revision} and this version {revision}: restore it with the version that "
            "made it, then migrate."
        )
    if manifest.audit_key_id not in {None, key_id(key)}:
        raise Refused(
            "The backup's trail was written under another AUDIT_KEY: start with that one, or nothing verifies."
        )
    if not replace and any(_count(connection, table) for table in _tables()):
        raise Refused("There are rows in this database: restore into an empty one, or add --replace to lose them.")


def _empty(connection: Connection) -> None:
    """Also of events: what is put back brings a trail of its own."""
    drop_triggers(connection)
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA defer_foreign_keys=ON"))
    for table in reversed(Base.metadata.sorted_tables):
        for column in _within(table):
            connection.execute(update(table).values({column: None}))
        connection.execute(table.delete())
    make_triggers(connection)


def _batches(archive: zipfile.ZipFile, table: Table) -> Iterator[list[dict[str, Any]]]:
    columns = json.loads(archive.read(MANIFEST))["columns"][table.name]
    rows: list[dict[str, Any]] = []
    with archive.open(f"{table.name}.jsonl") as lines:
        for line in lines:
            rows.append(_read(table, dict(zip(columns, json.loads(line), strict=True))))
            if len(rows) == _at_once(table):
                yield rows
                rows = []
    if rows:
        yield rows


def _read(table: Table, values: dict[str, Any]) -> dict[str, Any]:
    for column in table.columns:
        value = values[column.name]
        if value is not None and isinstance(column.type, UtcDateTime):
            values[column.name] = datetime.fromisoformat(value)
        if value is not None and isinstance(column.type, LargeBinary):
            values[column.name] = base64.b64decode(value)
    return values


def _put_back(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    apart = dict.fromkeys(_within(table))
    connection.execute(insert(table), [row | apart for row in rows])


def _point_within(connection: Connection, archive: zipfile.ZipFile, table: Table) -> None:
    """A row may point at another of its own table that comes later."""
    for column in _within(table):
        for rows in _batches(archive, table):
            for row in rows:
                if row[column] is not None:
                    connection.execute(update(table).where(table.c.id == row["id"]).values({column: row[column]}))


def _within(table: Table) -> list[str]:
    return [key.parent.name for key in table.foreign_keys if key.column.table is table]
