"""Remedies and the approvals above somebody's authority."""

from collections.abc import Callable
from typing import Any

from flask import Response

from recovery.api import answers
from recovery.api.acting import Moment, answer_with, carry_out
from recovery.api.answers import Answer
from recovery.api.blueprint import ApiBlueprint
from recovery.api.schemas.answers import ApprovalAnswerSchema, RemedyOnTicketSchema, page_of
from recovery.api.schemas.queries import Paged
from recovery.api.schemas.requests import ApprovalSchema, ProposalSchema, ReasonSchema, RefusalSchema, Versioned
from recovery.domain.permissions import Permission
from recovery.models import Remedy, Ticket
from recovery.services.access import refuse_stale, ticket_of_remedy
from recovery.services.deciding import remedies
from recovery.services.deciding.remedies import NewRemedy
from recovery.services.ticketing import listing
from recovery.services.ticketing.reading_tickets import ticket_row_with

blueprint = ApiBlueprint("remedies", "What is given to put a mistake right, and who allowed it.")

REMEDY = "remedy"


@blueprint.call(
    "POST",
    "/tickets/<reference:reference>/remedies",
    may=Permission.WORK,
    of="ticket",
    takes=ProposalSchema,
    gives=RemedyOnTicketSchema,
    status=201,
)
def propose_remedy(wanted: tuple[NewRemedy, int | None], reference: str) -> Response:
    """Grant a remedy, or ask for it where it is above your authority"""
    new, version = wanted

    def act(at: Moment) -> int:
        return remedies.propose(at.session, at.ticket(reference, version), new, now=at.now, by=at.by).id

    return carry_out(act, thing=REMEDY, show=_shown, status=201)


@blueprint.call(
    "POST",
    "/remedies/<row_id:remedy_id>/approval",
    may=Permission.APPROVE,
    of="remedy",
    takes=ApprovalSchema,
    gives=RemedyOnTicketSchema,
)
def approve_remedy(body: dict[str, Any], remedy_id: int) -> Response:
    """Approve what a colleague asked for, or a smaller amount"""

    def decide(at: Moment, ticket: Ticket, remedy: Remedy) -> None:
        remedies.approve(at.session, ticket, remedy, now=at.now, by=at.by, amount=body.get("amount"))

    return _on_remedy(remedy_id, body, decide)


@blueprint.call(
    "POST",
    "/remedies/<row_id:remedy_id>/refusal",
    may=Permission.APPROVE,
    of="remedy",
    takes=RefusalSchema,
    gives=RemedyOnTicketSchema,
)
def refuse_remedy(body: dict[str, Any], remedy_id: int) -> Response:
    """Refuse what a colleague asked for, with a reason"""

    def decide(at: Moment, ticket: Ticket, remedy: Remedy) -> None:
        remedies.refuse(at.session, ticket, remedy, reason=body["reason"], now=at.now, by=at.by)

    return _on_remedy(remedy_id, body, decide)


@blueprint.call(
    "POST",
    "/remedies/<row_id:remedy_id>/readiness",
    may=Permission.WORK,
    of="remedy",
    takes=Versioned,
    gives=RemedyOnTicketSchema,
)
def make_remedy_ready(body: dict[str, Any], remedy_id: int) -> Response:
    """Say that it is ready: the customer is texted"""

    def ready(at: Moment, ticket: Ticket, remedy: Remedy) -> None:
        remedies.make_ready(at.session, ticket, remedy, now=at.now, by=at.by)

    return _on_remedy(remedy_id, body, ready)


@blueprint.call(
    "POST",
    "/remedies/<row_id:remedy_id>/fulfilment",
    may=Permission.WORK,
    of="remedy",
    takes=Versioned,
    gives=RemedyOnTicketSchema,
)
def fulfil_remedy(body: dict[str, Any], remedy_id: int) -> Response:
    """Hand it over: who and when are kept"""

    def hand_over(at: Moment, ticket: Ticket, remedy: Remedy) -> None:
        remedies.fulfil(at.session, ticket, remedy, now=at.now, by=at.by)

    return _on_remedy(remedy_id, body, hand_over)


@blueprint.call(
    "POST",
    "/remedies/<row_id:remedy_id>/cancellation",
    may=Permission.WORK,
    of="remedy",
    takes=ReasonSchema,
    gives=RemedyOnTicketSchema,
)
def cancel_remedy(body: dict[str, Any], remedy_id: int) -> Response:
    """Cancel it; money that was counted is counted back"""

    def cancel(at: Moment, ticket: Ticket, remedy: Remedy) -> None:
        remedies.cancel(at.session, ticket, remedy, reason=body.get("reason") or None, now=at.now, by=at.by)

    return _on_remedy(remedy_id, body, cancel)


@blueprint.call(
    "POST",
    "/remedies/<row_id:remedy_id>/failure",
    may=Permission.WORK,
    of="remedy",
    takes=ReasonSchema,
    gives=RemedyOnTicketSchema,
)
def fail_remedy(body: dict[str, Any], remedy_id: int) -> Response:
    """Say that it could not be carried out"""

    def fail(at: Moment, ticket: Ticket, remedy: Remedy) -> None:
        remedies.fail(at.session, ticket, remedy, reason=body.get("reason") or None, now=at.now, by=at.by)

    return _on_remedy(remedy_id, body, fail)


@blueprint.call("GET", "/approvals", may=Permission.APPROVE, of="site", asks=Paged, gives=page_of(ApprovalAnswerSchema))
def list_approvals(asked: dict[str, Any]) -> Response:
    """List what waits for your decision, the nearest deadline first"""

    def read(at: Moment) -> Answer:
        found = listing.approvals(at.session, by=at.by, limit=asked["limit"], cursor=asked.get("cursor"))
        tickets = {row.ticket.id: row.ticket for row in found.items}
        closed, spelled = at.unseen(tickets.values()), at.all_spelled(tickets.values())
        return answers.page(
            found,
            lambda row: answers.approval(row, spelled[row.ticket.id], restricted=row.ticket.id in closed),
        )

    return answer_with(read)


def _on_remedy(remedy_id: int, body: dict[str, Any], act: Callable[[Moment, Ticket, Remedy], None]) -> Response:
    def work(at: Moment) -> int:
        ticket, remedy = ticket_of_remedy(at.session, remedy_id, by=at.by)
        refuse_stale(at.session, ticket, body.get("version"))
        act(at, ticket, remedy)
        return remedy.id

    return carry_out(work, thing=REMEDY, show=_shown)


def _shown(at: Moment, remedy_id: int) -> Answer:
    row = ticket_row_with(at.session, Remedy, remedy_id, by=at.by)
    found = next(each for each in row.remedies if each.id == remedy_id)
    return answers.remedy(found, restricted=bool(at.unseen([row]))) | {"ticket": answers.state(row)}
