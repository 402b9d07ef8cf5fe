from datetime import UTC, datetime, timedelta

import pytest

from recovery.domain.calendars import Calendar, OpeningHours, zone
from recovery.domain.promise_times import default_due, next_retry, renewed_due, warn_at
from recovery.domain.wording import due_words

LONDON = "Europe/London"
ALWAYS = Calendar(OpeningHours(), LONDON)
HARBOUR_STREET = Calendar(OpeningHours.parse("mon-fri 08:00-12:00 13:00-18:00; sat 18:00-02:00"), LONDON)


def in_london(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone(LONDON)).astimezone(UTC)


MONDAY = in_london("2025-06-02 09:00")


# When


@pytest.mark.parametrize("minutes", [15, 10, 5])
def test_while_open_the_promise_is_by_the_wall_clock(minutes: int) -> None:
    assert default_due(now=MONDAY, minutes=minutes, calendar=HARBOUR_STREET) == MONDAY + timedelta(minutes=minutes)


def test_a_promise_made_just_before_closing_is_still_kept_today() -> None:
    now = in_london("2025-06-02 17:55")
    assert default_due(now=now, minutes=15, calendar=HARBOUR_STREET) == in_london("2025-06-02 18:10")


@pytest.mark.parametrize(
    ("shut", "due"),
    [
        ("2025-06-02 12:00", "2025-06-02 13:15"),
        ("2025-06-02 22:00", "2025-06-03 08:15"),
        ("2025-06-08 02:00", "2025-06-09 08:15"),
        ("2025-03-30 02:30", "2025-03-31 08:15"),
        ("2025-10-26 03:00", "2025-10-27 08:15"),
    ],
)
def test_while_shut_the_promise_is_a_quarter_of_an_hour_after_opening(shut: str, due: str) -> None:
    assert default_due(now=in_london(shut), minutes=5, calendar=HARBOUR_STREET) == in_london(due)


def test_the_policy_may_ask_for_another_pause_after_opening() -> None:
    due = default_due(now=in_london("2025-06-02 22:00"), minutes=5, calendar=HARBOUR_STREET, minutes_after_opening=30)
    assert due == in_london("2025-06-03 08:30")


def test_staff_are_warned_when_seven_tenths_are_gone() -> None:
    assert warn_at(MONDAY, MONDAY + timedelta(minutes=10)) == MONDAY + timedelta(minutes=7)
    assert warn_at(MONDAY, MONDAY + timedelta(minutes=10), percent=50) == MONDAY + timedelta(minutes=5)


def test_the_machine_renews_three_times_with_a_growing_gap_and_then_leaves_it_to_a_person() -> None:
    renewals = [renewed_due(number, now=MONDAY, calendar=ALWAYS) for number in range(5)]
    assert renewals == [*(MONDAY + timedelta(minutes=gap) for gap in (15, 30, 60)), None, None]


def test_the_machine_promises_nothing_for_the_middle_of_the_night() -> None:
    assert renewed_due(0, now=in_london("2025-06-02 23:00"), calendar=HARBOUR_STREET) == in_london("2025-06-03 08:15")


@pytest.mark.parametrize(
    ("lapsed", "renewed"),
    [
        ("2025-06-02 17:40", "2025-06-02 17:55"),
        ("2025-06-02 17:45", "2025-06-02 18:00"),
        ("2025-06-02 17:55", "2025-06-03 08:15"),
        ("2025-06-02 11:50", "2025-06-02 13:15"),
        ("2025-06-06 17:55", "2025-06-07 18:15"),
        ("2025-06-08 01:50", "2025-06-09 08:15"),
    ],
)
def test_the_machine_promises_nothing_for_when_everybody_has_gone_home(lapsed: str, renewed: str) -> None:
    assert renewed_due(0, now=in_london(lapsed), calendar=HARBOUR_STREET) == in_london(renewed)


def test_a_call_is_tried_again_later_each_time_and_three_times_at_most() -> None:
    tries = [next_retry(attempts, now=MONDAY, calendar=ALWAYS) for attempts in range(1, 6)]
    assert tries == [*(MONDAY + timedelta(minutes=gap) for gap in (15, 60, 180)), None, None]


@pytest.mark.parametrize(
    ("attempts", "tried_at", "again_at"),
    [
        (1, "2025-06-02 11:50", "2025-06-02 13:00"),
        (1, "2025-06-02 17:45", "2025-06-03 08:00"),  # at closing time it is too late
        (1, "2025-06-02 17:44", "2025-06-02 17:59"),
        (3, "2025-06-06 17:00", "2025-06-07 18:00"),
        (1, "2025-06-08 01:50", "2025-06-09 08:00"),
    ],
)
def test_nobody_is_called_after_closing_time(attempts: int, tried_at: str, again_at: str) -> None:
    assert next_retry(attempts, now=in_london(tried_at), calendar=HARBOUR_STREET) == in_london(again_at)


# In words


@pytest.mark.parametrize(
    ("due", "words"),
    [
        ("2025-06-02 09:00:20", "in about a minute"),
        ("2025-06-02 09:09:10", "in about 10 minutes"),
        ("2025-06-02 09:10", "in about 10 minutes"),
        ("2025-06-02 09:20", "in about 20 minutes"),
        ("2025-06-02 09:20:01", "by 09:20"),
        ("2025-06-02 14:32", "by 14:32"),
        ("2025-06-02 08:45", "by 08:45"),
        ("2025-06-03 00:00", "by 00:00 tomorrow"),
        ("2025-06-03 09:15", "by 09:15 tomorrow"),
        ("2025-06-04 09:15", "by Wed 09:15"),
        ("2025-06-08 09:15", "by Sun 09:15"),
        ("2025-06-09 09:15", "by Mon 9 Jun 09:15"),
        ("2025-05-30 09:15", "by Fri 30 May 09:15"),
    ],
)
def test_a_promise_in_words_on_monday_morning(due: str, words: str) -> None:
    assert due_words(in_london(due), now=MONDAY, timezone=LONDON) == words


def test_words_are_those_of_the_site_whoever_asks() -> None:
    due = datetime(2025, 6, 2, 20, 0, tzinfo=UTC)
    now = datetime(2025, 6, 2, 16, 0, tzinfo=UTC)
    assert due_words(due, now=now, timezone=LONDON) == "by 21:00"
    assert due_words(due, now=now, timezone="Asia/Kathmandu") == "by 01:45 tomorrow"
    assert due_words(due.astimezone(zone("Pacific/Apia")), now=now, timezone="Pacific/Apia") == "by 09:00"


def test_ten_minutes_are_ten_minutes_on_the_autumn_night() -> None:
    now = datetime(2025, 10, 26, 0, 55, tzinfo=UTC)
    due = now + timedelta(minutes=10)
    assert due_words(due, now=now, timezone=LONDON) == "in about 10 minutes"
    assert (
        due_words(due.astimezone(zone(LONDON)), now=now.astimezone(zone(LONDON)), timezone=LONDON)
        == "in about 10 minutes"
    )
    assert default_due(now=now.astimezone(zone(LONDON)), minutes=10, calendar=ALWAYS) == due
    assert next_retry(1, now=now.astimezone(zone(LONDON)), calendar=ALWAYS) == now + timedelta(minutes=15)
