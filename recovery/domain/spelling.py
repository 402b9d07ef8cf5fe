"""How instants are spelled for other machines: RFC 3339 in UTC, with Z."""

import re
from datetime import UTC, datetime
from typing import Any

OURS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")
"""As events keep an instant; their text is under the chain's seal, and so is respelled only on its way out."""


def instant(moment: datetime) -> str:
    """Fractions only where there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def respelled(value: Any) -> Any:
    """An instant that an event keeps, with Z; everything else as it is."""
    is_instant = isinstance(value, str) and OURS.fullmatch(value)
    return instant(datetime.fromisoformat(value)) if is_instant else value
