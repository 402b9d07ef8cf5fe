"""What holds for every story, in every zone, on both nights."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from recovery.domain.calendar_history import CalendarHistory
from recovery.domain.calendars import Calendar, OpeningHours, SpecialDays, day_bounds, zone
from recovery.domain.recovery_clock import Clock, ClockFact, ClockReading, FactKind, Reason, Stretch, read_clock
from recovery.domain.special_days import special_day
from tests.domain.clock_changes import CHANGES, LONDON, QUICK
from tests.domain.open_times import open_seconds

HOURS = [
    "",
    "mon-fri 08:00-12:00 13:00-18:00; sat 18:00-02:00",
    "mon-sun 01:00-03:00",
    "mon-sun 22:00-02:00 06:15-06:45",
    "mon-sat 00:00-24:00",
]


@st.composite
def special_days(draw: st.DrawFn, timezone: str) -> SpecialDays:
    """Holidays and odd hours on the nights of the change and beside them."""
    odd = st.sampled_from(["shut", "10:00-12:00", "22:00-06:00", "00:00-24:00"])
    days = draw(st.dictionaries(st.integers(-2, 3), odd, max_size=4))
    change = draw(st.sampled_from(CHANGES[timezone]))
    return SpecialDays(
        tuple(special_day(change + timedelta(days=day), times, f"day {day}") for day, times in days.items())
    )


@st.composite
def calendars(draw: st.DrawFn, timezone: str | None = None) -> Calendar:
    timezone = timezone or draw(st.sampled_from(sorted(CHANGES)))
    hours = OpeningHours.parse(draw(st.sampled_from(HOURS)))
    return Calendar(hours, timezone, draw(special_days(timezone)))


@st.composite
def histories(draw: st.DrawFn) -> CalendarHistory:
    """One to three calendars of one place, changed somewhere near the night."""
    timezone = draw(st.sampled_from(sorted(CHANGES)))
    night = day_bounds(draw(st.sampled_from(CHANGES[timezone])), timezone)[0]
    changes = sorted(night + timedelta(minutes=each) for each in draw(st.lists(st.integers(-4000, 4000), max_size=2)))
    former = tuple((draw(calendars(timezone)), at) for at in changes)
    return CalendarHistory(draw(calendars(timezone)), former)


@st.composite
def stories(draw: st.DrawFn, timezone: str) -> tuple[list[ClockFact], datetime]:
    at = day_bounds(draw(st.sampled_from(CHANGES[timezone])), timezone)[0] - timedelta(
        minutes=draw(st.integers(0, 2000))
    )
    facts = [ClockFact(FactKind.LOGGED, at)]
    kinds = st.sampled_from([kind for kind in FactKind if kind is not FactKind.LOGGED])
    for kind, gap in draw(st.lists(st.tuples(kinds, st.integers(0, 40_000)), max_size=12)):
        at += timedelta(seconds=gap)
        facts.append(ClockFact(kind, at))
    return facts, at + timedelta(seconds=draw(st.integers(0, 100_000)))


def clocks(reading: ClockReading) -> dict[str, Clock]:
    names = ("first_response", "auto_response", "authorisation", "remedy_ready", "resolved", "confirmed")
    return {name: getattr(reading, name) for name in names}


def seconds(stretches: Sequence[Stretch], *, counted: bool) -> float:
    return sum((part.end - part.start).total_seconds() for part in stretches if part.counted is counted)


@given(st.data())
@QUICK
def test_stretches_partition_the_time_from_log_to_end(data: st.DataObject) -> None:
    calendar = data.draw(histories())
    facts, now = data.draw(stories(calendar.current.timezone))
    reading = read_clock(facts, calendar, now=now)
    edges = [reading.logged_at, *(part.end for part in reading.stretches)]
    assert [part.start for part in reading.stretches] == edges[:-1]
    assert edges[-1] == (reading.ended_at or now)
    assert all(part.start < part.end for part in reading.stretches)
    assert all(earlier.why != later.why for earlier, later in pairwise(reading.stretches))
    assert all(part.reason is Reason.CLOSED for part in reading.stretches if part.special)


@given(st.data())
@QUICK
def test_counted_and_paused_make_up_the_customers_wait(data: st.DataObject) -> None:
    calendar = data.draw(histories())
    facts, now = data.draw(stories(calendar.current.timezone))
    reading = read_clock(facts, calendar, now=now)
    counted, paused = (seconds(reading.stretches, counted=which) for which in (True, False))
    assert reading.resolved.counted_seconds == counted
    assert reading.resolved.wait_seconds == counted + paused
    assert all(0 <= clock.counted_seconds <= clock.wait_seconds for clock in clocks(reading).values())


@given(st.data())
@QUICK
def test_the_order_of_holds_and_closures_does_not_matter(data: st.DataObject) -> None:
    """Taking the holds out of the opening hours leaves what is left when the closures are taken out of the holds."""
    calendar = data.draw(histories())
    facts, now = data.draw(stories(calendar.current.timezone))
    reading, never_shut = (read_clock(facts, each, now=now) for each in (calendar, Calendar(OpeningHours(), LONDON)))
    unheld = [part for part in never_shut.stretches if part.counted]
    assert reading.resolved.counted_seconds == sum(open_seconds(calendar, part.start, part.end) for part in unheld)
    held = sum(open_seconds(calendar, part.start, part.end) for part in never_shut.stretches if not part.counted)
    end = reading.ended_at or now
    assert reading.resolved.counted_seconds == open_seconds(calendar, reading.logged_at, end) - held


@given(st.data())
@QUICK
def test_a_hold_never_adds_counted_time_and_never_shortens_the_wait(data: st.DataObject) -> None:
    calendar = data.draw(histories())
    facts, now = data.draw(stories(calendar.current.timezone))
    holds = {FactKind.WAITING_STARTED, FactKind.WAITING_ENDED}
    held = clocks(read_clock(facts, calendar, now=now))
    unheld = clocks(read_clock([fact for fact in facts if fact.kind not in holds], calendar, now=now))
    for name, clock in held.items():
        assert clock.counted_seconds <= unheld[name].counted_seconds
        assert (clock.at, clock.wait_seconds) == (unheld[name].at, unheld[name].wait_seconds)


@given(st.data())
@QUICK
def test_a_shorter_opening_never_adds_counted_time(data: st.DataObject) -> None:
    timezone = data.draw(st.sampled_from(sorted(CHANGES)))
    facts, now = data.draw(stories(timezone))
    longer, shorter = (
        Calendar(OpeningHours.parse(hours), timezone) for hours in ("mon-sun 00:00-03:00", "mon-sun 01:00-02:00")
    )
    assert (
        read_clock(facts, shorter, now=now).resolved.counted_seconds
        <= read_clock(facts, longer, now=now).resolved.counted_seconds
    )


@given(st.data())
@QUICK
def test_every_viewer_reads_the_same_clock(data: st.DataObject) -> None:
    calendar = data.draw(calendars())
    facts, now = data.draw(stories(calendar.timezone))
    viewer = zone(data.draw(st.sampled_from(sorted(CHANGES))))
    seen = [ClockFact(fact.kind, fact.at.astimezone(viewer)) for fact in facts]
    assert read_clock(seen, calendar, now=now.astimezone(viewer)) == read_clock(facts, calendar, now=now)


def test_each_reason_has_its_words() -> None:
    assert [reason.label for reason in Reason if reason.counted] == [
        "the site was open",
        "we thought that it was resolved",
    ]
    assert all(reason.label for reason in Reason)


@given(st.data())
@QUICK
def test_a_day_that_is_shut_never_adds_counted_time(data: st.DataObject) -> None:
    calendar = data.draw(calendars())
    facts, now = data.draw(stories(calendar.timezone))
    holiday = data.draw(st.sampled_from(CHANGES[calendar.timezone])) + timedelta(days=data.draw(st.integers(-2, 3)))
    shut = Calendar(calendar.hours, calendar.timezone, calendar.special.with_day(special_day(holiday, "shut")))
    before, after = (clocks(read_clock(facts, each, now=now)) for each in (calendar, shut))
    for name, clock in after.items():
        assert clock.counted_seconds <= before[name].counted_seconds
        assert clock.wait_seconds == before[name].wait_seconds


@given(st.data())
@QUICK
def test_a_new_calendar_never_rewrites_what_has_happened(data: st.DataObject) -> None:
    calendar = data.draw(histories())
    timezone = calendar.current.timezone
    facts, now = data.draw(stories(timezone))
    reading = read_clock(facts, calendar, now=now)
    changed_at = max(now, *(at for _, at in calendar.former), *(fact.at for fact in facts))
    new = CalendarHistory(data.draw(calendars(timezone)), (*calendar.former, (calendar.current, changed_at)))
    assert read_clock(facts, new, now=now) == reading
