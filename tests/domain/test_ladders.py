"""The rungs and their times, and how much opening time has to pass."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.domain.calendars import Calendar, OpeningHours
from recovery.domain.errors import Invalid
from recovery.domain.ladders import Ladder, Rung, rungs_from
from recovery.domain.policy import Policy
from recovery.domain.quiet_hours import from_and_until, quiet_hours_typed
from tests.domain.open_times import open_seconds
from tests.domain.test_policy import shipped

FRIDAY = datetime(2026, 3, 27, 17, 30, tzinfo=UTC)
"""Before the night on which the clocks of London go forward."""


def test_each_rung_has_its_time_and_one_left_out_is_not_climbed() -> None:
    ladder = Ladder(("resolved",), 50, {Rung.ON_SHIFT: 0, Rung.ADMINS: 10}, timedelta(), frozenset())
    assert [(step.rung, step.at) for step in ladder.steps(600)] == [
        (Rung.OWNER, 300),
        (Rung.ON_SHIFT, 600),
        (Rung.ADMINS, 1200),
    ]
    assert list(rungs_from(Rung.SUPERVISORS)) == [Rung.SUPERVISORS, Rung.ADMINS]


@pytest.mark.parametrize(
    ("entry", "value", "complaint"),
    [
        ("deputy_after_minutes", 45, "ladder.supervisors_after_minutes must be at least 45"),
        ("clocks", ["confirmed"], "ladder.clocks must be a list of first_response, remedy_ready, resolved"),
        ("wake", ["loud"], "ladder.wake must be a list of minor, serious, severe"),
    ],
)
def test_a_ladder_that_makes_no_sense_is_refused(entry: str, value: object, complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint):
        Policy.from_mapping(shipped("ladder", entry, value=value))


def test_opening_time_passes_while_it_is_open_alone() -> None:
    calendar = Calendar(OpeningHours.parse("mon-fri 08:00-18:00; sun 10:00-12:00"), "Europe/London")
    assert calendar.after_open(FRIDAY, timedelta(minutes=30)) == FRIDAY + timedelta(minutes=30)
    assert calendar.after_open(FRIDAY, timedelta(minutes=31)) == datetime(2026, 3, 29, 9, 1, tzinfo=UTC)
    assert calendar.after_open(FRIDAY, timedelta(hours=3)) == datetime(2026, 3, 30, 7, 30, tzinfo=UTC)
    always = Calendar(OpeningHours(), "Europe/London")
    assert always.after_open(FRIDAY, timedelta(days=3)) == FRIDAY + timedelta(days=3)


@given(st.integers(0, 14 * 24 * 60), st.integers(1, 3 * 24 * 3600))
def test_it_is_the_first_instant_by_which_so_much_has_been_open(minutes: int, seconds: int) -> None:
    calendar = Calendar(OpeningHours.parse("mon-fri 08:00-12:00 13:00-18:00; fri 22:00-02:00"), "Europe/London")
    start = FRIDAY + timedelta(minutes=minutes)
    end = calendar.after_open(start, timedelta(seconds=seconds))
    assert open_seconds(calendar, start, end) == seconds
    assert open_seconds(calendar, start, end - timedelta(seconds=1)) == seconds - 1


def test_quiet_hours_are_both_or_neither() -> None:
    assert quiet_hours_typed(" ", "") is None
    kept = quiet_hours_typed("22:00", "7:30".zfill(5))
    assert kept == "22:00-07:30"
    assert [f"{each:%H:%M}" for each in from_and_until(kept)] == ["22:00", "07:30"]
    for start, end in (("22:00", ""), ("", "07:00"), ("late", "07:00"), ("22:00", "25:00"), ("22:00+01:00", "07:00")):
        with pytest.raises(Invalid):
            quiet_hours_typed(start, end)
