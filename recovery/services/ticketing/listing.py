"""Lists, for pages and API alike: what somebody may see, cut into keyset pages, read as plain rows."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from recovery.domain.actors import Actor
from recovery.domain.calendars import day_bounds
from recovery.domain.callbacks import LIVE as LIVE_CALLBACKS
from recovery.domain.callbacks import CallbackStatus
from recovery.domain.errors import Invalid
from recovery.domain.ids import LARGEST_ID
from recovery.domain.permissions import Permission, Role
from recovery.domain.phones import parse_phone
from recovery.domain.tickets import FINISHED, REFERENCE_LETTERS, Severity, TicketStatus
from recovery.domain.waits import LIVE as LIVE_WAITS
from recovery.models import Alert, Approval, Callback, Contact, Customer, Promise, Remedy, Staff, Ticket, Wait
from recovery.services.access import at_sites_of, tickets_visible_to
from recovery.services.cursors import ONE_PAGE, Page, Place, after, before, page_of, read
from recovery.services.people.directory import sites_of
from recovery.services.session import DeskSession
from recovery.services.ticketing.reading_tickets import (
    read_callbacks,
    read_tickets,
    select_callbacks,
    select_tickets,
    ticket_rows_by_id,
)
from recovery.services.ticketing.rows import ApprovalRow, CallRow, Person, TicketRow
from recovery.services.ticketing.ticket_statements import Query, at_site, is_live, literally, mostly, only_checked
from recovery.services.ticketing.undetected import COUNTED_UP_TO, is_undetected

REFERENCE_BEGINS = "RD-"
NOBODY = "nobody"
ME = "me"
ALERTS_STAND = timedelta(days=3)
"""On the desk of whoever was alerted, while the customer waits; longer than that the promise itself is late again."""


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """None and False leave a thing as it is."""

    site: str | None = None
    status: TicketStatus | None = None
    failure: str | None = None
    severity: Severity | None = None
    owner: str | None = None
    """An id, `me` or `nobody`."""
    customer_phone: str | None = None
    """As written at any of the person's sites."""
    q: str | None = None
    """A reference, an order's reference, or a part of a name or note."""
    logged_from: datetime | None = None
    logged_to: datetime | None = None
    """Up to, not including."""
    first_day: date | None = None
    last_day: date | None = None
    """Itself included; both of the calendar of the site at which it was logged, as reports have them."""
    undetected: bool = False


def tickets(
    session: DeskSession,
    wanted: TicketFilter,
    *,
    by: Actor,
    limit: int = ONE_PAGE,
    cursor: str | None = None,
) -> Page[TicketRow]:
    """Newest first. Raises Invalid for a cursor, an owner or a phone number that is none."""
    query = select_tickets().where(
        tickets_visible_to(by), *_at_their_site(by, wanted), *_conditions(session, wanted, by)
    )
    if place := read(cursor):
        query = query.where(before(Ticket.logged_at, Ticket.id, place))
    query = query.order_by(Ticket.logged_at.desc(), Ticket.id.desc()).limit(limit + 1)
    return page_of(read_tickets(session, query), limit, lambda row: Place(row.logged_at, row.id))


def board(
    session: DeskSession, *, by: Actor, site: str | None = None, limit: int = ONE_PAGE, cursor: str | None = None
) -> Page[TicketRow]:
    """Who waits for us, worst first: by the moment at which they were told to hear from us."""
    query = select_tickets().where(tickets_visible_to(by), *_waiting(site))
    if place := read(cursor):
        query = query.where(after(Ticket.promise_due_at, Ticket.id, place))
    rows = read_tickets(session, query.order_by(Ticket.promise_due_at, Ticket.id).limit(limit + 1))
    return page_of(rows, limit, lambda row: Place(row.promise_due_at or row.logged_at, row.id))


@dataclass(frozen=True, slots=True)
class Waiting:
    all: int
    late: int


def count_waiting(session: DeskSession, *, by: Actor, now: datetime, site: str | None = None) -> Waiting:
    late = func.count().filter(Ticket.promise_due_at <= now)
    query = select(func.count(), late).select_from(Ticket).where(tickets_visible_to(by), *_waiting(site))
    return Waiting(*session.execute(query).one())


def late_or_soon(session: DeskSession, *, by: Actor, now: datetime, limit: int = ONE_PAGE) -> Sequence[TicketRow]:
    """Past their promise, or past the moment at which staff are warned, and what this person was alerted about; worst
    first."""
    warned = select(Promise.ticket_id).where(Promise.ended_at.is_(None), Promise.warn_at <= now)
    alerted = select(Alert.ticket_id).where(Alert.staff_id == by.id, Alert.at > now - ALERTS_STAND)
    late = or_(Ticket.promise_due_at <= now, Ticket.id.in_(union_all(warned, alerted)))
    query = select_tickets().where(tickets_visible_to(by), *_waiting(), late)
    return read_tickets(session, query.order_by(Ticket.promise_due_at, Ticket.id).limit(limit))


