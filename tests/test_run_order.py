"""The order of a whole run: see tests/fixtures/order.py."""

from itertools import pairwise

from tests.fixtures.order import DONE_BY, spread


def test_long_tests_begin_early_and_between_the_short_ones() -> None:
    long, short = [f"long {number}" for number in range(70)], [f"short {number}" for number in range(1000)]
    order = list(spread(long, short))
    assert [each for each in order if each in short] == short
    assert [each for each in order if each in long] == long
    places = [order.index(each) for each in long]
    assert len(order) - places[-1] > (1 - DONE_BY) * len(short)
    assert max(later - earlier for earlier, later in pairwise(places)) < 15


def test_a_run_of_one_kind_alone_keeps_its_order() -> None:
    assert list(spread([], [3, 1, 2])) == [3, 1, 2]
    assert list(spread([3, 1, 2], [])) == [3, 1, 2]
