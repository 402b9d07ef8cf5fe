"""How the API spells what it answers."""

import json
from datetime import UTC, datetime
from typing import Any


def dumps(value: Any, *, plain: bool = False) -> str:
    """`plain` in ASCII: for problems, which may repeat half a character that was sent."""
    return json.dumps(value, default=_spelled, ensure_ascii=plain, separators=(",", ":"))


def instant(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC, with Z; fractions only where there are any."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _spelled(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    raise TypeError(f"{type(value).__name__} has no spelling in JSON")
