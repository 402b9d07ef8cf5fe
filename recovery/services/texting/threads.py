"""The texts and the trail of one ticket, page by page."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from recovery.domain.messages import Direction, HeldFor, MessageStatus
from recovery.domain.threads import WHICH, read_options
from recovery.models import Event, Message, Photo, Staff, Ticket
from recovery.services.cursors import Page, Place, after, page_of, read
from recovery.services.session import DeskSession
from recovery.services.ticketing.rows import Person

WITH_CUSTOMER = "customer"
ERASED = "This text has been erased."
VEILED = (
    "We asked which of their mistakes they mean. One of them is at another site, so the question is not shown here."
)


@dataclass(frozen=True, slots=True)
class MessageRow:
    id: int
    ticket_id: int
    direction: Direction
    status: MessageStatus
    template: str | None
    body: str | None
    segments: int
    by: Person | None
    """Who wrote it, of ours; None for what the machine said and what the customer wrote."""
    created_at: datetime
    not_before: datetime
    sent_at: datetime | None
    final_at: datetime | None
    read_at: datetime | None
    understood_as: str | None
    provider_sid: str | None
    error_code: str | None
    error: str | None
    drop_reason: str | None
    held_for: str | None

    @property
    def why_held(self) -> HeldFor | None:
        """None for one that is not held now."""
        if self.status is not MessageStatus.HELD:
            return None
        return HeldFor(self.held_for) if self.held_for else HeldFor.QUIET_HOURS


@dataclass(frozen=True, slots=True)
class UnreadText:
    body: str
    """Empty where it came without words, or has been erased."""
    has_photos: bool


@dataclass(frozen=True, slots=True)
class EventRow:
    event: Event
    by: Person | None


COLUMNS = (
    Message.id,
    Message.ticket_id,
    Message.direction,
    Message.status,
    Message.template,
    Message.body,
    Message.segments,
    Staff.id,
    Staff.name,
    Message.created_at,
    Message.not_before,
    Message.sent_at,
    Message.final_at,
    Message.read_at,
    Message.understood_as,
    Message.provider_sid,
    Message.error_code,
    Message.error,
    Message.drop_reason,
    Message.held_for,
)
OF_QUESTIONS = (Message.asks, Message.options, Message.site_id)


def messages_of(session: DeskSession, ticket_id: int, *, limit: int, cursor: str | None = None) -> Page[MessageRow]:
    """With the customer, either way, oldest first; texts to staff are not in it."""
    query = _select_messages().where(Message.ticket_id == ticket_id, Message.audience == WITH_CUSTOMER)
    if place := read(cursor):
        query = query.where(after(Message.created_at, Message.id, place))
    rows = _message_rows(session, query.order_by(Message.created_at, Message.id).limit(limit + 1))
    return page_of(rows, limit, lambda row: Place(row.created_at, row.id))


def message_row(session: DeskSession, message_id: int) -> MessageRow | None:
    return next(iter(_message_rows(session, _select_messages().where(Message.id == message_id))), None)


def veiled(session: DeskSession, questions: Iterable[tuple[int, str | None, str | None, int | None]]) -> frozenset[int]:
    """Of texts as (id, what it asks, options, site): those that name a ticket of another site than their own. Whoever
    reads this site's thread does not learn that the other site knows the number."""
    named = {id_: (site_id, set(read_options(options))) for id_, asks, options, site_id in questions if asks == WHICH}
    if not named:
        return frozenset()
    tickets = set().union(*(options for _, options in named.values()))
    rows = session.execute(select(Ticket.id, Ticket.site_id).where(Ticket.id.in_(tickets)))
    sites = {ticket_id: site_id for ticket_id, site_id in rows}  # noqa: C416 - a row is no pair to mypy
    return frozenset(
        id_ for id_, (own, options) in named.items() if {sites.get(each, own) for each in options} != {own}
    )


def unread_texts(session: DeskSession, ticket_ids: Collection[int]) -> Mapping[int, Sequence[UnreadText]]:
    """By ticket, oldest first. For ids that were found through a query that looked at whose they are."""
    found: dict[int, list[UnreadText]] = defaultdict(list)
    if ticket_ids:
        has_photos = select(Photo.id).where(Photo.message_id == Message.id).exists()
        rows = session.execute(
            select(Message.ticket_id, Message.body, has_photos)
            .where(
                Message.ticket_id.in_(ticket_ids),
                Message.status == MessageStatus.RECEIVED,
                Message.read_at.is_(None),
            )
            .order_by(Message.created_at, Message.id)
        )
        for ticket_id, body, photos in rows:
            found[ticket_id or 0].append(UnreadText(body or "", bool(photos)))
    return found


def events_of(session: DeskSession, ticket_id: int, *, limit: int, cursor: str | None = None) -> Page[EventRow]:
    """In the order of the chain."""
    query = select(Event).where(Event.stream_id == ticket_id)
    if place := read(cursor):
        query = query.where(Event.seq > place.id)
    events = session.scalars(query.order_by(Event.seq).limit(limit + 1)).all()
    people = _people(session, (event.actor_id for event in events))
    rows = [EventRow(event, people.get(event.actor_id or 0)) for event in events]
    return page_of(rows, limit, lambda row: Place(row.event.at, row.event.seq))


def _select_messages() -> Any:
    return select(*COLUMNS, *OF_QUESTIONS).outerjoin(Staff, Staff.id == Message.staff_id)


def _message_rows(session: DeskSession, query: Any) -> Sequence[MessageRow]:
    rows: Sequence[Sequence[Any]] = session.execute(query).all()
    shown = len(COLUMNS)
    hidden = veiled(session, ((row[0], *row[shown:]) for row in rows))
    return [_message_row(row[:shown], VEILED if row[0] in hidden else row[5]) for row in rows]


def _message_row(row: Sequence[Any], words: str | None) -> MessageRow:
    by = Person(row[7], row[8]) if row[7] else None
    return MessageRow(*(*row[:5], words, row[6], by, *row[9:]))


def _people(session: DeskSession, ids: Iterable[int | None]) -> dict[int, Person]:
    wanted = {each for each in ids if each is not None}
    if not wanted:
        return {}
    rows = session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(wanted)))
    return {row_id: Person(row_id, name) for row_id, name in rows}
