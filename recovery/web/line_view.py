"""The call that the desk makes for somebody: the button, or why there is none, how far it is, and what was inferred of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import url_for

from recovery.domain.actors import Actor
from recovery.domain.phone_calls import CallState, inferred_outcome
from recovery.models import Callback, PhoneCall, Staff, Ticket
from recovery.services.session import DeskSession
from recovery.services.telephony.call_lines import last_call_of
from recovery.services.telephony.placing import why_no_call
from recovery.services.ticketing.rows import CallbackRow, SiteBrief, TicketRow
from recovery.web.call_view import attempt_words
from recovery.web.rows import customer_name

SHOWN = {
    CallState.REQUESTED: "Asking for your call…",
    CallState.DIALLING: "Asking for your call…",
    CallState.IN_DOUBT: "Nobody knows yet whether your phone rings. If it does not within a minute, press again.",
    CallState.RINGING: "Ringing your phone…",
    CallState.ANSWERED: "You picked up: listen, then press any key.",
}
BY_ANOTHER = {
    CallState.CONNECTING: "{name} is calling them…",
    CallState.TALKING: "{name} is on the phone with them: {length}",
}
MINUTE = 60


def lines(reading: DeskSession, ticket: Ticket, row: TicketRow, *, now: datetime, by: Actor) -> Mapping[int, Any]:
    """By call on the list; nothing where the site does not call through the desk and never has."""
    calls = {
        call.id: line(reading, ticket, row, call, now=now, by=by)
        for call in row.callbacks
        if _concerns(reading, ticket, call)
    }
    return {
        call_id: each
        for call_id, each in calls.items()
        if any(each[part] for part in ("url", "why_not", "state", "inferred"))
    }


def line(
    reading: DeskSession, ticket: Ticket, row: TicketRow, call: CallbackRow, *, now: datetime, by: Actor
) -> dict[str, Any]:
    """What tickets/_line.html expects."""
    placed = last_call_of(reading, call.id)
    goes_on = placed is not None and placed.state is not CallState.ENDED
    why_not = _why_not(reading, ticket, call, now=now, by=by) if call.is_live and not goes_on else None
    return {
        "call_id": call.id,
        "url": url_for("calls.place", callback_id=call.id) if why_not == "" else "",
        "why_not": why_not or "",
        "goes_on": goes_on,
        "state": _state(placed, row, now=now, by=by) if placed else "",
        "inferred": _inferred(call, row.site),
    }


def _concerns(reading: DeskSession, ticket: Ticket, call: CallbackRow) -> bool:
    """Nothing is asked of the database for a site that dials by hand."""
    through_the_desk = reading.house.voice_of(ticket.site) is not None
    return (through_the_desk and call.is_live) or any(attempt.inferred for attempt in call.attempts)


def _why_not(reading: DeskSession, ticket: Ticket, call: CallbackRow, *, now: datetime, by: Actor) -> str | None:
    """None where the site dials by hand."""
    if reading.house.voice_of(ticket.site) is None or by.id is None:
        return None
    staff = reading.get_one(Staff, by.id)
    return why_no_call(reading, ticket, reading.get_one(Callback, call.id), staff, now=now)


def _state(placed: PhoneCall, row: TicketRow, *, now: datetime, by: Actor) -> str:
    if placed.state is CallState.ENDED:
        says = inferred_outcome(placed.ending, placed.seconds, placed.answered_by) if placed.ending else None
        return "" if says is not None or placed.ending is None else placed.ending.sentence
    name = placed.staff.first_name if placed.staff else "Somebody"
    if placed.staff_id != by.id:
        words = BY_ANOTHER.get(placed.state, "{name} is about to call them…")
        return words.format(name=name, length=_clock(placed, now=now))
    if placed.state is CallState.TALKING:
        return f"Talking {_clock(placed, now=now)}"
    return SHOWN.get(placed.state, f"Ringing {_whom(row)}…")


def _whom(row: TicketRow) -> str:
    return customer_name(row).split()[0] if row.customer and row.customer.name else "the customer"


def _clock(placed: PhoneCall, *, now: datetime) -> str:
    seconds = max(0, int((now - (placed.talking_since or now)).total_seconds()))
    return f"{seconds // MINUTE}:{seconds % MINUTE:02d}"


def _inferred(call: CallbackRow, site: SiteBrief) -> dict[str, Any] | None:
    """The last try, where nobody has said yet that it went so."""
    last = call.attempts[-1] if call.attempts else None
    if last is None or not last.inferred:
        return None
    return {
        "words": attempt_words(last, site),
        "outcome": last.outcome.value,
        "url": url_for("calls.correct", callback_id=call.id, number=last.number),
    }
