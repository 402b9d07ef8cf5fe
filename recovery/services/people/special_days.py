"""Days on which a site is not open as its week says. They hold from now on: what the clocks have counted stays counted."""

from collections.abc import Iterable
from datetime import date, datetime

from recovery.domain.actors import Actor
from recovery.domain.calendars import ONE_DAY, SpecialDay, SpecialDays, local_day
from recovery.domain.errors import Invalid
from recovery.domain.special_days import special_day
from recovery.models import Site
from recovery.services.people.sites import change_field, require_admin
from recovery.services.session import DeskSession


def set_day(session: DeskSession, site: Site, new: SpecialDay, *, now: datetime, by: Actor) -> bool:
    """In place of what was said of that day before; False where that was the same. Raises Invalid, Forbidden."""
    require_admin(by)
    if new.day < local_day(now, site.timezone):
        raise Invalid.field(
            "day", "That day has gone by, and what happened on it stays as it was: choose today or later."
        )
    return _keep(session, site, _held(session, site).with_day(new), now=now, by=by)


def drop_day(session: DeskSession, site: Site, day: date, *, now: datetime, by: Actor) -> bool:
    """The week says again when the site is open. Raises Forbidden."""
    require_admin(by)
    return _keep(session, site, _held(session, site).without(day), now=now, by=by)


def shut_for_holidays(
    session: DeskSession, site: Site, holidays: Iterable[tuple[date, str]], *, now: datetime, by: Actor
) -> int:
    """Gives how many days are new; what was said of a day before stays. Raises Forbidden, Invalid."""
    require_admin(by)
    known, today = _held(session, site), local_day(now, site.timezone)
    new = [special_day(day, "shut", name) for day, name in holidays if day >= today and day not in known.by_day]
    _keep(session, site, SpecialDays((*known.days, *new)), now=now, by=by)
    return len(new)


def special_days_of(site: Site) -> SpecialDays:
    return SpecialDays.parse(site.special_days)


def _held(session: DeskSession, site: Site) -> SpecialDays:
    """As they are now, until the commit: of two who add a day each at the same time neither loses theirs."""
    session.refresh(site, ["special_days"], with_for_update={"key_share": True})
    return special_days_of(site)


def _keep(session: DeskSession, site: Site, days: SpecialDays, *, now: datetime, by: Actor) -> bool:
    """Those that have gone by are let go on the way: the former calendar of the site has them. Yesterday's may go on into
    this morning."""
    yesterday = local_day(now, site.timezone) - ONE_DAY
    kept = str(SpecialDays(tuple(days.since(yesterday))))
    if kept == site.special_days:
        return False
    change_field(session, site, "special_days", kept, now=now, by=by)
    return True
