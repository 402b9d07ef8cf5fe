"""From records to the rows of lanes, lists and boards: what components/tickets.html expects."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import url_for

from recovery.domain.calendars import local_time
from recovery.domain.callbacks import Outcome
from recovery.domain.money import format_money
from recovery.domain.phones import pretty
from recovery.domain.ratings import is_low
from recovery.domain.remedies import RemedyStatus
from recovery.domain.tickets import FAILURES, FINISHED, Source, TicketStatus, ToldBy
from recovery.services.texting.threads import UnreadText
from recovery.services.ticketing.rows import ApprovalRow, CallbackRow, CallRow, RemedyRow, SiteBrief, TicketRow
from recovery.services.waiting.joining import FAILURE as WAITED
from recovery.web.session import now

LONGEST_HINT = 48
REPLIES_SHOWN = 3
LONGEST_REPLY = 320
"""What is longer, or has a photo, is read on its ticket."""
READ, THANKS = "I have read it", "That's thanks"
"""On what is pressed by who has read what came after the end."""
A_WEEK = 7
SHOWN = frozenset({RemedyStatus.PENDING_APPROVAL, RemedyStatus.GRANTED, RemedyStatus.READY})
REMEDY_TONES = {RemedyStatus.PENDING_APPROVAL: "soon", RemedyStatus.READY: "ok", RemedyStatus.FULFILLED: "ok"}
Row = dict[str, Any]


def lane_row(ticket: TicketRow, *, me: int | None) -> Row:
    return _row(ticket, promise_time(ticket), [*_marks(ticket), *_remedy_chips(ticket), *_owner(ticket, me)])


def board_row(ticket: TicketRow) -> Row:
    """The owner has a place of their own on it."""
    return _row(ticket, promise_time(ticket), [*_marks(ticket), *_remedy_chips(ticket)])


def with_replies(row: Row, ticket: TicketRow, unread: Sequence[UnreadText], *, back: str) -> bool:
    """Puts what they wrote on the row and, where that came after the end and is all of it, what there is to do. False:
    the ticket has to be opened."""
    if ticket.is_sensitive:
        return False
    row["said"] = [_quoted(text) for text in unread[-REPLIES_SHOWN:]]
    whole = ticket.unread == len(unread) <= REPLIES_SHOWN
    if ticket.status not in FINISHED or not whole or any(not _is_shown(text) for text in unread):
        return False
    version = {"version": ticket.version}
    row["acts"] = [
        {
            "label": READ if is_unhappy(ticket) else THANKS,
            "url": url_for("tickets.mark_read", reference=ticket.reference),
            "fields": version | {"back": back},
        },
        {"label": "Reopen", "url": url_for("tickets.reopen", reference=ticket.reference), "fields": version},
    ]
    return True


def is_unhappy(ticket: TicketRow) -> bool:
    """By their own digit: that is no thanks."""
    return ticket.rating is not None and is_low(ticket.rating)


def _quoted(text: UnreadText) -> str:
    words = f"“{_cut(text.body, LONGEST_REPLY)}”" if text.body.strip() else ""
    if not text.has_photos:
        return words
    return f"{words} A photo came too." if words else "A photo came."


def _is_shown(text: UnreadText) -> bool:
    return bool(text.body.strip()) and len(text.body) <= LONGEST_REPLY and not text.has_photos


def approval_row(asked: ApprovalRow) -> Row:
    told = f"by {clock(asked.deadline_at, asked.ticket.site)}"
    time = {"due": asked.deadline_at, "warn": None, "told": told, "kind": "promise"}
    chips = [{"text": f"{asked.remedy.proposed_by.first_name} asks: {remedy_label(asked.remedy)}", "tone": "soon"}]
    row = _row(asked.ticket, time, chips)
    row["key"] = f"approval-{asked.remedy.id}"
    row["action"] = {"label": "Answer", "url": url_for("approvals.index", _anchor=f"approval-{asked.remedy.id}")}
    return row


def call_row(row: CallRow, *, me: int | None) -> Row:
    call, ticket = row.call, row.ticket
    chips = []
    if call.attempt_count:
        chips.append({"text": ordinal_try(call.attempt_count + 1), "tone": "plain"})
    if call.staff is not None and call.staff.id != me:
        chips.append({"text": call.staff.first_name, "tone": "plain"})
    made = _row(ticket, call_time(call, ticket.site), chips)
    made["key"] = f"call-{call.id}"
    made["what"] = f"{call_reason(call)} · {failure_label(ticket.failure).lower()}"
    made["url"] = url_for("tickets.show", reference=ticket.reference, _anchor="calls")
    return made


def promise_time(ticket: TicketRow) -> Row:
    promise = ticket.promise
    if promise is None or not ticket.is_live or promise.ended_at is not None:
        since = _since(ticket)
        words = f"{ticket.status.label} {_day(since, ticket.site)}".rstrip()
        return {"number": _time(since, ticket.site), "words": words, "tone": "note"}
    due = clock(promise.due_at, ticket.site)
    word = "by" if promise.told_by is ToldBy.NOBODY else "told"
    told = due if _day(promise.due_at, ticket.site) else f"{word} {due}"
    return {"due": promise.due_at, "warn": promise.warn_at, "told": told, "kind": "promise"}


def _since(ticket: TicketRow) -> datetime:
    """When it came to stand as it stands."""
    ended = {TicketStatus.RESOLVED: ticket.resolved_at, TicketStatus.CLOSED: ticket.closed_at}
    return ended.get(ticket.status) or ticket.logged_at


def call_time(call: CallbackRow, site: SiteBrief) -> Row:
    told = "once free" if call.as_soon_as_possible else at(call.due_at, site).removeprefix("on ")
    return {"due": call.due_at, "warn": None, "told": told, "kind": "callback"}


def call_reason(call: CallbackRow) -> str:
    last = call.attempts[-1] if call.attempts else None
    was_cut = last is not None and last.outcome is Outcome.DISCONNECTED
    return "We got cut off" if was_cut else call.reason.label.capitalize()


def who(ticket: TicketRow) -> str:
    """A sensitive ticket names nobody on a list: opening it is recorded, reading the list is not."""
    return "Kept private" if ticket.is_sensitive else customer_name(ticket)


def customer_name(ticket: TicketRow) -> str:
    customer = ticket.customer
    if customer is None:
        return "A customer"
    return customer.name or (pretty(customer.phone, ticket.site.country) if customer.phone else "A customer")


def what(ticket: TicketRow) -> str:
    """Three words that tell two tickets apart."""
    hint = None if ticket.is_sensitive else (ticket.note or ticket.order_reference)
    return " · ".join(part for part in (matter(ticket), _cut(hint)) if part)


def matter(ticket: TicketRow) -> str:
    """Who waits for a free colleague has met no mistake, unless we break our promise."""
    if ticket.source is not Source.GREETER or ticket.failure != WAITED:
        return failure_label(ticket.failure)
    return "Kept waiting" if ticket.lapses else "Waiting for help"


def failure_label(code: str) -> str:
    return FAILURES[code].label if code in FAILURES else code


def remedy_label(remedy: RemedyRow) -> str:
    money = format_money(remedy.amount, remedy.currency) if remedy.amount is not None and remedy.currency else ""
    return f"{remedy.kind.label} {money}".strip()


def clock(instant: datetime, site: SiteBrief, *, said_at: datetime | None = None) -> str:
    """Give "14:32", and for another day than that on which it is said, which is today, "Fri 14:32" or "3 Jun 14:32"."""
    return f"{_day(instant, site, said_at)} {_time(instant, site)}".lstrip()


def at(instant: datetime, site: SiteBrief, *, said_at: datetime | None = None) -> str:
    """Give "at 14:32", "on Fri at 14:32"."""
    day = _day(instant, site, said_at)
    return f"on {day} at {_time(instant, site)}" if day else f"at {_time(instant, site)}"


def _time(instant: datetime, site: SiteBrief) -> str:
    return f"{local_time(instant, site.timezone):%H:%M}"


def _day(instant: datetime, site: SiteBrief, said_at: datetime | None = None) -> str:
    local, today = local_time(instant, site.timezone), local_time(said_at or now(), site.timezone)
    away = abs((local.date() - today.date()).days)
    if not away:
        return ""
    return f"{local:%a}" if away < A_WEEK else f"{local.day} {local:%b}"


def ordinal_try(number: int) -> str:
    endings: Mapping[int, str] = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{endings.get(number, 'th')} try"


def _row(ticket: TicketRow, time: Row, chips: list[Row]) -> Row:
    return {
        "key": ticket.reference,
        "reference": ticket.reference,
        "url": url_for("tickets.show", reference=ticket.reference),
        "who": who(ticket),
        "what": what(ticket),
        "time": time,
        "chips": chips,
        "action": None,
        "acts": [],
        "said": [],
        "owner": ticket.owner.first_name if ticket.owner else None,
        "site": ticket.site.name,
    }


def _marks(ticket: TicketRow) -> list[Row]:
    marks: list[Row] = []
    if ticket.unread:
        marks.append({"text": "New reply", "tone": "", "icon": "message"})
    if ticket.lapses:
        marks.append({"text": "Late before" if ticket.lapses == 1 else f"Late {ticket.lapses} times", "tone": "late"})
    if ticket.target_passed_at and ticket.is_live:
        marks.append({"text": "Past its target", "tone": "late"})
    if ticket.level > 1:
        marks.append({"text": "Not right the first time", "tone": "late"})
    return marks


def _remedy_chips(ticket: TicketRow) -> list[Row]:
    return [
        {"text": f"{remedy_label(remedy)} · {remedy.status.label}", "tone": REMEDY_TONES.get(remedy.status, "")}
        for remedy in ticket.remedies
        if remedy.status in SHOWN
    ]


def _owner(ticket: TicketRow, me: int | None) -> list[Row]:
    if ticket.owner is None:
        return [{"text": "Nobody has it", "tone": "late"}]
    return [] if ticket.owner.id == me else [{"text": ticket.owner.first_name, "tone": "plain"}]


def _cut(text: str | None, longest: int = LONGEST_HINT) -> str:
    plain = " ".join((text or "").split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1].rstrip()}…"
