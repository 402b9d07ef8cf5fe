import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recovery.domain.errors import Invalid
from recovery.domain.phones import (
    country_of,
    known_country,
    masked,
    parse_phone,
    prefixes_of,
    pretty,
    seal,
    without_numbers,
)

SAM = "+447700900123"


@pytest.mark.parametrize(
    "typed",
    [
        "07700 900123",
        "07700900123",
        "(07700) 900-123",
        "07700.900.123",
        "+44 7700 900123",
        "+44 (0)7700 900123",
        "0044 7700 900123",
        "tel:+447700900123",
        "\u202a+44 7700\u00a0900123\u202c",
        "０７７００ ９００１２３",
    ],
)
def test_a_british_counter_writes_sams_number_in_many_ways(typed: str) -> None:
    assert parse_phone(typed, "GB") == SAM


@pytest.mark.parametrize(
    ("typed", "country", "e164"),
    [
        ("(202) 555-0143", "US", "+12025550143"),
        ("202-555-0143", "us", "+12025550143"),
        ("+1 202 555 0143", "GB", "+12025550143"),
        ("+1 555-0123", "GB", "+15550123"),
        ("011 44 7700 900123", "US", SAM),
        ("06 1234 5678", "IT", "+390612345678"),
        ("+15005550006", "US", "+15005550006"),
    ],
)
def test_a_number_is_read_with_the_country_of_the_site(typed: str, country: str, e164: str) -> None:
    assert parse_phone(typed, country) == e164


@pytest.mark.parametrize("nothing", ["", "   ", None, "\u200b"])
def test_no_number_is_none(nothing: str | None) -> None:
    assert parse_phone(nothing, "GB") is None


