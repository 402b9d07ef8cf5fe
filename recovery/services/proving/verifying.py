"""The last proof of the trail, and the one that is under way: where everybody's pages can read how far it is."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from recovery.domain.actors import Actor
from recovery.domain.permissions import Permission
from recovery.models import Heartbeat
from recovery.services.access import require
from recovery.services.proving.audit import Verdict
from recovery.services.running.heartbeats import beat
from recovery.services.session import DeskSession

NAME = "audit:verification"
QUIET_FOR = timedelta(minutes=2)
"""A proof tells how far it is every few thousand events: so long without a word, its process is gone."""
RUNNING, WHOLE, BROKEN, INTERRUPTED = "running", "whole", "broken", "interrupted"


@dataclass(frozen=True, slots=True)
class Verification:
    state: str
    at: datetime
    """Begun or last heard of, or when it came to its end."""
    events: int
    where: str = ""
    why: str = ""
    covered_until: datetime | None = None


def standing(session: DeskSession, *, now: datetime) -> Verification | None:
    """None where the trail was never verified from a page."""
    row = session.get(Heartbeat, NAME)
    if row is None:
        return None
    kept: dict[str, Any] = json.loads(row.detail)
    until = kept.pop("covered_until", None)
    found = Verification(at=row.at, covered_until=datetime.fromisoformat(until) if until else None, **kept)
    if found.state == RUNNING and row.at < now - QUIET_FOR:
        return Verification(INTERRUPTED, row.at, found.events)
    return found


def begin(session: DeskSession, *, now: datetime, by: Actor) -> bool:
    """False where one is under way: it takes a while, and a second one finds nothing else. Raises Forbidden."""
    require(by, Permission.AUDIT)
    session.get(Heartbeat, NAME, with_for_update=True)
    under_way = standing(session, now=now)
    if under_way is not None and under_way.state == RUNNING:
        return False
    tell(session, 0, now=now)
    return True


def tell(session: DeskSession, events: int, *, now: datetime) -> None:
    beat(session, NAME, now=now, detail={"state": RUNNING, "events": events})


def finish(session: DeskSession, verdict: Verdict, *, now: datetime) -> None:
    found = verdict.first_break or verdict.first_wrong_clock
    detail: dict[str, Any] = {"state": WHOLE if verdict.ok else BROKEN, "events": verdict.events}
    if found is not None:
        detail |= {"where": found.where, "why": found.why}
    if verdict.covered_until is not None:
        detail["covered_until"] = verdict.covered_until.isoformat()
    beat(session, NAME, now=now, detail=detail)


def give_up(session: DeskSession, *, now: datetime) -> None:
    """It could not be read to its end, which proves nothing either way."""
    beat(session, NAME, now=now, detail={"state": INTERRUPTED, "events": 0})
