from datetime import UTC, date, datetime, time, timedelta

import pytest

from recovery.domain.calendars import (
    Calendar,
    Opening,
    OpeningHours,
    day_bounds,
    local_day,
    local_time,
    quiet_hours,
    quiet_until,
    zone,
)
from recovery.domain.errors import Invalid
from tests.domain.clock_changes import LONDON
from tests.domain.open_times import open_seconds


def calendar(hours: str, timezone: str = LONDON) -> Calendar:
    return Calendar(OpeningHours.parse(hours), timezone)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def in_london(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone(LONDON)).astimezone(UTC)


# A week in London


SPLIT = "mon-fri 08:00-12:00 13:00-18:00; sat 18:00-02:00"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2025-06-02 07:59:59", False),
        ("2025-06-02 08:00", True),
        ("2025-06-02 11:59:59.999999", True),
        ("2025-06-02 12:00", False),
        ("2025-06-02 13:00", True),
        ("2025-06-07 12:00", False),
        ("2025-06-07 23:59", True),
        ("2025-06-08 01:59", True),
        ("2025-06-08 02:00", False),
    ],
)
def test_a_split_shift_and_a_night_that_belongs_to_its_saturday(moment: str, expected: bool) -> None:  # noqa: FBT001
    assert calendar(SPLIT).is_open(in_london(moment)) is expected


def test_the_next_opening_is_now_when_it_is_open() -> None:
    now = in_london("2025-06-02 09:30")
    assert calendar(SPLIT).next_opening(now) == now
    assert calendar(SPLIT).next_opening(in_london("2025-06-02 12:00")) == in_london("2025-06-02 13:00")
    assert calendar(SPLIT).next_opening(in_london("2025-06-08 02:00")) == in_london("2025-06-09 08:00")


def test_the_closing_is_that_of_this_opening_or_of_the_next() -> None:
    assert calendar(SPLIT).closing_after(in_london("2025-06-02 09:30")) == in_london("2025-06-02 12:00")
    assert calendar(SPLIT).closing_after(in_london("2025-06-02 12:00")) == in_london("2025-06-02 18:00")
    assert calendar(SPLIT).closing_after(in_london("2025-06-08 01:00")) == in_london("2025-06-08 02:00")


def test_a_site_that_never_closes() -> None:
    now = in_london("2025-06-02 03:00")
    always = calendar("")
    assert always.is_open(now)
    assert always.next_opening(now) == now
    assert always.closing_after(now) is None
    assert always.open_stretches(now, now + timedelta(days=90)) == [Opening(now, now + timedelta(days=90))]


def test_spans_that_touch_are_one_stretch() -> None:
    friday_to_sunday = calendar("fri 20:00-24:00; sat 00:00-24:00; sun 00:00-04:00")
    assert friday_to_sunday.open_stretches(in_london("2025-06-02"), in_london("2025-06-10")) == [
        Opening(in_london("2025-06-06 20:00"), in_london("2025-06-08 04:00"))
    ]


def test_nothing_is_open_backwards() -> None:
    now = in_london("2025-06-02 09:00")
    assert calendar("").open_stretches(now, now) == []
    assert open_seconds(calendar(SPLIT), now, now - timedelta(hours=1)) == 0


def test_seconds_over_a_week_of_split_shifts() -> None:
    assert open_seconds(calendar(SPLIT), in_london("2025-06-02"), in_london("2025-06-09")) == (5 * 9 + 8) * 3600


# The two nights


@pytest.mark.parametrize(
    ("night", "hours", "expected"),
    [
        ("2025-03-30", "sun 01:00-03:00", 1),
        ("2025-10-26", "sun 01:00-03:00", 3),
        ("2025-03-30", "sun 00:00-24:00", 23),
        ("2025-10-26", "sun 00:00-24:00", 25),
        ("2025-03-30", "sun 01:15-01:45", 0),  # the spring night swallows it
        ("2025-03-30", "sun 01:15-02:15", 0.25),
        ("2025-10-26", "sun 00:00-01:30", 1.5),  # closes the first time it is half past one
        ("2025-10-26", "sun 01:30-02:30", 2),
        ("2025-03-30", "sat 22:00-02:00", 3),
        ("2025-10-26", "sat 22:00-02:00", 5),
    ],
)
def test_real_hours_on_a_clock_change_night_in_london(night: str, hours: str, expected: float) -> None:
    start = in_london(night) - timedelta(days=1)
    assert open_seconds(calendar(hours), start, start + timedelta(days=3)) == expected * 3600


def test_lord_howe_moves_by_half_an_hour() -> None:
    howe = calendar("sun 01:00-03:00", "Australia/Lord_Howe")
    for day, expected in ((date(2025, 10, 5), 1.5), (date(2025, 4, 6), 2.5)):
        assert open_seconds(howe, *day_bounds(day, howe.timezone)) == expected * 3600


def test_a_span_swallowed_by_the_spring_night_opens_the_week_after() -> None:
    assert calendar("sun 01:15-01:45").next_opening(utc("2025-03-29 12:00")) == in_london("2025-04-06 01:15")


def test_an_hour_that_comes_twice_is_open_twice_whoever_asks() -> None:
    bar = calendar("sat 22:00-03:00")
    for instant in (utc("2025-10-26 00:30"), utc("2025-10-26 01:30")):
        assert local_time(instant, LONDON).strftime("%H:%M") == "01:30"
        assert bar.is_open(instant)
        assert bar.is_open(instant.astimezone(zone(LONDON)))


