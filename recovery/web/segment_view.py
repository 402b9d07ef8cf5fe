"""What a text costs, in the words of every place where one is written. static/js/segments.js says the same while it is
typed."""

from collections.abc import Sequence
from typing import Any

from recovery.domain.texts import Segments, segments

NAMED = 4
"""So many letters are named, and the rest are others."""


def segment_words(sent: Segments, typed: str, *, cost: str = "") -> dict[str, Any]:
    """What components/segments.html shows. `typed` is what somebody wrote, before its letters were made plain."""
    letters = f"{sent.left} {'letter' if sent.left == 1 else 'letters'} left"
    count = f"{sent.count} {'segment' if sent.count == 1 else 'segments'}"
    return {
        "count": " · ".join(part for part in (letters, count, sent.encoding, cost) if part),
        "warning": _warning(sent, typed),
    }


def _warning(sent: Segments, typed: str) -> str:
    if dear := sent.offending:
        return f"{_named(dear)} {'makes' if len(dear) == 1 else 'make'} it cost more: fewer letters fit."
    plain = segments(typed).offending
    return f"{_named(plain)} {'goes' if len(plain) == 1 else 'go'} out as plain letters." if plain else ""


def _named(letters: Sequence[str]) -> str:
    return " ".join(letters[:NAMED]) + (" and others" if len(letters) > NAMED else "")
