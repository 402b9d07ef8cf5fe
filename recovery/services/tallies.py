"""What is counted but proves nothing about anybody: never chained, never by name."""

from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite

from recovery.models import Tally
from recovery.services.session import DeskSession

UNKNOWN_SIGN_INS = "sign_in:unknown"


def count(session: DeskSession, name: str, *, now: datetime) -> None:
    """One more, whoever counts at the same time."""
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = make(Tally).values(name=name, count=1, last_at=now)
    session.execute(
        row.on_conflict_do_update(index_elements=[Tally.name], set_={"count": Tally.count + 1, "last_at": now}),
    )
