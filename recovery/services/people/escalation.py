"""Who is asked next: the escalation list of a site."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select

from recovery.domain.actors import Actor
from recovery.domain.errors import NotFound
from recovery.domain.events import Tag
from recovery.domain.permissions import Role
from recovery.models import Site, Staff, StaffSite
from recovery.services.people.sites import require_admin
from recovery.services.proving.trail import record_of_settings
from recovery.services.session import DeskSession

SUPERVISORS = (
    select(Staff)
    .join(StaffSite, StaffSite.staff_id == Staff.id)
    .where(StaffSite.site_id == bindparam("site_id"), Staff.role == Role.SUPERVISOR, Staff.deactivated_at.is_(None))
    .order_by(StaffSite.rung.is_(None), StaffSite.rung, Staff.added_at, Staff.id)
)
ADMINS = (
    select(Staff).where(Staff.role == Role.ADMIN, Staff.deactivated_at.is_(None)).order_by(Staff.added_at, Staff.id)
)


def escalation_list(session: DeskSession, site_id: int) -> Sequence[Staff]:
    """The site's supervisors in their order, then the admins: everybody who may be asked, active ones only."""
    return [*supervisors(session, site_id), *admins(session)]


def supervisors(session: DeskSession, site_id: int) -> Sequence[Staff]:
    """In the order in which they are asked; who has no place yet stands behind the others."""
    return session.scalars(SUPERVISORS, {"site_id": site_id}).all()


def admins(session: DeskSession) -> Sequence[Staff]:
    return session.scalars(ADMINS).all()


def give_place(session: DeskSession, site: Site, staff_id: int, rung: int, *, now: datetime, by: Actor) -> bool:
    """Puts a supervisor on a step of the site's list, 1 first, and the others behind one another; past the end is the end.
    False where they stood there already. Raises Forbidden, NotFound for who is no supervisor of the site."""
    require_admin(by)
    places = _locked_places(session, site.id)
    line = [person.id for person in supervisors(session, site.id)]
    if staff_id not in line:
        raise NotFound("There is no such supervisor at this site.")
    before = line.index(staff_id) + 1
    line.remove(staff_id)
    line.insert(max(rung, 1) - 1, staff_id)
    after = line.index(staff_id) + 1
    if after == before:
        return False
    for number, person_id in enumerate(line, start=1):
        places[person_id].rung = number
    record_of_settings(
        session,
        Tag.ESCALATION_ORDERED,
        by=by,
        at=now,
        site_id=site.id,
        site=site.id,
        staff=staff_id,
        rung=after,
        was=before,
    )
    return True


def first_approver(session: DeskSession, site_id: int, *, besides: int, enough: set[Role]) -> Staff | None:
    """The first on the list whose role may decide it and who did not ask; None when nobody is left."""
    return next(
        (staff for staff in escalation_list(session, site_id) if staff.id != besides and staff.role in enough),
        None,
    )


def _locked_places(session: DeskSession, site_id: int) -> dict[int, StaffSite]:
    """By staff member."""
    rows = session.scalars(
        select(StaffSite)
        .where(StaffSite.site_id == site_id)
        .order_by(StaffSite.staff_id)
        .with_for_update()
        .execution_options(populate_existing=True),
    )
    return {place.staff_id: place for place in rows}
