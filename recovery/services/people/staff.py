"""Who works here. Events tell that a name, a phone or an address changed, never what it is."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from recovery.domain.actors import Actor
from recovery.domain.errors import Invalid, NotFound
from recovery.domain.events import Tag
from recovery.domain.ids import new_id
from recovery.domain.permissions import Role
from recovery.domain.phones import parse_phone
from recovery.models import ApiToken, LoginSession, SignInLink, Site, Staff, StaffSite
from recovery.services.people.leaving import hand_back
from recovery.services.people.sites import require_admin
from recovery.services.proving.trail import record_of_staff
from recovery.services.sending.colleagues import move_to_new_number
from recovery.services.session import DeskSession

EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*")
LONGEST = 200
NOBODY = "There is no such person here."
UNKNOWN_COUNTRY = "ZZ"
"""For a person without a site: their number then has to begin with +."""


@dataclass(frozen=True, slots=True)
class NewStaff:
    """As typed."""

    email: str
    name: str
    role: str
    sites: tuple[str, ...] = ()
    """Slugs; an admin needs none."""
    phone: str = ""
    deputy: str = ""
    """E-mail address of who answers for a supervisor who does not; empty: nobody."""


def add_staff(session: DeskSession, new: NewStaff, *, now: datetime, by: Actor, is_demo: bool = False) -> Staff:
    """Without a password: `services.people.sign_in` issues the link that lets them set one. Raises Invalid by field, Forbidden."""
    require_admin(by)
    read = _Read(session, new)
    email = read.email()
    if session.scalar(select(Staff.id).where(Staff.email == email)) is not None:
        read.errors.setdefault("email", ["Somebody works here under this address already: change them instead."])
    role, sites, name, phone, deputy = read.role(), read.sites(), read.name(), read.phone(), read.deputy(None)
    read.raise_errors()
    person = Staff(
        id=new_id(now),
        email=email,
        name=name,
        role=role,
        phone=phone,
        deputy_id=deputy,
        added_at=now,
        event_seq=0,
        event_head="",
        is_demo=is_demo,
    )
    person.places = [StaffSite(site_id=site.id) for site in sites]
    session.add(person)
    record_of_staff(session, person, Tag.STAFF_ADDED, by=by, at=now, role=role.value, sites=_slugs(sites))
    return person


def change_staff(session: DeskSession, person: Staff, wanted: NewStaff, *, now: datetime, by: Actor) -> list[str]:
    """Gives the names of the fields that changed; the address stays, it is how they sign in. Raises as `add_staff`.

    The person comes from `locked_with_admins`.
    """
    require_admin(by)
    read = _Read(session, wanted)
    role, sites, name, phone, deputy = read.role(), read.sites(), read.name(), read.phone(), read.deputy(person)
    read.raise_errors()
    if role is not Role.ADMIN:
        _keep_an_admin(session, person, "role")
    changes = [
        ("name", None, None, person.name != name),
        ("role", person.role.value, role.value, person.role is not role),
        ("sites", _slugs(_sites_of(session, person)), _slugs(sites), person.site_ids != {site.id for site in sites}),
        ("phone", _given(person.phone), _given(phone), person.phone != phone),
        ("deputy", str(person.deputy_id or ""), str(deputy or ""), person.deputy_id != deputy),
    ]
    person.name, person.role, person.phone, person.deputy_id = name, role, phone, deputy
    _place(person, sites)
    changed = [(name, before, after) for name, before, after, is_new in changes if is_new]
    move_to_new_number(session, person)
    for name, before, after in changed:
        _tell(session, person, name, before, after, now=now, by=by)
    hand_back(session, person, now=now, by=by)
    return [name for name, _, _ in changed]


def deactivate(session: DeskSession, person: Staff, *, now: datetime, by: Actor) -> int:
    """Ends their sessions, links and tokens at once; what they did stays theirs, what they were to do is nobody's.

    Gives how many tickets that is. The person comes from `locked_with_admins`.
    """
    require_admin(by)
    if person.deactivated_at is not None:
        return 0
    if by.id == person.id:
        raise Invalid.field("active", "You cannot deactivate yourself: ask another admin.")
    _keep_an_admin(session, person, "active")
    person.deactivated_at = now
    for table in (LoginSession, ApiToken):
        session.execute(
            update(table).where(table.staff_id == person.id, table.revoked_at.is_(None)).values(revoked_at=now)
        )
    session.execute(
        update(SignInLink).where(SignInLink.staff_id == person.id, SignInLink.used_at.is_(None)).values(used_at=now),
    )
    _tell(session, person, "active", "yes", "no", now=now, by=by)
    return hand_back(session, person, now=now, by=by)


def reactivate(session: DeskSession, person: Staff, *, now: datetime, by: Actor) -> None:
    """They sign in anew: nothing that was ended comes back."""
    require_admin(by)
    if person.deactivated_at is None:
        return
    person.deactivated_at = None
    _tell(session, person, "active", "no", "yes", now=now, by=by)


def locked_person(session: DeskSession, staff_id: int) -> Staff:
    """For changing. Raises NotFound. Rows that point to them may be added meanwhile: whoever logs holds a ticket and then
    looks at a person, and the other way round they would wait for one another."""
    return _locked(session, Staff.id == staff_id, staff_id)


def locked_with_admins(session: DeskSession, staff_id: int) -> Staff:
    """For changing what may leave the house without an admin: all of them are locked, in the order of their ids, so that
    two who send one another away are counted one after the other. Raises NotFound."""
    is_admin = and_(Staff.role == Role.ADMIN, Staff.deactivated_at.is_(None))
    return _locked(session, or_(Staff.id == staff_id, is_admin), staff_id)


def person(session: DeskSession, staff_id: int) -> Staff:
    """For reading. Raises NotFound."""
    found = session.get(Staff, staff_id)
    if found is None:
        raise NotFound(NOBODY)
    return found


def everybody(session: DeskSession) -> Sequence[Staff]:
    """Active ones first, by name."""
    return session.scalars(select(Staff).order_by(Staff.deactivated_at.is_not(None), Staff.name, Staff.id)).all()


def possible_deputies(session: DeskSession, *, besides: int | None) -> Sequence[Staff]:
    return session.scalars(
        select(Staff)
        .where(Staff.role != Role.FRONTLINE, Staff.deactivated_at.is_(None), Staff.id != (besides or 0))
        .order_by(Staff.name),
    ).all()


def _locked(session: DeskSession, which: ColumnElement[bool], staff_id: int) -> Staff:
    rows = session.scalars(
        select(Staff)
        .where(which)
        .order_by(Staff.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True),
    ).all()
    found = next((person for person in rows if person.id == staff_id), None)
    if found is None:
        raise NotFound(NOBODY)
    return found


class _Read:
    """Reads what was typed, field by field, and gathers what cannot be taken."""

    def __init__(self, session: DeskSession, typed: NewStaff) -> None:
        self.session, self.typed = session, typed
        self.errors: dict[str, list[str]] = {}
        self._sites: list[Site] = []

    def email(self) -> str:
        email = self.typed.email.strip().lower()
        if not EMAIL.fullmatch(email) or len(email) > LONGEST:
            self.errors["email"] = ["Write the address they sign in with, as in maya@example.com."]
        return email

    def name(self) -> str:
        name = " ".join(self.typed.name.split())
        if not name or not name.isprintable() or len(name) > LONGEST:
            self.errors["name"] = ["Give their name: customers read the first word of it."]
        return name

    def role(self) -> Role:
        if self.typed.role in set(Role):
            return Role(self.typed.role)
        self.errors["role"] = ["Choose frontline, supervisor or admin."]
        return Role.FRONTLINE

    def sites(self) -> list[Site]:
        found = self.session.scalars(select(Site).where(Site.slug.in_(self.typed.sites)).order_by(Site.slug)).all()
        unknown = set(self.typed.sites) - {site.slug for site in found}
        if unknown:
            self.errors["sites"] = [f"There is no site “{min(unknown)}”."]
        elif not found and self.typed.role != Role.ADMIN:
            self.errors["sites"] = ["Choose at least one site: only an admin works at none."]
        self._sites = list(found)
        return self._sites

    def phone(self) -> str | None:
        country = self._sites[0].country if self._sites else UNKNOWN_COUNTRY
        if country == UNKNOWN_COUNTRY and self.typed.phone.strip() and not self.typed.phone.strip().startswith("+"):
            self.errors["phone"] = ["Write the number with its country code, as in +44 7700 900123."]
            return None
        try:
            return parse_phone(self.typed.phone, "GB" if country == UNKNOWN_COUNTRY else country)
        except Invalid as wrong:
            self.errors.update(wrong.errors)
            return None

    def deputy(self, person: Staff | None) -> int | None:
        email = self.typed.deputy.strip().lower()
        if not email:
            return None
        found = self.session.scalar(
            select(Staff).where(Staff.email == email, Staff.deactivated_at.is_(None), Staff.role != Role.FRONTLINE),
        )
        if found is None or (person is not None and found.id == person.id):
            self.errors["deputy"] = ["Choose another supervisor or an admin: a deputy has to be able to approve."]
            return None
        return found.id

    def raise_errors(self) -> None:
        if self.errors:
            raise Invalid(next(iter(self.errors.values()))[0], self.errors)


def _keep_an_admin(session: DeskSession, person: Staff, field: str) -> None:
    if person.role is not Role.ADMIN or person.deactivated_at is not None:
        return
    others = select(func.count()).where(Staff.role == Role.ADMIN, Staff.deactivated_at.is_(None), Staff.id != person.id)
    if not session.scalar(others):
        raise Invalid.field(field, "This is the last admin: make somebody else an admin first.")


def _place(person: Staff, sites: Sequence[Site]) -> None:
    """Keeps the rung of a place that stays."""
    wanted = {site.id for site in sites}
    for place in [place for place in person.places if place.site_id not in wanted]:
        person.places.remove(place)
    person.places.extend(StaffSite(site_id=site_id) for site_id in sorted(wanted - person.site_ids))


def _sites_of(session: DeskSession, person: Staff) -> Sequence[Site]:
    return session.scalars(select(Site).where(Site.id.in_(person.site_ids)).order_by(Site.slug)).all()


def _slugs(sites: Iterable[Site]) -> str:
    return " ".join(sorted(site.slug for site in sites))


def _given(phone: str | None) -> str:
    return "given" if phone else "none"


def _tell(
    session: DeskSession,
    person: Staff,
    field: str,
    before: str | None,
    after: str | None,
    *,
    now: datetime,
    by: Actor,
) -> None:
    """None for both tells that it changed, and no more."""
    record_of_staff(session, person, Tag.STAFF_CHANGED, by=by, at=now, field=field, before=before, after=after)
