"""Whether a screen may look otherwise than a moment ago: one query, however much the screen itself reads.

Every change writes its event, and every event stands in the list of what awaits an anchor, in the transaction that made
it; what changes by the passing of time alone falls due.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from recovery.domain.actors import Actor
from recovery.domain.callbacks import LIVE
from recovery.models import Anchor, AwaitingAnchor, Callback, Event, Promise
from recovery.services.access import at_sites_of
from recovery.services.session import DeskSession
from recovery.services.ticketing.ticket_statements import literally

ANYWAY = timedelta(minutes=5)
"""So often everything is read again, whatever has happened."""

Pulse = tuple[int | None, ...]


def pulse(session: DeskSession, *, by: Actor, now: datetime, ahead: timedelta) -> Pulse:
    """Beats at every change that this person may see, and at some that they may not; when a promise or a call comes due, or a
    call will within `ahead`; and every few minutes, for a shift begins by the time of day alone."""
    warned = and_(Promise.ended_at.is_(None), Promise.warned_at.is_(None), Promise.warn_at <= now)
    lapsed = and_(Promise.ended_at.is_(None), Promise.lapsed_at.is_(None), Promise.due_at <= now)
    calls = literally(Callback.status, LIVE)
    counts = tuple(
        session.execute(
            select(
                select(func.max(Anchor.id)).scalar_subquery(),
                _changes_at_sites_of(by),
                _count(Promise, warned),
                _count(Promise, lapsed),
                _count(Callback, calls, Callback.due_at <= now),
                _count(Callback, calls, Callback.due_at < now + ahead),
            )
        ).one()
    )
    return (*counts, int(now.timestamp() // ANYWAY.total_seconds()))


def _changes_at_sites_of(by: Actor) -> Any:
    """Since the last anchor, by transaction and stream. What belongs to no site (people, settings) is everybody's."""
    same = and_(Event.stream_id == AwaitingAnchor.stream_id, Event.seq == AwaitingAnchor.seq)
    here = or_(Event.site_id.is_(None), at_sites_of(Event.site_id, by))
    seen = exists().where(same, here)  # joined, SQLite would begin with all events of a site
    return select(func.count()).select_from(AwaitingAnchor).where(seen).scalar_subquery()


def _count(of: type[Any], *conditions: ColumnElement[bool]) -> Any:
    return select(func.count()).select_from(of).where(*conditions).scalar_subquery()
