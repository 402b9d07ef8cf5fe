"""Tickets: the list, the page of one, and what people do with it."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.errors import DomainError, Invalid
from recovery.domain.languages import Language
from recovery.domain.permissions import Permission
from recovery.domain.tickets import Severity, ToldBy
from recovery.edge import actor, components, needs, status_of
from recovery.models import Ticket
from recovery.services.access import locked_ticket
from recovery.services.people.directory import sites_of
from recovery.services.proving.viewings import view
from recovery.services.session import DeskSession
from recovery.services.texting.messages import leaves_at
from recovery.services.ticketing import listing, reopening, tickets
from recovery.services.timing.promises import promise_by_hand
from recovery.web.acting import Problem, on_ticket, ticket_page
from recovery.web.forms import (
    ChangeForm,
    CloseForm,
    FromListForm,
    LanguageForm,
    PromiseForm,
    ReasonForm,
    ReplyForm,
    ResolveForm,
    Versioned,
    loaded,
)
from recovery.web.rows import lane_row
from recovery.web.session import allow_viewing, now, transact
from recovery.web.ticket_filter import Filter
from recovery.web.wording import when_told

blueprint = Blueprint("tickets", __name__, url_prefix="/tickets")
HELD_TOO_LONG = "Promised. Texts wait for the morning now, and this is due before: call them and say it."
ASKED = {
    "now": "In a moment they are asked whether it is fixed.",
    "later": "Texts wait for the morning now: they are asked then whether it is fixed.",
    "by_hand": "No text asks them whether it is fixed.",
}
SENT = {
    "now": "Your text is on its way.",
    "later": "Texts wait for the morning now: yours goes then.",
    "by_hand": "The month's money for texts is spent, so yours waits: call them instead.",
}
"""By when the customer hears of it."""
UNTOLD = "Promised. No text tells them now: call them and say it."


@blueprint.get("")
@needs(Permission.SEE)
def index() -> ResponseReturnValue:
    with components().read() as reading:
        sites = sites_of(reading, by=actor())
        wanted = Filter.from_query(request.args, sites)
        page, error = _found(reading, wanted)
    query: dict[str, Any] = dict(wanted.query)
    following = url_for("tickets.index", **query, cursor=page.next_cursor) if page and page.next_cursor else ""
    return render_template(
        "tickets/index.html",
        rows=[lane_row(row, me=actor().id) for row in page.items] if page else [],
        filter=wanted.typed,
        choices=wanted.choices,
        error=error,
        next_url=following,
        first_url=url_for("tickets.index", **query) if request.args.get("cursor") else "",
    )


@blueprint.get("/<reference:reference>")
@needs(Permission.SEE, of="ticket")
def show(reference: str) -> ResponseReturnValue:
    return ticket_page(reference)


@blueprint.post("/<reference:reference>/viewings")
@needs(Permission.SEE, of="ticket")
def open_sensitive(reference: str) -> ResponseReturnValue:
    def work(writing: DeskSession) -> int:
        ticket = locked_ticket(writing, reference, by=actor())
        view(writing, ticket, now=now(), by=actor())
        return ticket.id

    allow_viewing(transact(work))
    return redirect(url_for("tickets.show", reference=reference))


@blueprint.post("/<reference:reference>/resolution")
@needs(Permission.WORK, of="ticket")
def resolve(reference: str) -> ResponseReturnValue:
    return on_ticket(
        reference,
        ResolveForm,
        _resolve,
        part="resolve",
        said="",
        undo="tickets.undo_resolution",
    )


@blueprint.post("/<reference:reference>/resolution/undo")
@needs(Permission.WORK, of="ticket")
def undo_resolution(reference: str) -> ResponseReturnValue:
    return on_ticket(
        reference,
        FromListForm,
        lambda session, ticket, _: reopening.undo_resolution(session, ticket, now=now(), by=actor()),
        part="resolve",
        said="Undone: it is open again, and no text went.",
    )


@blueprint.post("/<reference:reference>/reopening")
@needs(Permission.WORK, of="ticket")
def reopen(reference: str) -> ResponseReturnValue:
    return on_ticket(
        reference,
        Versioned,
        lambda session, ticket, _: reopening.reopen(session, ticket, why="by_hand", now=now(), by=actor()),
        part="resolve",
        said="It is open again, one level up.",
    )


@blueprint.post("/<reference:reference>/waiting")
@needs(Permission.WORK, of="ticket")
def wait(reference: str) -> ResponseReturnValue:
    return on_ticket(
        reference,
        Versioned,
        lambda session, ticket, _: tickets.wait_for_customer(session, ticket, now=now(), by=actor()),
        part="more",
        said="Waiting for the customer. We look again within a day.",
    )


@blueprint.post("/<reference:reference>/closure")
@needs(Permission.SUPERVISE, of="ticket")
def close(reference: str) -> ResponseReturnValue:
    return on_ticket(
        reference,
        CloseForm,
        lambda session, ticket, form: tickets.close(session, ticket, **_cause(form), now=now(), by=actor()),
        part="close",
        said="Closed, with its cause.",
    )


@blueprint.post("/<reference:reference>/void")
@needs(Permission.WORK, of="ticket")
def void(reference: str) -> ResponseReturnValue:
    return on_ticket(
        reference,
        ReasonForm,
        lambda session, ticket, form: tickets.void(
            session, ticket, reason=form["reason"], duplicate_of=None, now=now(), by=actor()
        ),
        part="void",
        said="Taken out: it leaves the numbers, never the trail.",
    )


@blueprint.post("/<reference:reference>/change")
@needs(Permission.WORK, of="ticket")
def change(reference: str) -> ResponseReturnValue:
    return on_ticket(
        reference,
        ChangeForm,
        lambda session, ticket, form: tickets.change(session, ticket, _change(form), now=now(), by=actor()),
        part="change",
        said="Changed.",
    )


@blueprint.post("/<reference:reference>/language")
@needs(Permission.WORK, of="ticket")
def speak(reference: str) -> ResponseReturnValue:
    return on_ticket(reference, LanguageForm, _speak, part="language", said="")


@blueprint.post("/<reference:reference>/owner")
@needs(Permission.WORK, of="ticket")
def take(reference: str) -> ResponseReturnValue:
    return on_ticket(
        reference,
        Versioned,
        lambda session, ticket, _: tickets.take(session, ticket, now=now(), by=actor()),
        part="change",
        said="It is yours now.",
    )


@blueprint.post("/<reference:reference>/promise")
@needs(Permission.WORK, of="ticket")
def promise(reference: str) -> ResponseReturnValue:
    return on_ticket(
        reference,
        PromiseForm,
        _promise,
        part="promise",
        said="Promised.",
    )


@blueprint.post("/<reference:reference>/messages")
@needs(Permission.WORK, of="ticket")
def reply(reference: str) -> ResponseReturnValue:
    if request.form.get("do") == "preview":
        return _as_it_would_go(reference)
    return on_ticket(reference, ReplyForm, _reply, part="reply", said="")


@blueprint.post("/<reference:reference>/reading")
@needs(Permission.WORK, of="ticket")
def mark_read(reference: str) -> ResponseReturnValue:
    return on_ticket(
        reference,
        FromListForm,
        lambda session, ticket, _: tickets.mark_read(session, ticket, now=now(), by=actor()),
        part="reply",
        said="Read.",
    )


def _as_it_would_go(reference: str) -> ResponseReturnValue:
    """For who has no script: nothing is sent, and what was typed stays."""
    try:
        return ticket_page(reference, draft=loaded(ReplyForm)["body"])
    except Invalid as wrong:
        return ticket_page(reference, Problem("reply", wrong)), status_of(wrong)


def _speak(session: DeskSession, ticket: Ticket, form: Any) -> str:
    tickets.speak_to_customer(session, ticket, form["language"], now=now(), by=actor())
    return f"From now on we write to them in {Language(form['language']).label}."


def _promise(session: DeskSession, ticket: Ticket, form: Any) -> str | None:
    due_at = now() + timedelta(minutes=form["minutes"])
    promise = promise_by_hand(session, ticket, due_at=due_at, tell=form["tell"], now=now(), by=actor())
    if promise.told_by is not ToldBy.NOBODY:
        return None
    return UNTOLD if leaves_at(session, ticket, now=now()) < due_at else HELD_TOO_LONG


def _resolve(session: DeskSession, ticket: Ticket, form: Any) -> str:
    text = tickets.resolve(session, ticket, how=form["how"], now=now(), by=actor())
    return f"Resolved. {ASKED[when_told(text)]}"


def _reply(session: DeskSession, ticket: Ticket, form: Any) -> str | DomainError:
    """An answer to what was written has read it. That none could go stays on the ticket, with the call that it asks for."""
    sent = tickets.write_to_customer(session, ticket, form["body"], now=now(), by=actor())
    if sent is None:
        return Invalid.field("body", "No text can go to them: call instead. What you wrote is still here.")
    if ticket.unread:
        tickets.mark_read(session, ticket, now=now(), by=actor())
    return SENT[when_told(sent)]


def _change(form: Any) -> tickets.Change:
    severity = Severity(form["severity"]) if form["severity"] else None
    return tickets.Change(owner_id=form["owner"], severity=severity, note=form["note"])


def _cause(form: Any) -> dict[str, str | None]:
    return {"cause": form["cause"], "action": form["action"]}


def _found(reading: DeskSession, wanted: Filter) -> tuple[Any, str]:
    """A page, or the sentence that says why there is none."""
    try:
        return listing.tickets(reading, wanted.filter, by=actor(), limit=30, cursor=request.args.get("cursor")), ""
    except Invalid as wrong:
        return None, wrong.detail
