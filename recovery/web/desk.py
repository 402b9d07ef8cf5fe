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
_EVERYBODY_ELSE = "Everyone else knows when they will hear from us."


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
        asked = listing.approvals(reading, by=by, limit=LANE).items if by.may(Permission.APPROVE) else []
        elsewhere = {row.id for row in late} | {row.ticket.id for row in calls} | {row.ticket.id for row in asked}
        owned = listing.owned(reading, by=by, limit=LANE + 1 + len(elsewhere))
        replied = listing.replied_after(reading, by=by, limit=LANE + 1)
        unread = unread_texts(reading, [row.id for row in replied])
        return cls(
            late,
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
    late = [*(lane_row(row, me=me) for row in found.late[:LANE]), *(approval_row(row) for row in found.asked)]
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
    late = sum(1 for row in found.late if row.promise_due_at and row.promise_due_at <= now)
    soon = len(found.late) - late
    due = sum(1 for row in found.calls if row.call.due_at <= now)
    if late:
        rest = f"{counted(soon, 'more is', 'more are')} close to it. " if soon else ""
        return f"{counted(late, 'customer is', 'customers are')} waiting too long.", f"{rest}{_EVERYBODY_ELSE}"
    if due:
        return f"{counted(due, 'call is', 'calls are')} to be made now.", _EVERYBODY_ELSE
    if soon:
        return f"{counted(soon, 'promise is', 'promises are')} nearly due.", _EVERYBODY_ELSE
    if found.asked:
        return f"{counted(len(found.asked), 'answer is', 'answers are')} waited for.", "Nobody is late."
    if unread := sum(1 for row in (*found.mine, *found.replied) if row.unread):
        return f"{counted(unread, 'reply is', 'replies are')} unread.", "Everyone knows when they will hear from us."
    return "All is well.", "Everyone knows when they will hear from us."
