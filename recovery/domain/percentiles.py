from collections.abc import Sequence
from typing import NamedTuple


class Percentiles(NamedTuple):
    p50: int
    p90: int
    p95: int


def percentiles(ordered: Sequence[int]) -> Percentiles | None:
    """Take values in ascending order; None when there are none."""
    if not ordered:
        return None
    return Percentiles(nearest_rank(ordered, 50), nearest_rank(ordered, 90), nearest_rank(ordered, 95))


def nearest_rank(ordered: Sequence[int], percent: int) -> int:
    """Give the smallest value that at least `percent` (1 to 100) of the values do not exceed: always one that happened."""
    return ordered[rank_of(percent, len(ordered)) - 1]


def rank_of(percent: int, count: int) -> int:
    """At which place that value stands among `count` in ascending order; 1 is the first."""
    if not 1 <= percent <= 100:  # noqa: PLR2004 (what per cent means)
        raise ValueError("A percentile lies between 1 and 100.")
    return -(-percent * count // 100)  # rounded up in whole numbers: 0.95 * 20 is a little more than 19
