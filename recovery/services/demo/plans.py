"""What one of the demo's tickets is going to be: drawn by chance, the same chance every time."""

from dataclasses import dataclass
from datetime import datetime

from recovery.domain.callbacks import Outcome
from recovery.domain.remedies import RemedyKind
from recovery.domain.tickets import Source
from recovery.services.deciding.remedies import NewRemedy
from recovery.services.demo.business import CAFE, HOTEL, SUPPORT, DemoSite
from recovery.services.demo.chance import Chance
from recovery.services.demo.customers import somebody
from recovery.services.demo.seasons import in_bad_week
from recovery.services.people.customers import NewCustomer

FAILURES = {
    CAFE: {
        "wrong_order": 34, "late": 20, "cold_or_damaged": 16, "missing_item": 12, "overcharged": 7, "other": 5, "rude": 3,
        "unsafe": 2,
    },
    HOTEL: {
        "not_as_booked": 27, "overcharged": 16, "other": 14, "late": 13, "cold_or_damaged": 12, "missing_item": 9,
        "rude": 6, "unsafe": 2,
    },
    SUPPORT: {
        "dropped_call": 26, "late": 24, "overcharged": 16, "missing_item": 12, "wrong_order": 12, "other": 6, "rude": 4,
    },
}  # fmt: skip

NOTES = {
    (CAFE, "wrong_order"): (
        "asked for oat milk, got cow's milk",
        "latte instead of a flat white",
        "two coffees swapped",
    ),
    (CAFE, "late"): ("waited twenty minutes for a tea", "order was left at the end of the counter"),
    (CAFE, "cold_or_damaged"): ("porridge was cold in the middle", "cup leaked on the way out"),
    (CAFE, "missing_item"): ("no croissant in the bag", "one of four coffees missing"),
    (CAFE, "unsafe"): ("nut crumbs on a nut-free bun",),
    (HOTEL, "not_as_booked"): ("booked a sea view, got the car park", "two single beds instead of a double"),
    (HOTEL, "overcharged"): ("minibar charged, never opened", "parking billed twice"),
    (HOTEL, "late"): ("room was not ready at four", "breakfast came after the taxi"),
    (HOTEL, "cold_or_damaged"): ("no hot water until noon", "heating stuck at fifteen degrees"),
    (SUPPORT, "dropped_call"): ("cut off while reading out the serial number", "line went dead after the menu"),
    (SUPPORT, "late"): ("parcel promised for Tuesday", "no answer to three e-mails"),
    (SUPPORT, "wrong_order"): ("charger for another model",),
}
PRICES = {CAFE: (320, 1450), HOTEL: (1800, 9500), SUPPORT: (900, 6400)}
"""Minor units."""
GIFTS = {CAFE: "a free pastry", HOTEL: "breakfast on us", SUPPORT: "free shipping next time"}
SOURCES = {
    CAFE: (Source.COUNTER, Source.COUNTER, Source.COUNTER, Source.COUNTER, Source.PROACTIVE),
    HOTEL: (Source.COUNTER, Source.COUNTER, Source.PHONE, Source.PROACTIVE),
    SUPPORT: (Source.PHONE, Source.PHONE, Source.WEB, Source.TEXT),
}
CALLS = {CAFE: 0.03, HOTEL: 0.12, SUPPORT: 0.42}
ATTEMPTS = (
    (Outcome.REACHED,),
    (Outcome.REACHED,),
    (Outcome.REACHED,),
    (Outcome.REACHED,),
    (Outcome.NO_ANSWER, Outcome.REACHED),
    (Outcome.DISCONNECTED, Outcome.REACHED),
    (Outcome.VOICEMAIL, Outcome.NO_ANSWER, Outcome.REACHED),
    (Outcome.BUSY, Outcome.DISCONNECTED, Outcome.REACHED),
)
ANSWERS = {"fixed": 36, "": 48, "thanks": 6, "not_fixed": 6, "words": 4}
"""To "1 fixed, 2 not fixed"; nothing is the commonest."""
SPREAD = 0.55
"""Of the logarithm of how long a mistake takes to put right."""
LONGER_IN_BAD_WEEK = 2.2


