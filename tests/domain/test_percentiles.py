import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recovery.domain.percentiles import Percentiles, nearest_rank, percentiles

SECONDS = st.lists(st.integers(0, 10**7), min_size=1, max_size=300).map(sorted)


def test_no_recoveries_have_no_percentiles() -> None:
    assert percentiles([]) is None


def test_one_recovery_is_every_percentile() -> None:
    assert percentiles([240]) == Percentiles(240, 240, 240)


def test_nearest_rank_on_a_textbook_list() -> None:
    assert [nearest_rank([15, 20, 35, 40, 50], percent) for percent in (5, 30, 40, 50, 100)] == [15, 20, 20, 35, 50]


def test_twenty_recoveries_do_not_stumble_over_a_fraction() -> None:
    assert percentiles(range(1, 21)) == Percentiles(10, 18, 19)


def test_many_recoveries() -> None:
    assert percentiles(range(1, 1_000_001)) == Percentiles(500_000, 900_000, 950_000)


@pytest.mark.parametrize("percent", [0, -1, 101])
def test_what_is_no_percentile_is_a_mistake_of_the_caller(percent: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 100"):
        nearest_rank([1], percent)


@given(SECONDS, st.integers(1, 100))
@settings(deadline=None, max_examples=100)
def test_enough_values_are_at_most_the_percentile_and_no_smaller_one_would_do(values: list[int], percent: int) -> None:
    found = nearest_rank(values, percent)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)


@given(SECONDS)
@settings(deadline=None, max_examples=50)
def test_percentiles_rise(values: list[int]) -> None:
    found = percentiles(values)
    assert found is not None
    assert list(found) == sorted(found)
