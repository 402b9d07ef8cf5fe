"""The rows of a line: who waits, how it stands, and the one thing to press."""

from typing import Any

from flask import url_for

from recovery.domain.phones import pretty
from recovery.domain.promise_times import warn_at
from recovery.domain.waits import WaitStatus
from recovery.edge import components
from recovery.services.texting.messages import NO_PHONE
from recovery.services.waiting.wait_lists import WaitRow
from recovery.web.rows import at, clock

READY, HELPED, LEFT, BACK = (
    ("We are ready for you", "ready"),
    ("Helped", "helped"),
    ("Not coming", "leave"),
    ("They are back", "come_back"),
)
ACTS = {
    WaitStatus.WAITING: (READY, HELPED, LEFT),
    WaitStatus.CALLED: (HELPED, LEFT),
    WaitStatus.COMING: (HELPED, LEFT),
    WaitStatus.LATER: (HELPED, LEFT),
    WaitStatus.NO_SHOW: (BACK, HELPED, LEFT),
}
"""The first is the one that is meant; the others stand small beside it."""
ORDINALS = {1: "st", 2: "nd", 3: "rd"}
TEENS = range(11, 14)


def line_row(row: WaitRow, *, with_site: bool) -> dict[str, Any]:
    main, *others = [
        {"label": label, "url": url_for(f"waiting.{act}", wait_id=row.id)} for label, act in ACTS[row.status]
    ]
    since = f"since {clock(row.arrived_at, row.site)}"
    return {
        "key": str(row.id),
        "who": row.name or (pretty(row.phone, row.site.country) if row.phone else "A customer"),
        "state": _state(row),
        "is_expected": row.status in {WaitStatus.CALLED, WaitStatus.COMING},
        "is_late": row.lapses > 0,
        "behind": " · ".join(part for part in (row.site.name if with_site else "", row.note or "", since) if part),
        "no_texts": _no_texts(row),
        "url": url_for("tickets.show", reference=row.reference),
        "time": _time(row),
        "main": main,
        "others": others,
    }


def place_words(place: int) -> str:
    """Give "1st", "12th"."""
    ending = "th" if place % 100 in TEENS else ORDINALS.get(place % 10, "th")
    return f"{place}{ending}"


def _state(row: WaitRow) -> str:
    called = f"called {at(row.called_at, row.site)}" if row.called_at else ""
    if row.called_by is not None and called:
        called = f"{row.called_by.first_name} {called}"
    match row.status:
        case WaitStatus.WAITING:
            return f"{place_words(row.place or 1)} in line"
        case WaitStatus.CALLED:
            return f"{called}: not here yet"
        case WaitStatus.COMING:
            return "on the way"
        case WaitStatus.LATER:
            return f"asked for ten minutes, until {clock(row.due_at, row.site)}" if row.due_at else "put off"
    return f"{called}: was not there"


def _no_texts(row: WaitRow) -> str:
    if not row.no_text_reason:
        return ""
    return (
        "No phone: call them by name." if row.no_text_reason == NO_PHONE else "No text reaches them: call them by name."
    )


def _time(row: WaitRow) -> dict[str, Any]:
    """Counts to what they were told, or to what they asked for; who was not there waits for nothing."""
    if row.status is WaitStatus.NO_SHOW:
        return {"number": clock(row.called_at or row.arrived_at, row.site), "words": "called", "tone": "note"}
    due = row.estimate_at if row.status is WaitStatus.WAITING else row.due_at or row.promised_by
    began = row.arrived_at if row.status is WaitStatus.WAITING else row.called_at or row.arrived_at
    percent = components().house.policy.promise_warned_at_percent
    told = f"told {clock(due, row.site)}" if row.status is WaitStatus.WAITING else f"by {clock(due, row.site)}"
    return {"due": due, "warn": warn_at(began, due, percent=percent), "told": told, "kind": "promise"}
