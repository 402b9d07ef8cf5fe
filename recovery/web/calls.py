"""Calls promised to customers: booked, moved, cancelled, and how each try went."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.callbacks import Outcome
from recovery.domain.errors import Invalid, NotFound
from recovery.domain.permissions import Permission
from recovery.edge import actor, components, needs
from recovery.models import Callback, Ticket
from recovery.services.access import visible_ticket
from recovery.services.calling import attempts, booking
from recovery.services.session import DeskSession
from recovery.services.telephony import placing
from recovery.services.ticketing.reading_tickets import ticket_row_with
from recovery.web.acting import on_ticket, reference_of
from recovery.web.call_view import OUTCOMES
from recovery.web.forms import AttemptForm, CallForm, CorrectionForm, MoveForm, PlaceForm, Versioned
from recovery.web.line_view import line
from recovery.web.polling import answer
from recovery.web.session import may_view, now
from recovery.web.wording import told_words, when_told

blueprint = Blueprint("calls", __name__)
Form = Mapping[str, Any]
SAID: dict[str, str] = {
    Outcome.REACHED: "Well done: you spoke to them.",
    Outcome.WRONG_NUMBER: "Noted: no text goes to that number any more. Ask for the right one.",
}
RETRIED = "Noted. The next try stands on the list."
ASKED_TO_CHOOSE = "Noted. That was the last try: a text asks them to choose another time."
GIVEN_UP = "Noted. That was the last try, and no text reaches them: find another way, and promise them a time."


@blueprint.post("/tickets/<reference:reference>/callbacks")
@needs(Permission.WORK, of="ticket")
def book(reference: str) -> ResponseReturnValue:
    return on_ticket(
        reference,
        CallForm,
        _book,
        part="book",
        said="",
    )


@blueprint.post("/callbacks/<row_id:callback_id>/attempts")
@needs(Permission.WORK, of="callback")
def attempt(callback_id: int) -> ResponseReturnValue:
    return on_ticket(
        reference_of(Callback, callback_id),
        AttemptForm,
        lambda session, ticket, form: _attempt(session, ticket, _of(session, ticket, callback_id), form),
        part="calls",
        said="",
    )


@blueprint.post("/callbacks/<row_id:callback_id>/attempts/<row_id:number>/correction")
@needs(Permission.WORK, of="callback")
def correct(callback_id: int, number: int) -> ResponseReturnValue:
    return on_ticket(
        reference_of(Callback, callback_id),
        CorrectionForm,
        lambda session, ticket, form: _correct(session, ticket, _of(session, ticket, callback_id), number, form),
        part="calls",
        said="",
    )


@blueprint.post("/callbacks/<row_id:callback_id>/calls")
@needs(Permission.WORK, of="callback")
def place(callback_id: int) -> ResponseReturnValue:
    return on_ticket(
        reference_of(Callback, callback_id),
        PlaceForm,
        lambda session, ticket, _: _place(session, ticket, _of(session, ticket, callback_id)),
        part="calls",
        said="",
    )


@blueprint.get("/callbacks/<row_id:callback_id>/line")
@needs(Permission.SEE, of="callback")
def show_line(callback_id: int) -> ResponseReturnValue:
    """How far the call is, while the page is open. Raises NotFound, also where a sensitive ticket was not opened."""
    with components().read() as reading:
        row = ticket_row_with(reading, Callback, callback_id, by=actor())
        if row.is_sensitive and not may_view(row.id):
            raise NotFound("There is no such call at your sites.")
        ticket = visible_ticket(reading, row.reference, by=actor())
        call = next(each for each in row.callbacks if each.id == callback_id)
        values = line(reading, ticket, row, call, now=now(), by=actor())
    return answer(
        "tickets/line.html",
        {"line": values, "outcomes": OUTCOMES, "ticket_url": url_for("tickets.show", reference=row.reference)},
    )


@blueprint.post("/callbacks/<row_id:callback_id>/move")
@needs(Permission.WORK, of="callback")
def move(callback_id: int) -> ResponseReturnValue:
    return on_ticket(
        reference_of(Callback, callback_id),
        MoveForm,
        lambda session, ticket, form: _move(session, ticket, _of(session, ticket, callback_id), form),
        part="calls",
        said="",
    )


@blueprint.post("/callbacks/<row_id:callback_id>/cancellation")
@needs(Permission.WORK, of="callback")
def cancel(callback_id: int) -> ResponseReturnValue:
    return on_ticket(
        reference_of(Callback, callback_id),
        Versioned,
        lambda session, ticket, _: booking.cancel(
            session, ticket, _of(session, ticket, callback_id), now=now(), by=actor()
        ),
        part="calls",
        said="The call is cancelled.",
    )


def _book(session: DeskSession, ticket: Ticket, form: Form) -> str:
    wanted = _when(form["when"])
    call = booking.book(session, ticket, due_at=wanted, now=now(), by=actor())
    taken = wanted is not None and call.as_soon_as_possible
    done = (
        "That time has just been taken: they are called as soon as someone is free." if taken else "The call is booked."
    )
    return f"{done} {told_words(booking.text_about(session, call))}"


def _move(session: DeskSession, ticket: Ticket, call: Callback, form: Form) -> str:
    """Of a call task nobody has told them, and nobody does."""
    moved = booking.reschedule(session, ticket, call, due_at=_when(form["when"]), now=now(), by=actor())
    if moved.is_task:
        return "The call is moved."
    return f"The call is moved. {told_words(booking.text_about(session, moved))}"


def _attempt(session: DeskSession, ticket: Ticket, call: Callback, form: Form) -> str:
    outcome = Outcome(form["outcome"])
    said: dict[str, Any] = {"outcome": outcome, "note": form["note"], "number": form["number"]}
    tried = attempts.attempt(session, ticket, call, **said, now=now(), by=actor())
    if outcome is not Outcome.DISCONNECTED:
        return SAID.get(outcome) or _after_nobody(call)
    told = when_told(attempts.text_of_redial(session, tried)) == "now"
    return f"Call straight back: {'they have been told that you do' if told else 'no text tells them that you do'}."


def _after_nobody(call: Callback) -> str:
    if call.ended_at is None:
        return RETRIED
    return ASKED_TO_CHOOSE if call.given_up_at is None else GIVEN_UP


def _place(session: DeskSession, ticket: Ticket, call: Callback) -> str:
    placing.place(session, ticket, call, now=now(), by=actor())
    return "Your phone rings in a moment: pick up, listen, and press any key."


def _correct(session: DeskSession, ticket: Ticket, call: Callback, number: int, form: Form) -> str:
    outcome = Outcome(form["outcome"])
    attempts.correct(session, ticket, call, number, outcome=outcome, now=now(), by=actor())
    return f"Noted: {outcome.label}."


def _when(text: str) -> datetime | None:
    """None is as soon as someone is free. Raises Invalid for what the page did not offer."""
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise Invalid.field("when", "Choose one of the times offered.")
    return when


def _of(session: DeskSession, ticket: Ticket, callback_id: int) -> Callback:
    """Read again under the ticket's lock."""
    callback = session.get(Callback, callback_id, populate_existing=True)
    if callback is None or callback.ticket_id != ticket.id:
        raise NotFound("There is no such call on this ticket.")
    return callback
