"""Anchors: the heads of all chains changed since the last one, hashed, chained and told outside of the database, so that
a tail that was cut or a ticket that is gone shows."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TypeVar

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from recovery.domain.events import GENESIS, anchor_hash
from recovery.domain.ids import new_id
from recovery.models import Anchor, Event
from recovery.services.running.ground import Ground
from recovery.services.session import DeskSession

log = structlog.get_logger(__name__)

LOOKED_BACK = timedelta(minutes=30)
"""Before the last anchor: a transaction may commit, and another host's clock may stand, so much behind."""
HEADS_AN_ANCHOR = 5_000

Item = TypeVar("Item")
Head = tuple[int, int, str]
"""Stream, seq, hash."""


def make_anchors(session: DeskSession, *, now: datetime, everything: bool = False) -> list[str]:
    """Gives the lines to be told outside; none where nothing changed since the last anchor.

    `everything` also covers what was written with an older time, as an import is. Raises IntegrityError where another
    worker anchored meanwhile.
    """
    heads = _heads(session, None) if everything else _uncovered(session)
    previous = session.scalar(select(Anchor.hash).order_by(Anchor.id.desc()).limit(1)) or GENESIS
    lines = []
    for some in batches(heads, HEADS_AN_ANCHOR):
        made = _made(session, some, previous, now=now)
        previous = made.hash
        lines.append(line_of(made))
    return lines


def anchor(ground: Ground, now: datetime) -> int:
    """Due work: makes what is due, commits it, then tells it outside."""
    with ground.read() as session:
        if next(_uncovered(session), None) is None:
            return 0
        told_to = session.house.anchor_file
    try:
        lines = ground.transact(lambda session: make_anchors(session, now=now))
    except IntegrityError:  # another worker was first, and told it
        return 0
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


def _uncovered(session: DeskSession) -> Iterator[Head]:
    """Heads that no anchor covers yet; all there are where there is no anchor."""
    last = session.scalar(select(func.max(Anchor.at)))
    since = None if last is None else last - LOOKED_BACK
    recent = session.scalars(select(Anchor).where(Anchor.at >= since)) if since is not None else ()
    covered = {head for each in recent for head in heads_of(each)}
    return (head for head in _heads(session, since) if head not in covered)


def _heads(session: DeskSession, since: datetime | None) -> Iterator[Head]:
    """In the order of streams, some at a time."""
    after = 0
    while some := _some_heads(session, since, after):
        yield from some
        after, *_ = some[-1]


def _some_heads(session: DeskSession, since: datetime | None, after: int) -> list[Head]:
    changed = select(Event.stream_id, func.max(Event.seq).label("seq")).where(Event.stream_id > after)
    if since is not None:
        changed = changed.where(Event.at >= since)
    last = changed.group_by(Event.stream_id).order_by(Event.stream_id).limit(HEADS_AN_ANCHOR).subquery()
    heads = (
        select(Event.stream_id, Event.seq, Event.hash)
        .join(last, (last.c.stream_id == Event.stream_id) & (last.c.seq == Event.seq))
        .order_by(Event.stream_id)
    )
    return [(stream_id, seq, hash_) for stream_id, seq, hash_ in session.execute(heads)]


def _made(session: DeskSession, heads: Sequence[Head], previous: str, *, now: datetime) -> Anchor:
    told = json.dumps({str(stream): [seq, hash_] for stream, seq, hash_ in heads}, separators=(",", ":"))
    made = Anchor(
        id=new_id(now),
        at=now,
        heads=told,
        previous=previous,
        hash=anchor_hash(session.house.audit_key, at=now, heads=told, previous=previous),
    )
    session.add(made)
    session.flush()
    return made
