"""What may stand in the audit trail: every tag, its version and the shape of its payload.

Payloads carry ids, codes, amounts, instants and salted commitments, never a phone number, a name or a text: erasing a
person deletes the value and its salt, and the chain still verifies.
"""

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

VERSION = 1


class Tag(StrEnum):
    """`thing:noun:verb`."""

    TICKET_LOGGED = "ticket:ticket:logged"
    TICKET_CHANGED = "ticket:ticket:changed"
    TICKET_WAITING = "ticket:ticket:waiting"
    TICKET_RESUMED = "ticket:ticket:resumed"
    TICKET_RESOLVED = "ticket:ticket:resolved"
    TICKET_CONFIRMED = "ticket:ticket:confirmed"
    TICKET_REOPENED = "ticket:ticket:reopened"
    TICKET_CLOSED = "ticket:ticket:closed"
    TICKET_VOIDED = "ticket:ticket:voided"
    TICKET_TOUCHED = "ticket:ticket:touched"
    TICKET_ESCALATED = "ticket:ticket:escalated"
    TICKET_HANDED_OVER = "ticket:ticket:handed_over"
    TICKET_TAKEN_OVER = "ticket:ticket:taken_over"
    TICKET_VIEWED = "ticket:ticket:viewed"
    LINK_REVOKED = "ticket:link:revoked"
    PROMISE_MADE = "ticket:promise:made"
    PROMISE_PUT_BACK = "ticket:promise:put_back"
    PROMISE_WARNED = "ticket:promise:warned"
    PROMISE_KEPT = "ticket:promise:kept"
    PROMISE_LAPSED = "ticket:promise:lapsed"
    REMEDY_PROPOSED = "ticket:remedy:proposed"
    REMEDY_GRANTED = "ticket:remedy:granted"
    REMEDY_REFUSED = "ticket:remedy:refused"
    REMEDY_READY = "ticket:remedy:ready"
    REMEDY_FULFILLED = "ticket:remedy:fulfilled"
    REMEDY_CANCELLED = "ticket:remedy:cancelled"
    REMEDY_FAILED = "ticket:remedy:failed"
    APPROVAL_ASKED = "ticket:approval:asked"
    APPROVAL_PASSED_ON = "ticket:approval:passed_on"
    APPROVAL_EXHAUSTED = "ticket:approval:exhausted"
    CALLBACK_BOOKED = "ticket:callback:booked"
    CALLBACK_MOVED = "ticket:callback:moved"
    CALLBACK_DUE = "ticket:callback:due"
    CALLBACK_MISSED = "ticket:callback:missed"
    CALLBACK_CANCELLED = "ticket:callback:cancelled"
    CALLBACK_ATTEMPTED = "ticket:callback:attempted"
    CALLBACK_CORRECTED = "ticket:callback:corrected"
    CALLBACK_REMINDED = "ticket:callback:reminded"
    CALLBACK_RELEASED = "ticket:callback:released"
    CALLBACK_PUT_BACK = "ticket:callback:put_back"
    CALLBACK_WANTED = "ticket:callback:wanted"
    CALLBACK_UNCHOSEN = "ticket:callback:unchosen"
    CALL_PLACED = "ticket:call:placed"
    CALL_DOUBTED = "ticket:call:doubted"
    CALL_RECEIVED = "ticket:call:received"
    CALL_ENDED = "ticket:call:ended"
    TASK_ASKED = "ticket:task:asked"
    TASK_TAKEN = "ticket:task:taken"
    TASK_DONE = "ticket:task:done"
    TASK_CANCELLED = "ticket:task:cancelled"
    TASK_LATE = "ticket:task:late"
    TASK_RELEASED = "ticket:task:released"
    TASK_PUT_BACK = "ticket:task:put_back"
    WAIT_BEGUN = "ticket:wait:begun"
    WAIT_ESTIMATED = "ticket:wait:estimated"
    WAIT_CALLED = "ticket:wait:called"
    WAIT_COMING = "ticket:wait:coming"
    WAIT_PUT_OFF = "ticket:wait:put_off"
    WAIT_RESUMED = "ticket:wait:resumed"
    WAIT_MISSED = "ticket:wait:missed"
    WAIT_HELPED = "ticket:wait:helped"
    WAIT_LEFT = "ticket:wait:left"
    WAIT_PUT_BACK = "ticket:wait:put_back"
    TEXT_QUEUED = "ticket:text:queued"
    TEXT_WITHHELD = "ticket:text:withheld"
    TEXT_SENT = "ticket:text:sent"
    TEXT_SILENT = "ticket:text:silent"
    TEXT_DOUBTED = "ticket:text:doubted"
    TEXT_SETTLED = "ticket:text:settled"
    TEXT_DELIVERED = "ticket:text:delivered"
    TEXT_UNDELIVERED = "ticket:text:undelivered"
    TEXT_FAILED = "ticket:text:failed"
    TEXT_DROPPED = "ticket:text:dropped"
    TEXT_LATE_ANSWER = "ticket:text:late_answer"
    TEXT_CONTRADICTED = "ticket:text:contradicted"
    TEXT_RECEIVED = "ticket:text:received"
    TEXTS_READ = "ticket:text:read"
    TEXT_MOVED = "ticket:text:moved"
    PHOTO_KEPT = "ticket:photo:kept"
    PHOTO_REFUSED = "ticket:photo:refused"
    RATING_GIVEN = "ticket:rating:given"
    CUSTOMER_OPTED_OUT = "ticket:customer:opted_out"
    CUSTOMER_OPTED_IN = "ticket:customer:opted_in"
    CUSTOMER_ERASED = "ticket:customer:erased"
    SITE_ADDED = "settings:site:added"
    SITE_CHANGED = "settings:site:changed"
    LIMITS_CHANGED = "settings:limits:changed"
    TARGET_CHANGED = "settings:target:changed"
    TEXT_REWORDED = "settings:text:reworded"
    ESCALATION_ORDERED = "settings:escalation:ordered"
    ROTA_CHANGED = "settings:rota:changed"
    SHIFT_CLOSED = "settings:shift:closed"
    DEMO_LOADED = "settings:demo:loaded"
    DEMO_REMOVED = "settings:demo:removed"
    BACKUP_MADE = "settings:backup:made"
    BACKUP_RESTORED = "settings:backup:restored"
    OUTBOX_RELEASED = "settings:outbox:released"
    LINE_STOPPED = "settings:line:stopped"
    LINE_HEALED = "settings:line:healed"
    SENDER_CHANGED = "settings:sender:changed"
    STAFF_ADDED = "staff:staff:added"
    STAFF_CHANGED = "staff:staff:changed"
    STAFF_LINK_ISSUED = "staff:link:issued"
    STAFF_SIGNED_IN = "staff:session:opened"
    STAFF_SIGNED_OUT = "staff:session:ended"
    STAFF_REFUSED = "staff:session:refused"
    STRANGER_SETTLED = "staff:stranger:settled"
    TOKEN_ADDED = "staff:token:added"  # noqa: S105  # the name of an event
    TOKEN_REVOKED = "staff:token:revoked"  # noqa: S105  # the name of an event

    @property
    def words(self) -> str:
        """For people: "remedy granted"."""
        _, noun, verb = self.value.split(":")
        return f"{noun} {verb}".replace("_", " ")


