"""Who is asked next: the escalation list of a site."""

from collections.abc import Sequence

from sqlalchemy import select

from recovery.domain.permissions import Role
from recovery.models import Staff, StaffSite
from recovery.services.session import DeskSession


def escalation_list(session: DeskSession, site_id: int) -> Sequence[Staff]:
    """The site's supervisors in their order, then the admins: everybody who may be asked, active ones only."""
    supervisors = session.scalars(
        select(Staff)
        .join(StaffSite, StaffSite.staff_id == Staff.id)
        .where(StaffSite.site_id == site_id, Staff.role == Role.SUPERVISOR, Staff.deactivated_at.is_(None))
        .order_by(StaffSite.rung.is_(None), StaffSite.rung, Staff.added_at, Staff.id),
    ).all()
    return [*supervisors, *admins(session)]


def admins(session: DeskSession) -> Sequence[Staff]:
    return session.scalars(
        select(Staff)
        .where(Staff.role == Role.ADMIN, Staff.deactivated_at.is_(None))
        .order_by(Staff.added_at, Staff.id),
    ).all()


def first_approver(session: DeskSession, site_id: int, *, besides: int, enough: set[Role]) -> Staff | None:
    """The first on the list whose role may decide it and who did not ask; None when nobody is left."""
    return next(
        (staff for staff in escalation_list(session, site_id) if staff.id != besides and staff.role in enough),
        None,
    )


def rung_above(session: DeskSession, site_id: int, rung: int) -> Staff | None:
    """Who hears of a matter on this step of the list, 1 first; past its end, its last. None: the list is empty."""
    people = escalation_list(session, site_id)
    return people[min(rung, len(people)) - 1] if people else None
