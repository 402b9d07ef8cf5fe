"""What somebody changed on a ticket since another read it: what a form that came too late is shown."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import select

from recovery.domain.actors import ActorKind
from recovery.domain.events import Tag
from recovery.models import Event, Staff, Ticket
from recovery.services.session import DeskSession
from recovery.services.wording.spoken import zone_of

FARTHEST = 200
"""Events looked back: past that a form is too old to be compared."""
STATUS_AFTER = {
    Tag.TICKET_WAITING: "waiting_for_customer",
    Tag.TICKET_RESUMED: "in_recovery",
    Tag.TICKET_RESOLVED: "resolved",
    Tag.TICKET_CLOSED: "closed",
    Tag.TICKET_VOIDED: "void",
}
FIELDS = {"remedy": "remedies", "approval": "remedies", "callback": "callbacks", "task": "tasks", "wait": "wait"}
"""Of the ticket's answer, by the noun of the event."""


def changes_since(session: DeskSession, ticket: Ticket, version: int) -> Sequence[dict[str, Any]]:
    """By field, oldest first: `field`, `theirs` as it stands now, `by` (an id; None: the customer) and `at`.

    A person's transaction has one time and raises the version by one: the last as many times are what was missed.
    """
    events = session.scalars(
        select(Event)
        .where(Event.stream_id == ticket.id, Event.actor_kind != ActorKind.MACHINE)
        .order_by(Event.seq.desc())
        .limit(FARTHEST),
    ).all()
    newest: dict[str, dict[str, Any]] = {}
    for event in _of_the_last(ticket.version - version, events):
        told = _told(session, ticket, event)
        if told is not None:
            newest.setdefault(told["field"], told)
    return sorted(newest.values(), key=lambda change: change["at"])


def _of_the_last(transactions: int, newest_first: Sequence[Event]) -> Iterator[Event]:
    for number, (_, events) in enumerate(groupby(newest_first, key=_transaction)):
        if number == transactions:
            return
        yield from events


def _transaction(event: Event) -> tuple[datetime, int | None]:
    return event.at, event.actor_id


def _told(session: DeskSession, ticket: Ticket, event: Event) -> dict[str, Any] | None:
    tag, payload = Tag(event.tag), json.loads(event.payload)
    noun = tag.value.split(":")[1]
    if tag is Tag.TICKET_CHANGED:
        field, theirs = payload["field"], _value(session, ticket, payload["field"])
    elif tag is Tag.TICKET_REOPENED:
        field, theirs = "status", payload["status"]
    elif tag in STATUS_AFTER:
        field, theirs = "status", STATUS_AFTER[tag]
    elif tag is Tag.PROMISE_MADE:
        field, theirs = "promise", payload["due_at"]
    elif tag is Tag.TEXT_RECEIVED:
        field, theirs = "messages", "the customer wrote"
    elif noun in FIELDS:
        field, theirs = FIELDS[noun], tag.words
    else:
        return None
    return {"field": field, "theirs": theirs, "by": event.actor_id, "at": event.at}


def _value(session: DeskSession, ticket: Ticket, field: str) -> str:
    if field == "owner":
        owner = session.get(Staff, ticket.owner_id) if ticket.owner_id is not None else None
        return owner.name if owner else ""
    if field == "language":
        return ticket.customer.language if ticket.customer else ""
    if field == "timezone":
        return zone_of(ticket)
    return str(getattr(ticket, field) or "")
