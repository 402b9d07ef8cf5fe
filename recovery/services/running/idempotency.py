"""A POST that came twice is carried out once: its key is kept with what it made, in the same transaction."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import cast

from sqlalchemy import Executable, Table, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from recovery.domain.errors import KeyReused
from recovery.models import IdempotencyKey
from recovery.services.session import DeskSession

UNDER_WAY = 0
"""Seen by nobody else: the row is committed with the status of the answer, or not at all."""


@dataclass(frozen=True, slots=True)
class Key:
    owner: str
    """`token:17` or `staff:4`."""
    key: str
    fingerprint: str
    """SHA-256 over method, path and body."""


@dataclass(frozen=True, slots=True)
class Kept:
    status: int
    thing: str
    thing_id: int | None


def claim(session: DeskSession, key: Key, *, now: datetime) -> Kept | None:
    """Takes the key, or gives what it was used for. Call it first in the transaction: a twin in flight is waited for
    at PostgreSQL's unique index. Raises KeyReused for another request under the same key."""
    row = {"owner": key.owner, "key": key.key, "fingerprint": key.fingerprint, "kept_at": now}
    connection = session.connection()
    taken = connection.execute(_taking(connection.dialect.name), row | {"status": UNDER_WAY, "thing": ""}).first()
    if taken is not None:
        return None
    earlier = session.get_one(IdempotencyKey, (key.owner, key.key), populate_existing=True)
    if earlier.fingerprint != key.fingerprint:
        raise KeyReused("This Idempotency-Key was used for another request: send a new key with a new request.")
    return Kept(earlier.status, earlier.thing, earlier.thing_id)


def keep(session: DeskSession, key: Key, kept: Kept) -> None:
    """A plain statement of the table: the session's own way of updating costs more than all the rest of it."""
    values = {"status": kept.status, "thing": kept.thing, "thing_id": kept.thing_id}
    session.connection().execute(_KEEPING, {"of_owner": key.owner, "of_key": key.key} | values)


_TABLE = cast("Table", IdempotencyKey.__table__)
_KEEPING = update(_TABLE).where(_TABLE.c.owner == bindparam("of_owner"), _TABLE.c.key == bindparam("of_key"))


@cache
def _taking(dialect: str) -> Executable:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(_TABLE).on_conflict_do_nothing().returning(_TABLE.c.key)
