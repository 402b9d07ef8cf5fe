"""What runs beside the web says that it lives: a row, not a flag in somebody's memory."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from recovery.models import Heartbeat
from recovery.services.session import DeskSession

WORKER = "worker:"
EVERY = timedelta(seconds=5)
LATE_AFTER = timedelta(seconds=20)
"""Three beats missed, and a little."""
FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Beat:
    name: str
    at: datetime


def beat(session: DeskSession, name: str, *, now: datetime, detail: Mapping[str, Any]) -> None:
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = make(Heartbeat).values(name=name, at=now, detail=json.dumps(detail, sort_keys=True))
    session.execute(
        row.on_conflict_do_update(
            index_elements=[Heartbeat.name],
            set_={"at": row.excluded.at, "detail": row.excluded.detail},
        ),
    )
    session.execute(delete(Heartbeat).where(Heartbeat.name.startswith(WORKER), Heartbeat.at < now - FORGOTTEN_AFTER))


def stop_beating(session: DeskSession, name: str) -> None:
    session.execute(delete(Heartbeat).where(Heartbeat.name == name))


def workers(session: DeskSession) -> list[Beat]:
    """The latest first."""
    rows = session.scalars(
        select(Heartbeat).where(Heartbeat.name.startswith(WORKER)).order_by(Heartbeat.at.desc(), Heartbeat.name),
    )
    return [Beat(row.name, row.at) for row in rows]


def a_worker_lives(session: DeskSession, *, now: datetime) -> bool:
    """Where none does, texts wait and promises are watched by nobody: a banner, a metric and `doctor` say so."""
    return any(worker.at > now - LATE_AFTER for worker in workers(session))