def owned(session: DeskSession, *, by: Actor, limit: int = ONE_PAGE) -> Sequence[TicketRow]:
    """What rests with this person, soonest due first. Who waits for a free colleague rests with whoever gets free: they stand
    in line, and here once our promise to them is broken."""
    in_line = select(Wait.ticket_id).where(literally(Wait.status, LIVE_WAITS))
    query = select_tickets().where(
        tickets_visible_to(by),
        mostly(is_live()),
        only_checked(Ticket.owner_id == by.id),
        or_(Ticket.lapses > 0, Ticket.id.not_in(in_line)),
    )
    return read_tickets(session, query.order_by(Ticket.promise_due_at, Ticket.id).limit(limit))


def replied_after(session: DeskSession, *, by: Actor, limit: int = ONE_PAGE) -> Sequence[TicketRow]:
    """What this person had, and is resolved or closed, with a reply that nobody has read; longest first."""
    unread = select(Ticket.id).where(Ticket.unread > literal_column("0"))  # spelt as its index is
    query = select_tickets().where(
        tickets_visible_to(by),
        Ticket.id.in_(unread),
        only_checked(Ticket.status.in_(FINISHED)),
        only_checked(Ticket.owner_id == by.id),
    )
    return read_tickets(session, query.order_by(Ticket.logged_at, Ticket.id).limit(limit))


def approvals(
    session: DeskSession, *, by: Actor, limit: int = ONE_PAGE, cursor: str | None = None
) -> Page[ApprovalRow]:
    """What this person may decide, the nearest deadline first. The ticket's own remedies tell what was asked for."""
    query = _approvals_for(by, Approval.remedy_id, Approval.deadline_at)
    if place := read(cursor):
        query = query.where(after(Approval.deadline_at, Approval.remedy_id, place))
    ids = [row[0] for row in session.execute(query.order_by(Approval.deadline_at, Approval.remedy_id).limit(limit + 1))]
    return page_of(approval_rows(session, ids), limit, lambda row: Place(row.deadline_at, row.remedy.id))


def answerable(session: DeskSession, remedy_ids: Collection[int], *, by: Actor) -> frozenset[int]:
    """Which of these questions are among `approvals`."""
    if not remedy_ids:
        return frozenset()
    return frozenset(session.scalars(_approvals_for(by, Approval.remedy_id).where(Remedy.id.in_(remedy_ids))))


def approval_rows(session: DeskSession, remedy_ids: Sequence[int]) -> Sequence[ApprovalRow]:
    """In the order of the ids, which were found through a query that looked at whose they are."""
    if not remedy_ids:
        return []
    asked = aliased(Staff)
    query = (
        select(Approval, asked.id, asked.name)
        .join(asked, asked.id == Approval.asked_of_id)
        .where(Approval.remedy_id.in_(remedy_ids))
    )
    rows = session.execute(query)
    found = {approval.remedy_id: (approval, Person(staff_id, name)) for approval, staff_id, name in rows}
    on = ticket_rows_by_id(session, (approval.ticket_id for approval, _ in found.values()))
    return [_approval(*found[remedy_id], on[found[remedy_id][0].ticket_id]) for remedy_id in remedy_ids]


def count_waiting_approvals(session: DeskSession, *, by: Actor) -> int:
    few = _approvals_for(by, Approval.remedy_id).limit(COUNTED_UP_TO).subquery()
    return session.scalar(select(func.count()).select_from(few)) or 0


def calls(
    session: DeskSession,
    *,
    by: Actor,
    site: str | None = None,
    status: CallbackStatus | None = None,
    due_before: datetime | None = None,
    own_or_free: bool = False,
    limit: int = ONE_PAGE,
    cursor: str | None = None,
) -> Page[CallRow]:
    """Calls to make, the soonest due first; those that are over only where their `status` is asked for. `own_or_free`
    leaves out what a colleague has."""
    seen = select(Ticket.id).where(Ticket.id == Callback.ticket_id, tickets_visible_to(by), *at_site(site))
    live = literally(Callback.status, LIVE_CALLBACKS)
    query = select_callbacks().where(exists(seen), live if status is None else Callback.status == status)
    if due_before is not None:
        query = query.where(Callback.due_at < due_before)
    if own_or_free:
        query = query.where(or_(Callback.staff_id.is_(None), Callback.staff_id == by.id))
    if place := read(cursor):
        query = query.where(after(Callback.due_at, Callback.id, place))
    rows = read_callbacks(session, query.order_by(Callback.due_at, Callback.id).limit(limit + 1))
    on = ticket_rows_by_id(session, (row.ticket_id for row in rows))
    return page_of(
        [CallRow(row, on[row.ticket_id]) for row in rows], limit, lambda row: Place(row.call.due_at, row.call.id)
    )


def phones_as_written(session: DeskSession, text: str, *, by: Actor, site: str | None, field: str) -> set[str]:
    """The E.164 numbers that this may be, read with the country of each of the person's sites. Raises Invalid."""
    countries = {each.country for each in sites_of(session, by=by) if site in {None, each.slug}}
    found: set[str] = set()
    complaint = Invalid.field(field, "That is not a phone number: write its digits, as in +44 7700 900123.")
    for country in sorted(countries):
        try:
            found |= {number for number in [parse_phone(text, country, field=field)] if number}
        except Invalid as error:
            complaint = error
    if not found:
        raise complaint
    return found


