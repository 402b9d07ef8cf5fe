"""A ticket as its page shows it: who, what, the promise, what is given, the calls, the story."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import url_for

from recovery.domain.actors import Actor
from recovery.domain.calendars import local_time
from recovery.domain.languages import Language
from recovery.domain.messages import Direction
from recovery.domain.money import MINOR_DIGITS, SYMBOLS, format_money
from recovery.domain.permissions import Permission
from recovery.domain.phones import country_of, pretty
from recovery.domain.ratings import SCALE
from recovery.domain.remedies import RemedyKind
from recovery.domain.tasks import LONGEST_WORDS, TaskList
from recovery.domain.tickets import FINISHED, LONGEST_NOTE, OVER, PromiseAbout, Severity, TicketStatus, ToldBy
from recovery.domain.zones import city_of
from recovery.models import Message, Ticket
from recovery.services.access import visible_ticket
from recovery.services.backstage.task_lists import tasks_on
from recovery.services.hearing.hands import Refusal, others_of, refusals_of
from recovery.services.hearing.photos import photos_of
from recovery.services.people.directory import staff_of
from recovery.services.proving.audit_search import trail
from recovery.services.reporting.spending import cost_words, price_of
from recovery.services.session import DeskSession
from recovery.services.texting.messages import around_words, render
from recovery.services.ticketing.rows import PromiseRow, TicketRow
from recovery.services.ticketing.stories import events_of, first_names, shown_words, thread_of
from recovery.services.waiting.wait_rows import live_wait_of
from recovery.web.audit_view import lines as trail_lines
from recovery.web.call_view import OUTCOMES, book_choices, calls
from recovery.web.clock_view import clock_words
from recovery.web.line_view import lines
from recovery.web.remedy_view import remedies
from recovery.web.rows import (
    READ,
    THANKS,
    at,
    clock,
    customer_name,
    failure_label,
    is_unhappy,
    matter,
    promise_time,
)
from recovery.web.segment_view import segment_words
from recovery.web.stream import people_in, stream
from recovery.web.task_view import ticket_row as task

NO_TEXT = {
    "no_phone": "No texts: there is no number.",
    "opted_out": "No texts: they have asked for none. Call instead.",
    "wrong_number": "No texts: the number is somebody else's.",
    "country": "No texts: the number is of a country that we do not text. Call instead; an admin can allow it.",
    "observation": "No texts: this is an observation, there is no customer.",
}
ABOUT = {
    PromiseAbout.TOUCH: "They hear from us",
    PromiseAbout.REMEDY: "They have it",
    PromiseAbout.ANSWER: "They have the answer",
    PromiseAbout.CALLBACK: "We call",
}
TOLD = {
    ToldBy.TEXT: "told by text",
    ToldBy.IN_PERSON: "told in person",
    ToldBy.PAGE: "it stands on their page",
    ToldBy.NOBODY: "nobody could be told yet",
}


def ticket_values(reading: DeskSession, row: TicketRow, *, now: datetime, by: Actor) -> dict[str, Any]:
    """All that tickets/show.html expects, but errors and what was typed."""
    ticket = visible_ticket(reading, row.reference, by=by)
    in_line = live_wait_of(reading, ticket) is not None
    events, messages = events_of(reading, row.id), thread_of(reading, row.id)
    photos = photos_of(reading, [each.id for each in messages if each.direction is Direction.INBOUND])
    names, words = first_names(reading, people_in(events, messages)), shown_words(reading, messages)
    return {
        "ticket": _head(row, now=now),
        "may": _may(row, by, in_line=in_line),
        "remedies": remedies(row, by),
        "calls": calls(row, messages, events, words),
        "in_line_url": url_for("waiting.index") if in_line else "",
        "lines": lines(reading, ticket, row, now=now, by=by),
        "outcomes": OUTCOMES,
        "tasks": [task(each) for each in tasks_on(reading, row.id, by=by)],
        "lists": [{"value": each.value, "label": each.label} for each in TaskList],
        "longest_words": LONGEST_WORDS,
        "story": stream(events, messages, row.site, names=names, words=words, photos=photos),
        "others": _others(reading, ticket, messages, by=by),
        "refusals": [_refusal(each, row) for each in refusals_of(reading, ticket)],
        "clock": clock_words(reading, ticket, row.site, now=now),
        "book_choices": book_choices(reading, ticket, now=now) if row.is_live else [],
        "owners": _owners(reading, row, by),
        "severities": [{"value": each.value, "label": each.label.capitalize()} for each in Severity],
        "kinds": [{"value": kind.value, "label": kind.label, "icon": kind.value} for kind in RemedyKind],
        "longest_note": LONGEST_NOTE,
        "sign": SYMBOLS.get(row.site.currency, row.site.currency),
        "reply_to": customer_name(row) if _can_be_texted(row) else "",
        "around": _around(reading, ticket, by) if _can_be_texted(row) else {},
        "trail": trail_lines(trail(reading, ticket), row.site.timezone) if by.may(Permission.AUDIT) else [],
    }


def reply_preview(reading: DeskSession, row: TicketRow, words: str, *, by: Actor) -> dict[str, Any] | None:
    """What tickets/preview.html shows of words that somebody would send; None where none may go."""
    if not _can_be_texted(row):
        return None
    ticket = visible_ticket(reading, row.reference, by=by)
    text = render(reading, ticket, "free", {"words": words}, by=by)
    cost = cost_words(reading, _country(ticket), text.segments.count)
    to = row.customer.name.split()[0] if row.customer and row.customer.name else ""
    return {"to": to, "body": text.body, "segments": segment_words(text.segments, words, cost=cost), "why_not": ""}


def _head(row: TicketRow, *, now: datetime) -> dict[str, Any]:
    phone = row.customer.phone if row.customer else None
    return {
        "id": row.id,
        "reference": row.reference,
        "url": url_for("tickets.show", reference=row.reference),
        "version": row.version,
        "who": customer_name(row),
        "first_name": customer_name(row).split()[0] if row.customer and row.customer.name else "the customer",
        "failure": matter(row),
        "site": row.site.name,
        "severity": row.severity.value,
        "status": row.status.label,
        "phone": pretty(phone, row.site.country) if phone else "",
        "tel": phone or "",
        "no_text": NO_TEXT.get(row.no_text_reason or "", ""),
        "time": promise_time(row),
        "promise": _promise_words(row, row.promise) if row.is_live and row.promise else _end_words(row),
        "lapses": row.lapses,
        "chips": _chips(row),
        "languages": _languages(row),
        "note": row.note or "",
        "facts": _facts(row, now=now),
        "owner": row.owner,
        "unread": row.unread,
        "read_label": READ if is_unhappy(row) else f"{THANKS}: mark as read",
        "call_is_due": any(call.is_live and call.due_at <= now for call in row.callbacks),
        "linked": {"reference": row.linked_to, "url": url_for("tickets.show", reference=row.linked_to)}
        if row.linked_to
        else None,
        "beside_url": url_for("log.show", beside=row.reference),
    }


def _chips(row: TicketRow) -> list[dict[str, str]]:
    tone = {"severe": "late", "serious": "soon"}.get(row.severity.value, "plain")
    chips = [{"text": row.status.label.capitalize(), "tone": ""}]
    if row.severity is not Severity.MINOR:
        chips.append({"text": row.severity.label.capitalize(), "tone": tone})
    if row.lapses:
        times = "once" if row.lapses == 1 else f"{row.lapses} times"
        chips.append({"text": f"Promise broken {times}", "tone": "late"})
    if row.level > 1:
        chips.append({"text": "Not right the first time", "tone": "late"})
    return chips


def _languages(row: TicketRow) -> list[dict[str, Any]]:
    """Where there is no number, or all is over, there is nobody to write to."""
    if row.customer is None or row.customer.phone is None or row.status in OVER:
        return []
    return [{"value": each.value, "label": each.label, "chosen": each == row.customer.language} for each in Language]


def _promise_words(row: TicketRow, promise: PromiseRow) -> str:
    return f"{ABOUT[promise.about]} by {clock(promise.due_at, row.site)}: {TOLD[promise.told_by]}."


def _end_words(row: TicketRow) -> str:
    if row.status is TicketStatus.VOID:
        return f"Logged in error: {row.void_reason}"
    if row.confirmed_at:
        said = f"The customer said {at(row.confirmed_at, row.site)} that it is fixed"
        return f"{said}." if row.rating is None else f"{said}, and rates it {row.rating} of {SCALE[-1]}."
    if row.resolved_at:
        return f"Resolved {at(row.resolved_at, row.site)}."
    return "Nobody waits for this: it is an observation."


def _facts(row: TicketRow, *, now: datetime) -> list[tuple[str, str]]:
    logged = local_time(row.logged_at, row.site.timezone)
    today = logged.date() == local_time(now, row.site.timezone).date()
    paid = format_money(row.order_amount, row.order_currency) if row.order_amount and row.order_currency else ""
    order = " · ".join(part for part in (row.order_reference or "", paid) if part)
    kept = {True: "kept it", False: "gave it back", None: ""}[row.order_kept]
    facts = [
        ("Logged", f"{logged:%H:%M}" if today else f"{logged.day} {logged:%B}, {logged:%H:%M}"),
        ("Where", row.site.name),
        ("Owner", row.owner.first_name if row.owner else "nobody"),
        ("Order", " · ".join(part for part in (order, kept) if part)),
        ("Their time zone", _zone_of_their_own(row)),
        ("Cause", row.cause or ""),
        ("Action", row.action or ""),
    ]
    return [(label, value) for label, value in facts if value]


def _zone_of_their_own(row: TicketRow) -> str:
    """What stands on this page is the site's time, whatever they are told."""
    theirs = row.customer.timezone if row.customer else None
    return city_of(theirs) if theirs and theirs != row.site.timezone else ""


