"""Holidays and other days that are not as the week says, and calendars that changed."""

from datetime import date, datetime, timedelta

import pytest

from recovery.domain.calendar_history import CalendarHistory
from recovery.domain.calendars import Calendar, Opening, OpeningHours, SpecialDays
from recovery.domain.errors import Invalid
from recovery.domain.special_days import MOST_DAYS, SpecialDay, special_day
from tests.domain.clock_changes import LONDON
from tests.domain.open_times import open_seconds
from tests.domain.test_calendars import SPLIT, in_london

CHRISTMAS = "2025-12-25 shut Christmas Day"
EVE = "2025-12-24 08:00-12:00, 12:30-14:00 Christmas Eve"


def calendar(hours: str, *special: str) -> Calendar:
    return Calendar(OpeningHours.parse(hours), LONDON, SpecialDays.parse("\n".join(special)))


def test_days_are_read_and_written_again_in_order() -> None:
    days = SpecialDays.parse(f"{CHRISTMAS}; {EVE}\n2025-12-31 18:00 – 02:00")
    assert str(days).splitlines() == [
        "2025-12-24 08:00-12:00 12:30-14:00 Christmas Eve",
        "2025-12-25 shut Christmas Day",
        "2025-12-31 18:00-02:00",
    ]
    assert SpecialDays.parse(str(days)) == days
    assert SpecialDays.parse("") == SpecialDays()


def test_the_last_word_on_a_day_holds() -> None:
    days = SpecialDays.parse(f"{CHRISTMAS}\n2025-12-25 10:00-12:00 Christmas breakfast")
    assert str(days) == "2025-12-25 10:00-12:00 Christmas breakfast"
    assert str(days.with_day(special_day(date(2025, 12, 25), "Shut", "Christmas  Day"))) == CHRISTMAS
    assert days.without(date(2025, 12, 25)) == SpecialDays()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Christmas", "“Christmas” is no special day: write it as 2026-12-25 shut Christmas Day."),
        ("2025-12-25", "“2025-12-25” is no special day: write it as 2026-12-25 shut Christmas Day."),
        ("2025-02-30 shut", "“2025-02-30” is no day of the calendar."),
        ("2025-12-25 25:00-26:00", "“25:00-26:00” is not a span of time: the day begins at 00:00 and ends at 24:00."),
        ("2025-12-25 08:00-12:00 11:00-13:00 Two", "08:00-12:00 overlaps 11:00-13:00: give each hour once."),
        (f"2025-12-25 shut {'x' * 61}", "Name the day in at most 60 letters."),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(Invalid) as wrong:
        SpecialDays.parse(text)
    assert wrong.value.errors == {"special_days": [sentence]}


def test_there_is_an_end_to_special_days() -> None:
    first = date(2025, 1, 1)
    with pytest.raises(Invalid, match="At most 400 special days can be kept"):
        SpecialDays(tuple(SpecialDay(first + timedelta(days=each), ()) for each in range(MOST_DAYS + 1)))


@pytest.mark.parametrize(
    ("times", "name", "field"),
    [("", "", "times"), ("ten to two", "", "times"), ("shut", "08:00-12:00", "name"), ("shut", "a\x07b", "name")],
)
def test_a_day_that_is_typed_names_the_field_that_is_wrong(times: str, name: str, field: str) -> None:
    with pytest.raises(Invalid) as wrong:
        special_day(date(2025, 12, 25), times, name)
    assert list(wrong.value.errors) == [field]


def test_a_day_that_is_shut_is_passed_over() -> None:
    shut = calendar(SPLIT, CHRISTMAS)
    assert not shut.is_open(in_london("2025-12-25 10:00"))
    assert shut.next_opening(in_london("2025-12-24 18:00")) == in_london("2025-12-26 08:00")
    assert shut.slots(in_london("2025-12-25 00:00"), in_london("2025-12-26 00:00"), 15) == []


def test_a_special_day_has_its_own_split_shift() -> None:
    short = calendar(SPLIT, EVE)
    assert short.open_stretches(in_london("2025-12-24 00:00"), in_london("2025-12-25 00:00")) == [
        Opening(in_london("2025-12-24 08:00"), in_london("2025-12-24 12:00")),
        Opening(in_london("2025-12-24 12:30"), in_london("2025-12-24 14:00")),
    ]


def test_the_night_before_goes_on_into_a_day_that_is_shut() -> None:
    pub = calendar("mon-sun 18:00-02:00", CHRISTMAS)
    assert pub.is_open(in_london("2025-12-25 01:59"))
    assert not pub.is_open(in_london("2025-12-25 20:00"))
    assert pub.next_opening(in_london("2025-12-25 02:00")) == in_london("2025-12-26 18:00")


def test_a_special_night_runs_into_the_next_morning_and_its_hours() -> None:
    long = calendar("mon-sun 01:00-10:00", "2025-12-31 20:00-04:00 New Year")
    assert long.closing_after(in_london("2025-12-31 21:00")) == in_london("2026-01-01 10:00")
    longer = calendar("mon-sun 01:00-03:00", "2025-12-31 20:00-04:00 New Year")
    assert longer.closing_after(in_london("2025-12-31 21:00")) == in_london("2026-01-01 04:00")


