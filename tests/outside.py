"""What holds after whatever happened, looked at from outside: by the rows and by the trail, and by no code that sends. Rows
may come from the models or from plain SQL; only their names count."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from recovery.domain.event_chain import GENESIS, ChainFields, chain_hash
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus

AS_SENT = {MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.UNDELIVERED}
RANKS = {Tag.TEXT_QUEUED: 0, Tag.TEXT_SENT: 1, Tag.TEXT_DELIVERED: 2, Tag.TEXT_UNDELIVERED: 2, Tag.TEXT_FAILED: 2}


def accepted_once(texts: Iterable[Any], accepted: Iterable[int]) -> Iterator[str]:
    """0 doubled, 0 lost: `accepted` are the ids of texts, each time that the provider took one."""
    times_taken = Counter(accepted)
    for text in texts:
        times = times_taken[text.id]
        if times > 1:
            yield f"text {text.id} was accepted {times} times"
        if text.status in AS_SENT and times == 0:
            yield f"text {text.id} counts as {text.status} and the provider never had it"


def explained(texts: Iterable[Any], events: Iterable[Any]) -> Iterator[str]:
    """Every doubt has its beginning and its end in the trail, and no state went back."""
    told: dict[int, list[Tag]] = defaultdict(list)
    for event in events:
        if event.tag.startswith("ticket:text:") and (about := json.loads(event.payload).get("message")) is not None:
            told[about].append(Tag(event.tag))
    for text in texts:
        tags = told[text.id]
        if text.doubted_at is not None and Tag.TEXT_DOUBTED not in tags:
            yield f"text {text.id} was in doubt, and its trail does not say so"
        if tags.count(Tag.TEXT_SETTLED) < tags.count(Tag.TEXT_DOUBTED):
            yield f"the doubt about text {text.id} was never settled: {tags}"
        ranks = [RANKS[tag] for tag in tags if tag in RANKS]
        if ranks != sorted(ranks):
            yield f"text {text.id} went back: {tags}"
        if tags.count(Tag.TEXT_SENT) > 1:
            yield f"text {text.id} was told as sent more than once"


def chained(key: bytes, chain: Iterable[ChainFields], hashes: Sequence[str], ends: Mapping[int, Any]) -> Iterator[str]:
    """The chain of every stream, computed anew; `ends` are the tickets that have to end where their chains do."""
    heads: dict[int, tuple[int, str]] = defaultdict(lambda: (0, GENESIS))
    for fields, kept in zip(chain, hashes, strict=True):
        seq, head = heads[fields.stream_id]
        if (fields.seq, fields.previous, kept) != (seq + 1, head, chain_hash(key, fields)):
            yield f"the chain of {fields.stream_id} breaks at {fields.seq}"
        heads[fields.stream_id] = (fields.seq, kept)
    for ticket in ends.values():
        if heads[ticket.id] != (ticket.event_seq, ticket.event_head):
            yield f"ticket {ticket.reference} does not end where its chain does"
