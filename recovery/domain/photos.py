"""Photos that come with a text: what we keep of them, and how their type is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

MOST = 10
"""A text carries no more."""
LARGEST = 5 * 1024 * 1024
"""Bytes: the provider takes no larger one."""
TRIED_AGAIN_AFTER = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)
"""After each try that failed; then it is given up, and the ticket says so."""


@dataclass(frozen=True, slots=True)
class Media:
    """As the provider announces it. What it says of the type is believed by nobody."""

    url: str
    content_type: str = ""


class PhotoState(StrEnum):
    WANTED = "wanted"
    KEPT = "kept"
    REFUSED = "refused"


class WhyNoPhoto(StrEnum):
    TOO_LARGE = "too_large"
    NO_PHOTO = "no_photo"
    ELSEWHERE = "elsewhere"
    """Not at the provider's: we fetch from nowhere else."""
    GIVEN_UP = "given_up"

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS: Mapping[WhyNoPhoto, str] = MappingProxyType(
    {
        WhyNoPhoto.TOO_LARGE: "It is larger than 5 MB, so it was not kept: ask them for a smaller one.",
        WhyNoPhoto.NO_PHOTO: "It is no photo that we can show (JPEG, PNG, GIF, WebP or HEIC): ask them what it was.",
        WhyNoPhoto.ELSEWHERE: "It does not lie with our texting provider, so it was not fetched: ask them to send it again.",
        WhyNoPhoto.GIVEN_UP: "It could not be fetched from our texting provider: ask them to send it again.",
    }
)

JPEG, PNG, GIF, WEBP, HEIC = "image/jpeg", "image/png", "image/gif", "image/webp", "image/heic"
ENDINGS: Mapping[str, str] = MappingProxyType({JPEG: "jpg", PNG: "png", GIF: "gif", WEBP: "webp", HEIC: "heic"})
_BEGINNINGS = ((b"\xff\xd8\xff", JPEG), (b"\x89PNG\r\n\x1a\n", PNG), (b"GIF87a", GIF), (b"GIF89a", GIF))
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})


def type_of(content: bytes) -> str | None:
    """By its first bytes; None for what is no photo, whatever it calls itself."""
    for beginning, kind in _BEGINNINGS:
        if content.startswith(beginning):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WEBP
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
        return HEIC
    return None


def shows_in_a_page(kind: str) -> bool:
    """Browsers but one do not draw HEIC: it is offered as a file."""
    return kind != HEIC
