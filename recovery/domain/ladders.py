"""Who hears that a clock nears its target, or has passed it: a ladder of rungs, each at its time. Times come from the policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from recovery.domain.tickets import Severity

LADDERED = ("first_response", "remedy_ready", "resolved")
"""An approval has a ladder of its own, and confirming is the customer's."""
SECONDS_A_MINUTE = 60


class Rung(StrEnum):
    """From the lowest up."""

    OWNER = "owner"
    ON_SHIFT = "on_shift"
    DEPUTY = "deputy"
    SUPERVISORS = "supervisors"
    ADMINS = "admins"

    @property
    def number(self) -> int:
        """1 is the lowest."""
        return list(Rung).index(self) + 1


class Step(NamedTuple):
    rung: Rung
    at: int
    """Counted seconds."""


@dataclass(frozen=True, slots=True)
class Ladder:
    clocks: tuple[str, ...]
    warn_at_percent: int
    """Of the target: the lowest rung."""
    after_minutes: Mapping[Rung, int]
    """Past the target, in opening hours, for the others. A rung that is left out is never climbed."""
    again_after: timedelta
    """Nobody is texted twice about one ticket within this time."""
    wake: frozenset[Severity]
    """For these a text leaves at any hour."""

    def steps(self, target: int) -> Sequence[Step]:
        """For a target in seconds, from the lowest rung up."""
        warned = Step(Rung.OWNER, target * self.warn_at_percent // 100)
        past = (Step(rung, target + minutes * SECONDS_A_MINUTE) for rung, minutes in self.after_minutes.items())
        return [warned, *past]


def rungs_from(rung: Rung) -> Sequence[Rung]:
    """With it, from the lowest up."""
    rungs = list(Rung)
    return rungs[rungs.index(rung) :]
