"""The recovery clock of a ticket, always folded from its events: the row that reports read, and the reading that
explains itself on the page, are the same fold."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any, cast

from sqlalchemy import Executable, Table, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from recovery.domain.actors import ActorKind
from recovery.domain.calendar_history import CalendarHistory
from recovery.domain.calendars import local_day, local_time
from recovery.domain.events import Tag
from recovery.domain.recovery_clock import Clock, ClockReading, read_clock
from recovery.domain.tickets import OUTSIDE_THE_NUMBERS, Source
from recovery.domain.told import MOVES_A_CLOCK, TELLS_OF_A_TEXT, TELLS_OF_TIME, Told, counted, facts_told
from recovery.models import Event, Ticket, TicketClock
from recovery.services.timing.calendars import calendars_since

HOURS_A_DAY = 24
EVENTS_OF = (
    select(Event.stream_id, Event.tag, Event.at, Event.actor_kind, Event.payload)
    .where(Event.stream_id.in_(bindparam("streams", expanding=True)))
    .order_by(Event.stream_id, Event.seq)
)
CLOCKS = ("first_response", "auto_response", "authorisation", "remedy_ready", "resolved", "confirmed")
_MOVES = frozenset(tag.value for tag in MOVES_A_CLOCK)
_TEXTS = frozenset(tag.value for tag in TELLS_OF_A_TEXT - {Tag.TEXT_QUEUED})


def reading(session: Session, ticket: Ticket, now: datetime) -> ClockReading:
    """All clocks of a ticket, with the stretches that explain them."""
    told = next(told for _, told in told_of(session, [ticket.id]))
    return read_clock(facts_told(told), calendars_since(session, ticket.site, ticket.logged_at), now=now)


def refresh(session: Session, tickets: Iterable[Ticket], new: Mapping[int, Sequence[Event]]) -> None:
    """Writes the rows of tickets whose `new` events, of this transaction and written, move a clock.

    One look at the earlier events and one statement of writing, however many tickets; a ticket that was logged in this
    transaction needs no look.
    """
    moved = {ticket.id: ticket for ticket in tickets if _moves_a_clock(ticket, new[ticket.id])}
    kept = {id_: ticket for id_, ticket in moved.items() if ticket.counts}
    told = {id_: list(_relevant(new[id_])) for id_ in kept if new[id_][0].seq == 1}
    told |= dict(told_of(session, [id_ for id_ in kept if id_ not in told]))
    kept = {id_: ticket for id_, ticket in kept.items() if _is_counted(ticket, told[id_])}
    _drop(session, [id_ for id_ in moved if id_ not in kept])
    calendars = {id_: calendars_since(session, ticket.site, ticket.logged_at) for id_, ticket in kept.items()}
    _write(session, [row_told(id_, told[id_], calendars[id_]) for id_ in kept])


def row_told(ticket_id: int, told: Sequence[Told], calendars: CalendarHistory) -> dict[str, Any]:
    """The columns of a ticket's row, from its events alone. Its day and hour are those of the zone that the site had then."""
    read, by = read_clock(facts_told(told), calendars, now=told[-1].at), counted(told)
    timezone = calendars.at(read.logged_at).timezone
    local = local_time(read.logged_at, timezone)
    return {
        "ticket_id": ticket_id,
        "site_id": by.site,
        "failure": by.failure,
        "severity": by.severity,
        "staff_id": by.owner,
        "logged_at": read.logged_at,
        "local_day": local_day(read.logged_at, timezone).isoformat(),
        "hour_of_week": local.weekday() * HOURS_A_DAY + local.hour,
        **{clock: _seconds(getattr(read, clock)) for clock in CLOCKS},
        "customer_wait": read.resolved.wait_seconds if read.resolved.at else None,
        "promises_kept": by.promises_kept,
        "promises_broken": by.promises_broken,
    }


def told_of(session: Session, ticket_ids: Sequence[int]) -> Iterator[tuple[int, list[Told]]]:
    """By ticket, what its events tell of its time."""
    if ticket_ids:
        events = session.execute(EVENTS_OF, {"streams": ticket_ids})
        for stream_id, chain in groupby(events, key=lambda event: int(event.stream_id)):
            yield stream_id, list(_relevant(chain))


def as_told(tag: str, at: datetime, kind: ActorKind, payload: str) -> Told:
    return Told(Tag(tag), at, kind, json.loads(payload))


def _moves_a_clock(ticket: Ticket, events: Sequence[Event]) -> bool:
    if ticket.source in OUTSIDE_THE_NUMBERS:
        return False
    return any(event.tag in _MOVES or (event.tag in _TEXTS and _is_first_text(ticket, event)) for event in events)


def _is_counted(ticket: Ticket, told: Sequence[Told]) -> bool:
    """A wait is in the numbers once something went wrong with it: its trail says so."""
    return ticket.source is not Source.GREETER or counted(told).in_the_numbers


def _is_first_text(ticket: Ticket, event: Event) -> bool:
    """Later ones move nothing: most texts that leave cost no fold."""
    return ticket.auto_response_at is None or event.at <= ticket.auto_response_at


def _relevant(events: Iterable[Any]) -> Iterator[Told]:
    for event in events:
        if event.tag in TELLS_OF_TIME:
            yield as_told(event.tag, event.at, event.actor_kind, event.payload)


def _drop(session: Session, ticket_ids: Sequence[int]) -> None:
    if ticket_ids:
        session.execute(delete(TicketClock).where(TicketClock.ticket_id.in_(ticket_ids)))


def _write(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.connection().execute(_upsert(session.get_bind().dialect.name), rows)


@cache
def _upsert(dialect: str) -> Executable:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    table = cast("Table", TicketClock.__table__)
    row = make(table)
    changed = {column.name: row.excluded[column.name] for column in table.columns}
    return row.on_conflict_do_update(index_elements=["ticket_id"], set_=changed)


def _seconds(clock: Clock) -> int | None:
    return clock.counted_seconds if clock.at else None
