from dataclasses import dataclass
from enum import StrEnum

from recovery.domain.statuses import check_move

REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without 0, 1, I, L, O and U: read out over a counter, nobody confuses them."""
REFERENCE_LETTERS = 6
LONGEST_NAME = 200
LONGEST_NOTE = 4000
"""Letters, wherever a customer's name or a ticket's note comes from: a page that could not send back what another way in
has taken could change nothing of that ticket."""


class TicketStatus(StrEnum):
    OPEN = "open"
    IN_RECOVERY = "in_recovery"
    WAITING_FOR_CUSTOMER = "waiting_for_customer"
    RESOLVED = "resolved"
    CLOSED = "closed"
    VOID = "void"

    @property
    def label(self) -> str:
        return {
            TicketStatus.OPEN: "open",
            TicketStatus.IN_RECOVERY: "in recovery",
            TicketStatus.WAITING_FOR_CUSTOMER: "waiting for the customer",
            TicketStatus.RESOLVED: "resolved",
            TicketStatus.CLOSED: "closed",
            TicketStatus.VOID: "logged in error",
        }[self]


LIVE = frozenset({TicketStatus.OPEN, TicketStatus.IN_RECOVERY, TicketStatus.WAITING_FOR_CUSTOMER})
"""The customer is still owed something: such a ticket carries a promise."""
FINISHED = frozenset({TicketStatus.RESOLVED, TicketStatus.CLOSED})
"""We have done what we owed. The customer may still say whether it is right."""
OVER = frozenset({TicketStatus.CLOSED, TicketStatus.VOID})
"""Nothing that happens to a text is a person's business any more. A resolved ticket's still is: the customer may not know."""

MOVES: dict[TicketStatus, frozenset[TicketStatus]] = {
    TicketStatus.OPEN: frozenset(
        {TicketStatus.IN_RECOVERY, TicketStatus.WAITING_FOR_CUSTOMER, TicketStatus.RESOLVED, TicketStatus.VOID},
    ),
    TicketStatus.IN_RECOVERY: frozenset(
        {TicketStatus.WAITING_FOR_CUSTOMER, TicketStatus.RESOLVED, TicketStatus.VOID},
    ),
    TicketStatus.WAITING_FOR_CUSTOMER: frozenset(
        {TicketStatus.IN_RECOVERY, TicketStatus.RESOLVED, TicketStatus.VOID},
    ),
    TicketStatus.RESOLVED: frozenset({TicketStatus.IN_RECOVERY, TicketStatus.CLOSED, TicketStatus.VOID}),
    TicketStatus.CLOSED: frozenset({TicketStatus.IN_RECOVERY}),
    TicketStatus.VOID: frozenset(),
}


def move(current: TicketStatus, to: TicketStatus) -> TicketStatus:
    return check_move(MOVES, thing="ticket", current=current, to=to)


class Severity(StrEnum):
    MINOR = "minor"
    SERIOUS = "serious"
    SEVERE = "severe"

    @property
    def label(self) -> str:
        return self.value


class Source(StrEnum):
    COUNTER = "counter"
    PHONE = "phone"
    TEXT = "text"
    WEB = "web"
    PROACTIVE = "proactive"
    STORE_WALK = "store_walk"
    MYSTERY_SHOP = "mystery_shop"
    DRILL = "drill"
    GREETER = "greeter"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ")


WITHOUT_PROMISE = frozenset({Source.STORE_WALK, Source.MYSTERY_SHOP, Source.DRILL})
"""Nobody outside waits for these: an observation owes no customer anything."""
OUTSIDE_THE_NUMBERS = frozenset({Source.MYSTERY_SHOP, Source.DRILL})


@dataclass(frozen=True, slots=True)
class FailureKind:
    code: str
    label: str
    icon: str
    severity: Severity
    sensitive: bool = False


FAILURES: dict[str, FailureKind] = {
    kind.code: kind
    for kind in (
        FailureKind("wrong_order", "Wrong order", "coffee", Severity.MINOR),
        FailureKind("missing_item", "Missing item", "shopping-bag", Severity.MINOR),
        FailureKind("late", "Late", "timer", Severity.MINOR),
        FailureKind("cold_or_damaged", "Cold or damaged", "snowflake", Severity.MINOR),
        FailureKind("dropped_call", "Dropped call", "phone-off", Severity.MINOR),
        FailureKind("overcharged", "Overcharged", "receipt", Severity.SERIOUS),
        FailureKind("rude", "Rude", "frown", Severity.SERIOUS, sensitive=True),
        FailureKind("unsafe", "Unsafe or allergy", "triangle-alert", Severity.SEVERE, sensitive=True),
        FailureKind("not_as_booked", "Not as booked", "calendar-x", Severity.SERIOUS),
        FailureKind("other", "Something else", "circle-ellipsis", Severity.MINOR),
    )
}
"""What each is called to the customer stands in `domain.speech`."""


class PromiseAbout(StrEnum):
    TOUCH = "touch"
    REMEDY = "remedy"
    ANSWER = "answer"
    CALLBACK = "callback"


class ToldBy(StrEnum):
    TEXT = "text"
    IN_PERSON = "in_person"
    PAGE = "page"
    NOBODY = "nobody"
