"""The calls of a ticket: those to make with their outcomes to choose from, and how earlier tries went."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from flask import url_for

from recovery.domain.calendars import local_time
from recovery.domain.callbacks import CallReason, Outcome
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.models import Event, Message, Ticket
from recovery.services.calling.slots import open_slots
from recovery.services.session import DeskSession
from recovery.services.texting.messages import CALLED_INSTEAD, CAPPED, NO_PHONE
from recovery.services.ticketing.rows import AttemptRow, CallbackRow, SiteBrief, TicketRow
from recovery.web.offered_times import by_day
from recovery.web.rows import at, call_reason, call_time, clock, ordinal_try
from recovery.web.unsent import trouble, waits_for_money
from recovery.web.wording import length

NOT_SAID = {
    "logged": "that we are sorry, and by when they hear from us",
    "logged_waiting": "that we are sorry, and that somebody is being asked for them",
    "asked": "that somebody is being asked for them",
    "approval_granted": "that what was asked for them is approved",
    "approval_refused": "that what was asked for them is declined",
    "granted": "what they get",
    "ready": "that it is ready",
    "late": "that it takes longer, and the new time",
    "promised": "the new time",
    "reopened": "that we look at it again",
    "resolved": "that it is put right, nor asked whether it is",
    "resolved_again": "that it is put right, nor asked whether it is",
    "callback_booked": "when we call",
    "callback_moved": "when we call now",
    "callback_cancelled": "that the call is off",
    "unreached": "that we could not reach them, nor asked for another time",
}
"""By template, where the words were never written."""
CALLED_FOR = {**CALLED_INSTEAD, NO_PHONE: CallReason.NO_PHONE, CAPPED: CallReason.UNDELIVERED}
"""Why no text was written, and the call that is to be made for it."""
OUTCOMES = [
    {"value": Outcome.REACHED.value, "label": "Reached", "look": ""},
    {"value": Outcome.NO_ANSWER.value, "label": "No answer", "look": "quiet"},
    {"value": Outcome.BUSY.value, "label": "Busy", "look": "quiet"},
    {"value": Outcome.VOICEMAIL.value, "label": "Voicemail", "look": "quiet"},
    {"value": Outcome.DISCONNECTED.value, "label": "Cut off", "look": "quiet"},
    {"value": Outcome.WRONG_NUMBER.value, "label": "Wrong number", "look": "quiet"},
]


def calls(
    row: TicketRow, messages: Sequence[Message], events: Sequence[Event], words: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Live ones first, each with its urls and with what the customer has not heard; what is over is one line."""
    ordered = sorted(row.callbacks, key=lambda call: (not call.is_live, call.due_at))
    return [
        _call(call, row.site) | {"unheard": [*_unheard(call, messages, words), *_unwritten(call, events)]}
        for call in ordered
    ]


def book_choices(reading: DeskSession, ticket: Ticket, *, now: datetime) -> list[dict[str, str]]:
    """As soon as someone is free, then the open times, as far ahead as customers choose among them."""
    soonest, zone = {"value": "", "label": "As soon as someone is free"}, ticket.site.timezone
    today = local_time(now, zone).date()
    choices = []
    for slot in chain.from_iterable(by_day(open_slots(reading, ticket.site, now=now), zone=zone, site_zone=zone)):
        local = local_time(slot, zone)
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
        "tries": [attempt_words(attempt, site) for attempt in call.attempts],
        "number": call.attempt_count + 1,
        "next_try": ordinal_try(call.attempt_count + 1) if call.attempt_count else "",
        "ended": at(call.ended_at, site) if call.ended_at else "",
        "attempt_url": url_for("calls.attempt", callback_id=call.id),
        "move_url": url_for("calls.move", callback_id=call.id),
        "cancel_url": url_for("calls.cancel", callback_id=call.id),
        "is_task": call.is_task,
    }


def _unheard(call: CallbackRow, messages: Sequence[Message], words: Mapping[int, str]) -> Iterator[dict[str, str]]:
    """The words of the texts that did not get there since the call was put on the list, and why each did not."""
    if not (call.is_live and call.is_task):
        return
    for message in messages:
        lost = message.status in {MessageStatus.FAILED, MessageStatus.UNDELIVERED}
        stopped = message.drop_reason is not None and message.drop_reason == call.reason
        at_that_time = message.final_at is not None and message.final_at >= call.booked_at
        silent = message.status is MessageStatus.SENT and message.error is not None
        waits = waits_for_money(message) and message.created_at >= call.booked_at
        if ((lost or stopped) and at_that_time) or ((silent or waits) and call.reason is CallReason.UNDELIVERED):
            yield {"words": words[message.id], "why": trouble(message)}


def _unwritten(call: CallbackRow, events: Sequence[Event]) -> Iterator[dict[str, str]]:
    """What no text was written for, because none may go or there is no number."""
    if not (call.is_live and call.is_task):
        return
    for event in events:
        if event.tag == Tag.TEXT_WITHHELD and event.at >= call.booked_at:
            payload = json.loads(event.payload)
            if CALLED_FOR.get(payload["reason"]) is call.reason and payload["template"] in NOT_SAID:
                yield {"words": "", "why": f"They have not been told {NOT_SAID[payload['template']]}."}


def attempt_words(attempt: AttemptRow, site: SiteBrief) -> str:
    """Give "14:02 Maya, we got cut off after 38 s (inferred): they were in a tunnel"."""
    lasted = f" after {length(attempt.seconds)}" if attempt.seconds is not None else ""
    inferred = " (inferred)" if attempt.inferred else ""
    note = f": {attempt.note}" if attempt.note else ""
    return f"{clock(attempt.at, site)} {attempt.by.first_name}, {attempt.outcome.label}{lasted}{inferred}{note}"
