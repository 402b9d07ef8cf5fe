"""What supervisors do for their own people without an admin: let somebody in again, and say who answers in their place."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from recovery.domain.actors import Actor
from recovery.domain.errors import Forbidden, Invalid, NotFound
from recovery.domain.events import Tag
from recovery.domain.permissions import Permission, Role
from recovery.models import Staff, StaffSite
from recovery.services.access import at_sites_of, require
from recovery.services.people.sign_in import issue_link
from recovery.services.people.staff import NOBODY, locked_person, possible_deputies
from recovery.services.proving.trail import record_of_staff
from recovery.services.session import DeskSession


def team_of(session: DeskSession, *, by: Actor) -> Sequence[Staff]:
    """Who works at one of the person's sites, by name; admins, who are everywhere, are nobody's people."""
    here = select(StaffSite.staff_id).where(at_sites_of(StaffSite.site_id, by))
    return session.scalars(
        select(Staff)
        .where(Staff.id.in_(here), Staff.id != by.id, Staff.deactivated_at.is_(None), Staff.role != Role.ADMIN)
        .order_by(Staff.name, Staff.id),
    ).all()


def may_let_in(person: Staff, *, by: Actor) -> bool:
    """Whoever has the link can be that person, so it never leads to a site, or to a role, beyond one's own."""
    return person.role is not Role.ADMIN and all(by.works_at(site_id) for site_id in person.site_ids)


def give_link(session: DeskSession, staff_id: int, *, now: datetime, by: Actor) -> str:
    """A token that signs in once. Raises Forbidden, NotFound for who works at none of the person's sites."""
    require(by, Permission.LEAD)
    person = locked_person(session, staff_id)
    if person.id not in {each.id for each in team_of(session, by=by)}:
        raise NotFound(NOBODY)
    if not may_let_in(person, by=by):
        raise Forbidden(f"{person.first_name} works at a site that is not yours as well: ask an admin for the link.")
    return issue_link(session, person.id, now=now, by=by)


def deputies_of(session: DeskSession, *, by: Actor) -> Sequence[Staff]:
    """Who could answer instead: supervisors of the same sites, and admins."""
    return [
        person
        for person in possible_deputies(session, besides=by.id)
        if person.role is Role.ADMIN or any(by.works_at(site_id) for site_id in person.site_ids)
    ]


def name_deputy(session: DeskSession, deputy_id: int | None, *, now: datetime, by: Actor) -> bool:
    """Of oneself; None is nobody, and then the admins are next. False where that was so already. Raises Forbidden, Invalid."""
    require(by, Permission.LEAD)
    if deputy_id is not None and deputy_id not in {person.id for person in deputies_of(session, by=by)}:
        raise Invalid.field(
            "deputy", "Choose a supervisor of your sites or an admin: a deputy has to be able to approve."
        )
    me = locked_person(session, by.id or 0)
    if me.deputy_id == deputy_id:
        return False
    before, me.deputy_id = me.deputy_id, deputy_id
    record_of_staff(
        session,
        me,
        Tag.STAFF_CHANGED,
        by=by,
        at=now,
        field="deputy",
        before=str(before or ""),
        after=str(deputy_id or ""),
    )
    return True
