"""What pages and API show: plain rows, read at once and then nobody's; nothing here asks the database again."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from recovery.domain.authority import LimitSpan
from recovery.domain.callbacks import LIVE as LIVE_CALLBACKS
from recovery.domain.callbacks import CallbackStatus, CallReason, Outcome
from recovery.domain.permissions import Role
from recovery.domain.remedies import RemedyKind, RemedyStatus
from recovery.domain.tickets import LIVE, PromiseAbout, Severity, Source, TicketStatus, ToldBy


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    name: str

    @property
    def first_name(self) -> str:
        return self.name.split()[0]


@dataclass(frozen=True, slots=True)
class SiteBrief:
    id: int
    slug: str
    name: str
    timezone: str
    currency: str
    country: str
    hours: str


@dataclass(frozen=True, slots=True)
class CustomerBrief:
    id: int
    name: str | None
    phone: str | None
    """E.164."""
    language: str
    timezone: str | None
    """None: their site's."""
    opted_out: bool


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """On a ticket the current promise, or the last one where none is owed any more."""

    ticket_id: int
    number: int
    made_at: datetime
    warn_at: datetime
    due_at: datetime
    about: PromiseAbout
    told_by: ToldBy
    renewal: int
    lapsed_at: datetime | None
    ended_at: datetime | None
    outcome: str | None

    @property
    def kept(self) -> bool | None:
        """None: that is not decided yet, or another one replaced it."""
        if self.lapsed_at is not None or self.outcome == "broken":
            return False
        return True if self.outcome == "kept" else None


@dataclass(frozen=True, slots=True)
class RemedyRow:
    """Amounts in minor units of `currency`."""

    id: int
    ticket_id: int
    kind: RemedyKind
    status: RemedyStatus
    amount: int | None
    currency: str | None
    proposed_amount: int | None
    detail: str | None
    proposed_by: Person
    proposed_at: datetime
    needed_approval: bool
    decided_by: Person | None
    decided_at: datetime | None
    decision_reason: str | None
    ready_at: datetime | None
    fulfilled_by: Person | None
    fulfilled_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    callback_id: int
    number: int
    outcome: Outcome
    at: datetime
    by: Person
    note: str | None
    inferred: bool
    """From what the provider told; nobody has said yet that it was so."""
    seconds: int | None
    """Of talking, where the desk placed the call."""


@dataclass(frozen=True, slots=True)
class CallbackRow:
    id: int
    ticket_id: int
    status: CallbackStatus
    reason: CallReason
    due_at: datetime
    miss_at: datetime
    as_soon_as_possible: bool
    booked_at: datetime
    staff: Person | None
    moves: int
    attempt_count: int
    reminded_at: datetime | None
    missed_at: datetime | None
    ended_at: datetime | None
    attempts: tuple[AttemptRow, ...] = ()

    @property
    def is_live(self) -> bool:
        return self.status in LIVE_CALLBACKS

    @property
    def is_task(self) -> bool:
        return self.reason not in {CallReason.BOOKED, CallReason.DROPPED}


@dataclass(frozen=True, slots=True)
class TicketRow:
    id: int
    reference: str
    status: TicketStatus
    version: int
    level: int
    site: SiteBrief
    failure: str
    severity: Severity
    source: Source
    is_sensitive: bool
    note: str | None
    order_reference: str | None
    order_amount: int | None
    order_currency: str | None
    order_kept: bool | None
    owner: Person | None
    logged_by_id: int | None
    customer: CustomerBrief | None
    logged_at: datetime
    happened_at: datetime
    apologised_in_person: bool
    first_response_at: datetime | None
    auto_response_at: datetime | None
    resolved_at: datetime | None
    confirmed_at: datetime | None
    rating: int | None
    closed_at: datetime | None
    cause: str | None
    action: str | None
    void_reason: str | None
    no_text_reason: str | None
    promise_due_at: datetime | None
    target_passed_at: datetime | None
    unread: int
    lapses: int
    link_generation: int
    is_demo: bool
    linked_to: str | None
    """Reference of the ticket that this one follows."""
    promise: PromiseRow | None = None
    remedies: tuple[RemedyRow, ...] = ()
    callbacks: tuple[CallbackRow, ...] = ()

    @property
    def is_live(self) -> bool:
        return self.status in LIVE


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """A question above somebody's authority. `limit` in minor units is the one that it would pass."""

    ticket: TicketRow
    remedy: RemedyRow
    span: LimitSpan
    limit: int
    asked_at: datetime
    asked_of: Person
    deadline_at: datetime
    rung: int


@dataclass(frozen=True, slots=True)
class CallRow:
    call: CallbackRow
    ticket: TicketRow


class Undetected(StrEnum):
    """Why a ticket stands on the Undetected board."""

    UNREAD_REPLY = "unread_reply"
    NO_OWNER = "no_owner"
    NO_PROMISE = "no_promise"
    UNDELIVERED_TEXT = "undelivered_text"
    MISSED_CALLBACK = "missed_callback"
    UNREACHED = "unreached"
    UNANSWERED_APPROVAL = "unanswered_approval"
    BROKEN_PROMISE = "broken_promise"
    LATE_TASK = "late_task"
    LEFT_WAITING = "left_waiting"

    @property
    def label(self) -> str:
        return {
            Undetected.UNREAD_REPLY: "a reply nobody has read",
            Undetected.NO_OWNER: "nobody owns it",
            Undetected.NO_PROMISE: "nothing is promised",
            Undetected.UNDELIVERED_TEXT: "our text did not arrive",
            Undetected.MISSED_CALLBACK: "a call that was due was not made",
            Undetected.UNANSWERED_APPROVAL: "everybody who may approve was asked, and nobody has answered",
            Undetected.BROKEN_PROMISE: "its promise is broken, and nobody has made another",
            Undetected.LEFT_WAITING: "they are in line still, longer than we promised",
            Undetected.LATE_TASK: "what was asked backstage is past its time",
            Undetected.UNREACHED: "we called in vain, and no text reaches them",
        }[self]


@dataclass(frozen=True, slots=True)
class UndetectedRow:
    ticket: TicketRow
    reasons: tuple[Undetected, ...]


@dataclass(frozen=True, slots=True)
class StaffRow:
    id: int
    name: str
    email: str
    role: Role
    sites: tuple[str, ...]
    """Slugs, of the reader's own sites only."""


@dataclass(frozen=True, slots=True)
class CustomerFound:
    id: int
    name: str | None
    language: str
    phone: str
    site: str
    opted_out: bool
    last_ticket: str | None
    """Reference of the newest that the reader may see."""
    last_failure: str | None
    last_logged_at: datetime | None
    tickets: int
