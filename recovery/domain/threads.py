"""How we know which ticket a text belongs to, and what is asked where we do not."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from recovery.domain.ratings import SCALE
from recovery.domain.waits import DIGITS

FIXED, WHICH, COMING, RATING = "fixed", "which", "coming", "rating"
"""What a text of ours may ask."""
ALWAYS_THE_SAME: Mapping[str, Sequence[int]] = {FIXED: (1, 2), COMING: sorted(DIGITS), RATING: SCALE}
"""The digits that answer it."""
MOST_CHOICES = 4
SOMETHING_ELSE = 0
"""In the place of a ticket's id: none of those that were named."""


class FoundBy(StrEnum):
    GUESS = "guess"
    ANSWER = "answer"
    """They told us."""
    STAFF = "staff"


def options_for(live: Sequence[int]) -> list[int]:
    """The tickets that are named, the newest first as given; with more than fit, the last choice is something else."""
    return list(live) if len(live) <= MOST_CHOICES else [*live[: MOST_CHOICES - 1], SOMETHING_ELSE]


def digits_for(asks: str | None, options: str | None) -> Sequence[int]:
    """What may be answered."""
    if asks == WHICH:
        return range(1, len(read_options(options)) + 1)
    return ALWAYS_THE_SAME.get(asks or "", ())


def is_answer(asks: str | None, digit: int, options: str | None) -> bool:
    return digit in digits_for(asks, options)


def spelt_options(options: Sequence[int]) -> str:
    return " ".join(str(each) for each in options)


def read_options(options: str | None) -> list[int]:
    return [int(each) for each in (options or "").split()]
