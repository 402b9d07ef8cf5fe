"""The slots of one sender: never closer than its rate, never wasted, and none far ahead."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from recovery.domain.errors import Invalid
from recovery.domain.pacing import AHEAD, LATEST, Slot, at_once, begins_at, slots
from recovery.domain.policy import Policy
from recovery.domain.senders import Rates, SenderKind, kind_of
from tests.domain.test_policy import shipped

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


def test_the_first_text_leaves_at_once_and_the_next_a_slot_later() -> None:
    assert slots(None, [1, 1], rate=1, now=NOW) == [Slot(NOW, NOW + timedelta(seconds=1.01))]


def test_nobody_begins_more_than_a_moment_ahead_of_the_slot() -> None:
    free = NOW + timedelta(seconds=1)
    assert slots(free, [1], rate=1, now=free - AHEAD - timedelta(microseconds=1)) == []
    assert slots(free, [1], rate=1, now=free - AHEAD) == [Slot(free, free + timedelta(seconds=1.01))]


def test_time_that_nobody_used_is_gone_and_makes_no_burst() -> None:
    given = slots(NOW - timedelta(minutes=5), [1] * 10, rate=3, now=NOW)
    assert given == [Slot(NOW, NOW + timedelta(seconds=1.01 / 3))]


def test_a_fast_sender_takes_several_in_one_commit_each_in_its_slot() -> None:
    given = [slot.at for slot in slots(None, [1] * 20, rate=100, now=NOW)]
    assert len(given) == at_once(100) == 10
    gaps = {later - earlier for earlier, later in pairwise(given)}
    assert gaps == {timedelta(seconds=0.0101)}


def test_a_long_text_takes_as_much_as_it_has_segments() -> None:
    assert slots(None, [3, 1], rate=2, now=NOW) == [Slot(NOW, NOW + timedelta(seconds=1.515))]


def test_a_slot_that_a_wrong_clock_wrote_holds_up_nobody() -> None:
    far = NOW + timedelta(days=365)
    assert [slot.at for slot in slots(far, [1], rate=1, now=NOW)] == [NOW]
    assert begins_at(far, rate=1, now=NOW) == NOW


@pytest.mark.parametrize("rate", [1, 3, 10, 97, 1000])
def test_in_no_second_leaves_more_than_the_rate(rate: int) -> None:
    """A worker that comes whenever it may, for some seconds."""
    now, free, left = NOW, None, []
    while now < NOW + timedelta(seconds=5):
        given = slots(free, [1] * 200, rate=rate, now=now)
        left += [slot.at for slot in given]
        free = given[-1].free if given else free
        now = max(begins_at(free, rate=rate, now=now), now + timedelta(milliseconds=3))
    for first in left:  # which leaves as late as can be, and the others in time
        within = bisect_left(left, first + LATEST + timedelta(seconds=1)) - bisect_left(left, first + LATEST)
        assert within + 1 <= rate
    assert len(left) >= 5 * rate * 0.98


@pytest.mark.parametrize(
    ("sender", "kind"),
    [
        ("+15550100", "long_code"),
        ("+447700900001", "long_code"),
        ("+18335550100", "toll_free"),
        ("60606", "short_code"),
        ("MG" + "0" * 32, "messaging_service"),
        ("Harbour St", "name"),
        ("simulator", "simulator"),
    ],
)
def test_the_kind_of_a_sender_is_seen_from_its_name(sender: str, kind: str) -> None:
    assert kind_of(sender) == kind


def test_a_sender_that_differs_from_its_kind_says_so_and_simulated_ones_have_no_limit() -> None:
    rates = Rates({SenderKind.LONG_CODE: 1}, {"+15550100": 10})
    assert rates.of("+15550100", simulated=False) == 10
    assert rates.of("+15550101", simulated=False) == 1
    assert rates.of("60606", simulated=False) is None
    assert rates.of("+15550101", simulated=True) is None


def test_a_rate_for_what_is_no_sender_is_refused() -> None:
    with pytest.raises(Invalid, match=r"07700 900001 is no sender"):
        Policy.from_mapping(shipped("texts", "rates", value={"senders": {"07700 900001": 3}}))
    with pytest.raises(Invalid, match=r"no entry texts\.rates\.longcode"):
        Policy.from_mapping(shipped("texts", "rates", value={"longcode": 1}))
