"""Money is a whole number of minor units (pence, cents, yen) beside its ISO 4217 currency."""

import re
import unicodedata
from dataclasses import dataclass

from recovery.domain.errors import Invalid

LARGEST_AMOUNT = 10**9  # minor units: ten million pounds is no remedy but a slip of the finger
LONGEST_TEXT = 40
FINER = 2

_WITHOUT_MINOR_UNIT = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_OF_A_THOUSANDTH = "BHD IQD JOD KWD LYD OMR TND"
_OF_A_HUNDREDTH = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE
    CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR
    KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB
    PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY
    TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW
"""
MINOR_DIGITS = (
    dict.fromkeys(_WITHOUT_MINOR_UNIT.split(), 0)
    | dict.fromkeys(_OF_A_HUNDREDTH.split(), 2)
    | dict.fromkeys(_OF_A_THOUSANDTH.split(), 3)
)
# Signs of the GSM-7 alphabet only: any other would halve the room in a text. The rest go by their code.
SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$"}


@dataclass(frozen=True, slots=True)
class Money:
    """Minor units, 0 or more."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        known_currency(self.currency)
        if self.amount < 0:
            raise ValueError("Money given to a customer is never negative.")

    def __str__(self) -> str:
        return format_money(self.amount, self.currency)


def known_currency(code: object, *, field: str = "currency") -> str:
    """Give the code back; raise Invalid for anything but an upper-case code of the table above."""
    if isinstance(code, str) and code in MINOR_DIGITS:
        return code
    raise Invalid.field(field, f"“{str(code)[:LONGEST_TEXT]}” is no currency: give a code such as GBP or EUR.")


def format_money(amount: int, currency: str) -> str:
    """Write 450 GBP as £4.50, 450 JPY as ¥450, 1250 KWD as KWD 1.250."""
    number = plain_amount(amount, currency, grouped=True)
    return f"{SYMBOLS[currency]}{number}" if currency in SYMBOLS else f"{currency} {number}"


def format_micros(micros: int, currency: str) -> str:
    """Write 52400 millionths of a USD as $0.0524: two digits more than its money has, rounded up, without zeros at the
    end that money does not have either. static/js/segments.js says the same."""
    digits = MINOR_DIGITS[known_currency(currency)]
    finest = digits + FINER
    whole, fraction = divmod(-(-micros // 10 ** (6 - finest)), 10**finest)
    decimals = f"{fraction:0{finest}d}"
    decimals = decimals[:digits] + decimals[digits:].rstrip("0")
    number = f"{whole:,}.{decimals}" if decimals else f"{whole:,}"
    return f"{SYMBOLS[currency]}{number}" if currency in SYMBOLS else f"{currency} {number}"


def plain_amount(amount: int, currency: str, *, grouped: bool = False) -> str:
    """Write 450 GBP as 4.50, as a field of a form holds it."""
    digits = MINOR_DIGITS[known_currency(currency)]
    whole, fraction = divmod(amount, 10**digits)
    number = f"{whole:,}" if grouped else str(whole)
    return f"{number}.{fraction:0{digits}d}" if digits else number


_AMOUNT = re.compile(r"(?P<whole>[0-9]*)(?:[.,](?P<fraction>[0-9]+))?")
# Groups of three, with a point or comma behind them that is not the sign between the groups: 1,234.50 or 1.234,50.
_GROUPED = re.compile(
    r"(?P<whole>[0-9]{1,3}(?:(?P<sign>[,. '’])[0-9]{3})(?:(?P=sign)[0-9]{3})*)(?:(?!(?P=sign))[.,](?P<fraction>[0-9]+))?"
)


def parse_amount(text: str, currency: str, *, field: str = "amount") -> int:
    """Read what a person typed (4.50, 4,50, £4.50, 1,234.50) as minor units; raise Invalid with one sentence.

    One sign with three digits behind it, as in 1,234 GBP, may be thousands or a slip, and is refused rather than guessed.
    """
    digits = MINOR_DIGITS[known_currency(currency)]
    number = _without_currency(unicodedata.normalize("NFKC", text[: LONGEST_TEXT + 1]).strip(), currency)
    if len(number) > LONGEST_TEXT:
        raise Invalid.field(field, "The amount is too long to be one.")
    if number.startswith(("-", "−", "–")) and any(letter.isdigit() for letter in number):
        raise Invalid.field(field, "The amount cannot be negative.")
    whole, fraction = _read_number(number, digits, _example(currency), field)
    if len(fraction) > digits:
        raise Invalid.field(
            field,
            f"{currency} has no unit that small: write the amount as {_example(currency)}, thousands without a sign.",
        )
    return _within_bounds(int(whole + fraction.ljust(digits, "0")), field)


def _without_currency(text: str, currency: str) -> str:
    for name in (currency, SYMBOLS.get(currency, currency)):
        if text.upper().startswith(name):
            return text[len(name) :].strip()
        if text.upper().endswith(name):
            return text[: -len(name)].strip()
    return text


def _read_number(number: str, digits: int, example: str, field: str) -> tuple[str, str]:
    plain = _AMOUNT.fullmatch(number) if any(letter in "0123456789" for letter in number) else None
    grouped = _GROUPED.fullmatch(number)
    found = grouped if grouped and (not plain or (digits == 0 and "," in number)) else plain
    if not found:
        raise Invalid.field(field, f"“{number}” is not an amount: write it as {example}.")
    return re.sub("[^0-9]", "", found["whole"]) or "0", found["fraction"] or ""


def _example(currency: str) -> str:
    return plain_amount(450 * 10 ** max(MINOR_DIGITS[currency] - 2, 0), currency)


def _within_bounds(amount: int, field: str) -> int:
    if amount < 0:
        raise Invalid.field(field, "The amount cannot be negative.")
    if amount == 0:
        raise Invalid.field(field, "The amount cannot be zero: leave it out when nothing is paid.")
    if amount > LARGEST_AMOUNT:
        raise Invalid.field(field, "The amount is larger than any remedy: check the digits.")
    return amount
