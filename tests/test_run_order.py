"""The order of a whole run: see tests/fixtures/order.py."""

from itertools import pairwise

import pytest

from tests.fixtures.order import DONE_BY, MINUTES, pytest_collection_modifyitems, spread


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


def test_what_takes_minutes_begins_before_all_others(request: pytest.FixtureRequest) -> None:
    def item(name: str, *marks: pytest.MarkDecorator) -> pytest.Item:
        one: pytest.Item = pytest.Function.from_parent(request.node.parent, name=name, callobj=lambda: None)
        for mark in marks:
            one.add_marker(mark)
        return one

    slow, patient = pytest.mark.slow, pytest.mark.timeout
    items = [item("short"), item("long", slow, patient(MINUTES - 1)), item("a month", slow, patient(MINUTES))]
    pytest_collection_modifyitems(items)
    assert [one.name for one in items] == ["a month", "long", "short"]
