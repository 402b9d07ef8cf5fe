"""What desks get wrong with clocks, each by its name: holds lost, doubled, or held while nobody was there; the two halves
of a day; the wrong zone; the two nights. All against the one clock that page, board, report, API and export read."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from recovery.domain.calendars import Calendar, OpeningHours, day_bounds, zone
from recovery.domain.recovery_clock import ClockFact, ClockReading, FactKind, Reason, read_clock
from tests.domain.clock_changes import CHANGES, LONDON

NEW_YORK = "America/New_York"
OFFICE = "mon-fri 09:00-17:00"
SPLIT = "mon-fri 08:00-12:00 13:00-18:00"
NIGHT = {"spring": date(2025, 3, 30), "autumn": date(2025, 10, 26)}
"""In London; both are Sundays."""


def local(text: str, timezone: str = LONDON) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone(timezone)).astimezone(UTC)


def clock(*story: tuple[str, str], hours: str = SPLIT, timezone: str = LONDON, now: str | None = None) -> ClockReading:
    """A story told in the site's own time: ("2025-06-02 09:00", "logged")."""
    facts = [ClockFact(FactKind(kind), local(at, timezone)) for at, kind in story]
    return read_clock(
        facts,
        Calendar(OpeningHours.parse(hours), timezone),
        now=local(now, timezone) if now else facts[-1].at,
    )


def minutes_of(reading: ClockReading, reason: Reason) -> float:
    return sum((part.end - part.start).total_seconds() for part in reading.stretches if part.reason is reason) / 60


def counted_minutes(reading: ClockReading) -> float:
    return reading.resolved.counted_seconds / 60


# Lost or doubled holds


def test_lost_hold_the_second_and_the_third_hold_are_taken_off_as_the_first_is() -> None:
    reading = clock(
        ("2025-06-02 09:00", "logged"),
        ("2025-06-02 09:10", "waiting_started"),
        ("2025-06-02 09:20", "waiting_ended"),
        ("2025-06-02 09:30", "waiting_started"),
        ("2025-06-02 09:35", "waiting_ended"),
        ("2025-06-02 10:00", "waiting_started"),
        ("2025-06-02 10:30", "resolved"),
    )
    assert minutes_of(reading, Reason.WAITING_FOR_CUSTOMER) == 10 + 5 + 30
    assert counted_minutes(reading) == 90 - 45


def test_lost_hold_one_that_began_before_a_reopening_is_still_taken_off_after_it() -> None:
    reading = clock(
        ("2025-06-02 09:00", "logged"),
        ("2025-06-02 09:10", "waiting_started"),
        ("2025-06-02 09:20", "resolved"),
        ("2025-06-02 09:30", "reopened"),
        ("2025-06-02 09:40", "waiting_started"),
        ("2025-06-02 09:55", "waiting_ended"),
        ("2025-06-02 10:00", "resolved"),
    )
    assert minutes_of(reading, Reason.WAITING_FOR_CUSTOMER) == 10 + 15
    assert counted_minutes(reading) == 60 - 25


def test_lost_hold_one_in_a_trail_whose_clock_was_set_back_is_not_shorter_than_nothing() -> None:
    reading = clock(
        ("2025-06-02 09:00", "logged"),
        ("2025-06-02 09:20", "waiting_started"),
        ("2025-06-02 09:10", "waiting_ended"),
        ("2025-06-02 09:30", "resolved"),
    )
    assert minutes_of(reading, Reason.WAITING_FOR_CUSTOMER) == 0
    assert counted_minutes(reading) == 30


def test_doubled_hold_two_people_who_hold_at_once_hold_once() -> None:
    reading = clock(
        ("2025-06-02 09:00", "logged"),
        ("2025-06-02 09:10", "waiting_started"),
        ("2025-06-02 09:11", "waiting_started"),
        ("2025-06-02 09:30", "waiting_ended"),
        ("2025-06-02 09:31", "waiting_ended"),
        ("2025-06-02 09:40", "resolved"),
    )
    assert minutes_of(reading, Reason.WAITING_FOR_CUSTOMER) == 20
    assert counted_minutes(reading) == 20


# Holds across closed hours


def test_hold_across_closed_hours_takes_the_night_off_once() -> None:
    """Held from Monday 17:30 to Tuesday 08:30: an hour of opening hours. Taken off whole it would leave less than nothing."""
    reading = clock(
        ("2025-06-02 17:00", "logged"),
        ("2025-06-02 17:30", "waiting_started"),
        ("2025-06-03 08:30", "waiting_ended"),
        ("2025-06-03 08:45", "resolved"),
    )
    assert minutes_of(reading, Reason.WAITING_FOR_CUSTOMER) == 60
    assert minutes_of(reading, Reason.CLOSED) == 14 * 60
    assert counted_minutes(reading) == 30 + 15


def test_hold_across_closed_hours_that_begins_and_ends_while_shut_takes_off_nothing() -> None:
    reading = clock(
        ("2025-06-02 17:00", "logged"),
        ("2025-06-02 19:00", "waiting_started"),
        ("2025-06-03 07:00", "waiting_ended"),
        ("2025-06-03 08:15", "resolved"),
    )
    assert minutes_of(reading, Reason.WAITING_FOR_CUSTOMER) == 0
    assert counted_minutes(reading) == 60 + 15


