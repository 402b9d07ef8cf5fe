"""The slots of one sender: in no second more than its rate, hardly one wasted, and none far ahead."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest

from recovery.domain.errors import Invalid
from recovery.domain.pacing import AHEAD, AHEAD_OF_MANY, LATEST, SECOND, Pace, Slot, begins_at, moved, room, slots
from recovery.domain.policy import Policy
from recovery.domain.senders import Rates, SenderKind, kind_of
from tests.domain.test_policy import shipped

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
ONE_SECOND = timedelta(seconds=1)


def given(pace: Pace, segments: list[int], *, rate: int, now: datetime = NOW) -> list[Slot]:
    return slots(pace, segments, rate=rate, now=now)[0]


def test_the_first_text_leaves_at_once_and_the_next_a_second_after_it_left() -> None:
    (slot,), pace = slots(Pace(), [1, 1], rate=1, now=NOW)
    assert slot.at == NOW
    left = NOW + timedelta(milliseconds=3)
    assert pace.earliest(1, rate=1, now=NOW) == NOW + LATEST + SECOND, "as long as nobody knows when it left"
    assert pace.left(slot, left).earliest(1, rate=1, now=NOW) == left + SECOND


def test_nobody_begins_more_than_a_moment_ahead_of_the_slot() -> None:
    pace = Pace(taken=[NOW])
    free = NOW + SECOND
    assert given(pace, [1], rate=1, now=free - AHEAD - timedelta(microseconds=1)) == []
    assert given(pace, [1], rate=1, now=free - AHEAD) == [Slot(free, 1, 1)]


def test_time_that_nobody_used_makes_no_burst() -> None:
    found = given(Pace(NOW - timedelta(minutes=5)), [1] * 10, rate=20)
    assert [slot.at - NOW for slot in found] == [timedelta(milliseconds=number * 45) for number in range(3)]


def test_a_fast_sender_begins_several_together_each_in_its_slot() -> None:
    found = [slot.at for slot in given(Pace(), [1] * 40, rate=100)]
    assert len(found) == room(Pace(), rate=100, now=NOW) == 23
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(milliseconds=9)}
    assert max(found) <= NOW + AHEAD_OF_MANY


def test_a_fast_senders_texts_are_not_begun_one_by_one() -> None:
    _, pace = slots(Pace(), [1] * 40, rate=100, now=NOW)
    assert begins_at(pace, rate=100, now=NOW) > NOW + AHEAD_OF_MANY / 3
    assert room(pace, rate=100, now=begins_at(pace, rate=100, now=NOW)) >= 10


def test_a_long_text_takes_as_much_as_it_has_segments() -> None:
    (first,), pace = slots(Pace(), [3], rate=2, now=NOW)
    pace = Pace(None, pace.left(first, NOW).taken)
    assert pace.earliest(1, rate=2, now=NOW) == NOW + SECOND
    assert pace.earliest(2, rate=2, now=NOW) == NOW + 2 * SECOND


def test_a_slot_that_a_wrong_clock_wrote_holds_up_nobody() -> None:
    far = NOW + timedelta(days=365)
    assert [slot.at for slot in given(Pace(far, [far]), [1], rate=1)] == [NOW]
    assert begins_at(Pace(far, [far]), rate=1, now=NOW) <= NOW


def test_what_did_not_leave_gives_its_place_back() -> None:
    (slot,), pace = slots(Pace(), [1], rate=1, now=NOW)
    assert pace.without(slot).earliest(1, rate=1, now=NOW + ONE_SECOND) == NOW + ONE_SECOND


def test_a_text_that_was_late_gets_another_slot_soon_unless_the_second_is_full() -> None:
    (slot,), pace = slots(Pace(), [1], rate=1, now=NOW)
    late = NOW + timedelta(milliseconds=200)
    later, after = moved(pace, slot, late)
    assert later is not None
    assert late < later.at < late + timedelta(milliseconds=20)
    assert len(after.taken) == 1
    full = Pace(taken=[*pace.taken, NOW + timedelta(milliseconds=190)])
    assert moved(full, slot, late)[0] is None


@pytest.mark.parametrize("rate", [1, 3, 10, 97, 300])
@pytest.mark.parametrize("busy", [0, 0.02, 0.3])
def test_in_no_second_leaves_more_than_the_rate_however_late_texts_are(rate: int, busy: float) -> None:
    """Several workers that come whenever they may, and some of whose texts are late; `busy` is how many."""
    chance = Random(rate)
    now, pace, left, begun = NOW, Pace(), list[datetime](), list[Slot]()
    while now < NOW + timedelta(seconds=8):
        if begins_at(pace, rate=rate, now=now) <= now:
            found, pace = slots(pace, [1] * 50, rate=rate, now=now)
            begun += found
        for slot in [slot for slot in begun if slot.at <= now]:
            if chance.random() < busy:
                continue  # its thread sleeps on
            begun.remove(slot)
            if slot.is_missed(now):
                later, pace = moved(pace, slot, now)
                begun += [later] if later else []
            else:
                left.append(now)
                pace = pace.left(slot, now) if chance.random() > busy else pace  # not every answer comes soon
        now += timedelta(milliseconds=1 + 40 * (chance.random() < busy))
    left.sort()
    assert max(bisect_left(left, at + ONE_SECOND) - place for place, at in enumerate(left)) <= rate
    if not busy:
        assert (len(left) - 1) / (left[-1] - left[0]).total_seconds() >= rate * 0.98


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
