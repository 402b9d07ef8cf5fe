"""Phone numbers: in as people write them, kept as E.164, shown as the reader's country writes them.

A number need only be possible: numbering plans change, and the ranges kept for fiction are not "valid" anywhere.
"""

import hashlib
import hmac
import re
import unicodedata
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

from recovery.domain.errors import Invalid

LONGEST_TEXT = 60
SHOWN_DIGITS = 3  # enough to tell two customers apart aloud, not enough to call one
MASK = "•"
KNOWN_NUMBERS = 4096
"""Whose country is remembered: a text asks for it several times, and finding it costs as much as a query."""
_LIKE_A_NUMBER = re.compile(r"\+?\d(?:(?:[\s().\-/\u2010-\u2014]|%[0-9A-F]{2}){0,3}\d){6,}", re.IGNORECASE)
"""Rather a date or a price too many: seven digits are the shortest number that somebody has."""

_PROBLEMS = {
    ValidationResult.TOO_SHORT: "That phone number is too short: check the digits.",
    ValidationResult.TOO_LONG: "That phone number is too long: check the digits.",
    ValidationResult.INVALID_LENGTH: "That phone number has the wrong number of digits: check them.",
    ValidationResult.INVALID_COUNTRY_CODE: "That phone number begins with a country code that does not exist: check the digits after the +.",
}

_UNREADABLE = {
    NumberParseException.INVALID_COUNTRY_CODE: _PROBLEMS[ValidationResult.INVALID_COUNTRY_CODE],
    NumberParseException.TOO_LONG: _PROBLEMS[ValidationResult.TOO_LONG],
}
NOT_A_NUMBER = "That is not a phone number: write its digits, as in 07700 900123 or +44 7700 900123."


def parse_phone(text: str | None, country: str, *, field: str = "phone") -> str | None:
    """Read a number as people in `country` (two letters) write it, and give E.164; None when nothing was typed.

    Raise Invalid with one sentence for an impossible number, letters, an extension, or a local number without its area code.
    """
    typed = _visible(text or "")
    if not typed:
        return None
    number = _read(typed, known_country(country), field)
    problem = phonenumbers.is_possible_number_with_reason(number)
    if problem == ValidationResult.IS_POSSIBLE_LOCAL_ONLY and not typed.startswith("+"):
        raise Invalid.field(field, "That phone number lacks its area code: write all of it.")
    if problem in _PROBLEMS:
        raise Invalid.field(field, _PROBLEMS[problem])
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _visible(text: str) -> str:
    """Drop the marks of writing direction that phones paste along with a contact's number."""
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cf").strip().removeprefix("tel:")


def _read(typed: str, country: str, field: str) -> PhoneNumber:
    if len(typed) > LONGEST_TEXT:
        raise Invalid.field(field, _PROBLEMS[ValidationResult.TOO_LONG])
    try:
        number = phonenumbers.parse(typed, country)
    except NumberParseException as error:
        raise Invalid.field(field, _UNREADABLE.get(error.error_type, NOT_A_NUMBER)) from None
    if number.extension:
        raise Invalid.field(field, "A text cannot reach an extension: give a number of its own.")
    if any(letter.isalpha() for letter in typed):  # read as keys of a keypad, a name would turn into digits
        raise Invalid.field(field, "A phone number has no letters: write its digits only.")
    return number


def prefixes_of(typed: str, country: str) -> list[str]:
    """How E.164 numbers begin that somebody may be typing in `country`: +447700 for "07700", the likelier first."""
    text = _visible(typed)
    digits = "".join(letter for letter in unicodedata.normalize("NFKC", text) if letter in "0123456789")
    if text.startswith(("+", "00")):
        return [f"+{digits.removeprefix('00')}"]
    code = str(phonenumbers.country_code_for_region(known_country(country)))
    at_home = f"+{code}{digits.removeprefix('0')}"
    return [at_home, f"+{digits}"] if digits.startswith(code) else [at_home]


def known_country(code: str, *, field: str = "country") -> str:
    """Give the two letters in upper case; raise Invalid for a country that has no phone numbers."""
    country = code.strip().upper()
    if country not in phonenumbers.SUPPORTED_REGIONS:
        raise Invalid.field(field, f"“{code[:20]}” is no country: give its two letters, such as GB or US.")
    return country


@lru_cache(maxsize=KNOWN_NUMBERS)
def country_of(e164: str) -> str | None:
    """Give the two letters; where several share a code and the number is of none (fiction), the largest; None for no country at all."""
    number = _number(e164)
    if number is None or number.country_code is None:
        return None
    region = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(
        number.country_code
    )
    return region if region in phonenumbers.SUPPORTED_REGIONS else None


def calling_code_of(e164: str) -> str | None:
    """Give +44: the country, or the few that share its code, and nothing of the number."""
    number = _number(e164)
    return None if number is None else f"+{number.country_code}"


def pretty(e164: str, country: str) -> str:
    """Write 07700 900123 for a reader in GB, +44 7700 900123 for any other; what is no number stays as it is."""
    number = _number(e164)
    if number is None:
        return e164
    at_home = phonenumbers.country_code_for_region(country.upper()) == number.country_code
    return phonenumbers.format_number(
        number, PhoneNumberFormat.NATIONAL if at_home else PhoneNumberFormat.INTERNATIONAL
    )


def masked(e164: str) -> str:
    """Write +44•••••••123; what is no number shows nothing of itself."""
    number = _number(e164)
    if number is None:
        return MASK * len(e164)
    code = f"+{number.country_code}"
    national = e164.removeprefix(code)
    shown = min(SHOWN_DIGITS, len(national) // 3)
    return code + MASK * (len(national) - shown) + national[len(national) - shown :]


def without_numbers(words: str) -> str:
    """Of whatever may be a phone number, in somebody else's words, only the country is left: +44…"""
    return _LIKE_A_NUMBER.sub(_country_alone, words)


def _country_alone(found: re.Match[str]) -> str:
    return f"{calling_code_of(found[0]) or ''}…"


def seal(secret: str, e164: str) -> str:
    """Knows a number again without telling it. Only the secret keeps it from being guessed: there are few numbers."""
    key = hashlib.sha256(b"number:" + secret.encode()).digest()
    return hmac.digest(key, e164.encode(), "sha256").hex()


def _number(e164: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(e164, None)
    except NumberParseException:
        return None
