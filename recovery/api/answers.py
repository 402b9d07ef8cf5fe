"""How rows are spelled in JSON: by hand, because a schema's dump of a list costs more than its query. The schemas in
`schemas.answers` describe the same, and tests hold the two together."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from recovery.domain.ids import EPOCH
from recovery.domain.recovery_clock import Clock, ClockReading
from recovery.domain.special_days import SpecialDay
from recovery.domain.spelling import respelled
from recovery.services.alerting.rota import OnRota
from recovery.services.cursors import Page, Place, page_of_whole
from recovery.services.handing.sheets import ShiftSheet
from recovery.services.hearing.photos import PhotoRow
from recovery.services.hearing.strangers import StrangerRow
from recovery.services.session import House
from recovery.services.texting.links import customer_url, ticket_url
from recovery.services.texting.threads import EventRow, MessageRow
from recovery.services.ticketing.rows import (
    ApprovalRow,
    AttemptRow,
    CallbackRow,
    CallRow,
    CustomerBrief,
    CustomerFound,
    Person,
    PromiseRow,
    RemedyRow,
    SiteBrief,
    StaffRow,
    TicketRow,
    UndetectedRow,
)

Answer = dict[str, Any]
Row = TypeVar("Row")
Numbered = TypeVar("Numbered", StaffRow, SiteBrief, CustomerFound, StrangerRow, ShiftSheet, OnRota)


def page(rows: Page[Row], spell: Callable[[Row], Answer]) -> Answer:
    return {"items": [spell(row) for row in rows.items], "next_cursor": rows.next_cursor}


def cut(rows: Sequence[Numbered], spell: Callable[[Numbered], Answer], asked: Mapping[str, Any]) -> Answer:
    """A page, as `asked`, of a list that is read whole."""

    def place(row: Numbered) -> Place:
        return Place(EPOCH, row.id)

    return page(page_of_whole(rows, place, limit=asked["limit"], cursor=asked.get("cursor")), spell)


def ticket(row: TicketRow, house: House, *, restricted: bool) -> Answer:
    """`restricted` leaves out what only a recorded viewing shows."""
    return {
        "reference": row.reference,
        "status": row.status,
        "version": row.version,
        "level": row.level,
        "site": row.site.slug,
        "failure": row.failure,
        "severity": row.severity,
        "source": row.source,
        "sensitive": row.is_sensitive,
        "restricted": restricted,
        "owner": person(row.owner),
        "customer": None if restricted else customer(row.customer),
        "order": None if restricted else _order(row),
        "note": None if restricted else row.note,
        "promise": row.promise and promise(row.promise),
        "remedies": [remedy(each, restricted=restricted) for each in row.remedies],
        "callbacks": [callback(each, restricted=restricted) for each in row.callbacks],
        "linked": [row.linked_to] if row.linked_to else [],
        "no_text_reason": row.no_text_reason,
        "unread": row.unread,
        "lapses": row.lapses,
        "cause": None if restricted else row.cause,
        "action": None if restricted else row.action,
        "void_reason": None if restricted else row.void_reason,
        "happened_at": row.happened_at,
        "logged_at": row.logged_at,
        "first_response_at": row.first_response_at,
        "auto_response_at": row.auto_response_at,
        "resolved_at": row.resolved_at,
        "confirmed_at": row.confirmed_at,
        "rating": row.rating,
        "closed_at": row.closed_at,
        "customer_url": None if restricted else customer_url(house, row),
        "url": ticket_url(house, row),
    }


def state(row: TicketRow) -> Answer:
    return {"reference": row.reference, "status": row.status, "version": row.version}


def person(row: Person | None) -> Answer | None:
    return None if row is None else {"id": str(row.id), "name": row.name}


def customer(row: CustomerBrief | None) -> Answer | None:
    if row is None:
        return None
    person = {"phone": row.phone, "name": row.name, "opted_out": row.opted_out}
    return {**person, "language": row.language, "timezone": row.timezone}


def promise(row: PromiseRow) -> Answer:
    return {
        "due_at": row.due_at,
        "about": row.about,
        "told_by": row.told_by,
        "made_at": row.made_at,
        "kept": row.kept,
    }


def remedy(row: RemedyRow, *, restricted: bool) -> Answer:
    return {
        "id": str(row.id),
        "kind": row.kind,
        "status": row.status,
        "amount": row.amount,
        "currency": row.currency,
        "proposed_amount": row.proposed_amount,
        "detail": None if restricted else row.detail,
        "proposed_by": str(row.proposed_by.id),
        "proposed_at": row.proposed_at,
        "needed_approval": row.needed_approval,
        "decided_by": _id_of(row.decided_by),
        "decided_by_name": row.decided_by and row.decided_by.name,
        "decided_at": row.decided_at,
        "decision_reason": None if restricted else row.decision_reason,
        "ready_at": row.ready_at,
        "fulfilled_by": _id_of(row.fulfilled_by),
        "fulfilled_by_name": row.fulfilled_by and row.fulfilled_by.name,
        "fulfilled_at": row.fulfilled_at,
        "ended_at": row.ended_at,
        "end_reason": None if restricted else row.end_reason,
    }


def callback(row: CallbackRow, *, restricted: bool) -> Answer:
    return {
        "id": str(row.id),
        "status": row.status,
        "reason": row.reason,
        "due_at": row.due_at,
        "as_soon_as_possible": row.as_soon_as_possible,
        "booked_at": row.booked_at,
        "staff": person(row.staff),
        "moves": row.moves,
        "attempts": [_attempt(each, restricted=restricted) for each in row.attempts],
        "reminded_at": row.reminded_at,
        "missed_at": row.missed_at,
        "ended_at": row.ended_at,
    }


def message(row: MessageRow, photos: Sequence[PhotoRow] = ()) -> Answer:
    return {
        "id": str(row.id),
        "direction": row.direction,
        "status": row.status.shown,
        "template": row.template,
        "body": row.body,
        "segments": row.segments,
        "by": person(row.by),
        "created_at": row.created_at,
        "not_before": row.not_before,
        "sent_at": row.sent_at,
        "final_at": row.final_at,
        "read_at": row.read_at,
        "understood_as": row.understood_as,
        "provider_sid": row.provider_sid,
        "error_code": row.error_code,
        "error": row.error,
        "drop_reason": row.drop_reason,
        "held_for": row.why_held,
        "photos": [
            {
                "id": str(photo.id),
                "state": photo.state,
                "reason": photo.reason,
                "content_type": photo.content_type,
                "size": photo.size,
            }
            for photo in photos
        ],
    }


def approval(row: ApprovalRow, on: Answer, *, restricted: bool) -> Answer:
    """`on` is its ticket, spelled."""
    return remedy(row.remedy, restricted=restricted) | {
        "ticket": on,
        "limit_passed": row.span,
        "limit": row.limit,
        "asked_at": row.asked_at,
        "asked_of": person(row.asked_of),
        "deadline_at": row.deadline_at,
    }


def call(row: CallRow, on: Answer, *, restricted: bool) -> Answer:
    return callback(row.call, restricted=restricted) | {"ticket": on}


def undetected(row: UndetectedRow, on: Answer) -> Answer:
    return on | {"reasons": list(row.reasons)}


def event(row: EventRow) -> Answer:
    return {
        "seq": row.event.seq,
        "tag": row.event.tag,
        "what": row.event.words,
        "at": row.event.at,
        "by_kind": row.event.actor_kind,
        "by": person(row.by),
        "payload": _payload(json.loads(row.event.payload)),
        "hash": row.event.hash,
    }


def clocks(reading: ClockReading, targets: Mapping[str, int]) -> Answer:
    """`targets` in seconds, by clock."""
    return {
        "logged_at": reading.logged_at,
        "ended_at": reading.ended_at,
        "voided": reading.voided,
        "first_response": _clock(reading.first_response, targets.get("first_response")),
        "auto_response": _clock(reading.auto_response, targets.get("auto_response")),
        "authorisation": _clock(reading.authorisation, targets.get("authorisation")),
        "remedy_ready": _clock(reading.remedy_ready, targets.get("remedy_ready")),
        "resolved": _clock(reading.resolved, targets.get("resolved")),
        "confirmed": _clock(reading.confirmed, targets.get("confirmed")),
        "stretches": [
            {
                "start": each.start,
                "end": each.end,
                "counted": each.counted,
                "reason": each.reason,
                "why": each.why,
                "special_day": _special_day(each.special),
            }
            for each in reading.stretches
        ],
    }


def _special_day(special: SpecialDay | None) -> Answer | None:
    return {"day": special.day.isoformat(), "name": special.name} if special else None


def staff(row: StaffRow) -> Answer:
    return {"id": str(row.id), "name": row.name, "role": row.role, "sites": row.sites}


def site(row: SiteBrief) -> Answer:
    return {
        "slug": row.slug,
        "name": row.name,
        "timezone": row.timezone,
        "currency": row.currency,
        "country": row.country,
        "hours": row.hours,
    }


def known_customer(row: CustomerFound) -> Answer:
    return {
        "site": row.site,
        "name": row.name,
        "phone": row.phone,
        "language": row.language,
        "opted_out": row.opted_out,
        "tickets": row.tickets,
        "last_ticket": row.last_ticket,
        "last_failure": row.last_failure,
        "last_logged_at": row.last_logged_at,
    }


def slots(starts: Sequence[datetime], asked: Mapping[str, Any]) -> Answer:
    found = page_of_whole(starts, lambda start: Place(start, 0), limit=asked["limit"], cursor=asked.get("cursor"))
    return page(found, lambda start: {"due_at": start})


def _order(row: TicketRow) -> Answer | None:
    order = {
        "reference": row.order_reference,
        "amount": row.order_amount,
        "currency": row.order_currency,
        "kept": row.order_kept,
    }
    return order if any(value is not None for value in order.values()) else None


def _attempt(row: AttemptRow, *, restricted: bool) -> Answer:
    return {
        "number": row.number,
        "outcome": row.outcome,
        "at": row.at,
        "by": person(row.by),
        "note": None if restricted else row.note,
        "inferred": row.inferred,
        "seconds": row.seconds,
    }


def _clock(clock: Clock, target: int | None) -> Answer:
    return {
        "at": clock.at,
        "counted_seconds": clock.counted_seconds,
        "wait_seconds": clock.wait_seconds,
        "target_seconds": target,
    }


def _id_of(row: Person | None) -> str | None:
    return None if row is None else str(row.id)


LARGEST_EXACT = 2**53
"""Above it a reader in JavaScript loses the last digits: only our ids are as large."""


def _payload(kept: dict[str, Any]) -> Answer:
    return {
        name: str(value) if isinstance(value, int) and value > LARGEST_EXACT else respelled(value)
        for name, value in kept.items()
    }


def stranger(row: StrangerRow) -> Answer:
    return {
        "id": str(row.id),
        "phone": row.phone,
        "sender": row.sender,
        "texts": row.texts,
        "came_at": row.came_at,
        "last_at": row.last_at,
        "newest": [{"body": each.body, "at": each.at, "photos": each.photos} for each in row.newest],
    }
