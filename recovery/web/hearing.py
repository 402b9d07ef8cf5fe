"""What staff do with what customers write: move a text, opt its number out, or set a stranger's texts aside."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.errors import DomainError, NotFound, Stale, WrongState
from recovery.domain.permissions import Permission
from recovery.edge import actor, components, needs, status_of
from recovery.services.access import visible_ticket
from recovery.services.hearing import hands
from recovery.services.hearing.strangers import set_aside as set_stranger_aside
from recovery.services.session import DeskSession
from recovery.web.acting import Problem, stale_page, ticket_page
from recovery.web.forms import Form, MoveTextForm, SetAsideForm, Versioned, loaded, typed
from recovery.web.saying import say
from recovery.web.session import may_view, now, transact
from recovery.web.undetected import board

blueprint = Blueprint("hearing", __name__)
Work = Callable[[DeskSession, Mapping[str, Any]], str]


@blueprint.post("/tickets/<reference:reference>/messages/<row_id:message_id>/move")
@needs(Permission.WORK, of="ticket")
def move(reference: str, message_id: int) -> ResponseReturnValue:
    def work(session: DeskSession, form: Mapping[str, Any]) -> str:
        how: dict[str, Any] = {"version": form["version"], "now": now(), "by": actor()}
        target = hands.move_by_hand(session, reference, message_id, form["to"], **how)
        return f"Moved to {target.reference}."

    return _on_text(reference, MoveTextForm, work)


@blueprint.post("/tickets/<reference:reference>/messages/<row_id:message_id>/opt-out")
@needs(Permission.WORK, of="ticket")
def opt_out(reference: str, message_id: int) -> ResponseReturnValue:
    """Whatever else has changed on the ticket meanwhile, they have asked."""

    def work(session: DeskSession, _: Mapping[str, Any]) -> str:
        done = hands.opt_out_as_asked(session, reference, message_id, now=now(), by=actor())
        return "They get no more texts. Call them instead." if done else "They get no texts already."

    return _on_text(reference, Versioned, work)


@blueprint.post("/undetected/strangers/<row_id:stranger_id>/aside")
@needs(Permission.WORK, of="stranger")
def set_aside(stranger_id: int) -> ResponseReturnValue:
    try:
        reason = loaded(SetAsideForm)["reason"]
        transact(lambda session: set_stranger_aside(session, stranger_id, reason=reason, now=now(), by=actor()))
    except NotFound:
        raise
    except DomainError as wrong:
        return board(wrong=(stranger_id, wrong.detail, typed().get("reason", ""))), status_of(wrong)
    say("Set aside. If they write again, it stands here again.")
    return redirect(url_for("undetected.index"), 303)


@blueprint.post("/undetected/strangers/<row_id:stranger_id>/opt-out")
@needs(Permission.WORK, of="stranger")
def opt_out_stranger(stranger_id: int) -> ResponseReturnValue:
    try:
        transact(lambda session: hands.opt_out_stranger(session, stranger_id, now=now(), by=actor()))
    except WrongState as wrong:
        return board(wrong=(stranger_id, wrong.detail, "")), status_of(wrong)
    say("That number gets no texts from us.")
    return redirect(url_for("undetected.index"), 303)


def _on_text(reference: str, form: type[Form], work: Work) -> ResponseReturnValue:
    """As every act on a ticket, but for locks: these take more than the ticket's, in an order of their own."""
    try:
        values = loaded(form)
        if not _is_open(reference):
            return redirect(url_for("tickets.show", reference=reference))
        words = transact(lambda session: work(session, values))
    except Stale as stale:
        return stale_page(reference, stale), status_of(stale)
    except NotFound:
        raise
    except DomainError as error:
        return ticket_page(reference, Problem("story", error)), status_of(error)
    say(words)
    return redirect(url_for("tickets.show", reference=reference), 303)


def _is_open(reference: str) -> bool:
    with components().read() as reading:
        ticket = visible_ticket(reading, reference, by=actor())
        return not ticket.is_sensitive or may_view(ticket.id)
