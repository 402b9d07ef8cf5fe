"""The audit trail: every change says what it was, who did it and when, in the transaction of the change itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from recovery.domain.actors import Actor
from recovery.domain.event_chain import GENESIS, ChainFields, chain_hash, key_id
from recovery.domain.events import VERSION, Tag, canonical
from recovery.domain.ids import SETTINGS_STREAM
from recovery.models.base import Streamed
from recovery.models.event import Event
from recovery.models.site import SettingsStream
from recovery.models.staff import Staff
from recovery.models.ticket import Ticket
from recovery.services.session import DeskSession


def record(
    session: DeskSession,
    ticket: Ticket,
    tag: Tag,
    *,
    by: Actor,
    at: datetime,
    **payload: Any,
) -> Event:
    """The next link of the ticket's chain; its row must be locked, as `services.access.locked_ticket` does.

    A change by a person raises the ticket's version, once per transaction; one by the machine does not, so that a
    receipt or a lapse never costs anybody their form; nor does looking at a sensitive ticket, which changes nothing in it,
    nor what the provider tells us of a person's call.
    """
    if by.is_person and not by.heard and tag is not Tag.TICKET_VIEWED and ticket.id not in session.tracking.raised:
        if ticket.event_seq:
            ticket.version += 1
        session.tracking.raised.add(ticket.id)
    session.tracking.tickets[ticket.id] = ticket
    return _link(session, ticket, tag, by=by, at=at, site_id=ticket.site_id, payload=payload)


def record_of_staff(
    session: DeskSession, staff: Staff, tag: Tag, /, *, by: Actor, at: datetime, **payload: Any
) -> Event:
    return _link(session, staff, tag, by=by, at=at, site_id=None, payload=payload)


def record_of_settings(
    session: DeskSession,
    tag: Tag,
    *,
    by: Actor,
    at: datetime,
    site_id: int | None = None,
    **payload: Any,
) -> Event:
    stream = hold_settings(session)
    return _link(session, stream, tag, by=by, at=at, site_id=site_id, payload=payload)


def hold_settings(session: DeskSession) -> SettingsStream:
    """Locked: who changes settings after one another reads what the other has written."""
    stream = session.scalar(select(SettingsStream).with_for_update())
    if stream is None:
        stream = SettingsStream(id=SETTINGS_STREAM, event_seq=0, event_head=GENESIS)
        session.add(stream)
    return stream


def _link(
    session: DeskSession,
    stream: Streamed,
    tag: Tag,
    *,
    by: Actor,
    at: datetime,
    site_id: int | None,
    payload: dict[str, Any],
) -> Event:
    key = session.house.audit_key
    fields = ChainFields(
        stream_id=stream.id,
        seq=(stream.event_seq or 0) + 1,
        tag=tag.value,
        tag_version=VERSION,
        at=at,
        actor_kind=by.kind,
        actor_id=by.id,
        site_id=site_id,
        payload=canonical(tag, {name: value for name, value in payload.items() if value is not None}),
        key_id=key_id(key),
        previous=stream.event_head or GENESIS,
    )
    row = {**{name: getattr(fields, name) for name in ChainFields.__slots__}, "hash": chain_hash(key, fields)}
    stream.event_seq, stream.event_head = fields.seq, row["hash"]
    event = Event(**row)
    session.tracking.told.setdefault(fields.stream_id, []).append(event)
    session.tracking.unwritten.append(row)
    return event
