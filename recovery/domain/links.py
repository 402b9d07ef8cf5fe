"""Links without a password: derived from what they open, so that they can be repeated in later texts, and revoked by
raising the generation.
"""

import base64
import hashlib
import hmac
from functools import lru_cache
from typing import NamedTuple

CUT_BYTES = 16
"""128 bits of the HMAC: unguessable, and short enough for a text."""
ID_BYTES = 8


class Opened(NamedTuple):
    id: int
    generation: int


def make_token(secret: str, purpose: str, of_id: int, generation: int = 0) -> str:
    """About 34 characters: id and generation in base64, then the cut HMAC over purpose, id and generation.

    The generation takes as many bytes as it needs: one, for all but a link that was revoked hundreds of times.
    """
    head = of_id.to_bytes(ID_BYTES, "big") + generation.to_bytes(max(1, (generation.bit_length() + 7) // 8), "big")
    return base64.urlsafe_b64encode(head + _seal(secret, purpose, head)).rstrip(b"=").decode()


def open_token(secret: str, purpose: str, token: str) -> Opened | None:
    """None for whatever this secret did not make for this purpose."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    head, seal = raw[:-CUT_BYTES], raw[-CUT_BYTES:]
    if len(head) <= ID_BYTES or not hmac.compare_digest(seal, _seal(secret, purpose, head)):
        return None
    return Opened(int.from_bytes(head[:ID_BYTES], "big"), int.from_bytes(head[ID_BYTES:], "big"))


def _seal(secret: str, purpose: str, head: bytes) -> bytes:
    return hmac.digest(_key(secret), purpose.encode() + b"\0" + head, "sha256")[:CUT_BYTES]


@lru_cache(maxsize=8)
def _key(secret: str) -> bytes:
    return hashlib.sha256(b"link:" + secret.encode()).digest()
