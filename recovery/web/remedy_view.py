"""What is given on a ticket: each with who and when, and what can be done with it next."""

from typing import Any

from flask import url_for

from recovery.domain.actors import Actor
from recovery.domain.permissions import Permission
from recovery.domain.remedies import RemedyKind, RemedyStatus
from recovery.services.ticketing.rows import RemedyRow, SiteBrief, TicketRow
from recovery.web.rows import REMEDY_TONES, at, remedy_label

HANDED_OVER = {
    RemedyKind.REFUND: "Paid back",
    RemedyKind.VOUCHER: "Given",
    RemedyKind.GESTURE: "Given",
}
MADE_FIRST = frozenset({RemedyKind.REMAKE, RemedyKind.REPLACEMENT})
"""Somebody makes them, and somebody waits to hear that they are there."""
STANDING = frozenset({RemedyStatus.GRANTED, RemedyStatus.READY})


def remedies(row: TicketRow, by: Actor) -> list[dict[str, Any]]:
    return [
        {
            "id": remedy.id,
            "label": remedy_label(remedy),
            "icon": remedy.kind.value,
            "status": remedy.status.label,
            "tone": REMEDY_TONES.get(remedy.status, "" if remedy.status in STANDING else "plain"),
            "line": _line(remedy, row.site),
            "acts": _acts(remedy),
            "answer_url": _answer_url(remedy, by),
            "fail_url": url_for("remedies.fail", remedy_id=remedy.id) if remedy.status in STANDING else "",
            "cancel_url": url_for("remedies.cancel", remedy_id=remedy.id) if _is_open(remedy) else "",
        }
        for remedy in row.remedies
    ]


def _line(remedy: RemedyRow, site: SiteBrief) -> str:
    asker = remedy.proposed_by.first_name
    if remedy.status is RemedyStatus.PENDING_APPROVAL:
        return f"{asker} asked {at(remedy.proposed_at, site)}"
    if remedy.fulfilled_by and remedy.fulfilled_at:
        return f"{remedy.fulfilled_by.first_name} handed it over {at(remedy.fulfilled_at, site)}"
    if remedy.ended_at:
        why = f": {remedy.end_reason}" if remedy.end_reason else ""
        return f"{remedy.status.label} {at(remedy.ended_at, site)}{why}"
    if not (remedy.decided_by and remedy.decided_at):
        return ""
    when, who = at(remedy.decided_at, site), remedy.decided_by.first_name
    if remedy.status is RemedyStatus.REFUSED:
        return f"{who} declined {when}: {remedy.decision_reason}"
    return f"{asker} asked, {who} approved {when}" if remedy.needed_approval else f"{who} granted it {when}"


def _acts(remedy: RemedyRow) -> list[dict[str, str]]:
    acts = []
    if remedy.status is RemedyStatus.GRANTED and remedy.kind in MADE_FIRST:
        acts.append({"label": "It is ready", "url": url_for("remedies.make_ready", remedy_id=remedy.id)})
    if remedy.status in STANDING:
        label = HANDED_OVER.get(remedy.kind, "Handed over")
        acts.append({"label": label, "url": url_for("remedies.fulfil", remedy_id=remedy.id)})
    return acts


def _answer_url(remedy: RemedyRow, by: Actor) -> str:
    may = by.may(Permission.APPROVE) and remedy.proposed_by.id != by.id
    waits = remedy.status is RemedyStatus.PENDING_APPROVAL
    return url_for("approvals.index", _anchor=f"approval-{remedy.id}") if may and waits else ""


def _is_open(remedy: RemedyRow) -> bool:
    return remedy.status in STANDING or remedy.status is RemedyStatus.PENDING_APPROVAL
