import json
import unicodedata
from pathlib import Path

import pytest
import smsutil
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from recovery.domain.texts import GSM_EXTENSION, GSM_LETTERS, Encoding, fold, segments

SHARED = Path(__file__).resolve().parents[1] / "shared_texts.json"

gsm = st.text(alphabet=sorted(GSM_LETTERS | GSM_EXTENSION), max_size=700)
# The other counter takes ESC for a letter of its own; it announces the extension table and cannot be sent alone.
anything = st.text(alphabet=st.characters(blacklist_characters="\x1b", blacklist_categories=["Cs"]), max_size=300)
mixed = st.text(alphabet="aZ9 é€{😀ł“\n", max_size=700)
drawn = st.lists(
    st.sampled_from(["👩\u200d👩\u200d👧", "👍🏽", "🇫🇷", "1\ufe0f\u20e3", "e\u0301", "ñ\u0303", "a", "€"]), max_size=90
).map("".join)
"""Of several code points, halves of surrogate pairs and marks: what people see as one letter."""


def by_the_other_counter(body: str) -> tuple[str, int, int, int]:
    split = smsutil.split(body)
    size, alone, joined = (1, 160, 153) if split.encoding == "gsm0338" else (2, 70, 67)
    room = alone if len(split.parts) == 1 else joined
    left = room - split.parts[-1].bytes // size
    return "GSM-7" if size == 1 else "UCS-2", split.total_bytes // size, len(split.parts), left


@settings(max_examples=4000, deadline=None)  # a busy machine is no finding
@given(st.one_of(gsm, anything, mixed, drawn))
@example("a" * 160)
@example("a" * 161)
@example("a" * 306)
@example("a" * 307)
@example("ł" * 134)
@example("ł" * 135)
@example("a" * 152 + "€" + "a" * 20)
@example("ł" + "a" * 69)
@example("ł" + "a" * 70)
@example("ł" + "a" * 65 + "😀" + "a" * 20)
def test_another_counter_counts_the_same(body: str) -> None:
    assume(body)  # nothing at all is UCS-2 to the other counter, and is never sent by us
    ours = segments(body)
    assert (ours.encoding, ours.units, ours.count, ours.left) == by_the_other_counter(body)


def test_the_shared_table_of_page_and_server_is_counted_right() -> None:
    for row in json.loads(SHARED.read_text(encoding="utf-8")):
        counted = segments(row["body"])
        assert (counted.encoding, counted.units, counted.count) == (row["encoding"], row["units"], row["segments"]), row


def test_the_letters_that_cost_are_named_once_each_in_order() -> None:
    assert segments("“Zoë” and “Łucja”").offending == ("“", "ë", "”", "Ł")
    assert segments("a plain £4.50 [ok]").offending == ()


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("“It’s here”", '"It\'s here"'),
        ("10–12 — or so…", "10-12 - or so..."),
        ("£4\u00a050", "£4 50"),
        ("á ê ç ő ş ž", "a e c o s z"),
        ("é è ñ ü à Ç ß ø", "é è ñ ü à Ç ß ø"),
        ("cafe\u0301", "café"),
        ("Łódź, œuvre, Đorđe", "Lodz, oeuvre, Dorde"),
        ("zero\u200bwidth", "zerowidth"),
        ("two\r\nlines", "two\nlines"),
        ("Привет й", "Привет й"),
        ("ok 👍🏽", "ok 👍🏽"),
        ("1½", "1½"),
        ("Nguyễn", "Nguyen"),
    ],
)
def test_folding_takes_the_plain_neighbour_and_leaves_what_has_none(written: str, plain: str) -> None:
    assert fold(written) == plain


@example("\r\x85")  # a line end that folding makes
@settings(max_examples=1000)
@given(st.one_of(anything, mixed))
def test_folding_twice_is_folding_once_and_adds_no_new_trouble(body: str) -> None:
    once = fold(body)
    assert fold(once) == once
    assert set(segments(once).offending) <= set(segments(unicodedata.normalize("NFC", body)).offending)


@given(gsm)
def test_what_gsm_can_write_stays_as_it_is(body: str) -> None:
    assert fold(body) == body.replace("\r\n", "\n")


def test_one_curly_quote_no_longer_doubles_the_price() -> None:
    body = "It’s on its way" + " and on its way" * 8
    assert (segments(body).count, segments(fold(body)).count) == (3, 1)
    assert segments(body).encoding is Encoding.UCS2
