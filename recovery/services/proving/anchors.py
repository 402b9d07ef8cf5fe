"""Anchors: the heads of all chains changed since the last one, hashed, chained and told outside of the database, so that
a tail that was cut or a ticket that is gone shows."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TypeVar, cast

import structlog
from sqlalchemy import Table, delete, exists, select, text, tuple_
from sqlalchemy.orm import aliased

from recovery.domain.event_chain import GENESIS, anchor_hash
from recovery.domain.ids import new_id
from recovery.models import Anchor, AwaitingAnchor, Event
from recovery.services.running.ground import Ground
from recovery.services.session import DeskSession

log = structlog.get_logger(__name__)

HEADS_AN_ANCHOR = 5_000
LOOKED_UP_AT_ONCE = 400
"""Events in one query: SQLite takes no more than a thousand variables in its older builds."""
STEP = timedelta(microseconds=1)
"""Between an anchor and one that follows it by a clock that stands behind."""
ONE_AT_A_TIME = text("LOCK TABLE anchors IN SHARE ROW EXCLUSIVE MODE")
MARKS = cast("Table", AwaitingAnchor.__table__)

Item = TypeVar("Item")
Head = tuple[int, int, str]
"""Stream, seq, hash."""


def make_anchors(session: DeskSession, *, now: datetime, heads: int = HEADS_AN_ANCHOR) -> list[str]:
    """Gives the lines to be told outside; none where nothing changed since the last anchor. At most `heads` an anchor.

    Whoever anchors at the same time waits for the end of this transaction: SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(ONE_AT_A_TIME)
    last, lines = _tail(session), []
    while taken := _taken(session, heads):
        last = _made(session, taken, last, now=now)
        lines.append(line_of(last))
        if len(taken) < heads:
            break
    return lines


def anchor(ground: Ground, now: datetime) -> int:
    """Due work: makes what is due, commits it, then tells it outside."""
    with ground.read() as session:
        if session.scalar(select(AwaitingAnchor.stream_id).limit(1)) is None:
            return 0
        told_to = session.house.anchor_file
    lines = ground.transact(lambda session: make_anchors(session, now=now))
    tell(lines, told_to)
    return len(lines)


def tell(lines: Sequence[str], file: Path | None) -> None:
    """Outside of the database, where whoever changes the database does not reach it: the file, else the log."""
    if file is None:
        for line in lines:
            log.info("audit:anchor", anchor=line)
    else:
        with file.open("a", encoding="utf-8") as told:
            told.writelines(f"{line}\n" for line in lines)


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


def line_of(made: Anchor) -> str:
    told = {"at": made.at.isoformat(timespec="microseconds"), "previous": made.previous, "hash": made.hash}
    return json.dumps(told)


def heads_of(anchor: Anchor) -> Iterator[Head]:
    for stream, (seq, hash_) in json.loads(anchor.heads).items():
        yield int(stream), seq, hash_


def heads_there(session: DeskSession, events: Sequence[tuple[int, int]]) -> set[Head]:
    """Those of these (stream, seq) that are there, at most LOOKED_UP_AT_ONCE, with their hashes."""
    columns = (Event.stream_id, Event.seq, Event.hash)
    found = session.execute(select(*columns).where(tuple_(Event.stream_id, Event.seq).in_(events)))
    return {(stream, seq, hash_) for stream, seq, hash_ in found}


def _tail(session: DeskSession) -> Anchor | None:
    """The one that no other follows, whatever the clocks of those who made them said."""
    after = aliased(Anchor)
    last = select(Anchor).where(~exists().where(after.previous == Anchor.hash)).order_by(Anchor.id.desc()).limit(1)
    return session.scalar(last)


def _taken(session: DeskSession, heads: int) -> list[Head]:
    """Takes the marks off, and gives the head of each chain that had one. A mark whose event is gone stays:
    `audit verify` names it."""
    event = exists().where(Event.stream_id == MARKS.c.stream_id, Event.seq == MARKS.c.seq)
    streams = select(MARKS.c.stream_id).where(event).distinct().order_by(MARKS.c.stream_id).limit(heads)
    marks = delete(MARKS).where(MARKS.c.stream_id.in_(streams), event).returning(MARKS.c.stream_id, MARKS.c.seq)
    last: dict[int, int] = {}
    for stream, seq in session.connection().execute(marks):
        last[stream] = max(seq, last.get(stream, 0))
    return sorted(head for some in batches(last.items(), LOOKED_UP_AT_ONCE) for head in heads_there(session, some))


def _made(session: DeskSession, heads: Sequence[Head], last: Anchor | None, *, now: datetime) -> Anchor:
    at = now if last is None else max(now, last.at + STEP)
    previous = GENESIS if last is None else last.hash
    told = json.dumps({str(stream): [seq, hash_] for stream, seq, hash_ in heads}, separators=(",", ":"))
    made = Anchor(
        id=new_id(at) if last is None else max(new_id(at), last.id + 1),
        at=at,
        heads=told,
        previous=previous,
        hash=anchor_hash(session.house.audit_key, at=at, heads=told, previous=previous),
    )
    session.add(made)
    session.flush()
    return made
