"""Who nobody has: each row says why it is here, and has the one act that clears it."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.errors import Invalid
from recovery.domain.permissions import Permission
from recovery.domain.remedies import RemedyStatus
from recovery.edge import actor, components, needs
from recovery.services.ticketing.rows import TicketRow, Undetected, UndetectedRow
from recovery.services.ticketing.undetected import count_undetected, undetected
from recovery.web.rows import board_row
from recovery.web.wording import counted

blueprint = Blueprint("undetected", __name__, url_prefix="/undetected")
STEPS = {
    Undetected.UNREAD_REPLY: ("Read and answer", "story-title"),
    Undetected.NO_PROMISE: ("Promise a time", "promise"),
    Undetected.UNDELIVERED_TEXT: ("Call instead", "calls"),
    Undetected.MISSED_CALLBACK: ("Call now", "calls"),
    Undetected.UNREACHED: ("Promise a time", "promise"),
    Undetected.UNANSWERED_APPROVAL: ("See what was asked", "remedies"),
}


@blueprint.get("")
@needs(Permission.SEE)
def index() -> ResponseReturnValue:
    with components().read() as reading:
        count = count_undetected(reading, by=actor())
        page = _page_of(reading)
    return render_template(
        "undetected/index.html",
        headline=f"{counted(count, 'customer is', 'customers are')} overlooked." if count else "Nobody is overlooked.",
        rows=[_row(each) for each in page.items],
        next_url=url_for("undetected.index", cursor=page.next_cursor) if page.next_cursor else "",
        first_url=url_for("undetected.index") if request.args.get("cursor") else "",
    )


def _page_of(reading: Any) -> Any:
    """A cursor that is none of ours begins anew."""
    try:
        return undetected(reading, by=actor(), cursor=request.args.get("cursor"))
    except Invalid:
        return undetected(reading, by=actor())


def _row(each: UndetectedRow) -> dict[str, Any]:
    ticket = each.ticket
    row = board_row(ticket)
    reasons = [reason.label for reason in each.reasons]
    row |= {"why": f"{'; '.join(reasons).capitalize()}.", "version": ticket.version, "post": None}
    first = each.reasons[0] if each.reasons else Undetected.NO_OWNER
    if first is Undetected.NO_OWNER:
        row["post"] = {"label": "I take it", "url": url_for("tickets.take", reference=ticket.reference)}
        return row
    label, anchor = STEPS[first]
    if first is Undetected.UNANSWERED_APPROVAL and (answer := _answer(ticket)):
        row["action"] = answer
        return row
    row["action"] = {"label": label, "url": url_for("tickets.show", reference=ticket.reference, _anchor=anchor)}
    return row


def _answer(ticket: TicketRow) -> dict[str, str] | None:
    """None for who may not give it: they see on the ticket what was asked, and may take it back."""
    by = actor()
    if not by.may(Permission.APPROVE):
        return None
    asked = [each for each in ticket.remedies if each.status is RemedyStatus.PENDING_APPROVAL]
    others = next((each for each in asked if each.proposed_by.id != by.id), None)
    if others is None:
        return None
    return {"label": "Answer it", "url": url_for("approvals.index", _anchor=f"approval-{others.id}")}
