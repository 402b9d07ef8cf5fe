"""What needs me now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.permissions import Permission
from recovery.edge import actor, components, needs
from recovery.services.alerting import rota
from recovery.services.session import DeskSession
from recovery.services.texting.threads import UnreadText, unread_texts
from recovery.services.ticketing import listing
from recovery.services.ticketing.rows import ApprovalRow, CallRow, TicketRow
from recovery.services.waiting.wait_lists import count_in_line
from recovery.web.polling import CALLS_AHEAD, answer_beat, beat_of
from recovery.web.rows import Row, approval_row, call_row, lane_row, with_replies
from recovery.web.session import now
from recovery.web.wording import counted

blueprint = Blueprint("desk", __name__)
LANE = 20
"""More than that nobody reads at a counter: the rest is a page further."""
ALL = "all"
ALL_CALLS = 200
SITES_NAMED = 3
_EVERYBODY = "Everyone knows when they will hear from us."
_EVERYBODY_ELSE = "Everyone else knows when they will hear from us."
_NOBODY_LATE = "Nobody is late."


@blueprint.get("/")
@needs(Permission.SEE)
def show() -> ResponseReturnValue:
    etag = beat_of(_poll_url())
    return render_template("desk.html", **_values(), log_url=url_for("log.show"), poll_url=_poll_url(), etag=etag)


@blueprint.get("/desk/lanes")
@needs(Permission.SEE)
def rows() -> ResponseReturnValue:
    return answer_beat("desk_lanes.html", _poll_url(), _values)


def _poll_url() -> str:
    return url_for("desk.rows", calls=ALL if _all_calls() else None)


@dataclass(frozen=True, slots=True)
class Lanes:
    late: Sequence[TicketRow]
    late_in_all: int
    """However many the lane has room for."""
    asked: Sequence[ApprovalRow]
    calls: Sequence[CallRow]
    mine: Sequence[TicketRow]
    replied: Sequence[TicketRow]
    """Mine as well, and over, with a reply that nobody has read."""
    unread: Mapping[int, Sequence[UnreadText]]
    """Those replies, by ticket."""
    in_line: int
    """Who wait for a free colleague; they are not among `mine`."""

    @classmethod
    def read(cls, reading: DeskSession) -> "Lanes":
        """One more of each than is shown, to know whether there are more; what stands in one lane is not repeated in `mine`."""
        by, instant = actor(), now()
        late = listing.late_or_soon(reading, by=by, now=instant, limit=LANE + 1)
        calls = listing.calls(
            reading,
            by=by,
            due_before=instant + CALLS_AHEAD,
            own_or_free=not by.may(Permission.SUPERVISE),
            limit=_calls_shown() + 1,
        ).items
        asked = listing.approvals(reading, by=by, limit=LANE + 1).items if by.may(Permission.APPROVE) else []
        elsewhere = {row.id for row in late} | {row.ticket.id for row in calls} | {row.ticket.id for row in asked}
        owned = listing.owned(reading, by=by, limit=LANE + 1 + len(elsewhere))
        replied = listing.replied_after(reading, by=by, limit=LANE + 1)
        unread = unread_texts(reading, [row.id for row in replied])
        return cls(
            late,
            _late_in_all(reading, late, instant),
            asked,
            calls,
            [row for row in owned if row.id not in elsewhere],
            replied,
            unread,
            count_in_line(reading, by=by),
        )


def _values() -> dict[str, Any]:
    with components().read() as reading:
        found = Lanes.read(reading)
        at_work = rota.at_work(reading, by=actor(), now=now())
    me = actor().id
    late = [*(lane_row(row, me=me) for row in found.late[:LANE]), *(approval_row(row) for row in found.asked[:LANE])]
    mine = [*(_reply_row(row, found, me=me) for row in found.replied), *(lane_row(row, me=me) for row in found.mine)]
    headline, below = sentences(found, now=now())
    return {
        "headline": headline,
        "below": below,
        "in_line": _in_line(found.in_line),
        "on_shift": _on_shift_words(at_work),
        "lanes": {
            "late": sorted(late, key=lambda row: row["time"]["due"]),
            "calls": [call_row(row, me=me) for row in found.calls[: _calls_shown()]],
            "mine": mine[:LANE],
        },
        "more": {
            "late": url_for("board.show") if len(found.late) > LANE else "",
            "calls": url_for("desk.show", calls=ALL) if len(found.calls) > LANE and not _all_calls() else "",
            "mine": url_for("tickets.index", owner="me") if len(mine) > LANE else "",
        },
    }


def _in_line(count: int) -> dict[str, str]:
    """The way to the line, or into it while nobody stands there."""
    if not count:
        return {"words": "Put somebody in line", "url": url_for("waiting.add")}
    return {"words": f"{counted(count, 'waits', 'wait')} for a free colleague", "url": url_for("waiting.index")}


def _on_shift_words(at_work: Sequence[tuple[str, str]]) -> str:
    """Give "On shift now: Maya, Tom.", with the sites where there are several; "" for nobody."""
    by_site: dict[str, list[str]] = {}
    for site, name in at_work:
        by_site.setdefault(site, []).append(name)
    if len(by_site) == 1:
        (names,) = by_site.values()
        return f"On shift now: {', '.join(names)}."
    return " ".join(f"On shift at {site}: {', '.join(names)}." for site, names in list(by_site.items())[:SITES_NAMED])


def _reply_row(ticket: TicketRow, found: Lanes, *, me: int | None) -> Row:
    row = lane_row(ticket, me=me)
    if not with_replies(row, ticket, found.unread.get(ticket.id, ()), back="desk"):
        row["action"] = {
            "label": "Read and answer",
            "url": url_for("tickets.show", reference=ticket.reference, _anchor="story-title"),
        }
    return row


def _all_calls() -> bool:
    return request.args.get("calls") == ALL


def _calls_shown() -> int:
    return ALL_CALLS if _all_calls() else LANE


def sentences(found: Lanes, *, now: datetime) -> tuple[str, str]:
    """The headline and what is said below it."""
    soon = sum(1 for row in found.late if _is_soon(row, now))
    due = sum(1 for row in found.calls if row.call.due_at <= now)
    if found.late_in_all:
        is_whole = len(found.late) <= LANE
        rest = counted(soon, "more is", "more are") if is_whole else "Others are"
        words = f"{counted(found.late_in_all, 'customer is', 'customers are')} waiting too long."
        return words, f"{rest} close to it. {_EVERYBODY_ELSE}" if soon else _EVERYBODY_ELSE
    if due:
        return f"{_some(due, 'call is', 'calls are')} to be made now.", _EVERYBODY_ELSE
    return _without_haste(found, soon)


def _without_haste(found: Lanes, soon: int) -> tuple[str, str]:
    """Where nobody is late, and no call is to be made."""
    if soon:
        return f"{_some(soon, 'promise is', 'promises are')} nearly due.", _EVERYBODY_ELSE
    if found.asked:
        return f"{_some(len(found.asked), 'answer is', 'answers are')} waited for.", _NOBODY_LATE
    if found.late:
        return f"{_some(len(found.late), 'alert stands', 'alerts stand')} on your desk.", _NOBODY_LATE
    if unread := sum(1 for row in (*found.mine, *found.replied) if row.unread):
        return f"{_some(unread, 'reply is', 'replies are')} unread.", _EVERYBODY
    return "All is well.", _EVERYBODY


def _some(count: int, one: str, many: str) -> str:
    """Of what was read up to a lane and one more."""
    return counted(count, one, many) if count <= LANE else f"More than {LANE} {many}"


def _late_in_all(reading: DeskSession, late: Sequence[TicketRow], now: datetime) -> int:
    """Those that are late come first: only where the lane is full are there others to count."""
    if len(late) > LANE:
        return listing.count_waiting(reading, by=actor(), now=now).late
    return sum(1 for row in late if _is_late(row, now))


def _is_late(row: TicketRow, now: datetime) -> bool:
    return row.promise_due_at is not None and row.promise_due_at <= now


def _is_soon(row: TicketRow, now: datetime) -> bool:
    """Not what stands there because this person was alerted about it."""
    promise = row.promise
    if promise is None or promise.ended_at is not None or _is_late(row, now):
        return False
    return promise.warn_at <= now
