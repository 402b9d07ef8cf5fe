"""How staff wish to be alerted: by text or on their pages alone, and when they are not to be woken."""

from datetime import datetime

from recovery.domain.actors import Actor
from recovery.domain.calendars import quiet_until
from recovery.domain.events import Tag
from recovery.domain.permissions import Role
from recovery.domain.quiet_hours import from_and_until
from recovery.models import Staff, Ticket
from recovery.services.alerting.rota import has_rota, on_shift
from recovery.services.people.staff import locked_person
from recovery.services.proving.trail import record_of_staff
from recovery.services.session import DeskSession


def wants_texts(person: Staff) -> bool:
    """Until they say otherwise, those who lead are texted, and those who stand at the counter look at it."""
    return person.role is not Role.FRONTLINE if person.wants_alerts is None else person.wants_alerts


def wakes(session: DeskSession, ticket: Ticket) -> bool:
    return ticket.severity in session.house.policy.ladder.wake


def is_quiet(session: DeskSession, person: Staff, ticket: Ticket, *, now: datetime) -> bool:
    """Whether they are not to be texted now. Whoever is on shift is at work; else their own hours count, and where there
    are none, at a site with a rota, the house's. Without either it is as texts to staff always were."""
    if wakes(session, ticket) or is_on_shift(session, person, ticket, now=now):
        return False
    policy = session.house.policy
    if person.quiet_hours is not None:
        return quiet_until(now, ticket.site.timezone, *from_and_until(person.quiet_hours)) is not None
    if not has_rota(session, ticket.site_id):
        return False
    return quiet_until(now, ticket.site.timezone, policy.quiet_from, policy.quiet_until) is not None


def at_any_hour(session: DeskSession, person: Staff, ticket: Ticket, *, now: datetime) -> bool:
    """Whether a text to them need not wait for the morning: it wakes nobody, or it is meant to."""
    return wakes(session, ticket) or person.quiet_hours is not None or is_on_shift(session, person, ticket, now=now)


def is_on_shift(session: DeskSession, person: Staff, ticket: Ticket, *, now: datetime) -> bool:
    return person.id in {each.id for each in on_shift(session, ticket.site, now=now)}


def wish(session: DeskSession, *, by_text: bool, quiet_hours: str | None, now: datetime, by: Actor) -> bool:
    """Of oneself; `quiet_hours` as `domain.quiet_hours` writes them. False where it was so already."""
    me = locked_person(session, by.id or 0)
    changed = [
        ("alerts_by_text", _said(wants_texts(me)), _said(by_text)),
        ("quiet_hours", me.quiet_hours or "", quiet_hours or ""),
    ]
    me.quiet_hours = quiet_hours
    if by_text != wants_texts(me):
        me.wants_alerts = by_text
    told = [(field, before, after) for field, before, after in changed if before != after]
    for field, before, after in told:
        record_of_staff(session, me, Tag.STAFF_CHANGED, by=by, at=now, field=field, before=before, after=after)
    return bool(told)


def _said(by_text: bool) -> str:  # noqa: FBT001  # it is the value itself
    return "yes" if by_text else "no"
