"""Who nobody has: each row says why it is here, and has the one act that clears it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.calendars import local_time
from recovery.domain.errors import Invalid
from recovery.domain.permissions import Permission
from recovery.domain.phones import country_of, pretty
from recovery.domain.remedies import RemedyStatus
from recovery.edge import actor, components, needs
from recovery.services.hearing.strangers import StrangerRow, strangers
from recovery.services.people.directory import sites_of
from recovery.services.texting.threads import UnreadText, unread_texts
from recovery.services.ticketing.listing import answerable
from recovery.services.ticketing.rows import RemedyRow, SiteBrief, TicketRow, Undetected, UndetectedRow
from recovery.services.ticketing.undetected import COUNTED_UP_TO, count_undetected, undetected
from recovery.web.handover import sheets_shown, sites_to_close
from recovery.web.rows import board_row, with_replies
from recovery.web.shell import chosen_site
from recovery.web.wording import counted

blueprint = Blueprint("undetected", __name__, url_prefix="/undetected")
STEPS = {
    Undetected.UNREAD_REPLY: ("Read and answer", "story-title"),
    Undetected.NO_PROMISE: ("Promise a time", "promise"),
    Undetected.UNDELIVERED_TEXT: ("Call instead", "calls"),
    Undetected.MISSED_CALLBACK: ("Call now", "calls"),
    Undetected.UNREACHED: ("Promise a time", "promise"),
    Undetected.BROKEN_PROMISE: ("Promise a time", "promise"),
    Undetected.LATE_TASK: ("See who has it", "tasks"),
    Undetected.LEFT_WAITING: ("See the line", ""),
    Undetected.UNANSWERED_APPROVAL: ("See what was asked", "remedies"),
}


@blueprint.get("")
@needs(Permission.SEE)
def index() -> ResponseReturnValue:
    return board()


def board(*, wrong: tuple[int, str, str] | None = None) -> str:
    """`wrong`: the stranger who was not set aside, why not, and what had been typed."""
    with components().read() as reading:
        count = count_undetected(reading, by=actor())
        page = _page_of(reading)
        replies = unread_texts(reading, [each.ticket.id for each in page.items if each.ticket.unread])
        asked = [each.id for row in page.items if _is_asked(row) for each in _questions(row.ticket)]
        mine = answerable(reading, asked, by=actor())
        waiting = strangers(reading, by=actor())
        sites = sites_of(reading, by=actor())
        sheets = sheets_shown(reading, sites)
    return render_template(
        "undetected/index.html",
        headline=_headline(count, len(waiting)),
        rows=[_row(each, replies.get(each.ticket.id, ()), mine) for each in page.items],
        strangers=[_stranger(each, _zone(sites), wrong) for each in waiting],
        sheets=sheets,
        closing=sites_to_close(sites) if actor().may(Permission.WORK) else [],
        next_url=url_for("undetected.index", cursor=page.next_cursor) if page.next_cursor else "",
        first_url=url_for("undetected.index") if request.args.get("cursor") else "",
    )


def _headline(count: int, strangers: int) -> str:
    """Who wrote and has no ticket is overlooked as well, until somebody has looked."""
    if not count and strangers:
        return f"{counted(strangers, 'number without a ticket waits', 'numbers without a ticket wait')} for an answer."
    if count >= COUNTED_UP_TO:
        return f"More than {COUNTED_UP_TO - 1} customers are overlooked."
    return f"{counted(count, 'customer is', 'customers are')} overlooked." if count else "Nobody is overlooked."


def _stranger(each: StrangerRow, zone: str, wrong: tuple[int, str, str] | None) -> dict[str, Any]:
    mine = wrong is not None and wrong[0] == each.id
    return {
        "key": str(each.id),
        "phone": pretty(each.phone, country_of(each.phone) or "GB") if each.phone else "Unknown number",
        "texts": [
            {
                "body": text.body,
                "at": moment(text.at, zone),
                "photos": counted(text.photos, "photo", "photos").lower() if text.photos else "",
            }
            for text in each.newest
        ],
        "earlier": counted(each.texts - len(each.newest), "earlier text", "earlier texts")
        if each.texts > len(each.newest)
        else "",
        "asks_to_stop": each.asks_to_stop,
        "opt_out_url": url_for("hearing.opt_out_stranger", stranger_id=each.id),
        "log_url": url_for("log.show", stranger=each.id),
        "aside_url": url_for("hearing.set_aside", stranger_id=each.id),
        "error": wrong[1] if mine and wrong else "",
        "typed": wrong[2] if mine and wrong else "",
    }


def moment(at: datetime, zone: str) -> str:
    local = local_time(at, zone)
    return f"{local:%a} {local.day} {local:%b}, {local:%H:%M}"


def _zone(sites: Sequence[SiteBrief]) -> str:
    """A number that nobody knows has no site of its own: the clock is that of whoever looks."""
    site = chosen_site(sites)
    return site.timezone if site else "UTC"


def _page_of(reading: Any) -> Any:
    """A cursor that is none of ours begins anew."""
    try:
        return undetected(reading, by=actor(), cursor=request.args.get("cursor"))
    except Invalid:
        return undetected(reading, by=actor())


def _row(each: UndetectedRow, unread: Sequence[UnreadText], answered_here: Collection[int]) -> dict[str, Any]:
    """`answered_here`: the questions that this person may answer."""
    ticket = each.ticket
    row = board_row(ticket)
    reasons = [reason.label for reason in each.reasons]
    row["why"] = f"{'; '.join(reasons).capitalize()}."
    first = each.reasons[0] if each.reasons else Undetected.NO_OWNER
    if first is Undetected.NO_OWNER:
        take = url_for("tickets.take", reference=ticket.reference)
        row["acts"] = [{"label": "I take it", "url": take, "fields": {"version": ticket.version}}]
        return row
    if first is Undetected.UNREAD_REPLY and with_replies(row, ticket, unread, back="undetected"):
        return row
    label, anchor = STEPS[first]
    if first is Undetected.UNANSWERED_APPROVAL and (answer := _answer(ticket, answered_here)):
        row["action"] = answer
        return row
    url = url_for("tickets.show", reference=ticket.reference, _anchor=anchor)
    row["action"] = {"label": label, "url": url_for("waiting.index") if first is Undetected.LEFT_WAITING else url}
    return row


def _is_asked(each: UndetectedRow) -> bool:
    return Undetected.UNANSWERED_APPROVAL in each.reasons


def _questions(ticket: TicketRow) -> list[RemedyRow]:
    return [each for each in ticket.remedies if each.status is RemedyStatus.PENDING_APPROVAL]


def _answer(ticket: TicketRow, answered_here: Collection[int]) -> dict[str, str] | None:
    """None for who may not give it, who asked it themselves, or whose limit leaves it to an admin: they see on the ticket
    what was asked, and may take it back."""
    theirs = next((each.id for each in _questions(ticket) if each.id in answered_here), None)
    if theirs is None:
        return None
    return {"label": "Answer it", "url": url_for("approvals.index", _anchor=f"approval-{theirs}")}
