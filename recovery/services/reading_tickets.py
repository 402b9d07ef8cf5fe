"""Tickets as rows: one query for them, one for each kind of thing that hangs on them, however many there are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import aliased

from recovery.domain.actors import Actor
from recovery.domain.errors import NotFound
from recovery.models import Attempt, Callback, Contact, Customer, OptOut, Promise, Remedy, Site, Staff, Ticket
from recovery.services.access import tickets_visible_to
from recovery.services.rows import (
    AttemptRow,
    CallbackRow,
    CustomerBrief,
    Person,
    PromiseRow,
    RemedyRow,
    SiteBrief,
    TicketRow,
)
from recovery.services.session import DeskSession

Row = TypeVar("Row", PromiseRow, RemedyRow, CallbackRow)
Query = Select[*tuple[Any, ...]]

owner, earlier = aliased(Staff), aliased(Ticket)
proposer, decider, giver, caller = aliased(Staff), aliased(Staff), aliased(Staff), aliased(Staff)

PLAIN = (
    Ticket.id,
    Ticket.reference,
    Ticket.status,
    Ticket.version,
    Ticket.level,
    Ticket.failure,
    Ticket.severity,
    Ticket.source,
    Ticket.is_sensitive,
    Ticket.note,
    Ticket.order_reference,
    Ticket.order_amount,
    Ticket.order_currency,
    Ticket.order_kept,
    Ticket.logged_by_id,
    Ticket.logged_at,
    Ticket.happened_at,
    Ticket.apologised_in_person,
    Ticket.first_response_at,
    Ticket.auto_response_at,
    Ticket.resolved_at,
    Ticket.confirmed_at,
    Ticket.closed_at,
    Ticket.cause,
    Ticket.action,
    Ticket.void_reason,
    Ticket.no_text_reason,
    Ticket.promise_due_at,
    Ticket.unread,
    Ticket.lapses,
    Ticket.link_generation,
    Ticket.is_demo,
)
PLAIN_NAMES = tuple(column.key for column in PLAIN)
SITE = (Site.id, Site.slug, Site.name, Site.timezone, Site.currency, Site.country, Site.hours)
CUSTOMER = (Customer.id, Customer.name, Contact.phone, Customer.language)


def ticket_row(session: DeskSession, reference: str, *, by: Actor) -> TicketRow:
    """Raises NotFound, also for a ticket of another site."""
    return _one(session, Ticket.reference == reference.upper(), by)


def ticket_row_by_id(session: DeskSession, ticket_id: int, *, by: Actor) -> TicketRow:
    """Raises NotFound as `ticket_row`."""
    return _one(session, Ticket.id == ticket_id, by)


def ticket_row_with(
    session: DeskSession, child: type[Remedy] | type[Callback], child_id: int, *, by: Actor
) -> TicketRow:
    """The ticket on which this remedy or callback hangs. Raises NotFound as `ticket_row`."""
    on = select(child.ticket_id).where(child.id == child_id).scalar_subquery()
    return _one(session, Ticket.id == on, by)


def ticket_rows_by_id(session: DeskSession, ticket_ids: Iterable[int]) -> dict[int, TicketRow]:
    """For ids that were found through a query that looked at whose they are."""
    wanted = sorted(set(ticket_ids))
    if not wanted:
        return {}
    rows = read_tickets(session, select_tickets(session).where(Ticket.id.in_(wanted)))
    return {row.id: row for row in rows}


def select_tickets(session: DeskSession) -> Query:
    """To be narrowed, ordered and cut by whoever asks, and given to `read_tickets`."""
    return (
        select(*PLAIN, *SITE, owner.id, owner.name, earlier.reference, *CUSTOMER, OptOut.id)
        .join(Site, Site.id == Ticket.site_id)
        .outerjoin(owner, owner.id == Ticket.owner_id)
        .outerjoin(earlier, earlier.id == Ticket.linked_to_id)
        .outerjoin(Customer, Customer.id == Ticket.customer_id)
        .outerjoin(Contact, Contact.id == Customer.contact_id)
        .outerjoin(
            OptOut,
            and_(
                OptOut.contact_id == Contact.id,
                OptOut.sender == session.house.sender,
                OptOut.lifted_at.is_(None),
            ),
        )
    )


def read_tickets(session: DeskSession, query: Query) -> list[TicketRow]:
    tickets = [_ticket(row) for row in _rows(session, query)]
    ids = [ticket.id for ticket in tickets]
    if not ids:
        return []
    promises = _by_ticket(_promises(session, ids))
    remedies = _by_ticket(_remedies(session, ids))
    callbacks = _by_ticket(
        read_callbacks(session, select_callbacks().where(Callback.ticket_id.in_(ids)).order_by(Callback.id))
    )
    return [
        replace(
            ticket,
            promise=promises[ticket.id][-1] if ticket.id in promises else None,
            remedies=tuple(remedies.get(ticket.id, ())),
            callbacks=tuple(callbacks.get(ticket.id, ())),
        )
        for ticket in tickets
    ]


def select_callbacks() -> Query:
    """To be narrowed, ordered and cut, and given to `read_callbacks`."""
    return select(
        Callback.id,
        Callback.ticket_id,
        Callback.status,
        Callback.reason,
        Callback.due_at,
        Callback.miss_at,
        Callback.as_soon_as_possible,
        Callback.booked_at,
        caller.id,
        caller.name,
        Callback.moves,
        Callback.attempt_count,
        Callback.reminded_at,
        Callback.missed_at,
        Callback.ended_at,
    ).outerjoin(caller, caller.id == Callback.staff_id)


def read_callbacks(session: DeskSession, query: Query) -> list[CallbackRow]:
    rows = [
        CallbackRow(*(*row[:8], _person(row[8], row[9]), *row[10:]))  # as `select_callbacks` orders them
        for row in _rows(session, query)
    ]
    tried = [row.id for row in rows if row.attempt_count]
    if not tried:
        return rows
    attempts: dict[int, list[AttemptRow]] = defaultdict(list)
    for attempt in _attempts(session, tried):
        attempts[attempt.callback_id].append(attempt)
    return [replace(row, attempts=tuple(attempts[row.id])) if row.id in attempts else row for row in rows]


def _one(session: DeskSession, which: ColumnElement[bool], by: Actor) -> TicketRow:
    found = read_tickets(session, select_tickets(session).where(which, tickets_visible_to(by)))
    if not found:
        raise NotFound("There is no such ticket at your sites.")
    return found[0]


def _promises(session: DeskSession, ids: Sequence[int]) -> list[PromiseRow]:
    """The newest of each ticket."""
    newer = aliased(Promise)
    newest = select(func.max(newer.number)).where(newer.ticket_id == Promise.ticket_id).scalar_subquery()
    query = select(
        Promise.ticket_id,
        Promise.number,
        Promise.made_at,
        Promise.warn_at,
        Promise.due_at,
        Promise.about,
        Promise.told_by,
        Promise.renewal,
        Promise.lapsed_at,
        Promise.ended_at,
        Promise.outcome,
    ).where(Promise.ticket_id.in_(ids), Promise.number == newest)
    return [PromiseRow(*row) for row in _rows(session, query)]


def _remedies(session: DeskSession, ids: Sequence[int]) -> list[RemedyRow]:
    query = (
        select(
            Remedy.id,
            Remedy.ticket_id,
            Remedy.kind,
            Remedy.status,
            Remedy.amount,
            Remedy.currency,
            Remedy.proposed_amount,
            Remedy.detail,
            proposer.id,
            proposer.name,
            Remedy.proposed_at,
            Remedy.needed_approval,
            decider.id,
            decider.name,
            Remedy.decided_at,
            Remedy.decision_reason,
            Remedy.ready_at,
            giver.id,
            giver.name,
            Remedy.fulfilled_at,
            Remedy.ended_at,
            Remedy.end_reason,
        )
        .join(proposer, proposer.id == Remedy.proposed_by_id)
        .outerjoin(decider, decider.id == Remedy.decided_by_id)
        .outerjoin(giver, giver.id == Remedy.fulfilled_by_id)
        .where(Remedy.ticket_id.in_(ids))
        .order_by(Remedy.id)
    )
    return [
        RemedyRow(
            *(
                *row[:8],
                Person(row[8], row[9]),
                *row[10:12],
                _person(row[12], row[13]),
                *row[14:17],
                _person(row[17], row[18]),
                *row[19:],
            ),
        )
        for row in _rows(session, query)
    ]


def _attempts(session: DeskSession, callback_ids: Sequence[int]) -> list[AttemptRow]:
    query = (
        select(Attempt.callback_id, Attempt.number, Attempt.outcome, Attempt.at, caller.id, caller.name, Attempt.note)
        .join(caller, caller.id == Attempt.by_id)
        .where(Attempt.callback_id.in_(callback_ids))
        .order_by(Attempt.callback_id, Attempt.number)
    )
    return [AttemptRow(*(*row[:4], Person(row[4], row[5]), row[6])) for row in _rows(session, query)]


def _ticket(row: Sequence[Any]) -> TicketRow:
    plain = len(PLAIN)
    site_end = plain + len(SITE)
    owner_id, owner_name, linked_to, *customer = row[site_end:]
    return TicketRow(
        **dict(zip(PLAIN_NAMES, row, strict=False)),  # the row goes on after them
        site=SiteBrief(*row[plain:site_end]),
        owner=_person(owner_id, owner_name),
        linked_to=linked_to,
        customer=_customer(*customer),
    )


def _customer(
    row_id: int | None, name: str | None, phone: str | None, language: str, opt_out: int | None
) -> CustomerBrief | None:
    return None if row_id is None else CustomerBrief(row_id, name, phone, language, opted_out=opt_out is not None)


def _person(row_id: int | None, name: str | None) -> Person | None:
    return None if row_id is None or name is None else Person(row_id, name)


def _by_ticket(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.ticket_id].append(row)
    return found


def _rows(session: DeskSession, query: Query) -> Iterable[Sequence[Any]]:
    """Untyped on purpose: what follows takes them apart by place."""
    return session.execute(query)
