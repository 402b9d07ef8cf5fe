"""Limits and ledgers: what somebody may give alone, raised so that whoever races, no limit is passed."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from recovery.domain.actors import Actor
from recovery.domain.authority import Limits, LimitSpan
from recovery.domain.calendars import local_time
from recovery.domain.events import Tag
from recovery.domain.ids import new_id
from recovery.domain.money import MINOR_DIGITS
from recovery.domain.permissions import Role
from recovery.models import Ledger, LimitRow, Remedy, Site, Ticket
from recovery.services.proving.trail import record_of_settings
from recovery.services.session import DeskSession

CUSTOMER = "customer"
DECIMALS_OF_POLICY = 2
SPANS_BY_WHOM = {LimitSpan.TICKET: "role", LimitSpan.STAFF_DAY: "role", LimitSpan.CUSTOMER_MONTH: CUSTOMER}


@dataclass(frozen=True, slots=True)
class Passed:
    """The limit that stood in the way, in minor units."""

    span: LimitSpan
    limit: int


class Entry(NamedTuple):
    """A line of the ledgers, but for its currency."""

    span: LimitSpan
    subject_id: int
    period: str


def limits_of(session: DeskSession, site: Site, role: Role) -> Limits:
    """The limits in force now: what was set for the site, else the policy's, fitted to the site's currency."""
    default = policy_limits(session, site, role)
    rows = session.scalars(
        select(LimitRow)
        .where(LimitRow.site_id == site.id, LimitRow.whom.in_((role.value, CUSTOMER)))
        .order_by(LimitRow.set_at, LimitRow.id),
    ).all()
    newest = {(row.whom, row.span): row.minor_units for row in rows}

    def of(span: LimitSpan) -> int | None:
        whom = CUSTOMER if SPANS_BY_WHOM[span] == CUSTOMER else role.value
        if role is Role.ADMIN and whom == CUSTOMER:
            return None
        return newest.get((whom, span), default.of(span))

    return Limits(of(LimitSpan.TICKET), of(LimitSpan.STAFF_DAY), of(LimitSpan.CUSTOMER_MONTH))


def policy_limits(session: DeskSession, site: Site, role: Role) -> Limits:
    """What holds where nothing was set for the site, fitted to its currency."""
    policy = session.house.policy.limits[role]
    return Limits(*(_fitted(policy.of(span), site.currency) for span in LimitSpan))


def set_limit(
    session: DeskSession,
    site: Site,
    *,
    whom: str,
    span: LimitSpan,
    minor_units: int | None,
    now: datetime,
    by: Actor,
) -> None:
    """From now on; what was granted under the old one stands."""
    role = Role.FRONTLINE if whom == CUSTOMER else Role(whom)
    before = limits_of(session, site, role).of(span)
    session.add(
        LimitRow(
            id=new_id(now),
            site_id=site.id,
            whom=whom,
            span=span,
            minor_units=minor_units,
            set_at=now,
            set_by_id=by.id,
        ),
    )
    record_of_settings(
        session,
        Tag.LIMITS_CHANGED,
        by=by,
        at=now,
        site_id=site.id,
        site=site.id,
        whom=whom,
        span=span.value,
        before=before,
        after=minor_units,
    )


def raise_alone(
    session: DeskSession,
    ticket: Ticket,
    remedy: Remedy,
    *,
    staff_id: int,
    limits: Limits,
    now: datetime,
) -> Passed | None:
    """Counts a grant on somebody's own authority against all three limits, or none: gives the limit that it passed."""
    local = local_time(now, ticket.site.timezone)
    remedy.counted_day, remedy.counted_month = f"{local:%Y-%m-%d}", f"{local:%Y-%m}"
    raised: list[Entry] = []
    for entry in _entries(ticket, remedy, staff_id=staff_id):
        limit = limits.of(entry.span)
        if not _raise(session, entry, remedy, limit=limit):
            for each in raised:
                _lower(session, each, remedy)
            remedy.counted_day = remedy.counted_month = None
            return Passed(entry.span, limit or 0)
        raised.append(entry)
    return None


def raise_approved(session: DeskSession, ticket: Ticket, remedy: Remedy, *, now: datetime) -> None:
    """An approved grant enters the ticket's and the customer's ledger, above whatever limit it was asked about."""
    remedy.counted_month = f"{local_time(now, ticket.site.timezone):%Y-%m}"
    for entry in _entries(ticket, remedy, staff_id=None):
        _raise(session, entry, remedy, limit=None)


def lower(session: DeskSession, ticket: Ticket, remedy: Remedy) -> None:
    """Takes back what was counted when it was granted, where it was counted: it was cancelled or failed."""
    for entry in _entries(ticket, remedy, staff_id=remedy.decided_by_id):
        _lower(session, entry, remedy)


def total_on(session: DeskSession, ticket: Ticket, currency: str) -> int:
    """Granted on this ticket so far, in minor units."""
    row = session.get(Ledger, (LimitSpan.TICKET, ticket.id, "", currency), populate_existing=True)
    return row.total if row else 0


def _entries(ticket: Ticket, remedy: Remedy, *, staff_id: int | None) -> list[Entry]:
    """Always in this order, so that two grants never wait for one another in a circle. Nobody's day is counted in where
    it was approved."""
    entries = [Entry(LimitSpan.TICKET, ticket.id, "")]
    if staff_id is not None and remedy.counted_day is not None:
        entries.append(Entry(LimitSpan.STAFF_DAY, staff_id, remedy.counted_day))
    if ticket.customer_id is not None and remedy.counted_month is not None:
        entries.append(Entry(LimitSpan.CUSTOMER_MONTH, ticket.customer_id, remedy.counted_month))
    return entries


def _raise(session: DeskSession, entry: Entry, remedy: Remedy, *, limit: int | None) -> bool:
    """One conditional statement: True where the total after it is within `limit`."""
    amount = remedy.amount or 0
    if limit is not None and amount > limit:
        return False
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = make(Ledger).values(**entry._asdict(), currency=remedy.currency, total=amount, ceiling=limit)
    statement = row.on_conflict_do_update(
        index_elements=[Ledger.span, Ledger.subject_id, Ledger.period, Ledger.currency],
        set_={"total": Ledger.total + amount, "ceiling": limit},
        where=None if limit is None else Ledger.total + amount <= limit,
    ).returning(Ledger.total)
    return session.execute(statement).first() is not None


def _lower(session: DeskSession, entry: Entry, remedy: Remedy) -> None:
    session.execute(
        update(Ledger)
        .filter_by(**entry._asdict(), currency=remedy.currency)
        .values(total=Ledger.total - remedy.amount),
    )


def _fitted(minor_units: int | None, currency: str) -> int | None:
    """The policy speaks of currencies with two decimals: 2000 is 20.00, also where a currency has none or three."""
    if minor_units is None:
        return None
    shift = MINOR_DIGITS[currency] - DECIMALS_OF_POLICY
    return int(minor_units * 10**shift)
