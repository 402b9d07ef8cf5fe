"""The chain of events: what its hashes cover, and how they are made."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from recovery.domain.ids import EPOCH


@dataclass(frozen=True, slots=True)
class ChainFields:
    """All that the hash covers, in this order."""

    stream_id: int
    seq: int
    tag: str
    tag_version: int
    at: datetime
    actor_kind: str
    actor_id: int | None
    site_id: int | None
    payload: str
    key_id: str
    previous: str


GENESIS = ""


def chain_hash(key: bytes, fields: ChainFields) -> str:
    """HMAC-SHA256 over length-prefixed fields, so that no two different events spell the same bytes."""
    parts = (
        fields.stream_id,
        fields.seq,
        fields.tag,
        fields.tag_version,
        _microseconds(fields.at),
        fields.actor_kind,
        "" if fields.actor_id is None else fields.actor_id,
        "" if fields.site_id is None else fields.site_id,
        fields.payload,
        fields.key_id,
        fields.previous,
    )
    return _hmac(key, (str(part) for part in parts))


def anchor_hash(key: bytes, *, at: datetime, heads: str, previous: str) -> str:
    """Of an anchor, which chains to the one before it. `heads` is canonical JSON."""
    parts = (str(_microseconds(at)), heads, previous)
    return _hmac(key, parts)


@lru_cache(maxsize=8)
def key_id(key: bytes) -> str:
    """Names the key in each event without telling it."""
    return hashlib.sha256(b"audit-key:" + key).hexdigest()[:12]


def _microseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def _hmac(key: bytes, parts: Iterable[str]) -> str:
    encoded = (part.encode() for part in parts)
    return hmac.digest(key, b"".join(b"%d:%b" % (len(part), part) for part in encoded), "sha256").hex()
