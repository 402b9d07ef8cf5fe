"""Adding a site and changing it. An admin's act, or the operator's at the command line (`by` is then the machine)."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from recovery.domain.actors import Actor
from recovery.domain.calendars import zone
from recovery.domain.errors import Invalid
from recovery.domain.events import Tag
from recovery.domain.ids import new_id
from recovery.domain.languages import LANGUAGES, Language
from recovery.domain.money import known_currency
from recovery.domain.opening_hours import OpeningHours
from recovery.domain.permissions import Permission
from recovery.domain.phones import known_country
from recovery.domain.senders import parse_sender
from recovery.models import Site, Ticket
from recovery.services.access import require
from recovery.services.hearing.strangers import follow_sender
from recovery.services.proving.trail import record_of_settings
from recovery.services.session import DeskSession
from recovery.services.texting.consent import carry_over
from recovery.services.timing.calendars import keep_calendar

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CHANGEABLE = (
    "name",
    "timezone",
    "currency",
    "country",
    "hours",
    "sender",
    "language",
    "folds_texts",
    "calls_at_once",
)
MOST_CALLS = 1000
OF_ITS_CALENDAR = frozenset({"hours", "timezone", "special_days"})
LONGEST_SLUG = 40
LONGEST_NAME = 60
"""It signs every text, and a text has no room for more."""


@dataclass(frozen=True, slots=True)
class NewSite:
    """As typed."""

    name: str
    timezone: str
    currency: str
    country: str
    hours: str = ""
    """As `domain.opening_hours` reads them; empty is always open."""
    slug: str = ""
    """Empty: made from the name."""
    sender: str = ""
    """What its texts leave from, as `domain.senders` reads it; empty is as the organisation's."""
    language: str = Language.ENGLISH.value
    """Of its texts, for customers who have chosen none."""
    folds_texts: bool = True
    calls_at_once: str = ""
    """How many calls customers may book for one time; empty is as the policy says."""


def add_site(session: DeskSession, new: NewSite, *, now: datetime, by: Actor, is_demo: bool = False) -> Site:
    """Raises Invalid naming every field that cannot be taken, Forbidden."""
    require_admin(by)
    checked = _checked(new)
    if session.scalar(select(Site.id).where(Site.slug == checked.slug)) is not None:
        raise Invalid.field("slug", f"There is a site “{checked.slug}” already: choose another short name.")
    site = Site(
        id=new_id(now),
        slug=checked.slug,
        name=checked.name,
        timezone=checked.timezone,
        currency=checked.currency,
        country=checked.country,
        hours=checked.hours,
        sender=checked.sender or None,
        language=checked.language,
        folds_texts=checked.folds_texts,
        calls_at_once=_value("calls_at_once", checked.calls_at_once),
        texts_stamp=new_id(now),
        added_at=now,
        is_demo=is_demo,
    )
    session.add(site)
    record_of_settings(
        session,
        Tag.SITE_ADDED,
        by=by,
        at=now,
        site_id=site.id,
        site=site.id,
        slug=site.slug,
        timezone=site.timezone,
        currency=site.currency,
        country=site.country,
        hours=site.hours,
        sender=site.sender,
    )
    return site


def change_site(session: DeskSession, site: Site, wanted: NewSite, *, now: datetime, by: Actor) -> list[str]:
    """Gives the names of the fields that changed. The short name stays: links and scripts use it. Raises as `add_site`."""
    require_admin(by)
    checked = _checked(wanted)
    if checked.currency != site.currency:
        _refuse_other_money(session, site)
    changed = [name for name in CHANGEABLE if _value(name, getattr(checked, name)) != getattr(site, name)]
    former, to = session.house.sender_of(site), checked.sender or session.house.sender
    if "sender" in changed:
        carry_over(session, site, to=to, now=now)
    for name in changed:
        change_field(session, site, name, _value(name, getattr(checked, name)), now=now, by=by)
    follow_sender(session, former, to)
    return changed


def change_field(session: DeskSession, site: Site, name: str, value: Any, *, now: datetime, by: Actor) -> None:
    """What was checked already. Times that the clocks have counted stay as they are."""
    record_of_settings(
        session,
        Tag.SITE_CHANGED,
        by=by,
        at=now,
        site_id=site.id,
        site=site.id,
        field=name,
        before=_spelled(getattr(site, name)),
        after=_spelled(value),
    )
    if name in OF_ITS_CALENDAR:
        keep_calendar(session, site, now=now)
    setattr(site, name, value)


def all_sites(session: DeskSession) -> Sequence[Site]:
    return session.scalars(select(Site).order_by(Site.name, Site.id)).all()


def require_admin(by: Actor) -> None:
    """Raises Forbidden. The command line acts as the machine: who can run it holds the database already."""
    if by.is_person:
        require(by, Permission.ADMINISTER)


def slug_of(name: str) -> str:
    """Give "harbour-st-cafe" for "Harbour St. Café"; empty where no letter can be used."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")[:LONGEST_SLUG].strip("-")


def _checked(new: NewSite) -> NewSite:
    errors: dict[str, list[str]] = {}

    def keep(read: object) -> str:
        try:
            return str(read())  # type: ignore[operator]  # one of the readers below
        except Invalid as wrong:
            errors.update(wrong.errors)
            return ""

    checked = NewSite(
        name=keep(lambda: _name(new.name)),
        timezone=keep(lambda: zone(new.timezone.strip()).key),
        currency=keep(lambda: known_currency(new.currency.strip().upper())),
        country=keep(lambda: known_country(new.country)),
        hours=keep(lambda: OpeningHours.parse(new.hours)),
        slug=keep(lambda: _slug(new.slug.strip() or slug_of(new.name))),
        sender=keep(lambda: parse_sender(new.sender) or ""),
        language=keep(lambda: _language(new.language)),
        folds_texts=new.folds_texts,
        calls_at_once=keep(lambda: _calls_at_once(new.calls_at_once)),
    )
    if errors:
        raise Invalid(next(iter(errors.values()))[0], errors)
    return checked


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name or not name.isprintable():
        raise Invalid.field("name", "Give the site a name: it signs every text.")
    if len(name) > LONGEST_NAME:
        raise Invalid.field("name", f"A name of at most {LONGEST_NAME} letters fits into a text.")
    return name


def _slug(slug: str) -> str:
    if not SLUG.fullmatch(slug) or len(slug) > LONGEST_SLUG:
        raise Invalid.field("slug", "Write the short name in small letters, digits and hyphens, as in harbour-st.")
    return slug


def _language(code: str) -> str:
    if code not in LANGUAGES:
        raise Invalid.field("language", "Choose one of the languages offered.")
    return code


def _calls_at_once(typed: str) -> str:
    plain = typed.strip()
    if plain and not (plain.isascii() and plain.isdecimal() and 0 < int(plain[:9]) <= MOST_CALLS):
        raise Invalid.field("calls_at_once", f"Write a whole number from 1 to {MOST_CALLS}, or leave it empty.")
    return plain and str(int(plain))


def _value(name: str, checked: Any) -> Any:
    """As it is kept: an empty field of these is none of its own."""
    if name == "calls_at_once":
        return int(checked) if checked else None
    return (checked or None) if name == "sender" else checked


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _refuse_other_money(session: DeskSession, site: Site) -> None:
    if session.scalar(select(Ticket.id).where(Ticket.site_id == site.id).limit(1)) is not None:
        raise Invalid.field(
            "currency",
            f"{site.name} has tickets in {site.currency}: add a new site for another currency.",
        )
