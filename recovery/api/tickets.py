"""Tickets: logging, listing, reading, changing, and what states they go through."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response

from recovery.api import answers
from recovery.api.acting import Made, Moment, answer_with, carry_out
from recovery.api.answers import Answer
from recovery.api.blueprint import ApiBlueprint
from recovery.api.schemas.answers import TicketSchema, page_of
from recovery.api.schemas.queries import TicketQuery
from recovery.api.schemas.requests import (
    ClosureSchema,
    NewTicketSchema,
    ResolutionSchema,
    TicketChangeSchema,
    Versioned,
    VoidSchema,
)
from recovery.domain.permissions import Permission
from recovery.models import Ticket
from recovery.services.access import visible_ticket
from recovery.services.proving.viewings import view
from recovery.services.ticketing import listing, reopening, tickets
from recovery.services.ticketing.fresh_rows import row_just_logged
from recovery.services.ticketing.logging_mistakes import NewTicket, log_whole
from recovery.services.ticketing.reading_tickets import ticket_row_by_id
from recovery.services.ticketing.tickets import Change

blueprint = ApiBlueprint("tickets", "One mistake and its recovery.")

TICKET = "ticket"
BY_HAND = "by_hand"


@blueprint.call(
    "POST", "/tickets", may=Permission.LOG, of="site", takes=NewTicketSchema, gives=TicketSchema, status=201
)
def log_ticket(new: NewTicket) -> Response:
    """Log a mistake

    Grants what is inside authority, asks for the rest, promises the next touch and queues the apology.
    """

    def act(at: Moment) -> Made:
        logged = log_whole(at.session, new, now=at.now, by=at.by)
        row = row_just_logged(at.session, logged, by=at.by)
        return Made(logged.ticket.id, None if row is None else at.spelled(row))

    return carry_out(act, thing=TICKET, show=shown, status=201)


@blueprint.call("GET", "/tickets", may=Permission.SEE, of="site", asks=TicketQuery, gives=page_of(TicketSchema))
def list_tickets(asked: dict[str, Any]) -> Response:
    """List tickets, newest first"""

    def read(at: Moment) -> Answer:
        at.site(asked["wanted"].site)
        found = listing.tickets(at.session, asked["wanted"], by=at.by, limit=asked["limit"], cursor=asked["cursor"])
        spelled = at.all_spelled(found.items)
        return answers.page(found, lambda row: spelled[row.id])

    return answer_with(read)


@blueprint.call("GET", "/tickets/<reference:reference>", may=Permission.SEE, of="ticket", gives=TicketSchema)
def get_ticket(reference: str) -> Response:
    """Read a ticket

    A sensitive one needs a viewing on the record first: POST …/viewings.
    """
    return answer_with(lambda at: at.spelled(at.opened(reference)))


@blueprint.call(
    "PATCH",
    "/tickets/<reference:reference>",
    may=Permission.WORK,
    of="ticket",
    takes=TicketChangeSchema,
    gives=TicketSchema,
)
def change_ticket(wanted: tuple[Change, int | None], reference: str) -> Response:
    """Change owner, severity, note or cause"""
    change, version = wanted
    owner = None if change.owner_id is None else str(change.owner_id)
    wishes = {"owner": owner, "severity": change.severity, "note": change.note, "cause": change.cause}

    def act(at: Moment) -> int:
        ticket = at.ticket(reference, version, yours=wishes)
        tickets.change(at.session, ticket, change, now=at.now, by=at.by)
        return ticket.id

    return carry_out(act, thing=TICKET, show=shown)


@blueprint.call(
    "POST",
    "/tickets/<reference:reference>/resolution",
    may=Permission.WORK,
    of="ticket",
    takes=ResolutionSchema,
    gives=TicketSchema,
)
def resolve_ticket(body: dict[str, Any], reference: str) -> Response:
    """Resolve: the customer is asked whether it is fixed

    409 while a remedy awaits approval.
    """

    def act(at: Moment, ticket: Ticket) -> None:
        tickets.resolve(at.session, ticket, how=body.get("how") or None, now=at.now, by=at.by)

    return _on_ticket(reference, body, act)


@blueprint.call(
    "POST",
    "/tickets/<reference:reference>/reopening",
    may=Permission.WORK,
    of="ticket",
    takes=Versioned,
    gives=TicketSchema,
)
def reopen_ticket(body: dict[str, Any], reference: str) -> Response:
    """Reopen, one level up

    After the reopening window the answer is a new ticket, linked to this one. By whoever resolved it, while the text that
    asks still waits (ten seconds), it is an undo: the status is what it was before, the level stays, and no text goes.
    """

    def act(at: Moment, ticket: Ticket) -> Ticket:
        return reopening.reopen(at.session, ticket, why=BY_HAND, now=at.now, by=at.by)

    return _on_ticket(reference, body, act)


@blueprint.call(
    "POST",
    "/tickets/<reference:reference>/closure",
    may=Permission.SUPERVISE,
    of="ticket",
    takes=ClosureSchema,
    gives=TicketSchema,
)
def close_ticket(body: dict[str, Any], reference: str) -> Response:
    """Close a resolved ticket, with its cause and what is done about it"""

    def act(at: Moment, ticket: Ticket) -> None:
        cause, action = body.get("cause") or None, body.get("action") or None
        tickets.close(at.session, ticket, cause=cause, action=action, now=at.now, by=at.by)

    return _on_ticket(reference, body, act)


@blueprint.call(
    "POST",
    "/tickets/<reference:reference>/void",
    may=Permission.WORK,
    of="ticket",
    takes=VoidSchema,
    gives=TicketSchema,
)
def void_ticket(body: dict[str, Any], reference: str) -> Response:
    """Void what was logged in error: it leaves the numbers, never the trail"""

    def act(at: Moment, ticket: Ticket) -> None:
        other = body.get("duplicate_of")
        duplicate = visible_ticket(at.session, other, by=at.by) if other else None
        tickets.void(at.session, ticket, reason=body["reason"], duplicate_of=duplicate, now=at.now, by=at.by)

    return _on_ticket(reference, body, act)


@blueprint.call(
    "POST",
    "/tickets/<reference:reference>/waiting",
    may=Permission.WORK,
    of="ticket",
    takes=Versioned,
    gives=TicketSchema,
)
def wait_for_customer(body: dict[str, Any], reference: str) -> Response:
    """Wait for the customer: pauses our clock, never theirs"""

    def act(at: Moment, ticket: Ticket) -> None:
        tickets.wait_for_customer(at.session, ticket, now=at.now, by=at.by)

    return _on_ticket(reference, body, act)


@blueprint.call(
    "POST",
    "/tickets/<reference:reference>/reading",
    may=Permission.WORK,
    of="ticket",
    takes=Versioned,
    gives=TicketSchema,
)
def mark_replies_read(body: dict[str, Any], reference: str) -> Response:
    """Mark the customer's replies as read"""

    def act(at: Moment, ticket: Ticket) -> None:
        tickets.mark_read(at.session, ticket, now=at.now, by=at.by)

    return _on_ticket(reference, body, act)


@blueprint.call(
    "POST",
    "/tickets/<reference:reference>/viewings",
    may=Permission.SEE,
    of="ticket",
    takes=Versioned,
    gives=TicketSchema,
)
def view_ticket(body: dict[str, Any], reference: str) -> Response:
    """Look at a sensitive ticket, on the record; good for 15 minutes"""

    def act(at: Moment, ticket: Ticket) -> None:
        view(at.session, ticket, now=at.now, by=at.by)

    return _on_ticket(reference, body, act)


def _on_ticket(reference: str, body: Mapping[str, Any], act: Callable[[Moment, Ticket], Ticket | None]) -> Response:
    """`act` has the ticket locked, as the caller knew it, and gives the one to answer with where it is another."""

    def work(at: Moment) -> int:
        ticket = at.ticket(reference, body.get("version"))
        return (act(at, ticket) or ticket).id

    return carry_out(work, thing=TICKET, show=shown)


def shown(at: Moment, ticket_id: int) -> Answer:
    return at.spelled(ticket_row_by_id(at.session, ticket_id, by=at.by))
