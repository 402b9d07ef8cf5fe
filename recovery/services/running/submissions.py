"""A form that was sent twice is one thing: its hidden key is kept with what it made, in the same transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite

from recovery.models import IdempotencyKey
from recovery.services.session import DeskSession

CREATED = 201


@dataclass(frozen=True, slots=True)
class Submission:
    staff_id: int
    key: str
    fingerprint: str
    """SHA-256 over what was typed: the same key with other words is no repetition."""

    @property
    def owner(self) -> str:
        return f"staff:{self.staff_id}"

    @property
    def own_key(self) -> str:
        """Apart from the keys that scripts of the same person send."""
        return f"form:{self.key}"


def earlier(session: DeskSession, submission: Submission, *, thing: str, now: datetime) -> IdempotencyKey | None:
    """Takes the key, or gives what it was used for. A twin in flight is waited for: call it first in the transaction."""
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = make(IdempotencyKey).values(
        owner=submission.owner,
        key=submission.own_key,
        fingerprint=submission.fingerprint,
        status=CREATED,
        thing=thing,
        kept_at=now,
    )
    taken = session.execute(row.on_conflict_do_nothing().returning(IdempotencyKey.key)).first()
    if taken is not None:
        return None
    return session.get_one(IdempotencyKey, (submission.owner, submission.own_key), populate_existing=True)


def keep(session: DeskSession, submission: Submission, *, thing_id: int) -> None:
    session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.owner == submission.owner, IdempotencyKey.key == submission.own_key)
        .values(thing_id=thing_id),
    )
