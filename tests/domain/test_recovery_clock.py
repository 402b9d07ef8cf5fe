from datetime import UTC, date, datetime, timedelta

import pytest

from recovery.domain.calendars import Calendar, OpeningHours, SpecialDays, day_bounds, zone
from recovery.domain.recovery_clock import Clock, ClockFact, ClockReading, FactKind, Reason, read_clock
from tests.domain.clock_changes import LONDON

ALWAYS = Calendar(OpeningHours(), LONDON)
SPLIT_SHIFT = Calendar(OpeningHours.parse("mon-fri 08:00-12:00 13:00-18:00"), LONDON)


def in_london(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone(LONDON)).astimezone(UTC)


def told(*lines: str) -> list[ClockFact]:
    """Read lines such as `09:05 touched_by_person`, on Monday, 2 June 2025, or `03 09:05 …` for another day of June."""
    facts = []
    for line in lines:
        *day, clock, kind = line.split()
        facts.append(ClockFact(FactKind(kind), in_london(f"2025-06-{day[0] if day else '02'} {clock}")))
    return facts


def read(*lines: str, now: str = "2025-06-02 18:00", calendar: Calendar = SPLIT_SHIFT) -> ClockReading:
    return read_clock(told(*lines), calendar, now=in_london(now))


def minutes(clock: Clock) -> tuple[float, float]:
    return clock.counted_seconds / 60, clock.wait_seconds / 60


def shape(reading: ClockReading) -> list[tuple[Reason, float]]:
    return [(part.reason, (part.end - part.start).total_seconds() / 60) for part in reading.stretches]


# One story at a time


def test_a_wrong_order_from_the_counter() -> None:
    reading = read(
        "09:00 logged", "09:01 touched_automatically", "09:04 touched_by_person", "09:06 remedy_ready", "09:08 resolved"
    )
    assert reading.auto_response == Clock(in_london("2025-06-02 09:01"), 60, 60)
    assert reading.first_response == Clock(in_london("2025-06-02 09:04"), 240, 240)
    assert reading.remedy_ready == Clock(in_london("2025-06-02 09:06"), 360, 360)
    assert reading.resolved == Clock(in_london("2025-06-02 09:08"), 480, 480)
    assert reading.ended_at == reading.resolved.at
    assert shape(reading) == [(Reason.OPEN, 8)]


def test_an_apology_in_person_is_the_first_response_at_once() -> None:
    reading = read("09:00 logged", "09:00 apologised_in_person", "09:04 touched_by_person")
    assert reading.first_response == Clock(reading.logged_at, 0, 0)


def test_an_automatic_text_is_no_response_by_a_person() -> None:
    reading = read("09:00 logged", "09:00 touched_automatically", now="2025-06-02 09:30")
    assert reading.auto_response.at == reading.logged_at
    assert reading.first_response == Clock(None, 1800, 1800)


def test_the_lunch_break_of_a_split_shift_is_not_counted_and_the_customer_waits_on() -> None:
    reading = read("11:50 logged", "13:10 resolved")
    assert minutes(reading.resolved) == (20, 80)
    assert shape(reading) == [(Reason.OPEN, 10), (Reason.CLOSED, 60), (Reason.OPEN, 10)]


def test_a_hold_across_closed_hours_is_taken_off_once() -> None:
    reading = read("11:30 logged", "11:45 waiting_started", "13:15 waiting_ended", "13:20 resolved")
    assert minutes(reading.resolved) == (20, 110)
    assert shape(reading) == [
        (Reason.OPEN, 15),
        (Reason.WAITING_FOR_CUSTOMER, 15),
        (Reason.CLOSED, 60),
        (Reason.WAITING_FOR_CUSTOMER, 15),
        (Reason.OPEN, 5),
    ]


def test_a_holiday_says_its_name_where_the_site_would_have_been_open() -> None:
    holiday = SpecialDays.parse("2025-06-03 shut Founders' Day")
    bank = Calendar(OpeningHours.parse("mon-fri 08:00-18:00"), LONDON, holiday)
    story = ("17:00 logged", "17:30 waiting_started", "04 07:00 waiting_ended", "04 08:30 resolved")
    reading = read(*story, calendar=bank)
    assert [(part.why, (part.end - part.start).total_seconds() / 60) for part in reading.stretches] == [
        ("the site was open", 30),
        ("we were waiting for the customer", 30),
        ("the site was closed", 14 * 60),
        ("shut: Founders' Day", 10 * 60),
        ("the site was closed", 14 * 60),
        ("the site was open", 30),
    ]
    assert minutes(reading.resolved) == (60, 39 * 60 + 30)