def test_what_never_shuts_shuts_for_a_holiday_and_then_never_again() -> None:
    hotline = calendar("", CHRISTMAS, "2025-12-26 10:00-12:00")
    assert hotline.is_open(in_london("2025-12-24 23:59"))
    assert hotline.closing_after(in_london("2025-06-01 12:00")) == in_london("2025-12-25 00:00")
    assert hotline.next_opening(in_london("2025-12-25 00:00")) == in_london("2025-12-26 10:00")
    assert hotline.next_opening(in_london("2025-12-26 12:00")) == in_london("2025-12-27 00:00")
    assert hotline.closing_after(in_london("2025-12-27 00:00")) is None
    year = (in_london("2025-01-01 00:00"), in_london("2026-01-01 00:00"))
    assert open_seconds(hotline, *year) == (365 - 2) * 86_400 + 2 * 3_600


# What a special day shuts, and its name


def shut_by(subject: Calendar | CalendarHistory, start: str, end: str) -> list[tuple[datetime, datetime, str]]:
    closures = subject.closures(in_london(start), in_london(end))
    return [(shuts, opens, day.why) for shuts, opens, day in closures]


def test_a_holiday_shuts_the_hours_of_its_weekday_and_no_night() -> None:
    assert shut_by(calendar(SPLIT, CHRISTMAS), "2025-12-24 00:00", "2025-12-27 00:00") == [
        (in_london("2025-12-25 08:00"), in_london("2025-12-25 12:00"), "shut: Christmas Day"),
        (in_london("2025-12-25 13:00"), in_london("2025-12-25 18:00"), "shut: Christmas Day"),
    ]


def test_a_holiday_on_a_day_off_shuts_nothing() -> None:
    assert shut_by(calendar(SPLIT, "2025-12-28 shut A Sunday"), "2025-12-27 00:00", "2025-12-30 00:00") == []


def test_a_holiday_shuts_the_night_that_would_have_begun_on_it() -> None:
    pub = calendar("mon-sun 18:00-02:00", CHRISTMAS)
    assert shut_by(pub, "2025-12-24 12:00", "2025-12-27 12:00") == [
        (in_london("2025-12-25 18:00"), in_london("2025-12-26 02:00"), "shut: Christmas Day")
    ]
    assert shut_by(pub, "2025-12-26 01:00", "2025-12-26 09:00") == [
        (in_london("2025-12-26 01:00"), in_london("2025-12-26 02:00"), "shut: Christmas Day")
    ]


def test_a_short_day_shuts_the_rest_of_it_whether_or_not_it_has_a_name() -> None:
    short = calendar("mon-fri 08:00-18:00", "2025-12-31 10:00-14:00")
    assert shut_by(short, "2025-12-31 00:00", "2026-01-01 00:00") == [
        (in_london("2025-12-31 08:00"), in_london("2025-12-31 10:00"), "shut: other hours that day"),
        (in_london("2025-12-31 14:00"), in_london("2025-12-31 18:00"), "shut: other hours that day"),
    ]


def test_what_never_shuts_is_shut_by_a_holiday_for_all_of_its_day() -> None:
    assert shut_by(calendar("", CHRISTMAS), "2025-12-20 00:00", "2025-12-30 00:00") == [
        (in_london("2025-12-25 00:00"), in_london("2025-12-26 00:00"), "shut: Christmas Day")
    ]
    assert shut_by(calendar(""), "2025-12-20 00:00", "2025-12-30 00:00") == []


# Calendars that changed


CHANGED = in_london("2025-06-04 12:00")


def history() -> CalendarHistory:
    return CalendarHistory(calendar("mon-sun 10:00-12:00"), ((calendar("mon-sun 08:00-18:00"), CHANGED),))


def test_each_moment_is_as_the_calendar_of_then_says() -> None:
    day = timedelta(days=1)
    assert history().open_stretches(CHANGED - day, CHANGED + day) == [
        Opening(in_london("2025-06-03 12:00"), in_london("2025-06-03 18:00")),
        Opening(in_london("2025-06-04 08:00"), CHANGED),
        Opening(in_london("2025-06-05 10:00"), in_london("2025-06-05 12:00")),
    ]
    assert history().at(CHANGED - timedelta(seconds=1)) == calendar("mon-sun 08:00-18:00")
    assert history().at(CHANGED) == calendar("mon-sun 10:00-12:00")


def test_a_change_in_the_middle_of_an_opening_does_not_cut_it() -> None:
    same = CalendarHistory(calendar("mon-sun 08:00-18:00"), ((calendar("mon-sun 08:00-18:00"), CHANGED),))
    day = (in_london("2025-06-04 00:00"), in_london("2025-06-05 00:00"))
    assert same.open_stretches(*day) == calendar("mon-sun 08:00-18:00").open_stretches(*day)


def test_histories_are_in_order() -> None:
    wrong: list[tuple[Calendar, datetime]] = [(calendar(""), CHANGED), (calendar(""), CHANGED - timedelta(days=1))]
    with pytest.raises(ValueError, match="in the order"):
        CalendarHistory(calendar(""), tuple(wrong))


def test_a_holiday_that_was_forgotten_until_noon_shuts_the_afternoon() -> None:
    noon = in_london("2025-12-25 12:00")
    late = CalendarHistory(calendar("mon-fri 08:00-18:00", CHRISTMAS), ((calendar("mon-fri 08:00-18:00"), noon),))
    assert shut_by(late, "2025-12-24 00:00", "2025-12-27 00:00") == [
        (noon, in_london("2025-12-25 18:00"), "shut: Christmas Day")
    ]