def _may(row: TicketRow, by: Actor, *, in_line: bool) -> dict[str, bool]:
    theirs = by.may(Permission.SUPERVISE) or by.id in {row.logged_by_id, row.owner.id if row.owner else None}
    asked = any(remedy.status.value == "pending_approval" for remedy in row.remedies)
    return {
        "resolve": row.is_live and not asked,
        "asked": row.is_live and asked,
        "wait": row.is_live and not in_line and row.status is not TicketStatus.WAITING_FOR_CUSTOMER,
        "promise": row.is_live and row.promise is not None,
        "book": row.is_live and not any(call.is_live and not call.is_task for call in row.callbacks),
        "grant": row.is_live,
        "reopen": row.status in FINISHED,
        "close": row.status is TicketStatus.RESOLVED and by.may(Permission.SUPERVISE),
        "void": theirs and row.status not in {TicketStatus.VOID, TicketStatus.CLOSED},
        "change": theirs and row.status is not TicketStatus.VOID,
        "take": row.is_live and row.owner is None,
        "read": row.unread > 0,
    }


def _owners(reading: DeskSession, row: TicketRow, by: Actor) -> Sequence[dict[str, str]]:
    """Who may get it: a supervisor gives it to anybody here, everybody else takes it themselves."""
    keep = [{"value": "", "label": row.owner.name if row.owner else "Nobody"}]
    people = staff_of(reading, by=by, site=row.site.slug)
    others = [each for each in people if row.owner is None or each.id != row.owner.id]
    allowed = others if by.may(Permission.SUPERVISE) else [each for each in others if each.id == by.id]
    return [*keep, *({"value": str(each.id), "label": each.name} for each in allowed)]


