import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recovery.domain.errors import Invalid
from recovery.domain.opening_hours import DAYS, OpeningHours, Span

HARBOUR_STREET = "mon-fri 08:00-12:00 13:00-18:00; sat 18:00-02:00"


def test_a_week_is_read_as_people_write_it() -> None:
    week = OpeningHours.parse(HARBOUR_STREET).week
    assert week[0] == week[4] == (Span(480, 720), Span(780, 1080))
    assert week[5] == (Span(1080, 1560),)
    assert week[6] == ()


@pytest.mark.parametrize("nothing", ["", "   ", None])
def test_no_hours_mean_always_open(nothing: str | None) -> None:
    hours = OpeningHours.parse(nothing)
    assert hours.always_open
    assert str(hours) == ""


@pytest.mark.parametrize(
    "text", ["mon-sun 00:00-24:00", "mon-sun 08:00-20:00 20:00-08:00", "mon-sun 00:00-12:00 12:00-00:00"]
)
def test_a_week_without_a_gap_is_always_open(text: str) -> None:
    assert OpeningHours.parse(text) == OpeningHours()


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        (HARBOUR_STREET, HARBOUR_STREET),
        ("Monday – Friday 8:00 – 12:00, 13:00 – 18:00", "mon-fri 08:00-12:00 13:00-18:00"),
        ("mon, wed,fri 09:00-17:00;", "mon 09:00-17:00; wed 09:00-17:00; fri 09:00-17:00"),
        ("SAT 18:00-00:00\nsun 10:00-24:00", "sat 18:00-24:00; sun 10:00-24:00"),
        ("fri-mon 22:00-02:00", "mon 22:00-02:00; fri-sun 22:00-02:00"),
        ("mon-fri 08:00-12:00; fri 13:00-16:00", "mon-thu 08:00-12:00; fri 08:00-12:00 13:00-16:00"),
        ("tues 13:00-14:00 08:00-09:00", "tue 08:00-09:00 13:00-14:00"),
    ],
)
def test_every_way_of_writing_comes_out_in_one(written: str, canonical: str) -> None:
    assert str(OpeningHours.parse(written)) == canonical


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("8-6", "“8” is not a day"),
        ("mo-fr 08:00-18:00", "“mo” is not a day"),
        ("mon-", "“” is not a day"),
        ("mon", "“mon” has no times: write them as mon 08:00-18:00"),
        ("sun closed", "“closed” is not a span of time"),
        ("mon 08:00", "“08:00” is not a span of time"),
        ("mon 8am-6pm", "“8am-6pm” is not a span of time"),
        ("mon 08:00-25:00", "begins at 00:00 and ends at 24:00"),
        ("mon 08:60-09:00", "begins at 00:00 and ends at 24:00"),
        ("mon 24:00-25:00", "begins at 00:00 and ends at 24:00"),
        ("mon 24:00-02:00", "begins at 00:00 and ends at 24:00"),
        ("mon 08:00-24:01", "begins at 00:00 and ends at 24:00"),
        ("mon 08:00-08:00", "write 00:00-24:00 for a whole day"),
        ("mon 08:00-12:00 11:00-13:00", "mon 08:00-12:00 overlaps mon 11:00-13:00"),
        ("mon-fri 08:00-18:00; fri 08:00-12:00", "fri 08:00-12:00 overlaps fri 08:00-18:00"),
        ("sat 18:00-10:00; sun 09:00-12:00", "sat 18:00-10:00 overlaps sun 09:00-12:00"),
        ("sun 18:00-02:00; mon 01:00-03:00", "sun 18:00-02:00 overlaps mon 01:00-03:00"),
        (" ; ;", "No day was found"),
        ("mon 08:00-18:00 " * 100, "longer than 1000 letters"),
        ("mon ٠٨:٠٠-١٨:٠٠", "is not a span of time"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(Invalid) as refusal:
        OpeningHours.parse(text)
    assert sentence in refusal.value.detail
    assert refusal.value.errors == {"hours": [refusal.value.detail]}
    assert refusal.value.detail.endswith(".")


def test_the_end_of_sunday_may_touch_the_beginning_of_monday() -> None:
    assert str(OpeningHours.parse("sun 18:00-02:00; mon 02:00-03:00")) == "mon 02:00-03:00; sun 18:00-02:00"


def test_a_site_that_never_opens_is_refused() -> None:
    with pytest.raises(Invalid, match="never opens"):
        OpeningHours(((),) * 7)


@st.composite
def weeks(draw: st.DrawFn) -> str:
    """Write a week whose spans never reach past six in the morning of the next day, nor begin before."""
    entries = []
    for day in DAYS:
        times = sorted(draw(st.sets(st.integers(6 * 60, 30 * 60 - 1), min_size=0, max_size=6)))
        spans = [Span(opens, closes) for opens, closes in zip(times[::2], times[1::2], strict=False) if opens < 24 * 60]
        if spans:
            entries.append(f"{day} {' '.join(map(str, spans))}")
    return "; ".join(entries)


@given(weeks())
@settings(deadline=None, max_examples=40)
def test_the_canonical_text_reads_back_as_the_same_hours(text: str) -> None:
    hours = OpeningHours.parse(text)
    assert OpeningHours.parse(str(hours)) == hours
    assert str(OpeningHours.parse(str(hours))) == str(hours)