def test_a_hold_pressed_twice_is_one_hold() -> None:
    once = read("09:00 logged", "09:10 waiting_started", "09:30 waiting_ended", "09:40 resolved")
    twice = read(
        "09:00 logged",
        "09:10 waiting_started",
        "09:20 waiting_started",
        "09:30 waiting_ended",
        "09:35 waiting_ended",
        "09:40 resolved",
    )
    assert once == twice
    assert minutes(once.resolved) == (20, 40)


def test_a_hold_that_nobody_ended_runs_until_now() -> None:
    reading = read("09:00 logged", "09:10 waiting_started", now="2025-06-02 10:00")
    assert minutes(reading.resolved) == (10, 60)
    assert reading.resolved.at is None
    assert reading.ended_at is None


def test_a_resolution_ends_the_hold_also_after_it_is_reopened() -> None:
    reading = read("09:00 logged", "09:10 waiting_started", "09:20 resolved", "09:30 reopened", now="2025-06-02 09:50")
    assert minutes(reading.resolved) == (40, 50)


def test_a_resolution_pressed_twice_is_one_resolution() -> None:
    assert read("09:00 logged", "09:10 resolved", "09:30 resolved") == read("09:00 logged", "09:10 resolved")


def test_a_hold_after_the_resolution_holds_nothing() -> None:
    story = ("09:00 logged", "09:10 resolved", "09:20 waiting_started", "09:30 waiting_ended", "09:40 reopened")
    reading = read(*story, "09:50 resolved")
    assert shape(reading) == [(Reason.OPEN, 10), (Reason.THOUGHT_RESOLVED, 30), (Reason.OPEN, 10)]


def test_what_was_not_fixed_counts_until_the_last_resolution() -> None:
    reading = read("09:00 logged", "09:10 resolved", "10:00 reopened", "10:20 resolved")
    assert minutes(reading.resolved) == (80, 80)
    assert shape(reading) == [(Reason.OPEN, 10), (Reason.THOUGHT_RESOLVED, 50), (Reason.OPEN, 20)]


def test_a_reopened_ticket_is_neither_resolved_nor_confirmed() -> None:
    reading = read("09:00 logged", "09:10 resolved", "09:15 confirmed", "09:30 reopened", now="2025-06-02 10:00")
    assert reading.resolved.at is None
    assert reading.confirmed.at is None
    assert reading.ended_at is None


def test_a_confirmation_counts_past_the_end_of_the_recovery() -> None:
    reading = read("09:00 logged", "09:10 resolved", "09:25 confirmed")
    assert minutes(reading.confirmed) == (25, 25)
    assert shape(reading) == [(Reason.OPEN, 10)]


def test_a_touch_after_the_resolution_moves_nothing() -> None:
    assert read("09:00 logged", "09:10 resolved", "09:30 touched_automatically").ended_at == in_london(
        "2025-06-02 09:10"
    )


def test_time_after_the_end_changes_nothing() -> None:
    story = ("09:00 logged", "09:10 resolved")
    assert read(*story, now="2025-06-02 09:10") == read(*story, now="2025-12-24 12:00")


def test_a_ticket_logged_while_shut_starts_counting_at_the_opening() -> None:
    reading = read("01 22:00 logged", "02 08:05 resolved")
    assert minutes(reading.resolved) == (5, 10 * 60 + 5)
    assert shape(reading) == [(Reason.CLOSED, 600), (Reason.OPEN, 5)]


def test_what_was_logged_in_error_ends_there() -> None:
    reading = read("09:00 logged", "09:05 voided", "09:30 touched_by_person", "09:40 resolved")
    assert reading.voided
    assert reading.ended_at == in_london("2025-06-02 09:05")
    assert reading.first_response == reading.resolved == Clock(None, 300, 300)


# Approvals


def test_authorisation_is_the_time_from_asking_to_the_answer() -> None:
    reading = read("09:00 logged", "09:05 approval_asked", "09:09 approval_answered")
    assert reading.authorisation == Clock(in_london("2025-06-02 09:09"), 240, 240)


