"""The page *Texts*: whether they leave and arrive, what each figure means, and what is to be done about it."""

from datetime import date, datetime
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.permissions import Permission
from recovery.domain.senders import SIMULATED
from recovery.edge import components, needs
from recovery.services.reporting.spending import SpendStanding, in_money
from recovery.services.reporting.text_traffic import Cost, DoubtRow, Line, Reason, SilentRow, Traffic, traffic
from recovery.services.running.health import SLOW_QUEUE, minutes_or_seconds
from recovery.web.session import now

blueprint = Blueprint("texting", __name__, url_prefix="/admin/texting")


@blueprint.get("")
@needs(Permission.ADMINISTER)
def show() -> ResponseReturnValue:
    instant = now()
    with components().read() as session:
        found = traffic(session, now=instant)
    return render_template(
        "admin/texting.html",
        headline=_headline(found, instant),
        lines=[_line(line, instant) for line in found.lines],
        doubts=[_doubt(doubt, instant) for doubt in found.doubts],
        reasons=[_reason(reason) for reason in found.reasons],
        silent=[_silent(row, instant) for row in found.silent],
        hooks=_hooks(found, instant),
        late=_late(found, instant),
        list_read=_list_read(found, instant),
        texts_hook=components().settings.public_url.rstrip("/") + url_for("hooks.receive_text"),
        spend=_spend(found.spend),
        costs=[_cost(cost, found.spend.currency) for cost in found.costs],
    )


def _headline(found: Traffic, instant: datetime) -> str:
    if any(line.trouble and line.trouble.stops for line in found.lines):
        return "Texts are not leaving."
    if any(line.oldest and instant - line.oldest > SLOW_QUEUE for line in found.lines):
        return "Texts leave more slowly than they should."
    return "Of some texts nobody knows yet." if found.doubts else "Texts leave as they should."


def _line(line: Line, instant: datetime) -> dict[str, Any]:
    name = "The simulated phones" if line.sender == SIMULATED else line.sender
    waits = f"{_texts(line.due)} to leave, the oldest for {_ago(line.oldest, instant)}" if line.oldest else ""
    held = f"{_texts(line.held)} for a better hour" if line.held else ""
    money = f"{_texts(line.held_for_money)} for the month's money" if line.held_for_money else ""
    queue = "; ".join(part for part in (waits, held, money) if part)
    trouble = line.trouble
    return {
        "name": name,
        "tone": "ok" if trouble is None else ("late" if trouble.stops else "soon"),
        "state": "open" if trouble is None else f"closed for {_ago(trouble.since, instant)}",
        "queue": f"{queue}." if queue else "No text waits.",
        "words": trouble.fault.words if trouble else "",
        "advice": trouble.fault.advice if trouble else "",
        "next_try": f"The next try is {_ahead(trouble.next_try, instant)}." if trouble else "",
    }


def _doubt(doubt: DoubtRow, instant: datetime) -> dict[str, Any]:
    look = _ahead(doubt.look_at, instant)
    absent = "it is sent once more" if doubt.sent_again_next else "a person calls"
    then = (
        f"It was not in the provider's list; we look once more {look}. If it is not there either, {absent}."
        if doubt.looked_for
        else f"We look for it in the provider's list {look}, and again a minute later, before anything else."
    )
    return {**_ticket(doubt.reference), "since": _ago(doubt.since, instant), "then": then}


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "words": reason.fault.words,
        "advice": reason.fault.advice,
        "code": reason.fault.code,
        "week": reason.week,
        "month": reason.month,
        "tickets": [_ticket(reference) for reference in reason.references],
    }


def _silent(row: SilentRow, instant: datetime) -> dict[str, Any]:
    return {**_ticket(row.reference), "ago": _ago(row.sent_at, instant)}


def _spend(spend: SpendStanding) -> str:
    spent = f"{in_money(spend.micros, spend.currency)} this month"
    if spend.limit_micros is None:
        return f"{spent}, and no limit is set."
    return f"{spent}, {spend.percent} % of the limit of {in_money(spend.limit_micros, spend.currency)}."


def _cost(cost: Cost, currency: str) -> dict[str, Any]:
    return {
        "month": f"{date.fromisoformat(f'{cost.month}-01'):%B %Y}",
        "site": cost.site or "No site",
        "texts": cost.texts,
        "segments": cost.segments,
        "cost": in_money(cost.micros, currency),
    }


def _hooks(found: Traffic, instant: datetime) -> str:
    if found.hook_refused_at is None:
        return ""
    return f"{found.hooks_refused} so far, the last {_ago(found.hook_refused_at, instant)} ago"


def _late(found: Traffic, instant: datetime) -> str:
    if found.found_late_at is None:
        return ""
    many = "1 reply was" if found.found_late == 1 else f"{found.found_late} replies were"
    return f"{many} found late so far, the last {_ago(found.found_late_at, instant)} ago"


def _list_read(found: Traffic, instant: datetime) -> str:
    if found.listening is None:
        return "The first look is yet to come."
    return f"We know of all that was written until {_ago(found.listening.heard_until, instant)} ago."


def _ticket(reference: str | None) -> dict[str, str]:
    """A text without a ticket is a test of the line, or answers somebody whom we do not know."""
    url = url_for("tickets.show", reference=reference) if reference else ""
    return {"reference": reference or "", "url": url}


def _texts(count: int) -> str:
    return "1 text waits" if count == 1 else f"{count} texts wait"


def _ago(moment: datetime | None, instant: datetime) -> str:
    return minutes_or_seconds(instant - (moment or instant))


def _ahead(moment: datetime, instant: datetime) -> str:
    return f"in {minutes_or_seconds(moment - instant)}" if moment > instant else "now"
