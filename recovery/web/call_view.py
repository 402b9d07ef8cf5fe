"""The calls of a ticket: those to make with their outcomes to choose from, and how earlier tries went."""

from datetime import datetime
from typing import Any

from flask import url_for

from recovery.domain.calendars import local_time
from recovery.domain.callbacks import Outcome
from recovery.models import Ticket
from recovery.services.calling.booking import open_slots
from recovery.services.session import DeskSession
from recovery.services.ticketing.rows import AttemptRow, CallbackRow, SiteBrief, TicketRow
from recovery.web.rows import at, call_reason, call_time, clock, ordinal_try

MOST_SLOTS = 40
OUTCOMES = [
    {"value": Outcome.REACHED.value, "label": "Reached", "look": ""},
    {"value": Outcome.NO_ANSWER.value, "label": "No answer", "look": "quiet"},
    {"value": Outcome.BUSY.value, "label": "Busy", "look": "quiet"},
    {"value": Outcome.VOICEMAIL.value, "label": "Voicemail", "look": "quiet"},
    {"value": Outcome.DISCONNECTED.value, "label": "Cut off", "look": "quiet"},
    {"value": Outcome.WRONG_NUMBER.value, "label": "Wrong number", "look": "quiet"},
]


def calls(row: TicketRow) -> list[dict[str, Any]]:
    """Live ones first, each with its urls; what is over is one line."""
    ordered = sorted(row.callbacks, key=lambda call: (not call.is_live, call.due_at))
    return [_call(call, row.site) for call in ordered]


def book_choices(reading: DeskSession, ticket: Ticket, *, now: datetime) -> list[dict[str, str]]:
    """As soon as someone is free, then the open times, by day."""
    soonest = {"value": "", "label": "As soon as someone is free"}
    slots = open_slots(reading, ticket.site, now=now)[:MOST_SLOTS]
    today = local_time(now, ticket.site.timezone).date()
    choices = []
    for slot in slots:
        local = local_time(slot, ticket.site.timezone)
        ahead = (local.date() - today).days
        day = {0: "Today", 1: "Tomorrow"}.get(ahead, f"{local:%a} {local.day} {local:%b}")
        choices.append({"value": slot.isoformat(), "label": f"{day} {local:%H:%M}"})
    return [soonest, *choices]


def _call(call: CallbackRow, site: SiteBrief) -> dict[str, Any]:
    who = call.staff.first_name if call.staff else "whoever is free"
    return {
        "id": call.id,
        "is_live": call.is_live,
        "why": call_reason(call),
        "status": call.status.label,
        "who": who,
        "time": call_time(call, site),
        "tries": [_try(attempt, site) for attempt in call.attempts],
        "next_try": ordinal_try(call.attempt_count + 1) if call.attempt_count else "",
        "ended": at(call.ended_at, site) if call.ended_at else "",
        "attempt_url": url_for("calls.attempt", callback_id=call.id),
        "move_url": url_for("calls.move", callback_id=call.id),
        "cancel_url": url_for("calls.cancel", callback_id=call.id),
        "is_task": call.is_task,
    }


def _try(attempt: AttemptRow, site: SiteBrief) -> str:
    note = f": {attempt.note}" if attempt.note else ""
    return f"{clock(attempt.at, site)} {attempt.by.first_name}, {attempt.outcome.label}{note}"
