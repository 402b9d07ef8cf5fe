"""What is counted but proves nothing about anybody: webhooks refused, sendings stopped, sign-ins under unknown names."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from recovery.models import Tally
from recovery.services.session import DeskSession

HOOKS_REFUSED = "hooks:refused"
LINE_STOPPED = "texts:stopped"
TEXTS_CAPPED = "texts:capped"
FOUND_LATE = "texts:found_late"
LISTS_UNREAD = "texts:list_unread"
UNKNOWN_SIGN_INS = "sign_in:unknown"


def count(session: DeskSession, name: str, *, times: int = 1, now: datetime) -> None:
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = make(Tally).values(name=name, count=times, last_at=now)
    session.execute(
        row.on_conflict_do_update(
            index_elements=[Tally.name],
            set_={"count": Tally.count + row.excluded.count, "last_at": row.excluded.last_at},
        ),
    )


def counted(session: DeskSession, name: str) -> int:
    return session.scalar(select(Tally.count).where(Tally.name == name)) or 0
