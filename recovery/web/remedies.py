"""Giving more, making it ready, handing it over: what is done with a remedy."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from recovery.domain.errors import NotFound
from recovery.domain.money import parse_amount
from recovery.domain.permissions import Permission
from recovery.domain.remedies import RemedyKind
from recovery.edge import actor, needs
from recovery.models import Remedy, Ticket
from recovery.services.deciding import remedies
from recovery.services.session import DeskSession
from recovery.web.acting import on_ticket, reference_of
from recovery.web.forms import ReasonForm, RemedyForm, Versioned
from recovery.web.session import now
from recovery.web.wording import told_words

blueprint = Blueprint("remedies", __name__)


@blueprint.post("/tickets/<reference:reference>/remedies")
@needs(Permission.WORK, of="ticket")
def propose(reference: str) -> ResponseReturnValue:
    return on_ticket(reference, RemedyForm, _propose, part="grant", said="Noted.")


@blueprint.post("/remedies/<row_id:remedy_id>/readiness")
@needs(Permission.WORK, of="remedy")
def make_ready(remedy_id: int) -> ResponseReturnValue:
    return on_ticket(
        reference_of(Remedy, remedy_id),
        Versioned,
        lambda session, ticket, _: _make_ready(session, ticket, _of(session, ticket, remedy_id)),
        part="remedies",
        said="",
    )


@blueprint.post("/remedies/<row_id:remedy_id>/fulfilment")
@needs(Permission.WORK, of="remedy")
def fulfil(remedy_id: int) -> ResponseReturnValue:
    return on_ticket(
        reference_of(Remedy, remedy_id),
        Versioned,
        lambda session, ticket, _: remedies.fulfil(
            session, ticket, _of(session, ticket, remedy_id), now=now(), by=actor()
        ),
        part="remedies",
        said="Handed over.",
    )


@blueprint.post("/remedies/<row_id:remedy_id>/cancellation")
@needs(Permission.WORK, of="remedy")
def cancel(remedy_id: int) -> ResponseReturnValue:
    return on_ticket(
        reference_of(Remedy, remedy_id),
        ReasonForm,
        lambda session, ticket, form: remedies.cancel(
            session, ticket, _of(session, ticket, remedy_id), reason=form["reason"] or None, now=now(), by=actor()
        ),
        part="remedies",
        said="Cancelled.",
    )


@blueprint.post("/remedies/<row_id:remedy_id>/failure")
@needs(Permission.WORK, of="remedy")
def fail(remedy_id: int) -> ResponseReturnValue:
    return on_ticket(
        reference_of(Remedy, remedy_id),
        ReasonForm,
        lambda session, ticket, form: remedies.fail(
            session, ticket, _of(session, ticket, remedy_id), reason=form["reason"] or None, now=now(), by=actor()
        ),
        part="remedies",
        said="Noted that it could not be done. Offer something else.",
    )


def _propose(session: DeskSession, ticket: Ticket, form: Mapping[str, Any]) -> None:
    amount = parse_amount(form["amount"], ticket.site.currency) if form["amount"] else None
    remedies.propose(session, ticket, remedies.NewRemedy(RemedyKind(form["kind"]), amount), now=now(), by=actor())


def _make_ready(session: DeskSession, ticket: Ticket, remedy: Remedy) -> str:
    return f"Ready. {told_words(remedies.make_ready(session, ticket, remedy, now=now(), by=actor()))}"


def _of(session: DeskSession, ticket: Ticket, remedy_id: int) -> Remedy:
    """Read again under the ticket's lock."""
    remedy = session.get(Remedy, remedy_id, populate_existing=True)
    if remedy is None or remedy.ticket_id != ticket.id:
        raise NotFound("There is no such remedy on this ticket.")
    return remedy
