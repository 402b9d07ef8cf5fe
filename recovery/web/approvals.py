"""Yes or no in seconds: questions above somebody's authority, on a page and behind a link in a text."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.actors import Actor
from recovery.domain.errors import DomainError, Invalid
from recovery.domain.money import SYMBOLS, format_money, parse_amount
from recovery.domain.permissions import Permission
from recovery.edge import actor, components, needs, status_of
from recovery.services.access import ticket_of_remedy
from recovery.services.cursors import Page
from recovery.services.deciding import remedies
from recovery.services.session import DeskSession
from recovery.services.ticketing import listing
from recovery.services.ticketing.rows import ApprovalRow
from recovery.services.ticketing.stories import history
from recovery.services.ticketing.undetected import COUNTED_UP_TO
from recovery.web.forms import DecisionForm, loaded, typed
from recovery.web.rows import clock, customer_name, failure_label, remedy_label
from recovery.web.saying import say
from recovery.web.session import now, transact
from recovery.web.wording import counted, when_told

blueprint = Blueprint("approvals", __name__, url_prefix="/approvals")
TOLD = {
    "now": "The customer is told by text.",
    "later": "Texts wait for the morning now: the customer is told then.",
    "by_hand": "No text can go to the customer: somebody has to tell them.",
}


@blueprint.get("")
@needs(Permission.APPROVE)
def index() -> ResponseReturnValue:
    return _page()


@blueprint.post("/<row_id:remedy_id>/approval")
@needs(Permission.APPROVE, of="remedy")
def approve(remedy_id: int) -> ResponseReturnValue:
    return _decided(remedy_id, "approve")


@blueprint.post("/<row_id:remedy_id>/refusal")
@needs(Permission.APPROVE, of="remedy")
def decline(remedy_id: int) -> ResponseReturnValue:
    return _decided(remedy_id, "decline")


class Decided(NamedTuple):
    said: str
    told: str
    """A key of `TOLD`."""


def decide(writing: DeskSession, remedy_id: int, decision: str, form: Mapping[str, Any], *, by: Actor) -> Decided:
    """What the page says then. Raises DomainError, as the services do."""
    ticket, remedy = ticket_of_remedy(writing, remedy_id, by=by)
    if decision == "decline":
        text = remedies.refuse(writing, ticket, remedy, reason=form["reason"], now=now(), by=by)
        return Decided(f"Declined. {remedy.proposed_by.first_name} reads it on the ticket.", when_told(text))
    amount = parse_amount(form["amount"], remedy.currency) if form["amount"] and remedy.currency else None
    text = remedies.approve(writing, ticket, remedy, amount=amount, now=now(), by=by)
    money = f": {format_money(remedy.amount, remedy.currency)}" if remedy.amount and remedy.currency else ""
    return Decided(f"Approved{money}.", when_told(text))


def approval_values(reading: DeskSession, asked: ApprovalRow) -> dict[str, Any]:
    """What approvals/card.html shows; a sensitive ticket's note stays behind its own page."""
    ticket, remedy = asked.ticket, asked.remedy
    past = history(reading, ticket.id, ticket.customer.id if ticket.customer else None, now=now())
    return {
        "id": remedy.id,
        "who": "Kept private" if ticket.is_sensitive else customer_name(ticket),
        "asker": remedy.proposed_by.first_name,
        "what": remedy_label(remedy),
        "yes": format_money(remedy.amount, remedy.currency)
        if remedy.amount and remedy.currency
        else f"the {remedy.kind.label.lower()}",
        "failure": failure_label(ticket.failure),
        "note": "" if ticket.is_sensitive else ticket.note or "",
        "limit": f"Passes {format_money(asked.limit, ticket.site.currency)} {asked.span.label}.",
        "paid": format_money(ticket.order_amount, ticket.order_currency)
        if ticket.order_amount and ticket.order_currency
        else "",
        "history": _history_words(past.tickets, past.given, ticket.site.currency) if past else "",
        "deadline": asked.deadline_at,
        "told": f"by {clock(asked.deadline_at, ticket.site)}",
        "asked_of": asked.asked_of.first_name,
        "site": ticket.site.name,
        "sign": SYMBOLS.get(ticket.site.currency, ticket.site.currency),
        "has_amount": remedy.amount is not None,
        "ticket_url": url_for("tickets.show", reference=ticket.reference),
        "reference": ticket.reference,
    }


def errors_of(wrong: DomainError) -> dict[str, str]:
    if isinstance(wrong, Invalid) and wrong.errors:
        return wrong.first_sentences
    return {"": wrong.detail}


def _decided(remedy_id: int, decision: str) -> ResponseReturnValue:
    try:
        form = loaded(DecisionForm)
        decided = transact(lambda writing: decide(writing, remedy_id, decision, form, by=actor()))
    except DomainError as wrong:
        return _page({"id": remedy_id, "decision": decision, "errors": errors_of(wrong), "typed": typed()}), status_of(
            wrong
        )
    say(f"{decided.said} {TOLD[decided.told]}")
    return redirect(url_for("approvals.index"))


def _page(problem: dict[str, Any] | None = None) -> str:
    with components().read() as reading:
        count, page = listing.count_waiting_approvals(reading, by=actor()), _page_of(reading)
        cards = [
            approval_values(reading, asked)
            | {
                "approve_url": url_for("approvals.approve", remedy_id=asked.remedy.id),
                "decline_url": url_for("approvals.decline", remedy_id=asked.remedy.id),
            }
            for asked in page.items
        ]
    return render_template(
        "approvals/index.html",
        cards=cards,
        headline=_headline(count),
        problem=problem,
        next_url=url_for("approvals.index", cursor=page.next_cursor) if page.next_cursor else "",
        first_url=url_for("approvals.index") if request.args.get("cursor") else "",
    )


def _page_of(reading: DeskSession) -> Page[ApprovalRow]:
    """A cursor that is none of ours begins anew."""
    try:
        return listing.approvals(reading, by=actor(), cursor=request.args.get("cursor"))
    except Invalid:
        return listing.approvals(reading, by=actor())


def _headline(count: int) -> str:
    if count >= COUNTED_UP_TO:
        return f"More than {COUNTED_UP_TO - 1} answers are waited for."
    return f"{counted(count, 'answer is', 'answers are')} waited for." if count else "Nobody waits for your answer."


def _history_words(tickets: int, given: int, currency: str) -> str:
    """Of the last 90 days."""
    if not tickets:
        return "Nothing in 90 days."
    money = f", {format_money(given, currency)} given" if given else ""
    return f"{tickets} {'time' if tickets == 1 else 'times'} in 90 days{money}."