def test_two_approvals_at_once_take_until_the_second_answer() -> None:
    reading = read(
        "09:00 logged",
        "09:05 approval_asked",
        "09:06 approval_asked",
        "09:07 approval_answered",
        "09:15 approval_answered",
    )
    assert minutes(reading.authorisation) == (10, 10)


def test_a_later_approval_adds_its_own_time_and_is_pending_until_answered() -> None:
    story = ("09:00 logged", "09:05 approval_asked", "09:09 approval_answered", "09:30 approval_asked")
    pending, answered = read(*story, now="2025-06-02 09:33"), read(*story, "09:36 approval_answered")
    assert pending.authorisation == Clock(None, 7 * 60, 7 * 60)
    assert answered.authorisation == Clock(in_london("2025-06-02 09:36"), 10 * 60, 10 * 60)


def test_an_approval_over_lunch_keeps_the_customer_waiting() -> None:
    reading = read("11:00 logged", "11:55 approval_asked", "13:05 approval_answered")
    assert minutes(reading.authorisation) == (10, 70)


@pytest.mark.parametrize("story", [("09:00 logged",), ("09:00 logged", "09:05 approval_answered")])
def test_where_nothing_was_asked_there_is_no_authorisation(story: tuple[str, ...]) -> None:
    assert read(*story).authorisation == Clock(None, 0, 0)


def test_an_approval_on_the_autumn_night_takes_as_long_for_a_reader_in_london() -> None:
    asked, answered = datetime(2025, 10, 26, 0, 30, tzinfo=UTC), datetime(2025, 10, 26, 1, 45, tzinfo=UTC)
    story = ((FactKind.LOGGED, asked), (FactKind.APPROVAL_ASKED, asked), (FactKind.APPROVAL_ANSWERED, answered))
    facts = [ClockFact(kind, at.astimezone(zone(LONDON))) for kind, at in story]
    assert minutes(read_clock(facts, ALWAYS, now=answered).authorisation) == (75, 75)


# What a trail can look like


def test_without_a_beginning_there_is_no_clock() -> None:
    with pytest.raises(ValueError, match="nothing says when"):
        read("09:10 resolved")


def test_the_order_of_the_trail_outranks_a_clock_that_was_set_back() -> None:
    reading = read("09:00 logged", "09:10 resolved", "09:09 reopened", now="2025-06-02 09:30")
    assert reading.resolved.at is None
    assert shape(reading) == [(Reason.OPEN, 30)]


def test_nothing_counts_as_earlier_than_the_log() -> None:
    reading = read("08:50 apologised_in_person", "09:00 logged")
    assert reading.first_response == Clock(reading.logged_at, 0, 0)


def test_a_reader_whose_clock_is_behind_sees_no_negative_time() -> None:
    reading = read("09:00 logged", "09:10 touched_by_person", now="2025-06-02 08:59")
    assert minutes(reading.resolved) == (10, 10)


def test_fractions_of_a_second_are_cut_once() -> None:
    logged = in_london("2025-06-02 09:00")
    beats = [timedelta(milliseconds=900 * beat) for beat in range(5)]
    kinds = (
        FactKind.LOGGED,
        FactKind.WAITING_STARTED,
        FactKind.WAITING_ENDED,
        FactKind.TOUCHED_BY_PERSON,
        FactKind.RESOLVED,
    )
    facts = [ClockFact(kind, logged + beat) for kind, beat in zip(kinds, beats, strict=True)]
    resolved = read_clock(facts, SPLIT_SHIFT, now=logged).resolved
    assert (resolved.counted_seconds, resolved.wait_seconds) == (2, 3)


@pytest.mark.parametrize(("night", "counted"), [("2025-03-30", 5), ("2025-10-26", 7)])
def test_real_hours_on_both_clock_change_nights(night: str, counted: int) -> None:
    bar = Calendar(OpeningHours.parse("sat 22:00-04:00"), LONDON)
    evening = day_bounds(date.fromisoformat(night), LONDON)[0] - timedelta(hours=4)
    facts = [ClockFact(FactKind.LOGGED, evening), ClockFact(FactKind.RESOLVED, evening + timedelta(hours=12))]
    assert read_clock(facts, bar, now=evening).resolved.counted_seconds == counted * 3600