COMMITMENT = "commitment"
"""Fields that end so hold a salted commitment to a text that stands elsewhere."""

SCHEMAS: dict[Tag, dict[str, type]] = {
    Tag.TICKET_LOGGED: {
        "reference": str,
        "failure": str,
        "severity": str,
        "source": str,
        "status": str,
        "site": int,
        "customer": int,
        "owner": int,
        "level": int,
        "linked_to": int,
        "continues": int,
        "note_commitment": str,
        "logged_at": str,
        "happened_at": str,
        "apologised_in_person": bool,
        "order_amount": int,
        "order_currency": str,
    },
    Tag.TICKET_CHANGED: {"field": str, "before": str, "after": str},
    Tag.TICKET_WAITING: {},
    Tag.TICKET_RESUMED: {},
    Tag.TICKET_RESOLVED: {"how_commitment": str, "status_before": str},
    Tag.TICKET_CONFIRMED: {"message": int},
    Tag.TICKET_REOPENED: {"level": int, "why": str, "status": str},
    Tag.TICKET_CLOSED: {"why": str, "cause": str, "action_commitment": str},
    Tag.TICKET_VOIDED: {"reason": str, "duplicate_of": int},
    Tag.TICKET_TOUCHED: {"how": str},
    Tag.TICKET_ESCALATED: {"to": int, "why": str, "rung": int, "clock": str, "how": str, "skipped": int},
    Tag.TICKET_HANDED_OVER: {"handover": int, "staff": int, "why": str},
    Tag.TICKET_TAKEN_OVER: {"handover": int},
    Tag.TICKET_VIEWED: {},
    Tag.LINK_REVOKED: {"generation": int},
    Tag.PROMISE_MADE: {"promise": int, "due_at": str, "about": str, "told_by": str, "renewal": int},
    Tag.PROMISE_PUT_BACK: {"promise": int, "due_at": str},
    Tag.PROMISE_WARNED: {"promise": int},
    Tag.PROMISE_KEPT: {"promise": int, "how": str},
    Tag.PROMISE_LAPSED: {"promise": int, "due_at": str},
    Tag.REMEDY_PROPOSED: {"remedy": int, "kind": str, "amount": int, "currency": str},
    Tag.REMEDY_GRANTED: {
        "remedy": int,
        "kind": str,
        "amount": int,
        "currency": str,
        "authority": str,
        "proposed_by": int,
        "limit": int,
        "proposed_amount": int,
    },
    Tag.REMEDY_REFUSED: {"remedy": int, "reason_commitment": str},
    Tag.REMEDY_READY: {"remedy": int},
    Tag.REMEDY_FULFILLED: {"remedy": int, "handed_over_by": int},
    Tag.REMEDY_CANCELLED: {"remedy": int, "reason_commitment": str},
    Tag.REMEDY_FAILED: {"remedy": int, "reason_commitment": str},
    Tag.APPROVAL_ASKED: {"remedy": int, "of": int, "limit_kind": str, "limit": int, "deadline_at": str},
    Tag.APPROVAL_PASSED_ON: {"remedy": int, "of": int, "deadline_at": str, "rung": int},
    Tag.APPROVAL_EXHAUSTED: {"remedy": int, "rung": int},
    Tag.CALLBACK_BOOKED: {"callback": int, "due_at": str, "reason": str, "staff": int, "as_soon_as_possible": bool},
    Tag.CALLBACK_MOVED: {"callback": int, "before": str, "due_at": str, "why": str},
    Tag.CALLBACK_DUE: {"callback": int},
    Tag.CALLBACK_MISSED: {"callback": int},
    Tag.CALLBACK_CANCELLED: {"callback": int, "why": str},
    Tag.CALLBACK_ATTEMPTED: {
        "callback": int,
        "attempt": int,
        "outcome": str,
        "status": str,
        "note_commitment": str,
        "inferred": bool,
        "seconds": int,
    },
    Tag.CALLBACK_CORRECTED: {
        "callback": int,
        "attempt": int,
        "before": str,
        "after": str,
        "note_commitment": str,
    },
    Tag.CALLBACK_REMINDED: {"callback": int},
    Tag.CALLBACK_RELEASED: {"callback": int, "staff": int},
    Tag.CALLBACK_PUT_BACK: {"callback": int, "due_at": str, "status": str},
    Tag.CALLBACK_WANTED: {},
    Tag.CALLBACK_UNCHOSEN: {},
    Tag.CALL_PLACED: {"call": int, "callback": int},
    Tag.CALL_DOUBTED: {"call": int, "why": str},
    Tag.CALL_RECEIVED: {"call": int},
    Tag.CALL_ENDED: {"call": int, "ending": str, "seconds": int, "code": str},
    Tag.TASK_ASKED: {"task": int, "list": str, "due_at": str, "words_commitment": str},
    Tag.TASK_TAKEN: {"task": int, "list": str},
    Tag.TASK_DONE: {"task": int, "list": str},
    Tag.TASK_CANCELLED: {"task": int, "list": str, "why": str},
    Tag.TASK_LATE: {"task": int, "list": str},
    Tag.TASK_RELEASED: {"task": int, "list": str, "staff": int},
    Tag.TASK_PUT_BACK: {"task": int, "list": str},
    Tag.WAIT_BEGUN: {"wait": int, "place": int, "estimate_at": str},
    Tag.WAIT_ESTIMATED: {"wait": int, "place": int, "estimate_at": str},
    Tag.WAIT_CALLED: {"wait": int},
    Tag.WAIT_COMING: {"wait": int},
    Tag.WAIT_PUT_OFF: {"wait": int, "until_at": str},
    Tag.WAIT_RESUMED: {"wait": int, "place": int, "estimate_at": str, "why": str},
    Tag.WAIT_MISSED: {"wait": int},
    Tag.WAIT_HELPED: {"wait": int},
    Tag.WAIT_LEFT: {"wait": int, "why": str},
    Tag.WAIT_PUT_BACK: {"wait": int},
    Tag.TEXT_QUEUED: {
        "message": int,
        "template": str,
        "meaning": str,
        "body_commitment": str,
        "segments": int,
        "audience": str,
        "held_for": str,
    },
    Tag.TEXT_WITHHELD: {"template": str, "reason": str, "cap": str},
    Tag.TEXT_SENT: {"message": int, "provider_sid": str, "attempt": int},
    Tag.TEXT_SILENT: {"message": int},
    Tag.TEXT_DOUBTED: {"message": int, "attempt": int, "why": str},
    Tag.TEXT_SETTLED: {"message": int, "found": bool, "how": str, "then": str},
    Tag.TEXT_DELIVERED: {"message": int},
    Tag.TEXT_UNDELIVERED: {"message": int, "code": str},
    Tag.TEXT_FAILED: {"message": int, "code": str},
    Tag.TEXT_DROPPED: {"message": int, "reason": str},
    Tag.TEXT_LATE_ANSWER: {"message": int, "answer": str, "applied": bool},
    Tag.TEXT_CONTRADICTED: {"message": int, "status": str, "standing": str},
    Tag.TEXT_RECEIVED: {
        "message": int,
        "understood_as": str,
        "body_commitment": str,
        "answers": int,
        "how": str,
        "written_at": str,
    },
    Tag.TEXTS_READ: {"count": int},
    Tag.TEXT_MOVED: {"message": int, "from_ticket": int, "to_ticket": int, "body_commitment": str},
    Tag.PHOTO_KEPT: {"photo": int, "message": int, "content_commitment": str},
    Tag.PHOTO_REFUSED: {"photo": int, "message": int, "reason": str},
    Tag.RATING_GIVEN: {"rating": int, "message": int},
    Tag.CUSTOMER_OPTED_OUT: {"contact": int, "sender": str, "message": int, "how": str},
    Tag.CUSTOMER_OPTED_IN: {"contact": int, "sender": str, "message": int},
    Tag.CUSTOMER_ERASED: {"customer": int},
    Tag.SITE_ADDED: {
        "site": int,
        "slug": str,
        "timezone": str,
        "currency": str,
        "country": str,
        "hours": str,
        "sender": str,
    },
    Tag.SITE_CHANGED: {"site": int, "field": str, "before": str, "after": str},
    Tag.LIMITS_CHANGED: {"site": int, "whom": str, "span": str, "before": int, "after": int},
    Tag.TARGET_CHANGED: {"site": int, "clock": str, "failure": str, "severity": str, "minutes": int, "was": int},
    Tag.TEXT_REWORDED: {"site": int, "field": str, "before": str, "after": str},
    Tag.ESCALATION_ORDERED: {"site": int, "staff": int, "rung": int, "was": int},
    Tag.ROTA_CHANGED: {"site": int, "staff": int, "before": str, "after": str},
    Tag.SHIFT_CLOSED: {"site": int, "handover": int, "rows": int},
    Tag.DEMO_LOADED: {"tickets": int},
    Tag.DEMO_REMOVED: {"tickets": int, "streams": str},
    Tag.BACKUP_MADE: {"anchor": int},
    Tag.BACKUP_RESTORED: {"anchor": int, "made_at": str},
    Tag.OUTBOX_RELEASED: {"messages": int},
    Tag.LINE_STOPPED: {"sender": str, "code": str, "category": str},
    Tag.LINE_HEALED: {"sender": str},
    Tag.SENDER_CHANGED: {"before": str, "after": str, "opt_outs": int},
    Tag.STAFF_ADDED: {"role": str, "sites": str},
    Tag.STAFF_CHANGED: {"field": str, "before": str, "after": str},
    Tag.STAFF_LINK_ISSUED: {"expires_at": str},
    Tag.STAFF_SIGNED_IN: {"session": int, "how": str},
    Tag.STAFF_SIGNED_OUT: {"session": int},
    Tag.STAFF_REFUSED: {"why": str},
    Tag.STRANGER_SETTLED: {"stranger": int, "how": str, "texts": int},
    Tag.TOKEN_ADDED: {"token": int, "scopes": str},
    Tag.TOKEN_REVOKED: {"token": int},
}


def canonical(tag: Tag, payload: Mapping[str, Any]) -> str:
    """The one spelling of a payload. Raises ValueError for what the tag's schema does not know, TypeError for a value
    that has more than one spelling (a float) or that is of another type than the schema says.
    """
    schema = SCHEMAS[tag]
    if unknown := payload.keys() - schema.keys():
        raise ValueError(f"{tag} does not carry {', '.join(sorted(unknown))}")
    for field, value in payload.items():
        if value is not None and type(value) is not schema[field]:
            raise TypeError(f"{tag} {field} must be {schema[field].__name__}, not {type(value).__name__}")
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def commitment(salt: str, text: str | None) -> str | None:
    """Proves later that a text was this one; says nothing once the salt is erased."""
    return hashlib.sha256(f"{salt}\0{text}".encode()).hexdigest()[:32] if text else None
