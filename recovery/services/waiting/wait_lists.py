"""Waits to look at: the line of a site, one wait, and what its customer's page tells of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select, tuple_
from sqlalchemy.orm import aliased

from recovery.domain.actors import Actor
from recovery.domain.errors import NotFound
from recovery.domain.tickets import TicketStatus
from recovery.domain.waits import LIVE, WaitStatus
from recovery.models import Contact, Customer, Site, Staff, Ticket, Wait
from recovery.services.access import tickets_visible_to
from recovery.services.cursors import ONE_PAGE, Page, Place, after, page_of, read
from recovery.services.session import DeskSession
from recovery.services.ticketing.rows import Person, SiteBrief
from recovery.services.ticketing.ticket_statements import SITE, Query, at_site, literally

caller, helper, ahead = aliased(Staff), aliased(Staff), aliased(Wait)
PLACE = case(
    (
        Wait.status == WaitStatus.WAITING,
        select(func.count())
        .where(
            ahead.site_id == Wait.site_id,
            literally(ahead.status, LIVE),
            ahead.status == WaitStatus.WAITING,
            tuple_(ahead.line_at, ahead.id) <= tuple_(Wait.line_at, Wait.id),
        )
        .scalar_subquery(),
    )
)
PLAIN = (
    Wait.id,
    Wait.status,
    PLACE,
    Wait.arrived_at,
    Wait.line_at,
    Wait.estimate_at,
    Wait.promised_by,
    Wait.due_at,
    Wait.called_at,
    Wait.ended_at,
    Ticket.reference,
    Ticket.status,
    Ticket.version,
    Ticket.lapses,
    Ticket.note,
    Ticket.no_text_reason,
    Customer.name,
    Contact.phone,
)


@dataclass(frozen=True, slots=True)
class WaitRow:
    id: int
    status: WaitStatus
    place: int | None
    """1 is first; None for who is not in line at the moment."""
    arrived_at: datetime
    line_at: datetime
    estimate_at: datetime
    """As the customer was told last."""
    promised_by: datetime
    due_at: datetime | None
    called_at: datetime | None
    ended_at: datetime | None
    reference: str
    ticket_status: TicketStatus
    version: int
    lapses: int
    """Of our promise: from the first on it is a mistake like any other."""
    note: str | None
    no_text_reason: str | None
    name: str | None
    phone: str | None
    """E.164."""
    site: SiteBrief
    called_by: Person | None
    helped_by: Person | None


def waits(
    session: DeskSession,
    *,
    by: Actor,
    site: str | None = None,
    status: WaitStatus | None = None,
    limit: int = ONE_PAGE,
    cursor: str | None = None,
) -> Page[WaitRow]:
    """In the order of the line; who is helped or gone only where that `status` is asked for. Raises Invalid for a cursor
    that is none."""
    query = _seen(by).where(literally(Wait.status, LIVE) if status is None else Wait.status == status, *at_site(site))
    if place := read(cursor):
        query = query.where(after(Wait.line_at, Wait.id, place))
    rows = _rows(session, query.order_by(Wait.line_at, Wait.id).limit(limit + 1))
    return page_of(rows, limit, lambda row: Place(row.line_at, row.id))


def wait_row(session: DeskSession, wait_id: int, *, by: Actor) -> WaitRow:
    """Raises NotFound, also for a wait of another site."""
    found = _rows(session, _seen(by).where(Wait.id == wait_id))
    if not found:
        raise NotFound("There is no such wait at your sites.")
    return found[0]


def count_in_line(session: DeskSession, *, by: Actor) -> int:
    """Who has not been helped yet, wherever they are at the moment."""
    query = select(func.count()).select_from(Wait).join(Ticket, Ticket.id == Wait.ticket_id)
    return session.scalar(query.where(literally(Wait.status, LIVE), tickets_visible_to(by))) or 0


def _seen(by: Actor) -> Query:
    return (
        select(*PLAIN, *SITE, caller.id, caller.name, helper.id, helper.name)
        .join(Ticket, Ticket.id == Wait.ticket_id)
        .join(Site, Site.id == Wait.site_id)
        .outerjoin(Customer, Customer.id == Ticket.customer_id)
        .outerjoin(Contact, Contact.id == Customer.contact_id)
        .outerjoin(caller, caller.id == Wait.called_by_id)
        .outerjoin(helper, helper.id == Wait.helped_by_id)
        .where(tickets_visible_to(by))
    )


def _rows(session: DeskSession, query: Query) -> Sequence[WaitRow]:
    return [_row(row) for row in session.execute(query)]


def _row(row: Sequence[Any]) -> WaitRow:
    """Taken apart by place, in the order in which `_seen` asks."""
    site_end = len(PLAIN) + len(SITE)
    called, called_name, helped, helped_name = row[site_end:]
    return WaitRow(
        *(
            *row[: len(PLAIN)],
            SiteBrief(*row[len(PLAIN) : site_end]),
            None if called is None else Person(called, called_name),
            None if helped is None else Person(helped, helped_name),
        ),
    )