def _at_their_site(by: Actor, wanted: TicketFilter) -> Iterable[ColumnElement[bool]]:
    """Whoever works at one site needs an index that begins with it: it may be a small one. A person has fewer tickets."""
    if not by.is_admin and len(by.site_ids) == 1 and wanted.owner is None:
        yield at_sites_of(Ticket.site_id, by)


def _conditions(session: DeskSession, wanted: TicketFilter, by: Actor) -> Iterable[ColumnElement[bool]]:
    yield from at_site(wanted.site)
    if wanted.status is not None:
        yield Ticket.status == wanted.status
    if wanted.failure is not None:
        yield Ticket.failure == wanted.failure
    if wanted.severity is not None:
        yield Ticket.severity == wanted.severity
    if wanted.owner is not None:
        yield _owned_by(wanted.owner, by)
    if wanted.customer_phone is not None:
        numbers = phones_as_written(session, wanted.customer_phone, by=by, site=wanted.site, field="customer_phone")
        yield Ticket.customer_id.in_(
            select(Customer.id).join(Contact, Contact.id == Customer.contact_id).where(Contact.phone.in_(numbers)),
        )
    if wanted.q and wanted.q.strip():
        yield _spoken_of(wanted.q.strip())
    if wanted.logged_from is not None:
        yield Ticket.logged_at >= wanted.logged_from
    if wanted.logged_to is not None:
        yield Ticket.logged_at < wanted.logged_to
    yield from _logged_in_days(session, wanted, by)
    if wanted.undetected:
        yield is_undetected()


def _logged_in_days(session: DeskSession, wanted: TicketFilter, by: Actor) -> Iterable[ColumnElement[bool]]:
    if wanted.first_day is None and wanted.last_day is None:
        return
    sites = defaultdict[str, list[int]](list)
    for site in sites_of(session, by=by):
        sites[site.timezone].append(site.id)
    yield or_(false(), *(_logged_here(ids, zone, wanted) for zone, ids in sites.items()))


def _logged_here(site_ids: Sequence[int], zone: str, wanted: TicketFilter) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [Ticket.site_id.in_(site_ids)]
    if wanted.first_day is not None:
        parts.append(Ticket.logged_at >= day_bounds(wanted.first_day, zone)[0])
    if wanted.last_day is not None:
        parts.append(Ticket.logged_at < day_bounds(wanted.last_day, zone)[1])
    return and_(*parts)


def _owned_by(owner: str, by: Actor) -> ColumnElement[bool]:
    if owner == NOBODY:
        return Ticket.owner_id.is_(None)
    if owner == ME:
        return Ticket.owner_id == by.id
    if not owner.isascii() or not owner.isdigit() or len(owner) > len(str(LARGEST_ID)) or int(owner) > LARGEST_ID:
        raise Invalid.field("owner", "Give the id of a colleague, “me” or “nobody”.")
    return Ticket.owner_id == int(owner)


def _spoken_of(words: str) -> ColumnElement[bool]:
    """Whole references are found by their index; other words are looked for in names and notes, newest tickets first.

    Notes of sensitive tickets are not searched: a hit would tell what stands in them.
    """
    reference = words.upper()
    if reference.startswith(REFERENCE_BEGINS) and len(reference) == len(REFERENCE_BEGINS) + REFERENCE_LETTERS:
        return Ticket.reference == reference
    return or_(
        Ticket.order_reference == words,
        and_(
            Ticket.is_sensitive.is_(False),
            or_(Customer.name.icontains(words, autoescape=True), Ticket.note.icontains(words, autoescape=True)),
        ),
    )


def _waiting(site: str | None = None) -> tuple[ColumnElement[Any], ...]:
    return mostly(is_live()), Ticket.promise_due_at.is_not(None), *(only_checked(here) for here in at_site(site))


def _approvals_for(by: Actor, *columns: Any) -> Query:
    """Open ones at the person's sites that others asked for; what only an admin may decide is not a supervisor's."""
    query = (
        select(*columns)
        .select_from(Approval)
        .join(Remedy, Remedy.id == Approval.remedy_id)
        .join(Ticket, Ticket.id == Approval.ticket_id)
        .join(Staff, Staff.id == Approval.asked_of_id)
        .where(Approval.answered_at.is_(None), Remedy.proposed_by_id != by.id, tickets_visible_to(by))
    )
    if not by.may(Permission.APPROVE):
        return query.where(false())
    if by.is_admin:
        return query
    return query.where(or_(Staff.role != Role.ADMIN, Approval.rung > 1, Approval.asked_of_id == by.id))


def _approval(approval: Approval, asked_of: Person, ticket: TicketRow) -> ApprovalRow:
    remedy = next(each for each in ticket.remedies if each.id == approval.remedy_id)
    return ApprovalRow(
        ticket=ticket,
        remedy=remedy,
        span=approval.span,
        limit=approval.limit,
        asked_at=approval.asked_at,
        asked_of=asked_of,
        deadline_at=approval.deadline_at,
        rung=approval.rung,
    )
