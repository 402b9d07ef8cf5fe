"""Three businesses in one organisation, each in a zone whose clocks change within the month: one with split shifts, one past
midnight, one that never closes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import select

from recovery.bootstrap import Components
from recovery.domain.actors import MACHINE, Actor
from recovery.domain.calendars import Calendar
from recovery.domain.public_holidays import public_holidays
from recovery.domain.special_days import special_day
from recovery.models import Site, Staff
from recovery.services.alerting.wishes import wish
from recovery.services.people.sites import NewSite, add_site
from recovery.services.people.special_days import set_day, shut_for_holidays
from recovery.services.people.staff import NewStaff, add_staff
from recovery.services.session import DeskSession
from recovery.services.timing.calendars import calendar_of

LANGUAGES = ("en", "en", "en", "es", "fr")


@dataclass(frozen=True, slots=True)
class PlaceSeed:
    new: NewSite
    failures: dict[str, int]
    numbers: str
    """Of its customers, as people write them there; five digits are filled in."""
    frontline: tuple[str, ...]
    supervisors: tuple[str, ...]
    """In the order in which they are asked; each is the deputy of the one before."""


CAFE = PlaceSeed(
    NewSite(
        "Harbour St Coffee",
        "Europe/London",
        "GBP",
        "GB",
        slug="harbour-st",
        hours="mon-fri 07:30-11:30 12:30-18:30; sat 09:00-16:00",
        calls_at_once="1",
    ),
    {
        "wrong_order": 40,
        "late": 20,
        "cold_or_damaged": 18,
        "missing_item": 12,
        "overcharged": 6,
        "rude": 2,
        "unsafe": 2,
    },
    "07911 1{:05}",
    ("maya", "joel", "ines"),
    ("omar", "tess"),
)
KITCHEN = PlaceSeed(
    NewSite(
        "The Night Kitchen",
        "America/New_York",
        "USD",
        "US",
        slug="night-kitchen",
        hours="tue-thu 17:00-01:00; fri-sat 17:00-03:00; sun 12:00-21:00",
    ),
    {"wrong_order": 30, "late": 30, "cold_or_damaged": 20, "missing_item": 12, "overcharged": 5, "unsafe": 3},
    "(347) 55{:05}",
    ("dina", "paul"),
    ("nell", "kofi"),
)
LINE = PlaceSeed(
    NewSite("Reef Line", "Australia/Lord_Howe", "AUD", "AU", slug="reef-line"),
    {"dropped_call": 30, "late": 20, "not_as_booked": 20, "overcharged": 15, "other": 10, "rude": 5},
    "0491 5{:05}",
    ("arlo", "bea", "cleo"),
    ("gus",),
)
PLACES = (CAFE, KITCHEN, LINE)
ALERTED_ON_PAGES = ("ada", "gus")
"""They look at their desks all day, and want no texts beside them but when they are asked something."""


@dataclass(frozen=True, slots=True)
class Place:
    """One of them, open for business."""

    seed: PlaceSeed
    id: int
    frontline: Sequence[Actor]
    supervisors: Sequence[Actor]
    admin: Actor
    calendar: Calendar
    special: Mapping[date, list[tuple[int, int]]]
    """Days that are not as the week says: minutes after midnight."""

    @property
    def slug(self) -> str:
        return self.seed.new.slug

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.seed.new.timezone)

    def everybody(self) -> Sequence[Actor]:
        return (*self.frontline, *self.supervisors, self.admin)

    def number(self, which: int) -> str:
        return self.seed.numbers.format(which)


def open_town(desk: Components, *, holiday: tuple[str, date]) -> list[Place]:
    """Two days before the first mistake. `holiday`: a day on which the café is open for three hours alone, and its name."""
    now = desk.clock.now()
    with desk.write() as session:
        admin = add_staff(session, _person("ada", "admin", ()), now=now, by=MACHINE)
        session.flush()
        for seed in PLACES:
            _open(session, seed, now=now)
    with desk.write() as session:
        for site in session.scalars(select(Site).where(Site.timezone != LINE.new.timezone)):
            days = public_holidays(site.country, None, first=now.date())
            shut_for_holidays(session, site, days, now=now, by=admin.as_actor())
            if site.slug == CAFE.new.slug:
                name, day = holiday
                set_day(session, site, special_day(day, "10:00-13:00", name), now=now, by=admin.as_actor())
    for name in ALERTED_ON_PAGES:
        with desk.write() as session:
            person = session.scalars(select(Staff).where(Staff.email == f"{name}@example.com")).one()
            wish(session, by_text=False, quiet_hours=None, now=now, by=person.as_actor())
    with desk.read() as session:
        people = {staff.email.partition("@")[0]: staff.as_actor() for staff in session.scalars(select(Staff))}
        sites = {site.slug: site for site in session.scalars(select(Site))}
        return [
            Place(
                seed,
                sites[seed.new.slug].id,
                [people[name] for name in seed.frontline],
                [people[name] for name in seed.supervisors],
                people["ada"],
                calendar := calendar_of(sites[seed.new.slug]),
                {day: list(special.spans) for day, special in calendar.special.by_day.items()},
            )
            for seed in PLACES
        ]


def _open(session: DeskSession, seed: PlaceSeed, *, now: datetime) -> None:
    add_site(session, seed.new, now=now, by=MACHINE)
    session.flush()
    deputy = ""
    for name in reversed(seed.supervisors):
        person = add_staff(session, _person(name, "supervisor", (seed.new.slug,), deputy=deputy), now=now, by=MACHINE)
        session.flush()
        deputy = person.email
    for name in seed.frontline:
        add_staff(session, _person(name, "frontline", (seed.new.slug,)), now=now, by=MACHINE)
        session.flush()


def _person(name: str, role: str, sites: tuple[str, ...], *, deputy: str = "") -> NewStaff:
    phone = "" if name in {"kofi", "joel"} else f"+4477009001{sum(map(ord, name)) % 90 + 10}"
    return NewStaff(f"{name}@example.com", f"{name.capitalize()} Reyes", role, sites, phone=phone, deputy=deputy)


def any_of(chance: Random, weights: dict[str, int]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]
