"""What is kept for a while and then swept: it proves nothing about anybody."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import InstrumentedAttribute

from recovery.models import IdempotencyKey, LoginSession, SignInLink
from recovery.services.session import DeskSession

AT_ONCE = 1000
"""Rows a transaction: the broom never makes anybody wait."""
KEYS_LIVE = timedelta(days=7)
ENDED_STAYS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Broom:
    rows: type[Any]
    since: InstrumentedAttribute[datetime]
    stays: timedelta

    def finds(self, session: DeskSession, now: datetime) -> bool:
        oldest = session.scalar(select(self.since).order_by(self.since).limit(1))
        return oldest is not None and oldest < now - self.stays

    def sweep(self, session: DeskSession, now: datetime) -> int:
        """At most a thousand, the oldest first; gives how many went."""
        newest = session.scalars(
            select(self.since).where(self.since < now - self.stays).order_by(self.since).limit(AT_ONCE),
        ).all()[-1:]
        if not newest:
            return 0
        swept = session.connection().execute(delete(self.rows).where(self.since <= newest[0]))
        return swept.rowcount


IDEMPOTENCY_KEYS = Broom(IdempotencyKey, IdempotencyKey.kept_at, KEYS_LIVE)
SESSIONS = Broom(LoginSession, LoginSession.ends_at, ENDED_STAYS)
SIGN_IN_LINKS = Broom(SignInLink, SignInLink.ends_at, ENDED_STAYS)
