"""Takes out of a log line what must not stand there: phone numbers, and whatever opens a door.

It rather masks an innocent number too many than lets one customer's number through. Dates, decimals, network addresses and
UUIDs, which look like phone numbers to a careless pattern, are recognised first and kept.
"""

import re

MASK = "***"
FEWEST_DIGITS = 9
FEWEST_DIGITS_AFTER_PLUS = 7
DIGITS_SHOWN = 3

_GAP = r"(?:[^\S\n]|[().+\-/\u2010-\u2014]|%20|%2[89D]|%C2%A0){0,3}"
_KEPT = r"""
    (?<![\w.]) (?: \d{1,3}(?:\.\d{1,3}){3} (?: :\d{1,5} )?                                        # 192.0.2.17
      | \d{4}-\d\d-\d\d (?: [T\ +_]? \d\d:\d\d (?: :\d\d (?:[.,]\d+)? )? (?:[+-]\d\d:?\d\d)? )?   # an instant or a day
      | \d{1,6}\.\d+ (?![\d.\-])                                                   # a duration
    ) (?![\w]|\.\d)
  | (?<![0-9a-fA-F]) [0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12} (?![0-9a-fA-F])
"""
_NUMBERS = re.compile(
    rf"""
    (?P<kept>{_KEPT})
  | (?P<international> (?: \+ | %2B | (?<!\w)00 ) {_GAP} \d (?: {_GAP} \d ){{{FEWEST_DIGITS_AFTER_PLUS - 1},}} )
  | (?P<national> (?: (?<!\w) | (?<=\\[nrt]) | (?<=%20) | (?<=%3D) | (?<=%3A) ) \d (?: {_GAP} \d ){{{FEWEST_DIGITS - 1},}} (?!\w) )
  | (?P<local> (?<![\w-]) \d{{3}}-\d{{4}} (?![\w-]) )
    """,
    re.VERBOSE | re.IGNORECASE,
)

_SECRETS = (
    (re.compile(r"(/(?:c|a|sign-in)/)(?!\*\*\*)[\w~.%\-]{8,}"), rf"\1{MASK}"),
    (re.compile(r"\b(Bearer|Basic)(\s+|%20)(?!\*\*\*)[^\s\"',]+", re.IGNORECASE), rf"\1\2{MASK}"),
    (re.compile(r"(\b(?:token|password|secret|pin)=)(?!\*\*\*)[^&\s\"']+", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"(://[^:/@\s]*:)[^@\s/]+(@)"), rf"\1{MASK}\2"),
    # A database's own words repeat the row that it refused: names and texts among them.
    (re.compile(r"(DETAIL: ).*|(\[parameters: ).*"), rf"\1\2{MASK}"),
)


def mask(text: str) -> str:
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return _NUMBERS.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    if found["kept"]:
        return found["kept"]
    return MASK + re.sub(r"%[0-9A-Fa-f]{2}|\D", "", found[0])[-DIGITS_SHOWN:]
