"""Identities made before the row is: one number space for every table, in the order of time.

41 bits of milliseconds since 2024 and 22 bits that begin at random and count on: below 2**63 until 2093, and nobody
learns from an id how many tickets another site has. Events name their stream (a ticket, a staff member, the settings)
by such an id alone.
"""

import itertools
import os
import secrets
from datetime import UTC, datetime

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
LOW_BITS = 22
LARGEST_ID = 2**63 - 1
"""Whatever is larger fits into no column: it is the id of nothing."""
SETTINGS_STREAM = 1
"""Below every made id: the stream of changes to sites, limits and policy."""


class _Low:
    """Counting, rather than chance alone, keeps ids apart where a thousand rows share one instant."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self._count = itertools.count(secrets.randbits(LOW_BITS))

    def next(self) -> int:
        return next(self._count) & ((1 << LOW_BITS) - 1)


_low = _Low()
os.register_at_fork(after_in_child=_low.begin)  # or two forked web processes would count in step


def new_id(now: datetime) -> int:
    milliseconds = max(0, int((now - EPOCH).total_seconds() * 1000))
    return (milliseconds << LOW_BITS) | _low.next()
