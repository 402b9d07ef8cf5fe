import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recovery.domain.errors import Invalid
from recovery.domain.money import (
    LARGEST_AMOUNT,
    MINOR_DIGITS,
    Money,
    format_micros,
    format_money,
    known_currency,
    parse_amount,
    plain_amount,
)


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (450, "GBP", "£4.50"),
        (5, "GBP", "£0.05"),
        (0, "EUR", "€0.00"),
        (123_456_789, "USD", "$1,234,567.89"),
        (450, "JPY", "¥450"),
        (1250, "KWD", "KWD 1.250"),
        (990, "CHF", "CHF 9.90"),
        (990, "CAD", "CA$9.90"),
    ],
)
def test_money_is_written_as_its_currency_is(amount: int, currency: str, words: str) -> None:
    assert format_money(amount, currency) == words
    assert str(Money(amount, currency)) == words


@pytest.mark.parametrize(
    ("micros", "currency", "words"),
    [
        (52_400, "USD", "$0.0524"),
        (104_800, "USD", "$0.1048"),
        (80_000, "USD", "$0.08"),
        (52_401, "GBP", "£0.0525"),  # never less than it is
        (0, "EUR", "€0.00"),
        (7_800_000, "JPY", "¥7.8"),
        (8_000_000, "JPY", "¥8"),
        (16_010, "KWD", "KWD 0.01601"),
        (1_234_500_000, "CHF", "CHF 1,234.50"),
    ],
)
def test_the_price_of_a_text_is_written_to_a_hundredth_of_the_smallest_coin(
    micros: int, currency: str, words: str
) -> None:
    assert format_micros(micros, currency) == words


def test_a_field_of_a_form_holds_the_number_alone() -> None:
    assert plain_amount(123_456, "GBP") == "1234.56"
    assert plain_amount(450, "JPY") == "450"


@pytest.mark.parametrize(
    ("typed", "currency", "amount"),
    [
        ("4.50", "GBP", 450),
        ("4,50", "GBP", 450),
        ("£4.50", "GBP", 450),
        (" £ 4.50 ", "GBP", 450),
        ("4.50 £", "GBP", 450),
        ("GBP 4.50", "GBP", 450),
        ("4.50gbp", "GBP", 450),
        ("CA$9.90", "CAD", 990),
        ("4", "GBP", 400),
        ("4.5", "GBP", 450),
        (".5", "GBP", 50),
        ("0.01", "GBP", 1),
        ("004.50", "GBP", 450),
        ("1,234.50", "GBP", 123_450),
        ("1.234,50", "EUR", 123_450),
        ("1 234,50", "EUR", 123_450),
        ("1\u202f234,50 €", "EUR", 123_450),
        ("1,234,567", "GBP", 123_456_700),
        ("４．５０", "GBP", 450),
        ("450", "JPY", 450),
        ("1,234", "JPY", 1234),
        ("1,234", "KWD", 1234),
        ("1.25", "KWD", 1250),
        ("10000000", "GBP", LARGEST_AMOUNT),
    ],
)
def test_an_amount_is_read_as_people_type_it(typed: str, currency: str, amount: int) -> None:
    assert parse_amount(typed, currency) == amount


@pytest.mark.parametrize(
    ("typed", "currency", "sentence"),
    [
        ("-4.50", "GBP", "cannot be negative"),
        ("−4", "GBP", "cannot be negative"),
        ("£-4", "GBP", "cannot be negative"),
        ("-£4", "GBP", "cannot be negative"),
        ("0", "GBP", "cannot be zero"),
        ("0.00", "GBP", "cannot be zero"),
        ("4.505", "GBP", "has no unit that small"),
        ("0.001", "GBP", "has no unit that small"),
        ("1,234", "GBP", "thousands without a sign"),
        ("1.234", "GBP", "thousands without a sign"),
        ("4.50", "JPY", "has no unit that small"),
        ("1.2345", "KWD", "has no unit that small"),
        ("10000000.01", "GBP", "larger than any remedy"),
        ("99999999999999999999", "GBP", "larger than any remedy"),
        ("9" * 5000, "GBP", "too long"),
        ("1e400", "GBP", "is not an amount: write it as 4.50"),
        ("1e2", "GBP", "is not an amount"),
        ("NaN", "GBP", "is not an amount"),
        ("inf", "GBP", "is not an amount"),
        ("0x10", "GBP", "is not an amount"),
        ("1_000", "GBP", "is not an amount"),
        ("", "GBP", "is not an amount"),
        ("£", "GBP", "is not an amount"),
        (".", "GBP", "is not an amount"),
        ("4.", "GBP", "is not an amount"),
        ("four", "GBP", "is not an amount"),
        ("$4.50", "GBP", "is not an amount"),
        ("4.50 EUR", "GBP", "is not an amount"),
        ("1,234,50", "GBP", "is not an amount"),
        ("12,34.50", "GBP", "is not an amount"),
        ("1 2", "GBP", "is not an amount"),
        ("٤٫٥٠", "GBP", "is not an amount"),
        ("450.", "JPY", "is not an amount: write it as 450"),
    ],
)
def test_what_is_no_amount_is_refused_in_one_sentence(typed: str, currency: str, sentence: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_amount(typed, currency, field="refund")
    assert sentence in refusal.value.detail
    assert refusal.value.errors == {"refund": [refusal.value.detail]}


@given(st.integers(1, LARGEST_AMOUNT), st.sampled_from(sorted(MINOR_DIGITS)))
@settings(deadline=None, max_examples=80)
def test_what_is_written_reads_back(amount: int, currency: str) -> None:
    assert parse_amount(format_money(amount, currency), currency) == amount
    assert parse_amount(plain_amount(amount, currency), currency) == amount


@given(st.text(max_size=60), st.sampled_from(["GBP", "JPY", "KWD"]))
@settings(deadline=None, max_examples=80)
def test_any_paste_is_an_amount_or_a_sentence(typed: str, currency: str) -> None:
    try:
        assert 1 <= parse_amount(typed, currency) <= LARGEST_AMOUNT
    except Invalid as refusal:
        assert refusal.errors == {"amount": [refusal.detail]}  # noqa: PT017 (either is right)


@pytest.mark.parametrize("code", ["XYZ", "gbp", "", "£", "POUND", None, 826, ["GBP"]])
def test_an_unknown_currency_is_refused(code: object) -> None:
    with pytest.raises(Invalid, match="is no currency"):
        known_currency(code)


def test_money_is_never_negative_and_always_of_a_currency() -> None:
    with pytest.raises(ValueError, match="never negative"):
        Money(-1, "GBP")
    with pytest.raises(Invalid):
        Money(1, "XYZ")
