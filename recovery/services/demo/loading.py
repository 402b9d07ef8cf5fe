"""Loading the demo business: many tickets a transaction, and a mark at the end that all of it is there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from recovery.domain.actors import MACHINE, Actor
from recovery.domain.events import Tag
from recovery.domain.permissions import Role
from recovery.models import Site, Staff
from recovery.services.alerting.rota import set_rota
from recovery.services.demo.business import (
    CAFE,
    CALLS_FROM,
    PEOPLE,
    RINGS_AT,
    SITES,
    TARGETS,
    DemoPerson,
    DemoSite,
)
from recovery.services.demo.chance import Chance
from recovery.services.demo.lives import Crew, Life
from recovery.services.demo.passing import Rows
from recovery.services.demo.plans import Plan, plan
from recovery.services.demo.right_now import go_on
from recovery.services.demo.seasons import DAYS, moments
from recovery.services.people.sites import NewSite, add_site
from recovery.services.people.staff import NewStaff, add_staff
from recovery.services.proving import anchors
from recovery.services.proving.trail import record_of_settings
from recovery.services.running.ground import Ground
from recovery.services.session import DeskSession
from recovery.services.telephony.line_settings import set_line
from recovery.services.timing.targets import set_target

TICKETS_A_TRANSACTION = 40
ENDS_BEFORE_NOW = timedelta(minutes=40)
"""By then the last of the ninety days' tickets is put right."""

Tell = Callable[[int, int], None]
"""How many tickets of how many are there."""


def load(ground: Ground, *, now: datetime, password_hash: str, tell: Tell, sites: Sequence[DemoSite] = SITES) -> int:
    """Gives the number of tickets. The database holds no real ones, and no half of a demo: see `standing`."""
    ground.transact(lambda session: _open(session, sites, password_hash, opened=now - timedelta(days=DAYS + 1)))
    history = _history(sites, now=now)
    done = 0
    for some in _in_parts(history):
        ground.transact(lambda session, some=some: _live_through(session, some, now=now))  # type: ignore[misc]  # mypy sees no type in a default
        done += len(some)
        tell(done, len(history))
    alive = ground.transact(lambda session: go_on(session, _crews(session), now=now))
    total = len(history) + alive
    ground.transact(lambda session: _mark(session, total, now=now))
    anchors.anchor(ground, now)
    return total


def _open(session: DeskSession, sites: Sequence[DemoSite], password_hash: str, *, opened: datetime) -> None:
    for site in sites:
        added_site = add_site(session, _new_site(site), now=opened, by=MACHINE, is_demo=True)
        if site.slug == CAFE:
            set_line(session, added_site, voice_number=CALLS_FROM, line_number=RINGS_AT, now=opened, by=MACHINE)
    session.flush()
    for person in PEOPLE:
        added = add_staff(session, _new_staff(person), now=opened, by=MACHINE, is_demo=True)
        added.password_hash = password_hash
        session.flush()
        for place in added.places:
            set_rota(session, session.get_one(Site, place.site_id), {added.id: person.shifts}, now=opened, by=MACHINE)
    for slug, kind, clock, minutes in TARGETS:
        site = session.scalar(select(Site).where(Site.slug == slug))
        if site is not None:
            set_target(session, site, kind, clock, minutes, now=opened, by=MACHINE)


def _new_site(site: DemoSite) -> NewSite:
    return NewSite(
        slug=site.slug,
        name=site.name,
        timezone=site.timezone,
        currency=site.currency,
        country=site.country,
        hours=site.hours,
    )


def _new_staff(person: DemoPerson) -> NewStaff:
    return NewStaff(
        email=person.email,
        name=person.name,
        role=person.role,
        sites=(person.site,) if person.site else (),
        phone=person.phone,
        deputy=person.deputy,
    )


def _history(sites: Sequence[DemoSite], *, now: datetime) -> list[tuple[str, Plan]]:
    """In the order in which it happened, over all sites."""
    told = [
        (site.slug, plan(site, number, at, now=now))
        for site in sites
        for number, at in enumerate(moments(site, now=now, random=_chance(site)))
    ]
    return sorted(told, key=lambda pair: pair[1].at)


def _chance(site: DemoSite) -> Chance:
    return Chance(f"demo:{site.slug}")


def _in_parts(history: Sequence[tuple[str, Plan]]) -> Iterator[Sequence[tuple[str, Plan]]]:
    for start in range(0, len(history), TICKETS_A_TRANSACTION):
        yield history[start : start + TICKETS_A_TRANSACTION]


def _live_through(session: DeskSession, some: Sequence[tuple[str, Plan]], *, now: datetime) -> None:
    crews = _crews(session)
    rows = Rows()
    rows.listen_to(session)
    for site, planned in some:
        rows.clear()
        Life(session, rows, crews[site], site=site, until=now - ENDS_BEFORE_NOW).live(planned)


def _crews(session: DeskSession) -> Mapping[str, Crew]:
    staff = session.scalars(select(Staff).where(Staff.is_demo).order_by(Staff.added_at, Staff.id)).all()
    slugs = {site.id: site.slug for site in session.scalars(select(Site).where(Site.is_demo))}
    admin = next(person.as_actor() for person in staff if person.role is Role.ADMIN)

    def crew(site_id: int) -> Crew:
        here = [person for person in staff if site_id in person.site_ids]
        supervisor = next(person for person in here if person.role is Role.SUPERVISOR)
        frontline: tuple[Actor, ...] = tuple(person.as_actor() for person in here if person.role is Role.FRONTLINE)
        return Crew(frontline, supervisor.as_actor(), admin)

    return {slug: crew(site_id) for site_id, slug in slugs.items()}


def _mark(session: DeskSession, tickets: int, *, now: datetime) -> None:
    record_of_settings(session, Tag.DEMO_LOADED, by=MACHINE, at=now, tickets=tickets)
