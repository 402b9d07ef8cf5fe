"""Tickets as a table for spreadsheets: the same figures that reports read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from recovery.domain.actors import Actor
from recovery.domain.calendars import day_bounds, local_time
from recovery.domain.errors import Invalid
from recovery.domain.money import plain_amount
from recovery.domain.wording import remedy_words
from recovery.models import Contact, Customer, Remedy, Site, Staff, Ticket, TicketClock
from recovery.services.access import at_sites_of, tickets_visible_to, visible_site
from recovery.services.session import DeskSession

ROWS_AT_ONCE = 200
HEADS = (
    "reference",
    "site",
    "status",
    "failure",
    "severity",
    "source",
    "logged_at_utc",
    "logged_at_site",
    "owner",
    "customer",
    "phone",
    "order_amount",
    "currency",
    "remedies",
    "first_response_seconds",
    "resolved_seconds",
    "customer_wait_seconds",
    "promises_kept",
    "promises_broken",
    "resolved_at_utc",
    "closed_at_utc",
    "rating",
    "cause",
    "note",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Dates are the sites' own: from `start`, up to and not including `end`."""

    start: date | None = None
    end: date | None = None
    site: str | None = None


def count_tickets(session: DeskSession, wanted: Wanted, *, by: Actor) -> int:
    """Raises as `ticket_rows`."""
    return session.scalar(select(func.count()).select_from(Ticket).where(*_conditions(session, wanted, by))) or 0


def ticket_rows(session: DeskSession, wanted: Wanted, *, by: Actor) -> Iterator[Sequence[Any]]:
    """In the order of HEADS, oldest first, read as they are asked for. Raises NotFound for the site, Invalid for the span."""
    query = (
        select(Ticket, Site, Staff.name, Customer.name, Contact.phone, TicketClock)
        .join(Site, Site.id == Ticket.site_id)
        .outerjoin(Staff, Staff.id == Ticket.owner_id)
        .outerjoin(Customer, Customer.id == Ticket.customer_id)
        .outerjoin(Contact, Contact.id == Customer.contact_id)
        .outerjoin(TicketClock, TicketClock.ticket_id == Ticket.id)
        .where(*_conditions(session, wanted, by))
        .order_by(Ticket.logged_at, Ticket.id)
    )
    for rows in session.execute(query.execution_options(yield_per=ROWS_AT_ONCE)).partitions():
        given = _remedies(session, [row[0].id for row in rows])
        for ticket, site, owner, customer, phone, clock in rows:
            yield _row(ticket, site, (owner, customer, phone), clock, given.get(ticket.id, []))


def _conditions(session: DeskSession, wanted: Wanted, by: Actor) -> list[ColumnElement[bool]]:
    if wanted.start and wanted.end and wanted.start >= wanted.end:
        raise Invalid("The span is empty: `--to` is the first day that is left out, so it comes after `--from`.")
    chosen = visible_site(session, wanted.site, by=by) if wanted.site else None
    sites = [chosen] if chosen else session.scalars(select(Site).where(at_sites_of(Site.id, by))).all()
    return [tickets_visible_to(by), or_(*[_in_span(site, wanted) for site in sites]) if sites else Ticket.id < 0]


def _in_span(site: Site, wanted: Wanted) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [Ticket.site_id == site.id]
    if wanted.start:
        parts.append(Ticket.logged_at >= day_bounds(wanted.start, site.timezone)[0])
    if wanted.end:
        parts.append(Ticket.logged_at < day_bounds(wanted.end, site.timezone)[0])
    return and_(*parts)


def _remedies(session: DeskSession, ticket_ids: list[int]) -> dict[int, list[Remedy]]:
    found: dict[int, list[Remedy]] = {}
    for remedy in session.scalars(select(Remedy).where(Remedy.ticket_id.in_(ticket_ids)).order_by(Remedy.id)):
        found.setdefault(remedy.ticket_id, []).append(remedy)
    return found


def _row(
    ticket: Ticket, site: Site, names: tuple[str | None, str | None, str | None], clock: TicketClock | None, given: Any
) -> Sequence[Any]:
    owner, customer, phone = names
    figures = (clock.first_response, clock.resolved, clock.customer_wait) if clock else (None, None, None)
    kept, broken = (clock.promises_kept, clock.promises_broken) if clock else (None, None)
    return (
        ticket.reference,
        site.slug,
        ticket.status.value,
        ticket.failure,
        ticket.severity.value,
        ticket.source.value,
        _spelt(ticket.logged_at),
        f"{local_time(ticket.logged_at, site.timezone):%Y-%m-%d %H:%M:%S}",
        owner,
        customer,
        phone,
        plain_amount(ticket.order_amount, site.currency) if ticket.order_amount else None,
        site.currency if ticket.order_amount else None,
        "; ".join(
            f"{remedy_words(each.kind, each.amount, each.currency, each.detail)} ({each.status.label})"
            for each in given
        ),
        *figures,
        kept,
        broken,
        _spelt(ticket.resolved_at),
        _spelt(ticket.closed_at),
        ticket.rating,
        ticket.cause,
        ticket.note,
    )


def _spelt(moment: datetime | None) -> str | None:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else None
