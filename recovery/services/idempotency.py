"""A POST that came twice is carried out once: its key is kept with what it made, in the same transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
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
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = make(IdempotencyKey).values(
        owner=key.owner,
        key=key.key,
        fingerprint=key.fingerprint,
        status=UNDER_WAY,
        thing="",
        kept_at=now,
    )
    taken = session.execute(row.on_conflict_do_nothing().returning(IdempotencyKey.key)).first()
    if taken is not None:
        return None
    earlier = session.get_one(IdempotencyKey, (key.owner, key.key), populate_existing=True)
    if earlier.fingerprint != key.fingerprint:
        raise KeyReused("This Idempotency-Key was used for another request: send a new key with a new request.")
    return Kept(earlier.status, earlier.thing, earlier.thing_id)


def keep(session: DeskSession, key: Key, kept: Kept) -> None:
    session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.owner == key.owner, IdempotencyKey.key == key.key)
        .values(status=kept.status, thing=kept.thing, thing_id=kept.thing_id),
    )
