"""The trail for people: whose events somebody may read, newest first, and each of them in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, tuple_

from recovery.domain.actors import Actor, ActorKind
from recovery.domain.errors import Invalid
from recovery.domain.events import Tag
from recovery.domain.ids import EPOCH
from recovery.domain.permissions import Permission
from recovery.models import Event, Site, Staff, Ticket
from recovery.services.access import at_sites_of, require, tickets_visible_to
from recovery.services.cursors import MICROSECOND, Page, instant_of, packed, unpacked
from recovery.services.proving.event_words import Detail, details_of
from recovery.services.session import DeskSession
from recovery.services.ticketing.rows import Person

ONE_PAGE = 50
NO_TICKET = -1
"""No stream has this number."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    at: datetime
    stream_id: int
    seq: int
    tag: Tag
    kind: ActorKind
    by: Person | None
    """None: the customer or the machine, as `kind` says."""
    reference: str | None
    """Of the ticket; None for settings and people."""
    site: str | None
    """Its name."""
    details: Sequence[Detail]

    @property
    def words(self) -> str:
        return self.tag.words


def search(
    session: DeskSession,
    *,
    by: Actor,
    staff: int | None = None,
    tag: str | None = None,
    reference: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = ONE_PAGE,
    cursor: str | None = None,
) -> Page[AuditRow]:
    """Newest first; `since` ≤ at < `until`. A supervisor reads what happened at their sites, an admin all of it.

    Raises Forbidden, and Invalid for a tag or a cursor that is none.
    """
    require(by, Permission.AUDIT)
    query = select(Event).where(at_sites_of(Event.site_id, by), *_wanted(staff, tag, since, until))
    if reference is not None:
        ticket = select(Ticket.id).where(Ticket.reference == reference.strip().upper(), tickets_visible_to(by))
        query = query.where(Event.stream_id == (session.scalar(ticket) or NO_TICKET))
    place = tuple_(Event.at, Event.stream_id, Event.seq)
    if cursor:
        query = query.where(place < tuple_(*_read(cursor)))
    query = query.order_by(Event.at.desc(), Event.stream_id.desc(), Event.seq.desc())
    events = session.scalars(query.limit(limit + 1)).all()
    shown = events[:limit]
    return Page(_rows(session, shown), _written(shown[-1]) if len(events) > limit else None)


def trail(session: DeskSession, ticket: Ticket) -> Sequence[AuditRow]:
    """All that ever happened to it, from the beginning."""
    return _rows(session, session.scalars(select(Event).where(Event.stream_id == ticket.id).order_by(Event.seq)).all())


def _wanted(
    staff: int | None, tag: str | None, since: datetime | None, until: datetime | None
) -> Iterable[ColumnElement[bool]]:
    if staff is not None:
        yield Event.actor_id == staff
    if tag is not None:
        if tag not in set(Tag):
            raise Invalid.field("action", f"“{tag}” is nothing that the trail tells of: choose one from the list.")
        yield Event.tag == tag
    if since is not None:
        yield Event.at >= since
    if until is not None:
        yield Event.at < until


def _rows(session: DeskSession, events: Sequence[Event]) -> list[AuditRow]:
    streams = {event.stream_id for event in events}
    references = dict(session.execute(select(Ticket.id, Ticket.reference).where(Ticket.id.in_(streams))).all())
    sites = {site.id: site for site in session.scalars(select(Site))}
    told = [(event, details_of(event, sites.get(event.site_id or 0))) for event in events]
    people = _people(session, events, [detail for _, details in told for detail in details])
    return [
        AuditRow(
            at=event.at,
            stream_id=event.stream_id,
            seq=event.seq,
            tag=Tag(event.tag),
            kind=event.actor_kind,
            by=people.get(event.actor_id or 0),
            reference=references.get(event.stream_id),
            site=sites[event.site_id].name if event.site_id in sites else None,
            details=[detail.named(people) for detail in details],
        )
        for event, details in told
    ]


def _people(session: DeskSession, events: Sequence[Event], details: Sequence[Detail]) -> dict[int, Person]:
    wanted = {event.actor_id for event in events} | {id_ for detail in details for id_ in detail.people}
    found = session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(sorted(id_ for id_ in wanted if id_))))
    return {id_: Person(id_, name) for id_, name in found}


def _written(event: Event) -> str:
    return packed((event.at - EPOCH) // MICROSECOND, event.stream_id, event.seq)


def _read(cursor: str) -> tuple[datetime, int, int]:
    microseconds, stream_id, seq = unpacked(cursor, 3)
    return instant_of(microseconds), stream_id, seq
