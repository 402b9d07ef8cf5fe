"""Calls promised to customers, and each try."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response

from recovery.api import answers
from recovery.api.acting import Moment, answer_with, carry_out
from recovery.api.answers import Answer
from recovery.api.blueprint import ApiBlueprint
from recovery.api.schemas.answers import CallbackOnTicketSchema, CallSchema, SlotSchema, page_of
from recovery.api.schemas.queries import CallQuery, SlotQuery, VersionQuery
from recovery.api.schemas.requests import AttemptSchema, CorrectionSchema, NewCallbackSchema, Versioned
from recovery.domain.permissions import Permission
from recovery.models import Callback, Ticket
from recovery.services.access import refuse_stale, ticket_of_callback, visible_site
from recovery.services.calling import attempts, booking, slots
from recovery.services.telephony import placing
from recovery.services.ticketing import listing
from recovery.services.ticketing.reading_tickets import ticket_row_with

blueprint = ApiBlueprint("callbacks", "Calls promised to customers.")

CALLBACK = "callback"


@blueprint.call(
    "POST",
    "/tickets/<reference:reference>/callbacks",
    may=Permission.WORK,
    of="ticket",
    takes=NewCallbackSchema,
    gives=CallbackOnTicketSchema,
    status=201,
)
def book_callback(body: dict[str, Any], reference: str) -> Response:
    """Book a call; without a time, as soon as someone is free

    A ticket that has a call booked gets it moved, not doubled.
    """

    def act(at: Moment) -> int:
        ticket = at.ticket(reference, body.get("version"))
        return booking.book(at.session, ticket, due_at=body.get("due_at"), now=at.now, by=at.by).id

    return carry_out(act, thing=CALLBACK, show=_shown, status=201)


@blueprint.call("GET", "/callbacks", may=Permission.SEE, of="site", asks=CallQuery, gives=page_of(CallSchema))
def list_callbacks(asked: dict[str, Any]) -> Response:
    """List calls, the soonest due first"""

    def read(at: Moment) -> Answer:
        at.site(asked.get("site"))
        found = listing.calls(at.session, by=at.by, **asked)
        tickets = {row.ticket.id: row.ticket for row in found.items}
        closed, spelled = at.unseen(tickets.values()), at.all_spelled(tickets.values())
        return answers.page(
            found,
            lambda row: answers.call(row, spelled[row.ticket.id], restricted=row.ticket.id in closed),
        )

    return answer_with(read)


@blueprint.call("GET", "/callbacks/slots", may=Permission.SEE, of="site", asks=SlotQuery, gives=page_of(SlotSchema))
def list_slots(asked: dict[str, Any]) -> Response:
    """List the times that a customer may choose at a site"""

    def read(at: Moment) -> Answer:
        site = visible_site(at.session, asked["site"], by=at.by)
        return answers.slots(slots.open_slots(at.session, site, now=at.now), asked)

    return answer_with(read)


@blueprint.call(
    "POST",
    "/callbacks/<row_id:callback_id>/attempts",
    may=Permission.WORK,
    of="callback",
    takes=AttemptSchema,
    gives=CallbackOnTicketSchema,
    status=201,
)
def record_attempt(body: dict[str, Any], callback_id: int) -> Response:
    """Say how a try to call went

    After `disconnected` the redial is due in two minutes and the customer is told; nobody there: it is tried again later.
    """

    def act(at: Moment, ticket: Ticket, callback: Callback) -> None:
        attempts.attempt(
            at.session, ticket, callback, outcome=body["outcome"], note=body.get("note"), now=at.now, by=at.by
        )

    return _on_callback(callback_id, body, act, status=201)


@blueprint.call(
    "POST",
    "/callbacks/<row_id:callback_id>/attempts/<row_id:attempt_number>/correction",
    may=Permission.WORK,
    of="callback",
    takes=CorrectionSchema,
    gives=CallbackOnTicketSchema,
)
def correct_attempt(body: dict[str, Any], callback_id: int, attempt_number: int) -> Response:
    """Say how a try went that was inferred from the provider's callbacks

    Also that it went just so. What had come of it is taken back where it can be, and what comes of the truth is done.
    """

    def act(at: Moment, ticket: Ticket, callback: Callback) -> None:
        attempts.correct(at.session, ticket, callback, attempt_number, outcome=body["outcome"], now=at.now, by=at.by)

    return _on_callback(callback_id, body, act)


@blueprint.call(
    "POST",
    "/callbacks/<row_id:callback_id>/calls",
    may=Permission.WORK,
    of="callback",
    takes=Versioned,
    gives=CallbackOnTicketSchema,
    status=201,
)
def place_call(body: dict[str, Any], callback_id: int) -> Response:
    """Have your own phone rung, then the customer's

    Where the site calls through the desk and your number is known. What the provider tells of the call becomes an attempt.
    """

    def act(at: Moment, ticket: Ticket, callback: Callback) -> None:
        placing.place(at.session, ticket, callback, now=at.now, by=at.by)

    return _on_callback(callback_id, body, act, status=201)


@blueprint.call(
    "PATCH",
    "/callbacks/<row_id:callback_id>",
    may=Permission.WORK,
    of="callback",
    takes=NewCallbackSchema,
    gives=CallbackOnTicketSchema,
)
def move_callback(body: dict[str, Any], callback_id: int) -> Response:
    """Move a call; without a time, to as soon as someone is free"""

    def act(at: Moment, ticket: Ticket, callback: Callback) -> None:
        booking.reschedule(at.session, ticket, callback, due_at=body.get("due_at"), now=at.now, by=at.by)

    return _on_callback(callback_id, body, act)


@blueprint.call(
    "DELETE",
    "/callbacks/<row_id:callback_id>",
    may=Permission.WORK,
    of="callback",
    asks=VersionQuery,
    gives=CallbackOnTicketSchema,
)
def cancel_callback(asked: dict[str, Any], callback_id: int) -> Response:
    """Cancel a call: the customer is told"""

    def act(at: Moment, ticket: Ticket, callback: Callback) -> None:
        booking.cancel(at.session, ticket, callback, now=at.now, by=at.by)

    return _on_callback(callback_id, asked, act)


def _on_callback(
    callback_id: int, asked: Mapping[str, Any], act: Callable[[Moment, Ticket, Callback], None], *, status: int = 200
) -> Response:
    def work(at: Moment) -> int:
        ticket, callback = ticket_of_callback(at.session, callback_id, by=at.by)
        refuse_stale(at.session, ticket, asked.get("version"))
        act(at, ticket, callback)
        return callback.id

    return carry_out(work, thing=CALLBACK, show=_shown, status=status)


def _shown(at: Moment, callback_id: int) -> Answer:
    row = ticket_row_with(at.session, Callback, callback_id, by=at.by)
    found = next(each for each in row.callbacks if each.id == callback_id)
    return answers.callback(found, restricted=bool(at.unseen([row]))) | {"ticket": answers.state(row)}