def _around(reading: DeskSession, ticket: Ticket, by: Actor) -> dict[str, str]:
    before, after = around_words(reading, ticket, by=by)
    around = {"before": before, "after": after, "folds": "yes" if ticket.site.folds_texts else "no"}
    price, currency = price_of(reading, _country(ticket)), reading.house.policy.prices.currency
    if price is None:
        return around
    sign = SYMBOLS.get(currency, f"{currency} ")
    return around | {"price": str(price), "sign": sign, "digits": str(MINOR_DIGITS[currency])}


def _country(ticket: Ticket) -> str | None:
    """Of their number."""
    phone = ticket.customer.phone if ticket.customer else None
    return country_of(phone) if phone else None


def _others(reading: DeskSession, ticket: Ticket, messages: Sequence[Message], *, by: Actor) -> list[dict[str, str]]:
    """Where a text may be moved to; nothing where no text came in by one."""
    if not any(each.direction is Direction.INBOUND and each.contact_id is not None for each in messages):
        return []
    return [
        {"value": each.reference, "label": f"{each.reference} · {failure_label(each.failure)}"}
        for each in others_of(reading, ticket, by=by)
    ]


HOW = {
    "keyword": "They texted us the word for it",
    "person": "They asked in their own words, and one of us did it",
    "code": "Our texting provider told us, when it refused a text",
    "carried": "They had asked the number that we used before",
}


def _refusal(refusal: Refusal, row: TicketRow) -> dict[str, str]:
    return {
        "at": at(refusal.at, row.site),
        "how": HOW.get(refusal.how, refusal.how),
        "words": refusal.words or "",
        "lifted": at(refusal.lifted_at, row.site) if refusal.lifted_at else "",
    }


def _can_be_texted(row: TicketRow) -> bool:
    return bool(row.customer and row.customer.phone and not row.customer.opted_out) and row.no_text_reason is None
