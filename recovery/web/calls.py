"""Calls promised to customers: booked, moved, cancelled, and how each try went."""

from datetime import datetime

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from recovery.domain.callbacks import Outcome
from recovery.domain.errors import Invalid, NotFound
from recovery.domain.permissions import Permission
from recovery.edge import actor, needs
from recovery.models import Callback, Ticket
from recovery.services.calling import attempts, booking
from recovery.services.session import DeskSession
from recovery.web.acting import on_ticket, reference_of
from recovery.web.forms import AttemptForm, CallForm, MoveForm, Versioned
from recovery.web.session import now

blueprint = Blueprint("calls", __name__)
SAID: dict[str, str] = {
    Outcome.REACHED: "Well done: you spoke to them.",
    Outcome.DISCONNECTED: "Call straight back: they have been told that you do.",
    Outcome.WRONG_NUMBER: "Noted: no text goes to that number any more. Ask for the right one.",
}
RETRIED = "Noted. The next try stands on the list."


@blueprint.post("/tickets/<reference:reference>/callbacks")
@needs(Permission.WORK, of="ticket")
def book(reference: str) -> ResponseReturnValue:
    return on_ticket(
        reference,
        CallForm,
        lambda session, ticket, form: booking.book(session, ticket, due_at=_when(form["when"]), now=now(), by=actor()),
        part="book",
        said="The call is booked, and they are told.",
    )


@blueprint.post("/callbacks/<row_id:callback_id>/attempts")
@needs(Permission.WORK, of="callback")
def attempt(callback_id: int) -> ResponseReturnValue:
    said = SAID.get(request.form.get("outcome", ""), RETRIED)
    return on_ticket(
        reference_of(Callback, callback_id),
        AttemptForm,
        lambda session, ticket, form: attempts.attempt(
            session,
            ticket,
            _of(session, ticket, callback_id),
            outcome=Outcome(form["outcome"]),
            note=form["note"],
            now=now(),
            by=actor(),
        ),
        part="calls",
        said=said,
    )


@blueprint.post("/callbacks/<row_id:callback_id>/move")
@needs(Permission.WORK, of="callback")
def move(callback_id: int) -> ResponseReturnValue:
    return on_ticket(
        reference_of(Callback, callback_id),
        MoveForm,
        lambda session, ticket, form: booking.reschedule(
            session,
            ticket,
            _of(session, ticket, callback_id),
            due_at=_when(form["when"]),
            now=now(),
            by=actor(),
        ),
        part="calls",
        said="The call is moved, and they are told.",
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
