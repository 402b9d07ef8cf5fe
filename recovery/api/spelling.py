"""How the API spells what it answers."""

import json
from datetime import datetime
from typing import Any

from recovery.domain.spelling import instant


def dumps(value: Any, *, plain: bool = False) -> str:
    """`plain` in ASCII: for problems, which may repeat half a character that was sent."""
    return json.dumps(value, default=_spelled, ensure_ascii=plain, separators=(",", ":"))


def _spelled(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    raise TypeError(f"{type(value).__name__} has no spelling in JSON")