@pytest.mark.parametrize(
    ("typed", "country", "sentence"),
    [
        ("123", "GB", "too short"),
        ("07700 900123 07700 900124", "GB", "too long"),
        ("+447700900123456789", "GB", "too long"),
        ("0" * 5000, "GB", "too long"),
        ("+999 123456789", "GB", "country code that does not exist"),
        ("555-0123", "US", "lacks its area code"),
        ("07700 900123 ext 5", "GB", "extension"),
        ("07700 900123 x5", "GB", "extension"),
        ("07700 900123#5", "GB", "extension"),
        ("07700 900123 Sam", "GB", "no letters"),
        ("call 07700 900123", "GB", "no letters"),
        ("0800 FLOWERS", "GB", "no letters"),
        ("Sam", "GB", "not a phone number"),
        ("sam@example.org", "GB", "not a phone number"),
        ("+", "GB", "not a phone number"),
        ("\x00", "GB", "not a phone number"),
        ("'; DROP TABLE customers", "GB", "not a phone number"),
    ],
)
def test_an_impossible_number_is_refused_in_one_sentence(typed: str, country: str, sentence: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_phone(typed, country)
    assert sentence in refusal.value.detail
    assert refusal.value.errors == {"phone": [refusal.value.detail]}


def test_the_field_is_the_callers() -> None:
    with pytest.raises(Invalid) as refusal:
        parse_phone("123", "GB", field="customer.phone")
    assert list(refusal.value.errors) == ["customer.phone"]


@given(st.text(max_size=40), st.sampled_from(["GB", "US", "IN", "IT"]))
@settings(deadline=None, max_examples=80)
def test_any_paste_is_a_number_a_sentence_or_nothing(typed: str, country: str) -> None:
    try:
        e164 = parse_phone(typed, country)
    except Invalid as refusal:
        assert list(refusal.errors) == ["phone"]  # noqa: PT017 (either is right)
    else:
        assert e164 is None or parse_phone(e164, country) == e164


@pytest.mark.parametrize(("code", "country"), [("GB", "GB"), ("us", "US"), (" fr ", "FR")])
def test_a_country_is_two_letters(code: str, country: str) -> None:
    assert known_country(code) == country


@pytest.mark.parametrize("code", ["UK", "XX", "", "001", "GBR", "England"])
def test_a_country_without_phones_is_refused(code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        known_country(code)
    assert list(refusal.value.errors) == ["country"]


@pytest.mark.parametrize(
    ("e164", "country"),
    [
        (SAM, "GB"),
        ("+12025550143", "US"),
        ("+14165550143", "CA"),
        ("+15550123", "US"),
        ("+390612345678", "IT"),
        ("+80012345678", None),
        ("not a number", None),
    ],
)
def test_the_country_of_a_number(e164: str, country: str | None) -> None:
    assert country_of(e164) == country


@pytest.mark.parametrize(
    ("e164", "reader", "words"),
    [
        (SAM, "GB", "07700 900123"),
        (SAM, "US", "+44 7700 900123"),
        ("+12025550143", "US", "(202) 555-0143"),
        ("+12025550143", "GB", "+1 202-555-0143"),
        ("not a number", "GB", "not a number"),
    ],
)
def test_a_number_is_shown_as_the_reader_writes_it(e164: str, reader: str, words: str) -> None:
    assert pretty(e164, reader) == words


@pytest.mark.parametrize(
    ("e164", "shown"),
    [
        (SAM, "+44•••••••123"),
        ("+12025550143", "+1•••••••143"),
        ("+15550123", "+1•••••23"),
        ("not a number", "••••••••••••"),
        ("", ""),
    ],
)
def test_a_masked_number_tells_two_customers_apart_and_calls_neither(e164: str, shown: str) -> None:
    assert masked(e164) == shown


@pytest.mark.parametrize(
    ("typed", "country", "beginnings"),
    [
        ("07700 90", "GB", ["+44770090"]),
        ("+44 7700", "GB", ["+447700"]),
        ("0044 7700", "GB", ["+447700"]),
        ("(212) 555", "US", ["+1212555"]),
        ("1 212 555", "US", ["+11212555", "+1212555"]),
        ("44 7700", "GB", ["+44447700", "+447700"]),
    ],
)
def test_a_number_that_is_still_being_typed_begins_like_this(typed: str, country: str, beginnings: list[str]) -> None:
    assert prefixes_of(typed, country) == beginnings


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (
            f"Permission for the region indicated by the 'To' number: {SAM}",
            "Permission for the region indicated by the 'To' number: +44…",
        ),
        ("The number +44 7700 900123 is unsubscribed", "The number +44… is unsubscribed"),
        ("To: (202) 555-0143 is no mobile", "To: (… is no mobile"),
        ("see ?To=%2B447700900123&From=%2B447700900001", "see ?To=%2B…&From=%2B…"),
        ("447700900123", "…"),
        ("+447700\u2011900\u2011123!", "+44…!"),
        ("Code 21408: 3 texts a second, 100 a day", "Code 21408: 3 texts a second, 100 a day"),
        ("", ""),
    ],
)
def test_of_a_number_in_other_peoples_words_the_country_is_left(said: str, kept: str) -> None:
    assert without_numbers(said) == kept


@given(st.integers(10**6, 10**14), st.sampled_from(["+", ""]), st.sampled_from(["", " ", "-", ".", ") "]))
def test_no_number_however_it_is_spaced_gets_through(number: int, plus: str, gap: str) -> None:
    digits = str(number)
    written = plus + gap.join([digits[:2], digits[2:4], digits[4:]])
    assert digits[-4:] not in without_numbers(f"The number {written} is wrong.")


def test_a_seal_knows_a_number_again_tells_nothing_of_it_and_belongs_to_one_house() -> None:
    sealed = seal("a secret of the house", SAM)
    assert sealed == seal("a secret of the house", SAM)
    assert SAM[1:] not in sealed
    assert len({sealed, seal("a secret of the house", "+447700900124"), seal("another house's secret", SAM)}) == 3