@dataclass(frozen=True, slots=True)
class Plan:
    at: datetime
    failure: str
    note: str | None
    source: Source
    customer: NewCustomer | None
    price: int
    kept: bool
    remedies: tuple[NewRemedy, ...]
    apologised: bool
    minutes: float
    """From logging to put right."""
    promise_minutes: int | None
    """What was promised at first, where somebody thought about how long it will take; None: the usual."""
    keeps_customer_posted: bool
    """Promises a new time before the old one lapses."""
    decided_after: float
    """Minutes that an approval waits, if one is needed."""
    is_refused: bool
    calls: tuple[Outcome, ...]
    """Outcomes of the attempts of a callback; empty where none is booked."""
    by_customer: bool
    undelivered: bool
    mistaken: bool
    """Logged in error."""
    answer: str
    stops: bool
    cause: str | None


def plan(site: DemoSite, number: int, at: datetime, *, now: datetime) -> Plan:
    random = Chance(f"demo:{site.slug}:{number}")
    failure = random.choices(*_weighted(FAILURES[site.slug]))[0]
    low, high = PRICES[site.slug]
    price = random.randrange(low, high, 10)
    customer = somebody(random, site.country, site.tickets * 2 // 3)
    bad = in_bad_week(site, at, now=now)
    minutes = site.minutes * (LONGER_IN_BAD_WEEK if bad else 1) * random.lognormvariate(0, SPREAD)
    foreseen = random.happens(0.35 if bad or site.slug == SUPPORT else 0.75)
    return Plan(
        at=at,
        failure=failure,
        note=random.choice((*NOTES.get((site.slug, failure), ()), None)),
        source=random.choice(SOURCES[site.slug]),
        customer=customer,
        price=price,
        kept=random.happens(0.35),
        remedies=_remedies(site, failure, price, random),
        apologised=random.happens(site.says_sorry),
        minutes=minutes,
        promise_minutes=int(minutes * 1.4) // 5 * 5 + 5 if foreseen else None,
        keeps_customer_posted=random.happens(0.5 if bad or site.slug == SUPPORT else 0.85),
        decided_after=random.choices((random.uniform(1, 9), random.uniform(11, 18)), (88, 12))[0],
        is_refused=random.happens(0.12),
        calls=random.choice(ATTEMPTS) if random.happens(CALLS[site.slug]) else (),
        by_customer=random.happens(0.6),
        undelivered=random.happens(0.02),
        mistaken=random.happens(0.012),
        answer=random.choices(*_weighted(ANSWERS))[0],
        stops=random.happens(0.006),
        cause=_cause(site, bad=bad) if random.happens(0.12) else None,
    )


def _weighted(weights: dict[str, int]) -> tuple[list[str], list[int]]:
    return list(weights), list(weights.values())


def _remedies(site: DemoSite, failure: str, price: int, random: Chance) -> tuple[NewRemedy, ...]:
    refund = NewRemedy(RemedyKind.REFUND, price if random.happens(0.6) else max(price // 20 * 10, 100))
    gift = NewRemedy(RemedyKind.GESTURE, detail=GIFTS[site.slug])
    voucher = NewRemedy(RemedyKind.VOUCHER, {CAFE: 500, HOTEL: 2000, SUPPORT: 1000}[site.slug])
    again = NewRemedy(RemedyKind.REMAKE if site.slug == CAFE else RemedyKind.REPLACEMENT)
    if failure == "overcharged":
        return (refund,)
    if failure in {"wrong_order", "missing_item", "cold_or_damaged"}:
        return random.choice(((again,), (again,), (again, refund), (again, gift)))
    if failure in {"late", "rude", "dropped_call"}:
        return random.choice(((gift,), (voucher,), ()))
    return random.choice(((refund,), (voucher,), (refund, gift), ()))


def _cause(site: DemoSite, *, bad: bool) -> str:
    if bad:
        return "New milk supplier: cartons look alike"
    return {
        CAFE: "Ticket printer out of paper",
        HOTEL: "Booking site sent the wrong room type",
        SUPPORT: "Too few on shift",
    }[site.slug]
