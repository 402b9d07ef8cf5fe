"""Once a day, after three in the morning (UTC): every row that reports read is counted anew from its events, and every
chain that an anchor has named since the last check is proved.

A little at a time, so that nobody waits for it: how far it is stands in the row of the day, and whoever comes next goes on
from there. What it finds is seen by `doctor`, on the health page and in the metrics.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from recovery.domain.event_chain import GENESIS
from recovery.domain.events import Tag
from recovery.domain.ids import SETTINGS_STREAM, new_id
from recovery.models import Anchor, Event, JobRun, Ticket, TicketClock
from recovery.services.proving.anchors import heads_of
from recovery.services.proving.audit import prove_anchor, streams_removed
from recovery.services.proving.chains import Broken, one_snapshot, prove_stream
from recovery.services.proving.figures import figures
from recovery.services.proving.silence import silent
from recovery.services.running.ground import Ground
from recovery.services.session import DeskSession
from recovery.services.timing.clocks import told_of

JOB = "trail:nightly"
DAY_BEGINS = timedelta(hours=3)
AT_ONCE = 400
"""Tickets, or chains, in one go: a fraction of a second."""
ROWS = cast("Table", JobRun.__table__)


@dataclass(frozen=True, slots=True)
class State:
    """`silent` tickets are open and left to themselves. `tickets_up_to` and `anchors_up_to` are ids: how far it is. `wrong` rows and `broken` chains were found so far;
    `where` and `why` tell of the first."""

    tickets_up_to: int = 0
    anchors_up_to: int = 0
    tickets: int = 0
    chains: int = 0
    wrong: int = 0
    broken: int = 0
    silent: int = 0
    where: str = ""
    why: str = ""
    is_over: bool = False

    def finding(self, where: str, why: str, *, wrong: int = 0, broken: int = 0) -> "State":
        more = replace(self, wrong=self.wrong + wrong, broken=self.broken + broken)
        return more if self.where else replace(more, where=where, why=why)


@dataclass(frozen=True, slots=True)
class Check:
    period: str
    ended_at: datetime
    found: State


def check(ground: Ground, now: datetime) -> int:
    """Due work: a piece of today's check. Gives how many tickets and chains it looked at."""
    with ground.read() as session:
        period = (now - DAY_BEGINS).date().isoformat()
        row = session.scalar(select(JobRun).where(JobRun.job == JOB, JobRun.period == period))
        if row is not None and row.ended_at is not None:
            return 0
        known = None if row is None else row.state
    if known is None:
        ground.transact(lambda session: _begin(session, period, now=now))
        return 0
    before = State(**json.loads(known))
    with ground.read() as session:
        one_snapshot(session)
        after = _next_piece(session, before)
    kept = ground.transact(lambda session: _keep(session, period, known, after, now=now))
    return after.tickets - before.tickets + after.chains - before.chains if kept else 0


def last_check(session: DeskSession, *, now: datetime) -> Check | None:
    """The newest that came to its end; None before the first."""
    return next(_ended(session, now=now), None)


def _begin(session: DeskSession, period: str, *, now: datetime) -> None:
    """From where the last check ended that found no broken chain: what is broken is found every night. Whoever else
    began meanwhile is as good."""
    sound = next((each for each in _ended(session, now=now) if not each.found.broken), None)
    state = State(anchors_up_to=sound.found.anchors_up_to if sound else 0)
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {"id": new_id(now), "job": JOB, "period": period, "at": now, "state": _spelt(state)}
    session.connection().execute(make(ROWS).values(values).on_conflict_do_nothing(index_elements=["job", "period"]))


def _ended(session: DeskSession, *, now: datetime) -> Iterator[Check]:
    """The newest first. Not those of a clock that stood ahead."""
    over = select(JobRun).where(JobRun.job == JOB, JobRun.ended_at <= now).order_by(JobRun.period.desc())
    for row in session.scalars(over):
        yield Check(row.period, row.ended_at or now, State(**json.loads(row.state)))


def _keep(session: DeskSession, period: str, known: str, state: State, *, now: datetime) -> bool:
    """False where another worker looked at the same piece and was faster."""
    row = update(ROWS).where(ROWS.c.job == JOB, ROWS.c.period == period, ROWS.c.state == known)
    ended = now if state.is_over else None
    result = session.connection().execute(row.values(state=_spelt(state), at=now, ended_at=ended))
    return cast("CursorResult[Any]", result).rowcount == 1


def _spelt(state: State) -> str:
    return json.dumps(asdict(state), sort_keys=True)


def _next_piece(session: DeskSession, state: State) -> State:
    return _count_tickets(session, state) or _prove_chains(session, state) or _listen(session, state)


def _listen(session: DeskSession, state: State) -> State:
    left = silent(session)
    if left:
        state = replace(state.finding(left[0], "it is open, and nothing will happen to it by itself"), silent=len(left))
    return replace(state, is_over=True)


def _count_tickets(session: DeskSession, state: State) -> State | None:
    """None where all are counted."""
    tickets = select(Ticket.id, Ticket.reference).where(Ticket.id > state.tickets_up_to).order_by(Ticket.id)
    names: dict[int, str] = dict(session.execute(tickets.limit(AT_ONCE)).all())
    if not names:
        return None
    rows = session.execute(select(TicketClock.__table__).where(TicketClock.ticket_id.in_(names))).mappings()
    standing: Mapping[int, Mapping[str, Any]] = {row["ticket_id"]: dict(row) for row in rows}
    known = figures(session)
    for ticket_id, told in told_of(session, list(names)):
        if told and (why := known.wrong(ticket_id, told, standing.get(ticket_id))):
            state = state.finding(names[ticket_id], why, wrong=1)
    return replace(state, tickets_up_to=max(names), tickets=state.tickets + len(names))


def _prove_chains(session: DeskSession, state: State) -> State | None:
    """Of the streams that the next anchors name, as many anchors as it takes for enough streams; None where there is no
    anchor more."""
    key, removed, streams = session.house.audit_key, _removed(session), set[int]()
    while len(streams) < AT_ONCE and (anchor := _anchor_after(session, state.anchors_up_to)) is not None:
        try:
            prove_anchor(session, anchor, _hash_before(session, anchor), key, removed)
        except Broken as broken:
            state = state.finding(broken.found.where, broken.found.why, broken=1)
        streams.update(stream for stream, _, _ in heads_of(anchor))
        state = replace(state, anchors_up_to=anchor.id)
    if not streams:
        return None
    for stream in sorted(streams - removed):
        try:
            prove_stream(session, stream, key)
        except Broken as broken:
            state = state.finding(broken.found.where, broken.found.why, broken=1)
    return replace(state, chains=state.chains + len(streams))


def _anchor_after(session: DeskSession, anchor_id: int) -> Anchor | None:
    """In the order of the chain, which ids follow."""
    return session.scalar(select(Anchor).where(Anchor.id > anchor_id).order_by(Anchor.id).limit(1))


def _hash_before(session: DeskSession, anchor: Anchor) -> str:
    before = select(Anchor.hash).where(Anchor.id < anchor.id).order_by(Anchor.id.desc()).limit(1)
    return session.scalar(before) or GENESIS


def _removed(session: DeskSession) -> set[int]:
    went = select(Event.payload).where(Event.stream_id == SETTINGS_STREAM, Event.tag == Tag.DEMO_REMOVED.value)
    return {stream for payload in session.scalars(went) for stream in streams_removed(payload)}
