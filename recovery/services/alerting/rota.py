"""The rota of a site: when each of its people works there, week by week, in the site's zone. On a day on which the site is
shut nobody's shift begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import bindparam, select

from recovery.domain.actors import Actor
from recovery.domain.calendars import Calendar, SpecialDays
from recovery.domain.errors import Invalid
from recovery.domain.events import Tag
from recovery.domain.opening_hours import OpeningHours
from recovery.domain.permissions import Permission
from recovery.models import Site, Staff, StaffSite
from recovery.services.access import at_sites_of, require
from recovery.services.proving.trail import record_of_settings
from recovery.services.session import DeskSession

LONGEST_SHIFTS = 1000
PLANNED = (
    select(Staff, StaffSite.shifts)
    .join(StaffSite, StaffSite.staff_id == Staff.id)
    .where(StaffSite.site_id == bindparam("site_id"), StaffSite.shifts.is_not(None), Staff.deactivated_at.is_(None))
    .order_by(Staff.name, Staff.id)
)
ROTAS = "rotas"
"""In `session.info`: what stands on the rota of each site that this transaction asked about, for an alert asks about each
person."""


@dataclass(frozen=True, slots=True)
class OnRota:
    person: Staff
    shifts: str
    """As `domain.opening_hours` writes it; empty: not on the rota."""
    until: datetime | None
    """When the shift ends that they are on; None while they are on none, or on one without an end."""
    is_on: bool

    @property
    def id(self) -> int:
        return self.person.id


def rota_of(session: DeskSession, site: Site, *, now: datetime) -> Sequence[OnRota]:
    """Everybody who works at the site, by name; whoever works here and is on no rota as well."""
    return [_on_rota(person, place.shifts or "", site, now) for person, place in _places(session, site.id)]


def at_work(session: DeskSession, *, by: Actor, now: datetime) -> Sequence[tuple[str, str]]:
    """(site, first name) of everybody who is on shift now at the person's sites, by site and name."""
    rows = session.execute(
        select(Site, Staff.name, StaffSite.shifts)
        .select_from(StaffSite)
        .join(Staff, Staff.id == StaffSite.staff_id)
        .join(Site, Site.id == StaffSite.site_id)
        .where(StaffSite.shifts.is_not(None), Staff.deactivated_at.is_(None), at_sites_of(StaffSite.site_id, by))
        .order_by(Site.name, Staff.name, Staff.id)
    )
    return [
        (site.name, name.split()[0])
        for site, name, shifts in rows
        if shifts is not None and _works(shifts, site).is_open(now)
    ]


def on_shift(session: DeskSession, site: Site, *, now: datetime) -> Sequence[Staff]:
    """By name; nobody where the site has no rota."""
    return [person for person, shifts in _planned(session, site.id) if _works(shifts, site).is_open(now)]


def has_rota(session: DeskSession, site_id: int) -> bool:
    return bool(_planned(session, site_id))


def _planned(session: DeskSession, site_id: int) -> Sequence[tuple[Staff, str]]:
    rotas: dict[int, Sequence[tuple[Staff, str]]] = session.info.setdefault(ROTAS, {})
    if site_id not in rotas:
        found = session.execute(PLANNED, {"site_id": site_id})
        rotas[site_id] = [(person, shifts) for person, shifts in found if shifts]
    return rotas[site_id]


def set_rota(
    session: DeskSession, site: Site, wanted: Mapping[int, str], *, now: datetime, by: Actor
) -> Sequence[Staff]:
    """`wanted`: shifts as typed, by staff member; empty takes them off. Gives whose changed. Raises Forbidden, and Invalid
    with a sentence for each person (field `shifts-ID`) whose line cannot be read. The site is one that they may see."""
    if by.is_person:
        require(by, Permission.LEAD)
    read, errors = dict[int, str | None](), dict[str, list[str]]()
    for staff_id, typed in wanted.items():
        try:
            read[staff_id] = read_shifts(typed)
        except Invalid as wrong:
            errors[f"shifts-{staff_id}"] = [wrong.detail]
    if errors:
        raise Invalid(next(iter(errors.values()))[0], errors)
    return [
        person
        for person, place in _places(session, site.id, lock=True)
        if person.id in read and _set_shifts(session, site, place, read[person.id], now=now, by=by)
    ]


def read_shifts(typed: str) -> str | None:
    """As it is kept; None: on no rota. Raises Invalid."""
    if not typed.strip():
        return None
    hours = OpeningHours.parse(typed)
    if hours.always_open:
        raise Invalid.field("shifts", "Nobody works day and night: give the shifts, as in mon-fri 08:00-16:00.")
    return str(hours)


def _set_shifts(
    session: DeskSession, site: Site, place: StaffSite, shifts: str | None, *, now: datetime, by: Actor
) -> bool:
    if place.shifts == shifts:
        return False
    before, place.shifts = place.shifts, shifts
    session.info.pop(ROTAS, None)
    record_of_settings(
        session,
        Tag.ROTA_CHANGED,
        by=by,
        at=now,
        site_id=site.id,
        site=site.id,
        staff=place.staff_id,
        before=before or "",
        after=shifts or "",
    )
    return True


def _places(session: DeskSession, site_id: int, *, lock: bool = False) -> list[tuple[Staff, StaffSite]]:
    query = (
        select(Staff, StaffSite)
        .join(StaffSite, StaffSite.staff_id == Staff.id)
        .where(StaffSite.site_id == site_id, Staff.deactivated_at.is_(None))
        .order_by(Staff.name, Staff.id)
    )
    if lock:
        query = query.with_for_update(of=StaffSite).execution_options(populate_existing=True)
    return [(person, place) for person, place in session.execute(query)]


def _on_rota(person: Staff, shifts: str, site: Site, now: datetime) -> OnRota:
    if not shifts:
        return OnRota(person, "", None, is_on=False)
    calendar = _works(shifts, site)
    is_on = calendar.is_open(now)
    return OnRota(person, shifts, calendar.closing_after(now) if is_on else None, is_on)


def _works(shifts: str, site: Site) -> Calendar:
    return _calendar(shifts, site.timezone, site.special_days)


@lru_cache(maxsize=1024)
def _calendar(shifts: str, timezone: str, special_days: str) -> Calendar:
    """On a day with other hours people come as planned: the rota is theirs to change."""
    shut = SpecialDays(tuple(day for day in SpecialDays.parse(special_days).days if not day.spans))
    return Calendar(OpeningHours.parse(shifts), timezone, shut)
