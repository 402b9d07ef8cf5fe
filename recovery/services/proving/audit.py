"""The proof: every chain is whole, every head is the ticket's own, every anchor still holds, and what reports read is
what the trail says. And the trail itself, for people."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from recovery.domain.actors import ActorKind
from recovery.domain.event_chain import GENESIS, anchor_hash
from recovery.domain.events import Tag
from recovery.domain.told import TELLS_OF_TIME
from recovery.models import Anchor, AwaitingAnchor, Event, TicketClock
from recovery.services.proving.anchors import LOOKED_UP_AT_ONCE, batches, heads_of, heads_there
from recovery.services.proving.audit_search import AuditRow, search, trail
from recovery.services.proving.chains import AT_ONCE, Break, Broken, Link, Reader, beside, checked, one_snapshot
from recovery.services.proving.figures import figures
from recovery.services.session import DeskSession
from recovery.services.timing.clocks import as_told

__all__ = ["AuditRow", "Break", "Verdict", "search", "trail", "verify"]


@dataclass(slots=True)
class Verdict:
    events: int = 0
    streams: int = 0
    covered_until: datetime | None = None
    """A ticket deleted with all its events, or a tail cut with the ticket's own record of it, shows up to here; None:
    nothing was anchored yet."""
    first_break: Break | None = None
    first_wrong_clock: Break | None = None
    """A row that reports read and that its events do not give."""

    @property
    def ok(self) -> bool:
        return self.first_break is None and self.first_wrong_clock is None


def verify(
    session: DeskSession,
    audit_key: bytes,
    *,
    outside: Iterable[str] = (),
    tell: Callable[[int], None] = lambda _: None,
) -> Verdict:
    """Reads everything once, in one snapshot: the session must be fresh. `outside` are the lines by which anchors were
    told; `tell` hears, now and then, how many events were read."""
    one_snapshot(session)
    with ExitStack() as open_results:
        walk = _Walk(session, Reader(session, open_results), audit_key, tell)
        try:
            walk.through()
            walk.anchors(outside)
            walk.awaiting()
        except Broken as broken:
            walk.verdict.first_break = broken.found
    return walk.verdict


@dataclass(slots=True)
class _Walk:
    session: DeskSession
    read: Reader
    key: bytes
    tell: Callable[[int], None]
    verdict: Verdict = field(default_factory=Verdict)
    excused: list[tuple[str, str]] = field(default_factory=list)
    """Spans of time whose anchors need not be here: a backup was put back."""
    removed: set[int] = field(default_factory=set)
    """Streams that the settings' own chain says went with the demo."""

    def through(self) -> None:
        rows = _Rows(self.read)
        known = figures(self.session)
        for head, chain in beside(self.read):
            told = []
            for link in checked(head, chain, self.key):
                self._count(link)
                if link.fields.tag in TELLS_OF_TIME:
                    fields = link.fields
                    told.append(as_told(fields.tag, fields.at, ActorKind(fields.actor_kind), fields.payload))
            self.verdict.streams += 1
            if told and self.verdict.first_wrong_clock is None:
                why = known.wrong(head.id, told, rows.of(head.id))
                self.verdict.first_wrong_clock = Break(head.name, why) if why else None

    def _count(self, link: Link) -> None:
        self.verdict.events += 1
        if self.verdict.events % AT_ONCE == 0:
            self.tell(self.verdict.events)
        payload, at = link.fields.payload, link.fields.at
        if link.fields.tag == Tag.BACKUP_RESTORED:
            self.excused.append((json.loads(payload)["made_at"], _spelt(at)))
        elif link.fields.tag == Tag.DEMO_REMOVED:
            self.removed.update(streams_removed(payload))

    def anchors(self, outside: Iterable[str]) -> None:
        """From each to the one that names it as its previous: clocks may have said otherwise."""
        following = {row.previous: row for row in self.session.execute(select(Anchor.previous, Anchor.id, Anchor.at))}
        previous, hashes = GENESIS, set()
        while previous in following:
            anchor = self.session.get_one(Anchor, following.pop(previous).id)
            prove_anchor(self.session, anchor, previous, self.key, self.removed)
            previous = anchor.hash
            hashes.add(previous)
            self.verdict.covered_until = anchor.at
        for lost in following.values():
            raise Broken(f"the anchor of {_spelt(lost.at)}", "it follows one that is not here, or is another one")
        self._compare_outside(outside, hashes)

    def awaiting(self) -> None:
        """What no anchor covers yet has a mark, which was written with it."""
        marked = select(AwaitingAnchor.stream_id, AwaitingAnchor.seq).outerjoin(
            Event, (Event.stream_id == AwaitingAnchor.stream_id) & (Event.seq == AwaitingAnchor.seq)
        )
        for stream, seq in self.session.execute(marked.where(Event.seq.is_(None)).order_by(AwaitingAnchor.stream_id)):
            raise Broken(f"stream {stream}", f"its event {seq} went before an anchor saw it")

    def _compare_outside(self, outside: Iterable[str], hashes: set[str]) -> None:
        for line in outside:
            told = json.loads(line)
            if told["hash"] not in hashes and not any(since <= told["at"] <= until for since, until in self.excused):
                raise Broken(
                    f"the anchor of {told['at']}", "it was told outside and is not here: an older copy was put back"
                )


def prove_anchor(session: DeskSession, anchor: Anchor, previous: str, key: bytes, removed: Collection[int]) -> None:
    """Raises Broken where it is not what was written, or saw what is not here any more and was not `removed`."""
    where = f"the anchor of {_spelt(anchor.at)}"
    if anchor.hash != anchor_hash(key, at=anchor.at, heads=anchor.heads, previous=previous):
        raise Broken(where, "it is not what was written")
    for some in batches(heads_of(anchor), LOOKED_UP_AT_ONCE):
        missing = set(some) - heads_there(session, [(stream, seq) for stream, seq, _ in some])
        for stream, seq, _ in sorted(head for head in missing if head[0] not in removed):
            raise Broken(where, f"it saw event {seq} of stream {stream}, which is not here any more, or is another one")


def streams_removed(payload: str) -> set[int]:
    """That went with the demo, as its event in the settings' own chain says."""
    return {int(stream, 16) for stream in json.loads(payload)["streams"].split()}


class _Rows:
    """The rows that reports read, in the order in which the tickets come by."""

    def __init__(self, read: Reader) -> None:
        query = select(TicketClock.__table__).order_by(TicketClock.ticket_id)
        self._rows: Iterator[Any] = iter(read(query).mappings())
        self._next = next(self._rows, None)

    def of(self, ticket_id: int) -> dict[str, Any] | None:
        while self._next is not None and self._next["ticket_id"] < ticket_id:
            self._next = next(self._rows, None)
        return dict(self._next) if self._next is not None and self._next["ticket_id"] == ticket_id else None


def _spelt(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")
