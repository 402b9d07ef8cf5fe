"""When it will be somebody's turn: by the pace that their site has today."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select, tuple_

from recovery.domain.calendars import day_bounds, local_day
from recovery.domain.waits import WaitStatus, estimated_wait, pace_of
from recovery.models import Site, Wait
from recovery.services.session import DeskSession

LAST_TURNS = 11
"""Ten times at the front: enough for a median that one odd customer does not move, and few enough to be of the last hour."""


class Estimate(NamedTuple):
    place: int
    """1 is first in line."""
    at: datetime


def estimate(session: DeskSession, site: Site, wait: Wait, *, now: datetime) -> Estimate:
    """For a wait that is in line, or would be. It is that place times the pace of today, see `domain.waits`; while fewer
    than three turns were taken today the policy says how long each takes."""
    place = place_of(session, wait)
    pace = pace_today(session, site, now=now) or session.house.policy.waiting.each
    return Estimate(place, now + estimated_wait(place, pace))


def place_of(session: DeskSession, wait: Wait) -> int:
    """By when they came. Who is called, on the way or has put it off lets the next one go first."""
    ahead = select(func.count()).where(
        Wait.site_id == wait.site_id,
        Wait.status == WaitStatus.WAITING,
        tuple_(Wait.line_at, Wait.id) < tuple_(wait.line_at, wait.id),
    )
    return 1 + (session.scalar(ahead) or 0)


def pace_today(session: DeskSession, site: Site, *, now: datetime) -> timedelta | None:
    """None before there were enough turns."""
    since, _ = day_bounds(local_day(now, site.timezone), site.timezone)
    turns = session.execute(
        select(Wait.arrived_at, Wait.called_at)
        .where(Wait.site_id == site.id, Wait.called_at >= since)
        .order_by(Wait.called_at.desc())
        .limit(LAST_TURNS)
    ).all()
    return pace_of([(came, turn) for came, turn in reversed(turns) if turn is not None])