def test_hold_across_closed_hours_over_a_weekend_leaves_the_customers_wait_alone() -> None:
    reading = clock(
        ("2025-06-06 17:50", "logged"),
        ("2025-06-06 17:55", "waiting_started"),
        ("2025-06-09 08:05", "waiting_ended"),
        ("2025-06-09 08:10", "resolved"),
    )
    assert counted_minutes(reading) == 5 + 5
    assert reading.resolved.wait_seconds == (2 * 24 + 14) * 3600 + 20 * 60


# Split shifts


def test_split_shift_both_halves_count_and_the_break_does_not() -> None:
    reading = clock(("2025-06-02 08:00", "logged"), ("2025-06-02 18:00", "resolved"))
    assert [(part.reason, (part.end - part.start) / timedelta(hours=1)) for part in reading.stretches] == [
        (Reason.OPEN, 4),
        (Reason.CLOSED, 1),
        (Reason.OPEN, 5),
    ]


def test_split_shift_what_is_logged_in_the_break_counts_from_the_second_half() -> None:
    reading = clock(("2025-06-02 12:20", "logged"), ("2025-06-02 13:07", "resolved"))
    assert counted_minutes(reading) == 7


# The viewer's zone taken for the site's


@pytest.fixture(params=["America/Los_Angeles", "Asia/Kathmandu", "Pacific/Auckland"])
def machine_elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server, or a laptop, whose own clock is set to another zone."""
    before = os.environ.get("TZ")
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield str(request.param)
    monkeypatch.undo()
    assert os.environ.get("TZ") == before
    time.tzset()


def test_viewers_zone_the_hours_are_those_of_the_site_wherever_the_machine_stands(machine_elsewhere: str) -> None:
    """Nine in New York is two in the afternoon in London: of an office there, the hour before is not counted."""
    story = (("2025-06-02 08:00", "logged"), ("2025-06-02 09:20", "resolved"))
    assert counted_minutes(clock(*story, hours=OFFICE, timezone=NEW_YORK)) == 20


@pytest.mark.parametrize("viewer", sorted(CHANGES))
def test_viewers_zone_every_viewer_reads_the_same_stretches(viewer: str) -> None:
    """Over the autumn night of the site, which falls elsewhere, or nowhere, for the viewer."""
    facts = [
        ClockFact(FactKind.LOGGED, local("2025-11-01 16:00", NEW_YORK)),
        ClockFact(FactKind.WAITING_STARTED, local("2025-11-02 00:30", NEW_YORK)),
        ClockFact(FactKind.WAITING_ENDED, local("2025-11-02 12:00", NEW_YORK)),
        ClockFact(FactKind.RESOLVED, local("2025-11-03 10:00", NEW_YORK)),
    ]
    site = Calendar(OpeningHours.parse("mon-sun 20:00-04:00"), NEW_YORK)
    seen = [ClockFact(fact.kind, fact.at.astimezone(zone(viewer))) for fact in facts]
    reading = read_clock(seen, site, now=facts[-1].at.astimezone(zone(viewer)))
    assert reading == read_clock(facts, site, now=facts[-1].at)
    assert (counted_minutes(reading), minutes_of(reading, Reason.WAITING_FOR_CUSTOMER)) == (4.5 * 60 + 480, 4.5 * 60)


# Daylight saving


@pytest.mark.parametrize(("night", "counted"), [("spring", 23), ("autumn", 25)])
def test_daylight_saving_a_day_that_never_shuts_has_the_hours_that_passed(night: str, counted: int) -> None:
    starts, ends = day_bounds(NIGHT[night], LONDON)
    facts = [ClockFact(FactKind.LOGGED, starts), ClockFact(FactKind.RESOLVED, ends)]
    reading = read_clock(facts, Calendar(OpeningHours(), LONDON), now=ends)
    assert reading.resolved.counted_seconds == reading.resolved.wait_seconds == counted * 3600


@pytest.mark.parametrize(("night", "held"), [("spring", 2), ("autumn", 4)])
def test_daylight_saving_a_hold_over_the_change_is_as_long_as_it_was(night: str, held: int) -> None:
    """From half past midnight to half past three on the wall."""
    day = NIGHT[night]
    reading = clock(
        (f"{day} 00:00", "logged"),
        (f"{day} 00:30", "waiting_started"),
        (f"{day} 03:30", "waiting_ended"),
        (f"{day} 04:00", "resolved"),
        hours="",
    )
    assert minutes_of(reading, Reason.WAITING_FOR_CUSTOMER) == held * 60
    assert counted_minutes(reading) == 60


@pytest.mark.parametrize("night", ["spring", "autumn"])
def test_daylight_saving_the_morning_after_opens_when_the_wall_says_so(night: str) -> None:
    monday = NIGHT[night] + timedelta(days=1)
    reading = clock((f"{NIGHT[night]} 00:30", "logged"), (f"{monday} 08:10", "resolved"))
    assert counted_minutes(reading) == 10
    assert reading.resolved.wait_seconds / 3600 == pytest.approx((30 if night == "spring" else 32) + 2 / 3)
