"""One cell of a table that a spreadsheet will open: what a customer wrote must not run as a formula there."""

import re

from recovery.domain.phones import pretty

RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
ABROAD = "ZZ"
"""Of no country: every number is written with its code."""
PHONE = re.compile(r"\+[0-9]{6,15}")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def safe_cell(value: object) -> str:
    """Give text that no spreadsheet takes for a formula: an apostrophe goes before whatever could be one.

    Numbers stay numbers. A telephone number loses its + to the eye of a spreadsheet (and its last digits to rounding),
    so it is written apart, +44 7700 900123, which is text everywhere and can be read and dialled.
    """
    text = "" if value is None else str(value)
    if PHONE.fullmatch(text):
        return pretty(text, ABROAD)
    if NUMBER.fullmatch(text) or not text.lstrip(" ").startswith(RISKY):
        return text
    return f"'{text}"
