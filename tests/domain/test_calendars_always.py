"""What holds for every calendar, in every zone, on both nights."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from recovery.domain.calendars import (
    Calendar,
    Opening,
    OpeningHours,
    Span,
    SpecialDays,
    day_bounds,
    local_day,
    local_time,
    quiet_hours,
    quiet_until,
    zone,
)
from recovery.domain.special_days import special_day
from tests.domain.clock_changes import CHANGES, QUICK
from tests.domain.open_times import open_seconds
from tests.domain.test_calendars import SPLIT


@st.composite
def weekly_hours(draw: st.DrawFn) -> OpeningHours:
    """Make a week of spans on quarter hours, that neither overlap nor run past six in the morning of the next day."""
    week = []
    for _ in range(7):
        quarters = sorted(
            draw(st.sets(st.integers(24, 119), max_size=6)) | draw(st.sets(st.integers(24, 119), max_size=2))
        )
        spans = zip(quarters[::2], quarters[1::2], strict=False)
        week.append(tuple(Span(opens * 15, closes * 15) for opens, closes in spans if opens < 96))
    return OpeningHours(tuple(week)) if any(week) else OpeningHours.parse("sun 00:00-03:00")


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    hours = draw(st.one_of(weekly_hours(), st.sampled_from([OpeningHours(), *map(OpeningHours.parse, NIGHTS)])))
    timezone = draw(st.sampled_from(sorted(CHANGES)))
    odd = st.sampled_from(["shut", "00:00-24:00", "01:00-03:00 22:00-02:30"])
    days = draw(st.dictionaries(st.integers(-2, 3), odd, max_size=3))
    night = draw(st.sampled_from(CHANGES[timezone]))
    special = (special_day(night + timedelta(days=day), times) for day, times in days.items())
    return Calendar(hours, timezone, SpecialDays(tuple(special)))


NIGHTS = (SPLIT, "mon-sun 01:00-03:00", "mon-sun 00:00-00:45 01:15-01:45", "mon-sun 22:00-02:00", "mon-sat 00:00-24:00")


@st.composite
def instants_near_a_change(draw: st.DrawFn, timezone: str) -> datetime:
    day = draw(st.sampled_from(CHANGES[timezone]))
    minutes = draw(st.one_of(st.integers(-6 * 60, 6 * 60), st.integers(-4 * 1440, 4 * 1440)))
    return day_bounds(day, timezone)[0] + timedelta(minutes=minutes)


@st.composite
def windows_near_a_change(draw: st.DrawFn, timezone: str) -> tuple[datetime, datetime]:
    start = draw(instants_near_a_change(timezone))
    return start, start + timedelta(seconds=draw(st.one_of(st.integers(0, 86_400), st.integers(0, 8 * 86_400))))


@given(st.data())
@QUICK
def test_open_stretches_are_ordered_disjoint_and_inside(data: st.DataObject) -> None:
    subject = data.draw(calendars())
    start, end = data.draw(windows_near_a_change(subject.timezone))
    stretches = subject.open_stretches(start, end)
    assert all(opens < closes for opens, closes in stretches)
    assert all(earlier.closes < later.opens for earlier, later in pairwise(stretches))
    assert not stretches or (start <= stretches[0].opens and stretches[-1].closes <= end)


@given(st.data())
@QUICK
def test_open_and_closed_make_up_real_time_wherever_it_is_cut(data: st.DataObject) -> None:
    subject = data.draw(calendars())
    start, end = data.draw(windows_near_a_change(subject.timezone))
    middle = data.draw(st.datetimes(start.replace(tzinfo=None), end.replace(tzinfo=None), timezones=st.just(UTC)))
    middle = middle.replace(microsecond=0)
    stretches = subject.open_stretches(start, end)
    edges = [start, *(edge for stretch in stretches for edge in stretch), end]
    closed = sum(((later - earlier) for earlier, later in list(pairwise(edges))[::2]), timedelta())
    assert timedelta(seconds=open_seconds(subject, start, end)) + closed == end - start
    assert open_seconds(subject, start, middle) + open_seconds(subject, middle, end) == open_seconds(
        subject, start, end
    )


@given(st.data())
@QUICK
def test_special_days_shut_what_the_week_alone_would_have_open(data: st.DataObject) -> None:
    subject = data.draw(calendars())
    start, end = data.draw(windows_near_a_change(subject.timezone))
    week = Calendar(subject.hours, subject.timezone)
    closures = subject.closures(start, end)
    assert all(start <= shuts < opens <= end for shuts, opens, _ in closures)
    assert all(earlier.opens <= later.shuts for earlier, later in pairwise(closures))
    assert all(day in subject.special.days for *_, day in closures)
    assert [open_seconds(subject, shuts, opens) for shuts, opens, _ in closures] == [0] * len(closures)
    both = sum(open_seconds(week, *opening) for opening in subject.open_stretches(start, end))
    shut = sum((opens - shuts for shuts, opens, _ in closures), timedelta()) // timedelta(seconds=1)
    assert shut == open_seconds(week, start, end) - both


@given(st.data())
@QUICK
def test_open_is_what_the_clock_on_the_wall_says(data: st.DataObject) -> None:
    """Against another way of telling: the latest time that the wall has shown so far, minute by minute."""
    subject = data.draw(calendars())
    instant = data.draw(instants_near_a_change(subject.timezone))
    shown = max(
        local_time(instant - timedelta(minutes=back), subject.timezone).replace(tzinfo=None) for back in range(121)
    )
    minute, day = shown.hour * 60 + shown.minute, shown.date()
    today = [span.opens <= minute < span.closes for span in spans_on(subject, day)]
    before = [span.opens <= minute + 1440 < span.closes for span in spans_on(subject, day - timedelta(days=1))]
    assert subject.is_open(instant) is any(today + before)
    assert local_day(instant, subject.timezone) == shown.date()


def spans_on(subject: Calendar, day: date) -> tuple[Span, ...]:
    special = subject.special.by_day.get(day)
    if special:
        return special.spans
    return (Span(0, 1440),) if subject.hours.always_open else subject.hours.on(day)


@given(st.data())
@QUICK
def test_openings_and_closings_agree_with_the_stretches(data: st.DataObject) -> None:
    subject = data.draw(calendars())
    instant = data.draw(instants_near_a_change(subject.timezone))
    opening, closing = subject.next_opening(instant), subject.closing_after(instant)
    assert opening >= instant
    assert subject.is_open(opening)
    assert open_seconds(subject, instant, opening) == 0
    if closing:
        assert not subject.is_open(closing)
        assert subject.open_stretches(instant, closing) == [Opening(opening, closing)]


@given(st.data())
@QUICK
def test_closing_for_another_hour_never_adds_open_time(data: st.DataObject) -> None:
    subject = data.draw(calendars())
    start, end = data.draw(windows_near_a_change(subject.timezone))
    weekday, closed_from = data.draw(st.integers(0, 6)), data.draw(st.integers(0, 29 * 60))
    shorter = Calendar(without_hour(subject.hours, weekday, closed_from), subject.timezone, subject.special)
    assert open_seconds(shorter, start, end) <= open_seconds(subject, start, end)


def without_hour(hours: OpeningHours, weekday: int, closed_from: int) -> OpeningHours:
    week = list(hours.week or ((Span(0, 1440),),) * 7)
    pieces = [
        piece
        for opens, closes in week[weekday]
        for piece in (Span(opens, min(closes, closed_from)), Span(max(opens, closed_from + 60), closes))
        if piece.opens < piece.closes
    ]
    week[weekday] = tuple(pieces)
    return OpeningHours(tuple(week)) if any(week) else hours


@given(st.data())
@QUICK
def test_the_viewers_zone_changes_nothing(data: st.DataObject) -> None:
    subject = data.draw(calendars())
    start, end = data.draw(windows_near_a_change(subject.timezone))
    viewer = zone(data.draw(st.sampled_from(sorted(CHANGES))))
    seen_start, seen_end = start.astimezone(viewer), end.astimezone(viewer)
    assert subject.open_stretches(seen_start, seen_end) == subject.open_stretches(start, end)
    assert subject.is_open(seen_start) is subject.is_open(start)
    assert subject.next_opening(seen_start) == subject.next_opening(start)
    assert subject.slots(seen_start, seen_end, 60) == subject.slots(start, end, 60)
    assert local_day(seen_start, subject.timezone) == local_day(start, subject.timezone)
    assert quiet_until(seen_start, subject.timezone) == quiet_until(start, subject.timezone)


@given(st.data())
@QUICK
def test_slots_are_open_round_and_apart(data: st.DataObject) -> None:
    subject, step = data.draw(calendars()), data.draw(st.sampled_from([5, 15, 30, 45, 60]))
    start = data.draw(instants_near_a_change(subject.timezone))
    slots = subject.slots(start, start + timedelta(days=1), step)
    for slot in slots:
        local = local_time(slot, subject.timezone)
        assert start <= slot < start + timedelta(days=1)
        assert (local.hour * 60 + local.minute) % step == 0
        assert open_seconds(subject, slot, slot + timedelta(minutes=step)) == step * 60
    assert all(later - earlier >= timedelta(minutes=step) for earlier, later in pairwise(slots))


@given(st.data())
@QUICK
def test_every_instant_lies_in_its_day(data: st.DataObject) -> None:
    timezone = data.draw(st.sampled_from(sorted(CHANGES)))
    instant = data.draw(instants_near_a_change(timezone))
    starts, ends = day_bounds(local_day(instant, timezone), timezone)
    assert starts <= instant < ends
    assert day_bounds(local_day(instant, timezone) + timedelta(days=1), timezone)[0] == ends


@given(st.data())
@QUICK
def test_quiet_hours_end_when_nothing_is_quiet(data: st.DataObject) -> None:
    timezone = data.draw(st.sampled_from(sorted(CHANGES)))
    instant = data.draw(instants_near_a_change(timezone))
    until = quiet_until(instant, timezone)
    if until is not None:
        night = quiet_hours(instant, timezone)
        assert night is not None
        assert night.opens <= instant < night.closes == until
        assert quiet_until(until, timezone) is None
    else:
        assert 8 <= local_time(instant, timezone).hour < 21
