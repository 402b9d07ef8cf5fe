"""What needs a person, beyond what `health` sees on every page: people, the trail, copies, work that nobody does."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from recovery.domain.permissions import Role
from recovery.domain.tasks import OPEN as OPEN_TASKS
from recovery.models import AwaitingAnchor, Callback, Promise, Site, Staff, StaffSite, Task
from recovery.services.proving.silence import silent
from recovery.services.running import health
from recovery.services.running.health import BAD, LOOK, WELL, Check, minutes_or_seconds
from recovery.services.running.restoring import standing_hold, to_look_for
from recovery.services.session import DeskSession

BEHIND_AFTER = timedelta(minutes=2)
"""What falls due is handled within seconds; a promise that lapsed so long ago unseen has nobody watching it."""
NAMED = 3
"""Tickets that a line names; the others are counted."""
ANCHORED_EVERY = timedelta(minutes=15)
"""Three anchors missed."""


def examine(session: DeskSession, *, now: datetime) -> Sequence[Check]:
    return (
        *health.checks(session, now=now),
        _due_work(session, now=now),
        _silent(session),
        _restored(session),
        _anchors(session, now=now),
        _admins(session),
        *_sites(session),
    )


def _due_work(session: DeskSession, *, now: datetime) -> Check:
    behind: Sequence[tuple[str, ColumnElement[bool]]] = (
        ("promises", Promise.ended_at.is_(None) & Promise.lapsed_at.is_(None) & (Promise.due_at < now - BEHIND_AFTER)),
        ("callbacks", (Callback.status == "booked") & (Callback.due_at < now - BEHIND_AFTER)),
        ("tasks", Task.status.in_(OPEN_TASKS) & Task.late_at.is_(None) & (Task.due_at < now - BEHIND_AFTER)),
    )
    late = {what: session.scalar(select(func.count()).where(condition)) or 0 for what, condition in behind}
    if any(late.values()):
        words = ", ".join(f"{count} {what}" for what, count in late.items() if count)
        return Check("Due work", BAD, f"{words} came due and nobody looked: start a worker, or read its log.")
    return Check("Due work", WELL, "Nothing that came due waits to be handled.")


def _silent(session: DeskSession) -> Check:
    left = silent(session)
    if not left:
        return Check("Open tickets", WELL, "Every open ticket has its next step.")
    more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
    words = (
        f"Nobody has {', '.join(left[:NAMED])}{more}, and nothing will happen by itself: open each and promise a time."
    )
    return Check("Open tickets", BAD, words)


def _restored(session: DeskSession) -> Check:
    hold = standing_hold(session)
    if hold is None:
        return Check("Backup", WELL, "Nothing is held after a restore.")
    left = len(to_look_for(session, hold))
    words = f"A backup was put back: no text leaves until a worker has asked the provider what went out since ({left} to ask for)."
    return Check("Backup", LOOK, words)


def _anchors(session: DeskSession, *, now: datetime) -> Check:
    """By what waits, not by how long ago the last one was: a quiet night needs none."""
    oldest = session.scalar(select(func.min(AwaitingAnchor.at)))
    if oldest is None:
        return Check("Trail", WELL, "Every event is anchored.")
    age = now - oldest
    if age > ANCHORED_EVERY:
        words = f"What was written {minutes_or_seconds(age)} ago is not anchored yet"
        return Check("Trail", BAD, f"{words}: a worker makes an anchor every five minutes.")
    return Check("Trail", WELL, "The next anchor is due.")


def _admins(session: DeskSession) -> Check:
    admins = session.scalar(select(func.count()).where(Staff.role == Role.ADMIN, Staff.deactivated_at.is_(None)))
    if not admins:
        return Check("Admins", BAD, "Nobody is an admin: `python3 -m recovery staff add EMAIL --role admin …`.")
    return Check("Admins", WELL, f"{admins} {'person is an admin' if admins == 1 else 'people are admins'}.")


def _sites(session: DeskSession) -> Sequence[Check]:
    sites = session.scalars(select(Site).order_by(Site.slug)).all()
    if not sites:
        return (Check("Sites", BAD, "There is no site: `python3 -m recovery site add SLUG …`."),)
    here = select(StaffSite.site_id, Staff.role, Staff.phone).join(Staff).where(Staff.deactivated_at.is_(None))
    people = session.execute(here).all()
    return [_site(site, [(role, phone) for site_id, role, phone in people if site_id == site.id]) for site in sites]


def _site(site: Site, people: Sequence[tuple[Role, str | None]]) -> Check:
    supervisors = [phone for role, phone in people if role is Role.SUPERVISOR]
    if not people:
        return Check(
            site.name, BAD, "Nobody works here: `python3 -m recovery staff add EMAIL … --site " + site.slug + "`."
        )
    if not supervisors:
        return Check(site.name, LOOK, "There is no supervisor here: approvals and alerts go to the admins.")
    if not any(supervisors):
        return Check(
            site.name, LOOK, "No supervisor here has a phone: approvals and alerts are seen on the pages alone."
        )
    return Check(site.name, WELL, f"{len(people)} people, {len(supervisors)} of them supervising.")
