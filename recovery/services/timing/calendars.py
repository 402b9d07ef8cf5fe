"""The calendar of a site as it is, and those that it had: what has happened is read by the one that held then."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from recovery.domain.calendar_history import CalendarHistory
from recovery.domain.calendars import Calendar, OpeningHours, SpecialDays
from recovery.domain.ids import new_id
from recovery.domain.tickets import LIVE
from recovery.models import Climb, FormerCalendar, Site, Ticket


def calendar_of(site: Site) -> Calendar:
    return _calendar(site.hours, site.timezone, site.special_days)


def calendars_since(session: Session, site: Site, instant: datetime) -> CalendarHistory:
    """Enough of them for what began at the instant: mostly the one of today, which costs no query."""
    if site.calendar_changed_at is None or site.calendar_changed_at <= instant:
        return CalendarHistory(calendar_of(site))
    former = session.scalars(
        select(FormerCalendar)
        .where(FormerCalendar.site_id == site.id, FormerCalendar.until > instant)
        .order_by(FormerCalendar.until)
    )
    return _history(site, former)


def calendars_of_all(session: Session, sites: Iterable[Site]) -> Mapping[int, CalendarHistory]:
    """By site, everything since its first day."""
    former: dict[int, list[FormerCalendar]] = defaultdict(list)
    for row in session.scalars(select(FormerCalendar).order_by(FormerCalendar.until)):
        former[row.site_id].append(row)
    return {site.id: _history(site, former[site.id]) for site in sites}


def keep_calendar(session: Session, site: Site, *, now: datetime) -> None:
    """Call before the site's hours, zone or special days are changed; twice in one transaction is as good as once. After
    the computer's clock was set back, what held since the last change held for no time: a row that ends before it would
    stand for all that came before."""
    if site.calendar_changed_at is None or now > site.calendar_changed_at:
        _add_former(session, site, now=now)
    open_here = select(Ticket.id).where(Ticket.site_id == site.id, Ticket.status.in_(LIVE))
    session.execute(update(Climb).where(Climb.ticket_id.in_(open_here)).values(look_at=now))  # reckoned by the old one


def _add_former(session: Session, site: Site, *, now: datetime) -> None:
    session.add(
        FormerCalendar(
            id=new_id(now),
            site_id=site.id,
            until=now,
            hours=site.hours,
            timezone=site.timezone,
            special_days=site.special_days,
        )
    )
    site.calendar_changed_at = now


def _history(site: Site, former: Iterable[FormerCalendar]) -> CalendarHistory:
    known = tuple((_calendar(row.hours, row.timezone, row.special_days), row.until) for row in former)
    return CalendarHistory(calendar_of(site), known)


@lru_cache(maxsize=1024)
def _calendar(hours: str, timezone: str, special_days: str) -> Calendar:
    return Calendar(OpeningHours.parse(hours), timezone, SpecialDays.parse(special_days))
