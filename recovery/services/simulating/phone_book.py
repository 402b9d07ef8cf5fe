"""Whose the simulated phones are: as far as the person who looks at them may know."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from recovery.domain.actors import Actor
from recovery.domain.errors import NotFound
from recovery.domain.phones import country_of, parse_phone, pretty
from recovery.models import Contact, Customer, SimulatedText, Site, Staff
from recovery.services.access import sites_visible_to
from recovery.services.session import DeskSession
from recovery.services.simulating import calls, phones

NOWHERE = "UTC"
STRANGER = "Somebody"


@dataclass(frozen=True, slots=True)
class Owner:
    name: str
    what: str
    """`customer`, `frontline`, `supervisor`, `admin`, or `stranger`."""
    timezone: str


@dataclass(frozen=True, slots=True)
class Phone:
    number: str
    shown: str
    """As people of its country write it."""
    owner: Owner
    last: SimulatedText | None


def phones_of(session: DeskSession, *, by: Actor) -> Sequence[Phone]:
    """Those with a text on them, the newest first, before them those that ring without one; another site's customers are
    left out."""
    found = {each.number: each.last for each in phones.threads(session)}
    ringing = [number for number in calls.busy_numbers(session) if number not in found]
    owners = _owners(session, [*ringing, *found], by=by)
    return [_phone(each, owners[each], found.get(each)) for each in (*ringing, *found) if each in owners]


def phone(session: DeskSession, typed: str, *, by: Actor) -> Phone:
    """Raises Invalid for what is no number, NotFound for another site's customer."""
    country = session.scalar(select(Site.country).where(sites_visible_to(by)).order_by(Site.name).limit(1))
    number = parse_phone(typed, country or "GB", field="number")
    owner = _owners(session, [number], by=by).get(number) if number else None
    if number is None or owner is None:
        raise NotFound("There is no such phone at your sites.")
    return _phone(number, owner, None)


def _phone(number: str, owner: Owner, last: SimulatedText | None) -> Phone:
    return Phone(number, pretty(number, country_of(number) or "GB"), owner, last)


def _owners(session: DeskSession, numbers: Collection[str], *, by: Actor) -> dict[str, Owner]:
    """Numbers that nobody knows belong to a stranger, whom everybody may see."""
    customers = _customers(session, numbers)
    staff = {person.phone: person for person in session.scalars(select(Staff).where(Staff.phone.in_(numbers)))}
    zones = {site.id: site.timezone for site in session.scalars(select(Site))}
    owners: dict[str, Owner] = {}
    for number in numbers:
        theirs = [row for row in customers.get(number, []) if by.works_at(row[1])]
        if number in staff:
            person = staff[number]
            zone = next((zones[site_id] for site_id in sorted(person.site_ids)), NOWHERE)
            owners[number] = Owner(person.name, person.role.label, zone)
        elif theirs:
            owners[number] = Owner(theirs[0][0] or "A customer", "customer", zones[theirs[0][1]])
        elif number not in customers:
            owners[number] = Owner(STRANGER, "stranger", next(iter(zones.values()), NOWHERE))
    return owners


def _customers(session: DeskSession, numbers: Collection[str]) -> dict[str, list[tuple[str | None, int]]]:
    rows = session.execute(
        select(Contact.phone, Customer.name, Customer.site_id)
        .join(Customer, Customer.contact_id == Contact.id)
        .where(Contact.phone.in_(numbers))
        .order_by(Customer.added_at),
    )
    found: dict[str, list[tuple[str | None, int]]] = {}
    for number, name, site_id in rows:
        found.setdefault(number or "", []).append((name, site_id))
    return found
