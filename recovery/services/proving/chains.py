"""Reading the chains of events, link by link."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Result, literal_column, select, text, true

from recovery.domain.event_chain import GENESIS, ChainFields, chain_hash, key_id
from recovery.models import Event, SettingsStream, Staff, Ticket
from recovery.models.base import Streamed
from recovery.services.session import DeskSession

AT_ONCE = 2_000
"""Rows in memory at a time: a million tickets are verified in the memory of a few."""


@dataclass(frozen=True, slots=True)
class Break:
    where: str
    """For people: `RD-7K3M9Q, event 4`."""
    why: str


class Broken(Exception):
    """Carries where and why; the rest is not looked at, because it cannot be trusted."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(where, why)
        self.found = Break(where, why)


class Head(NamedTuple):
    """What a ticket, a member of staff or the settings say of their own last event."""

    id: int
    seq: int
    hash: str
    name: str


class Link(NamedTuple):
    """An event, as its row holds it."""

    fields: ChainFields
    hash: str


class Reader:
    """Reads long results a few at a time, and closes them all, however the reading ends."""

    def __init__(self, session: DeskSession, open_results: ExitStack) -> None:
        self._session, self._open = session, open_results

    def __call__(self, query: Any) -> Result[Any]:
        result: Result[Any] = self._session.execute(query.execution_options(yield_per=AT_ONCE))
        return self._open.enter_context(closing(result))


def one_snapshot(session: DeskSession) -> None:
    """All that the session reads is of one moment; it must be fresh."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def prove_stream(session: DeskSession, stream_id: int, key: bytes) -> int:
    """Of one stream, beside its own record of its last event; gives how many events. Raises Broken."""
    with ExitStack() as open_results:
        pairs = beside(Reader(session, open_results), only=stream_id)
        return sum(1 for head, chain in pairs for _ in checked(head, chain, key))


def links(read: Reader, *, only: int | None = None) -> Iterator[Link]:
    """All events, stream by stream, or those of one."""
    columns = [getattr(Event, name) for name in ChainFields.__slots__]
    query = select(*columns, Event.hash).order_by(Event.stream_id, Event.seq)
    for row in read(query if only is None else query.where(Event.stream_id == only)):
        *fields, hash_ = tuple(row)
        yield Link(ChainFields(*fields), hash_)


def heads(read: Reader, *, only: int | None = None) -> Iterator[Head]:
    """In the order of `links`."""
    kinds: tuple[tuple[type[Streamed], Any], ...] = (
        (Ticket, Ticket.reference),
        (Staff, literal_column("'the account of a member of staff'")),
        (SettingsStream, literal_column("'the settings'")),
    )
    queries = [
        select(kind.id, kind.event_seq, kind.event_head, name).where(true() if only is None else kind.id == only)
        for kind, name in kinds
    ]
    found = [read(query.order_by(query.selected_columns[0])) for query in queries]
    return (Head._make(row) for row in merge(*found))


def checked(head: Head, chain: Iterable[Link], key: bytes) -> Iterator[Link]:
    """Gives the links of one stream as far as they hold. Raises Broken."""
    previous, seq, named = GENESIS, 0, key_id(key)
    for link in chain:
        seq += 1
        where = f"{head.name}, event {seq}"
        if link.fields.seq != seq:
            raise Broken(where, "it is missing: somebody deleted it")
        if link.fields.key_id != named:
            raise Broken(
                where, f"it was written under another audit key ({link.fields.key_id}) than this one ({named})"
            )
        if link.hash != chain_hash(key, link.fields):
            raise Broken(where, "it is not what was written: edited, put in another's place, or made without the key")
        if link.fields.previous != previous:
            raise Broken(where, "it does not follow the one before it: somebody reordered or replaced events")
        previous = link.hash
        yield link
    if (seq, previous) != (head.seq, head.hash):
        raise Broken(head.name, f"it says that its last event is number {head.seq}, and the chain ends with {seq}")


def beside(read: Reader, *, only: int | None = None) -> Iterator[tuple[Head, Iterator[Link]]]:
    """Each head with its links, which must be read before the next. Raises Broken where one is without the other."""
    standing = heads(read, only=only)
    for stream_id, chain in groupby(links(read, only=only), key=lambda link: link.fields.stream_id):
        for head in standing:
            if head.id >= stream_id:
                break
            _refuse_empty(head)
        else:
            head = None
        if head is None or head.id != stream_id:
            raise Broken(f"stream {stream_id}", "its events are here, and what they tell of is gone")
        yield head, chain
    for head in standing:
        _refuse_empty(head)


def _refuse_empty(head: Head) -> None:
    if head.seq:
        raise Broken(head.name, f"it has {head.seq} events, and none of them is here")
