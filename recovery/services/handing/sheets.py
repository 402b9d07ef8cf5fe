"""What the next shift begins with: the last closing of a site, and which of its rows still stand on the board."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased, joinedload, selectinload

from recovery.domain.actors import Actor
from recovery.domain.errors import NotFound
from recovery.domain.events import Tag
from recovery.domain.permissions import Permission
from recovery.models import HandedOver, Handover, Ticket
from recovery.services.access import at_sites_of, lock_tickets, require, tickets_visible_to
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession
from recovery.services.ticketing.reading_tickets import read_tickets, select_tickets
from recovery.services.ticketing.rows import Person, TicketRow, Undetected
from recovery.services.ticketing.undetected import is_undetected

ONE_SHIFT = timedelta(hours=12)
"""A sheet on which everything is done says so for so long, and is then of no more use."""
NO_SUCH = "There is no such handover at your sites."
_newer = aliased(Handover)


@dataclass(frozen=True, slots=True)
class SheetRow:
    ticket: TicketRow
    to: Person
    reasons: tuple[Undetected, ...]
    """At the time of the handover."""
    taken_at: datetime | None
    stands: bool
    """On the board still."""


@dataclass(frozen=True, slots=True)
class ShiftSheet:
    id: int
    site: str
    """Its short name."""
    number: int
    closed_at: datetime
    closed_by: Person
    note: str | None
    rows: Sequence[SheetRow]
    """Those that the reader may see."""

    @property
    def left(self) -> int:
        return sum(row.stands for row in self.rows)

    def is_of_use(self, now: datetime) -> bool:
        return self.left > 0 or now - self.closed_at < ONE_SHIFT


def current_sheets(session: DeskSession, *, by: Actor) -> Sequence[ShiftSheet]:
    """Of each of the person's sites the last one, the newest first."""
    last = select(func.max(_newer.number)).where(_newer.site_id == Handover.site_id).scalar_subquery()
    return _sheets(session, Handover.number == last, by=by)


def sheet_with(session: DeskSession, handover_id: int, *, by: Actor) -> ShiftSheet:
    """Any of them. Raises NotFound, also for that of another site."""
    found = _sheets(session, Handover.id == handover_id, by=by)
    if not found:
        raise NotFound(NO_SUCH)
    return found[0]


def _sheets(session: DeskSession, which: ColumnElement[bool], *, by: Actor) -> Sequence[ShiftSheet]:
    handovers = session.scalars(
        select(Handover)
        .where(at_sites_of(Handover.site_id, by), which)
        .options(joinedload(Handover.site), joinedload(Handover.closed_by))
        .options(selectinload(Handover.rows).joinedload(HandedOver.staff))
        .order_by(Handover.closed_at.desc(), Handover.id)
    ).all()
    ids = [row.ticket_id for handover in handovers for row in handover.rows]
    tickets, standing = _tickets(session, ids, by=by), _standing(session, ids)
    return [
        ShiftSheet(
            id=handover.id,
            site=handover.site.slug,
            number=handover.number,
            closed_at=handover.closed_at,
            closed_by=Person(handover.closed_by.id, handover.closed_by.name),
            note=handover.note,
            rows=[
                _row(row, tickets[row.ticket_id], stands=row.ticket_id in standing)
                for row in handover.rows
                if row.ticket_id in tickets
            ],
        )
        for handover in handovers
    ]


def take(session: DeskSession, handover_id: int, *, now: datetime, by: Actor) -> int:
    """Whoever is named on the sheet has read what is theirs. Gives how many rows were new to them. Raises NotFound."""
    require(by, Permission.WORK)
    known = session.scalar(
        select(Handover.id).where(Handover.id == handover_id, at_sites_of(Handover.site_id, by)),
    )
    if known is None:
        raise NotFound(NO_SUCH)
    unread = select(HandedOver).where(
        HandedOver.handover_id == handover_id, HandedOver.staff_id == by.id, HandedOver.taken_at.is_(None)
    )
    tickets = lock_tickets(session, [row.ticket_id for row in session.scalars(unread)])
    rows = session.scalars(unread.order_by(HandedOver.ticket_id).execution_options(populate_existing=True)).all()
    for row in rows:
        row.taken_at = now
        record(session, tickets[row.ticket_id], Tag.TICKET_TAKEN_OVER, by=by, at=now, handover=handover_id)
    return len(rows)


def _row(row: HandedOver, ticket: TicketRow, *, stands: bool) -> SheetRow:
    reasons = tuple(Undetected(reason) for reason in row.why.split())
    return SheetRow(ticket, Person(row.staff.id, row.staff.name), reasons, row.taken_at, stands)


def _tickets(session: DeskSession, ids: Sequence[int], *, by: Actor) -> dict[int, TicketRow]:
    if not ids:
        return {}
    rows = read_tickets(session, select_tickets().where(Ticket.id.in_(ids), tickets_visible_to(by)))
    return {row.id: row for row in rows}


def _standing(session: DeskSession, ids: Sequence[int]) -> frozenset[int]:
    if not ids:
        return frozenset()
    return frozenset(session.scalars(select(Ticket.id).where(Ticket.id.in_(ids), is_undetected())))