def test_a_day_that_was_not() -> None:
    assert local_day(utc("2011-12-30 09:59:59"), "Pacific/Apia") == date(2011, 12, 29)
    assert local_day(utc("2011-12-30 10:00"), "Pacific/Apia") == date(2011, 12, 31)
    starts, ends = day_bounds(date(2011, 12, 30), "Pacific/Apia")
    assert starts == ends == utc("2011-12-30 10:00")


def test_a_day_that_has_begun_stays_though_the_clock_goes_back_over_midnight() -> None:
    newfoundland = "America/St_Johns"
    starts, ends = day_bounds(date(2010, 11, 7), newfoundland)
    a_minute_later = starts + timedelta(minutes=1)
    assert local_time(a_minute_later, newfoundland).date() == date(2010, 11, 6)
    assert local_day(a_minute_later, newfoundland) == date(2010, 11, 7)
    assert ends - starts == timedelta(hours=25)


def test_a_day_that_begins_at_one_in_the_morning() -> None:
    starts, ends = day_bounds(date(2018, 11, 4), "America/Sao_Paulo")
    assert local_time(starts, "America/Sao_Paulo").strftime("%H:%M") == "01:00"
    assert ends - starts == timedelta(hours=23)


# Slots


def test_slots_stand_on_round_times_and_end_before_closing() -> None:
    slots = calendar("mon 08:10-09:50").slots(in_london("2025-06-02"), in_london("2025-06-03"), 30)
    assert slots == [in_london("2025-06-02 08:30"), in_london("2025-06-02 09:00")]


def test_slots_are_round_where_the_site_is() -> None:
    kathmandu = calendar("mon 08:00-09:00", "Asia/Kathmandu")
    slots = kathmandu.slots(utc("2025-06-02 02:20"), utc("2025-06-03"), 15)
    assert [local_time(slot, "Asia/Kathmandu").strftime("%H:%M") for slot in slots] == ["08:15", "08:30", "08:45"]


def test_slots_on_the_autumn_night_come_twice_and_on_the_spring_night_not_at_all() -> None:
    night = calendar("sun 00:00-03:00")
    autumn = night.slots(*day_bounds(date(2025, 10, 26), LONDON), 60)
    spring = night.slots(*day_bounds(date(2025, 3, 30), LONDON), 60)
    assert [local_time(slot, LONDON).hour for slot in autumn] == [0, 1, 1, 2]
    assert [local_time(slot, LONDON).hour for slot in spring] == [0, 2]


def test_slots_stay_round_when_half_an_hour_is_added_to_the_clock() -> None:
    howe = calendar("", "Australia/Lord_Howe")
    slots = howe.slots(*day_bounds(date(2025, 10, 5), howe.timezone), 60)
    assert {local_time(slot, howe.timezone).minute for slot in slots} == {0}
    assert 2 not in {local_time(slot, howe.timezone).hour for slot in slots}


def test_a_round_time_that_the_spring_night_leaves_out_is_not_replaced_by_a_crooked_one() -> None:
    slots = calendar("sun 00:50-05:00").slots(*day_bounds(date(2025, 3, 30), LONDON), 45)
    assert [local_time(slot, LONDON).strftime("%H:%M") for slot in slots] == ["03:00", "03:45"]


def test_the_last_slot_asked_for_may_run_past_the_window_but_not_past_closing() -> None:
    slots = calendar("mon 08:00-18:00").slots(in_london("2025-06-02 09:00"), in_london("2025-06-02 09:10"), 15)
    assert slots == [in_london("2025-06-02 09:00")]


@pytest.mark.parametrize("step", [0, -15, 24 * 60 + 1])
def test_a_step_without_length_is_a_mistake_of_the_caller(step: int) -> None:
    with pytest.raises(ValueError, match="from one minute to a day"):
        calendar("").slots(utc("2025-06-02"), utc("2025-06-03"), step)


# Quiet hours


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2025-06-02 20:59:59", None),
        ("2025-06-02 21:00", "2025-06-03 08:00"),
        ("2025-06-03 00:00", "2025-06-03 08:00"),
        ("2025-06-03 07:59:59", "2025-06-03 08:00"),
        ("2025-06-03 08:00", None),
        ("2025-03-29 23:00", "2025-03-30 08:00"),
        ("2025-10-26 01:30", "2025-10-26 08:00"),
    ],
)
def test_quiet_from_nine_to_eight_where_the_customer_is(moment: str, until: str | None) -> None:
    assert quiet_until(in_london(moment), LONDON) == (in_london(until) if until else None)


def test_quiet_hours_of_ones_own() -> None:
    siesta = {"start": time(13), "end": time(15, 30)}
    assert quiet_until(in_london("2025-06-02 14:00"), LONDON, **siesta) == in_london("2025-06-02 15:30")
    assert quiet_until(in_london("2025-06-02 12:59"), LONDON, **siesta) is None
    assert quiet_until(in_london("2025-06-02 14:00"), LONDON, time(9), time(9)) is None


def test_the_night_that_is_on_began_the_evening_before() -> None:
    night = quiet_hours(in_london("2025-06-03 07:45"), LONDON)
    assert night == (in_london("2025-06-02 21:00"), in_london("2025-06-03 08:00"))
    assert quiet_hours(in_london("2025-06-03 08:00"), LONDON) is None


# What is refused


@pytest.mark.parametrize("name", ["Europe/Londn", "", "../etc/passwd", "/etc/localtime", "Europe", "x\0y"])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        Calendar(OpeningHours(), name)
    assert refusal.value.errors == {"timezone": [refusal.value.detail]}


def test_an_instant_without_a_zone_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        calendar("").next_opening(datetime(2025, 6, 2))  # noqa: DTZ001 (the point of the test)
