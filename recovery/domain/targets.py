"""How soon it ought to be: minutes in opening hours by clock, for every ticket, for a severity, a failure, or both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

CLOCKS = ("first_response", "authorisation", "remedy_ready", "resolved", "confirmed")
CLOCK_LABELS = {
    "first_response": "First response by a person",
    "authorisation": "Authorised",
    "remedy_ready": "Remedy ready",
    "resolved": "Recovered",
    "confirmed": "Confirmed by the customer",
}
ANY = ""
LONGEST_TARGET = 366 * 24 * 60
"""In minutes."""


class Kind(NamedTuple):
    """What a target is for; empty is any."""

    failure: str = ANY
    severity: str = ANY

    @property
    def rank(self) -> int:
        """0 is the most specific: both, then the failure, then the severity, then everything."""
        return (0 if self.severity else 1) if self.failure else (2 if self.severity else 3)


EVERYTHING = Kind()


def kinds_of(failure: str, severity: str) -> tuple[Kind, ...]:
    """Under which a ticket's target is looked for: the first that has one wins."""
    return Kind(failure, severity), Kind(failure), Kind(severity=severity), EVERYTHING


@dataclass(frozen=True, slots=True)
class Targets:
    """The house's; for everything each clock has one."""

    by_kind: Mapping[Kind, Mapping[str, int]]
    """Minutes by clock."""

    @property
    def soonest(self) -> int:
        """The shortest of all, in minutes."""
        return min(minutes for by_clock in self.by_kind.values() for minutes in by_clock.values())

    def of(self, kind: Kind, clock: str) -> int | None:
        """What is said for just this kind."""
        return self.by_kind.get(kind, {}).get(clock)
