"""How many segments a text takes, and what to fold so that one curly quote does not double its price."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

# GSM 03.38, the alphabet of plain text messages. ESC is in the table but is no letter: it announces the extension.
GSM_LETTERS = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
_GSM = GSM_LETTERS | GSM_EXTENSION
_BEYOND_16_BITS = 0x10000


class Encoding(StrEnum):
    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


# Units that fit into a text of one segment, and into each segment of a longer one (the rest is its header).
_ROOM: Mapping[Encoding, tuple[int, int]] = MappingProxyType({Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)})


@dataclass(frozen=True, slots=True)
class Segments:
    """`units` are septets in GSM-7 (extension characters count two) and 16-bit units in UCS-2.

    `offending` are the characters that keep the text out of GSM-7, each once, in order. `left` are the units that still
    fit before another segment begins.
    """

    encoding: Encoding
    units: int
    count: int
    offending: tuple[str, ...]
    left: int


def segments(body: str) -> Segments:
    if GSM_LETTERS.issuperset(
        body
    ):  # nearly every text: a letter is a unit, and nothing has to be looked at one by one
        return _of_plain_letters(len(body))
    offending = tuple(dict.fromkeys(letter for letter in body if letter not in _GSM))
    encoding = Encoding.UCS2 if offending else Encoding.GSM7
    sizes = [_size(letter, encoding) for letter in body]
    count, left = _filled(sizes, _ROOM[encoding])
    return Segments(encoding, sum(sizes), count, offending, left)


def _of_plain_letters(units: int) -> Segments:
    alone, joined = _ROOM[Encoding.GSM7]
    count = 1 if units <= alone else -(-units // joined)
    room = alone if count == 1 else count * joined
    return Segments(Encoding.GSM7, units, count, (), room - units)


def _size(letter: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return 2 if letter in GSM_EXTENSION else 1
    return 2 if ord(letter) >= _BEYOND_16_BITS else 1


def _filled(sizes: list[int], room: tuple[int, int]) -> tuple[int, int]:
    """How many segments, and what is left of the last. A character of two units is never cut in half: it moves to the next
    segment whole."""
    alone, joined = room
    if sum(sizes) <= alone:
        return 1, alone - sum(sizes)
    count, used = 1, 0
    for size in sizes:
        if used + size > joined:
            count, used = count + 1, 0
        used += size
    return count, joined - used


def fold(body: str) -> str:
    """Write typographic characters, and letters outside GSM-7, with their plain neighbours.

    “Zoë’s café…” becomes "Zoe's café...": é is in GSM-7 and stays. What has no plain neighbour (an emoji,
    Cyrillic) stays too, and makes the text UCS-2.
    """
    if _GSM.issuperset(body) and "\r" not in body:  # none of these letters joins with another
        return body
    return "".join(_folded(unicodedata.normalize("NFC", body))).replace("\r\n", "\n")  # also where one of them was made


def _folded(body: str) -> Iterator[str]:
    for letter in body:
        if letter in _GSM:
            yield letter
        elif letter in _PLAIN:
            yield _PLAIN[letter]
        else:
            yield _without_marks(letter)


def _without_marks(letter: str) -> str:
    """á → a; й stays, because и is not in GSM-7 either. Not NFKD: it would make 1½ into 11/2."""
    base = "".join(part for part in unicodedata.normalize("NFD", letter) if not unicodedata.combining(part))
    return base if base and set(base) <= _GSM else letter


def _each(letters: str, plain: str) -> dict[str, str]:
    return dict.fromkeys(letters, plain)


_PLAIN: Mapping[str, str] = MappingProxyType(
    {
        **_each("\u2018\u2019\u201a\u201b\u2032\u02bc`\u00b4\u2039\u203a", "'"),
        **_each("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **_each("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2022", "-"),
        **_each("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", " "),
        **_each("\u2028\u2029\x85\x0b", "\n"),
        **_each("\u200b\u2060\ufeff\u00ad", ""),
        "\u2026": "...",
        "\u00b7": ".",
        "\u00d7": "x",
        "\u0152": "OE",
        "\u0153": "oe",
        "\u0141": "L",
        "\u0142": "l",
        "\u0110": "D",
        "\u0111": "d",
        "\u00d0": "D",
        "\u00f0": "d",
        "\u00de": "Th",
        "\u00fe": "th",
        "\u0131": "i",
        "\u1e9e": "SS",
        "\u0126": "H",
        "\u0127": "h",
    }
)
