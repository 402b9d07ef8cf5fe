"""Looking at a sensitive ticket is a deed of its own: told in its trail, and good for a quarter of an hour."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select

from recovery.domain.actors import Actor
from recovery.domain.events import Tag
from recovery.models import Event, Ticket
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession

LASTS = timedelta(minutes=15)
SEEN_BY = (Tag.TICKET_VIEWED.value, Tag.TICKET_LOGGED.value)
"""Who logs it has just written what is in it."""


def view(session: DeskSession, ticket: Ticket, *, now: datetime, by: Actor) -> None:
    record(session, ticket, Tag.TICKET_VIEWED, by=by, at=now)


def viewed_lately(session: DeskSession, ticket_ids: Iterable[int], *, now: datetime, by: Actor) -> set[int]:
    """Those of these tickets that this person may read in full for now."""
    wanted = list(ticket_ids)
    if not wanted:
        return set()
    return set(
        session.scalars(
            select(Event.stream_id).where(
                Event.stream_id.in_(wanted),
                Event.actor_id == by.id,
                Event.at > now - LASTS,
                Event.tag.in_(SEEN_BY),
            ),
        ),
    )
