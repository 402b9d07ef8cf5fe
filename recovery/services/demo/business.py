"""The demo's sites and people."""

from dataclasses import dataclass

from recovery.domain.targets import EVERYTHING, Kind

DOMAIN = "demo.example"
"""A name that can never receive mail (RFC 2606)."""

CAFE, HOTEL, SUPPORT = "harbour-st", "elm-hotel", "atlas-support"
CALLS_FROM, RINGS_AT = "+442079460123", "+447700900980"
"""Of the café, which alone calls through the desk; kept for fiction."""


@dataclass(frozen=True, slots=True)
class DemoSite:
    slug: str
    name: str
    timezone: str
    currency: str
    country: str
    hours: str
    tickets: int
    """In ninety days."""
    minutes: float
    """To put a mistake right, the median."""
    says_sorry: float
    """Share of mistakes for which somebody apologised face to face."""
    by_hour: tuple[int, ...]
    """How many mistakes each hour of the local day sees, for 24 hours."""
    by_weekday: tuple[int, ...]
    """The same for Monday to Sunday."""


@dataclass(frozen=True, slots=True)
class DemoPerson:
    name: str
    role: str
    site: str | None
    phone: str
    deputy: str = ""
    shifts: str = ""
    """At their site, as its rota has them."""

    @property
    def email(self) -> str:
        return f"{self.first_name.lower()}@{DOMAIN}"

    @property
    def first_name(self) -> str:
        return self.name.split()[0]


SITES = (
    DemoSite(
        slug=CAFE,
        name="Harbour St Coffee",
        timezone="Europe/London",
        currency="GBP",
        country="GB",
        hours="mon-fri 07:00-19:00; sat-sun 08:00-18:00",
        tickets=660,
        minutes=6,
        says_sorry=0.85,
        by_hour=(0, 0, 0, 0, 0, 0, 0, 7, 14, 9, 5, 5, 10, 12, 5, 4, 5, 4, 2, 0, 0, 0, 0, 0),
        by_weekday=(11, 9, 9, 10, 13, 8, 5),
    ),
    DemoSite(
        slug=HOTEL,
        name="The Elm Hotel",
        timezone="America/New_York",
        currency="USD",
        country="US",
        hours="",
        tickets=470,
        minutes=20,
        says_sorry=0.6,
        by_hour=(2, 1, 1, 0, 0, 1, 3, 6, 9, 8, 5, 3, 3, 3, 5, 9, 10, 8, 7, 6, 6, 5, 4, 3),
        by_weekday=(5, 5, 6, 7, 10, 11, 9),
    ),
    DemoSite(
        slug=SUPPORT,
        name="Atlas Support",
        timezone="Europe/Paris",
        currency="EUR",
        country="FR",
        hours="mon-fri 09:00-20:00; sat 10:00-14:00",
        tickets=370,
        minutes=48,
        says_sorry=0.1,
        by_hour=(0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 14, 10, 7, 6, 9, 9, 8, 7, 5, 4, 0, 0, 0, 0),
        by_weekday=(14, 11, 9, 9, 9, 3, 0),
    ),
)

PEOPLE = (
    DemoPerson("Ada Demo", "admin", None, "+447700900990"),
    DemoPerson("Omar Demo", "supervisor", CAFE, "+447700900991", "ada@demo.example", "mon-fri 08:00-17:00"),
    DemoPerson("Maya Demo", "frontline", CAFE, "+447700900992", shifts="mon-fri 07:00-15:00"),
    DemoPerson("Tom Demo", "frontline", CAFE, "+447700900993", shifts="mon-fri 11:00-19:00; sat-sun 08:00-18:00"),
    DemoPerson("Grace Demo", "supervisor", HOTEL, "+12125550191", "ada@demo.example", "mon-fri 09:00-18:00"),
    DemoPerson("Rosa Demo", "frontline", HOTEL, "+12125550192", shifts="sun-thu 07:00-15:00; fri-sat 22:00-06:00"),
    DemoPerson("Nadia Demo", "supervisor", SUPPORT, "+33639989991", "ada@demo.example", "mon-fri 11:00-20:00"),
    DemoPerson("Luc Demo", "frontline", SUPPORT, "+33639989992", shifts="mon-fri 09:00-17:00; sat 10:00-14:00"),
)

TARGETS = ((CAFE, Kind("wrong_order"), "resolved", 15), (SUPPORT, EVERYTHING, "resolved", 120))
"""Where they differ from the house's: site, for what, clock, minutes."""

BAD_WEEK = (CAFE, 38, 31)
"""A new supplier: from so many to so many days ago this site had three times its mistakes, and took longer."""
WORSE = 3
