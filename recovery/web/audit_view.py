"""Lines of the trail for people: who, what, on what, and before → after."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from flask import url_for

from recovery.domain.actors import ActorKind
from recovery.domain.calendars import local_time
from recovery.domain.events import Tag
from recovery.services.proving.audit_search import AuditRow
from recovery.services.proving.verifying import BROKEN, INTERRUPTED, RUNNING, Verification

NOUNS = {
    "ticket": "Tickets",
    "promise": "Promises",
    "remedy": "Remedies",
    "approval": "Approvals",
    "callback": "Calls",
    "text": "Texts",
    "customer": "Customers",
    "link": "Links",
    "site": "Sites",
    "limits": "Limits",
    "staff": "People",
    "session": "Sign-ins",
    "token": "Tokens",
}
OTHERS = "The house"


def lines(rows: Iterable[AuditRow], timezone: str) -> list[dict[str, Any]]:
    """What templates/audit/_trail.html expects."""
    return [_line(row, timezone) for row in rows]


def actions() -> list[dict[str, Any]]:
    """[{label, options: [{value, label}]}], all that the trail can tell of."""
    groups: dict[str, list[dict[str, str]]] = {}
    for tag in Tag:
        groups.setdefault(NOUNS.get(tag.value.split(":")[1], OTHERS), []).append(
            {"value": tag.value, "label": sentence(tag.words)}
        )
    return [{"label": label, "options": options} for label, options in groups.items()]


def proof(found: Verification | None, timezone: str, *, sees_all: bool) -> dict[str, Any]:
    """{tone, words, is_running}: what is known about the chain."""
    if found is None:
        return {"tone": "", "words": "The chain has not been verified from here yet.", "is_running": False}
    when = moment(found.at, timezone)
    if found.state == RUNNING:
        words = f"Verifying: {found.events:,} events so far." if found.events else "Verifying has begun."
        return {"tone": "", "words": words, "is_running": True}
    if found.state == INTERRUPTED:
        words = f"Verifying stopped at {when} before its end, which proves nothing: verify once more."
        return {"tone": "soon", "words": words, "is_running": False}
    if found.state == BROKEN:
        where = f"{found.where}: {found.why}." if sees_all else "An admin sees where."
        return {"tone": "late", "words": f"The chain is broken, found at {when}. {where}", "is_running": False}
    covered = f" Nothing was cut away up to {moment(found.covered_until, timezone)}." if found.covered_until else ""
    words = f"Chain verified at {when}: {found.events:,} events, whole.{covered}"
    return {"tone": "ok", "words": words, "is_running": False}


def moment(at: datetime, timezone: str) -> str:
    local = local_time(at, timezone)
    return f"{local:%H:%M} on {local.day} {local:%B %Y}"


def sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


def _line(row: AuditRow, timezone: str) -> dict[str, Any]:
    local = local_time(row.at, timezone)
    return {
        "time": f"{local:%H:%M:%S}",
        "day": f"{local:%A} {local.day} {local:%B %Y}",
        "who": _who(row),
        "what": sentence(row.words),
        "reference": row.reference,
        "url": url_for("tickets.show", reference=row.reference) if row.reference else "",
        "site": row.site or "",
        "seq": row.seq,
        "details": _details(row),
    }


def _details(row: AuditRow) -> Sequence[dict[str, Any]]:
    return [{"name": detail.name, "before": detail.before, "value": detail.value} for detail in row.details]


def _who(row: AuditRow) -> str:
    if row.by is not None:
        return row.by.name
    return "The customer" if row.kind is ActorKind.CUSTOMER else "The desk itself"
