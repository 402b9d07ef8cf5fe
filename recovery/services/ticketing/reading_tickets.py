"""Tickets as rows: one query for them, one for each kind of thing that hangs on them, however many there are."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select

from recovery.domain.actors import Actor
from recovery.domain.errors import NotFound
from recovery.models import Callback, Promise, Remedy, Ticket
from recovery.services.access import may_see, tickets_visible_to
from recovery.services.session import DeskSession
from recovery.services.ticketing.rows import (
    AttemptRow,
    CallbackRow,
    CustomerBrief,
    Person,
    PromiseRow,
    RemedyRow,
    SiteBrief,
    TicketRow,
)
from recovery.services.ticketing.ticket_statements import (
    ATTEMPTS,
    CALLBACKS,
    CALLBACKS_OF_TICKETS,
    NEWEST_PROMISES,
    PLAIN,
    PROMISES,
    REMEDIES,
    SITE,
    TICKET_BY_ID,
    TICKETS,
    Query,
)

Row = TypeVar("Row", PromiseRow, RemedyRow, CallbackRow)
PLAIN_NAMES = tuple(column.key for column in PLAIN)
NOBODYS = "There is no such ticket at your sites."


def ticket_row(session: DeskSession, reference: str, *, by: Actor) -> TicketRow:
    """Raises NotFound, also for a ticket of another site."""
    return _one(session, Ticket.reference == reference.upper(), by)


def ticket_row_by_id(session: DeskSession, ticket_id: int, *, by: Actor) -> TicketRow:
    """Raises NotFound as `ticket_row`. What every change is answered with: its statement never differs."""
    found = read_tickets(session, TICKET_BY_ID, ticket_id=ticket_id)
    if not found or not may_see(found[0], by=by):
        raise NotFound(NOBODYS)
    return found[0]


def ticket_row_with(
    session: DeskSession, child: type[Remedy] | type[Callback], child_id: int, *, by: Actor
) -> TicketRow:
    """The ticket on which this remedy or callback hangs. Raises NotFound as `ticket_row`."""
    on = select(child.ticket_id).where(child.id == child_id).scalar_subquery()
    return _one(session, Ticket.id == on, by)


def promise_row(session: DeskSession, promise_id: int) -> PromiseRow:
    """Also one that has ended since. Raises NotFound; whose it is, the ticket says."""
    found = session.execute(PROMISES.where(Promise.id == promise_id)).one_or_none()
    if found is None:
        raise NotFound(NOBODYS)
    return PromiseRow(*found)


def ticket_rows_by_id(session: DeskSession, ticket_ids: Iterable[int]) -> dict[int, TicketRow]:
    """For ids that were found through a query that looked at whose they are."""
    wanted = sorted(set(ticket_ids))
    if not wanted:
        return {}
    rows = read_tickets(session, select_tickets().where(Ticket.id.in_(wanted)))
    return {row.id: row for row in rows}


def select_tickets() -> Query:
    """To be narrowed, ordered and cut by whoever asks, and given to `read_tickets`."""
    return TICKETS


def read_tickets(session: DeskSession, query: Query, **values: Any) -> list[TicketRow]:
    """`values` of what the query leaves to be said."""
    tickets = [_ticket(row) for row in _rows(session, query, values | {"sender": session.house.sender})]
    if not tickets:
        return []
    ids = {"ids": [ticket.id for ticket in tickets]}
    promises = _by_ticket(PromiseRow(*row) for row in _rows(session, NEWEST_PROMISES, ids))
    remedies = _by_ticket(_remedy(row) for row in _rows(session, REMEDIES, ids))
    callbacks = _by_ticket(read_callbacks(session, CALLBACKS_OF_TICKETS, **ids))
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
    return CALLBACKS


def read_callbacks(session: DeskSession, query: Query, **values: Any) -> list[CallbackRow]:
    rows = [_callback(row) for row in _rows(session, query, values)]
    tried = [row.id for row in rows if row.attempt_count]
    if not tried:
        return rows
    attempts: dict[int, list[AttemptRow]] = defaultdict(list)
    for row in _rows(session, ATTEMPTS, {"ids": tried}):
        attempts[row[0]].append(AttemptRow(*(*row[:4], Person(row[4], row[5]), *row[6:])))
    return [replace(row, attempts=tuple(attempts[row.id])) if row.id in attempts else row for row in rows]


def _one(session: DeskSession, which: ColumnElement[bool], by: Actor) -> TicketRow:
    found = read_tickets(session, select_tickets().where(which, tickets_visible_to(by)))
    if not found:
        raise NotFound(NOBODYS)
    return found[0]


# What follows takes rows apart by place, in the order in which `ticket_statements` asks for them.


def _ticket(row: Sequence[Any]) -> TicketRow:
    plain = len(PLAIN)
    site_end = plain + len(SITE)
    owner_id, owner_name, linked_to, *customer = row[site_end:]
    return TicketRow(
        **dict(zip(PLAIN_NAMES, row, strict=False)),  # the row goes on after them
        site=SiteBrief(*row[plain:site_end]),
        owner=_person(owner_id, owner_name),
        linked_to=linked_to,
        customer=_customer(customer),
    )


def _customer(row: Sequence[Any]) -> CustomerBrief | None:
    row_id, name, phone, language, timezone, opt_out = row
    if row_id is None:
        return None
    return CustomerBrief(row_id, name, phone, language, timezone, opted_out=opt_out is not None)


def _remedy(row: Sequence[Any]) -> RemedyRow:
    return RemedyRow(
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


def _callback(row: Sequence[Any]) -> CallbackRow:
    return CallbackRow(*(*row[:8], _person(row[8], row[9]), *row[10:]))


def _person(row_id: int | None, name: str | None) -> Person | None:
    return None if row_id is None or name is None else Person(row_id, name)


def _by_ticket(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.ticket_id].append(row)
    return found


def _rows(session: DeskSession, query: Query, values: Mapping[str, Any]) -> Iterable[Sequence[Any]]:
    return session.execute(query, values)
