"""The words of every text: one file per template and language, filled, folded and cut to fit.

A file has header lines (`class`, `validity_seconds`, `asks`, `urgent`, and `optional`: which values may be empty), a
blank line, and the body. The body has one sentence or so per line, joined by spaces. Where the name is empty, the space
before it goes ("Hello,"), or where it begins its line what parts it from the rest; where another optional value is
empty, its whole line goes.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from recovery.domain.languages import Language
from recovery.domain.messages import MessageClass
from recovery.domain.speech.parts import Speech
from recovery.domain.texts import Segments, fold, segments
from recovery.domain.threads import COMING, FIXED, RATING, WHICH
from recovery.domain.wording import SPEECHES

MAX_SEGMENTS = 2
NAME_UNITS = 24
SHORT_NAME_UNITS = 12
# The provider's own bounds for ValidityPeriod.
VALIDITY_SECONDS = range(1, 36_001)

PLACEHOLDERS = frozenset(
    {
        "name",
        "staff",
        "site",
        "promise",
        "when",
        "remedies",
        "link",
        "reference",
        "words",
        "alert",
        "failure",
        "choices",
    },
)
# Who is named in a text: cut to fit, or stood in for where the name can be neither folded nor afforded.
NAMES = frozenset({"name", "staff", "site"})
# What is given has no end of its own: many things, or one that somebody described at length. The link shows all of it.
LONG = "remedies"
LONG_UNITS = (120, 60, 30)
KNOWN_TEMPLATES = 1024
"""What is found out about a text's words is kept: all that are shipped, and many of sites' own."""
BY_STAFF = "words"

_HEADERS = frozenset({"class", "validity_seconds", "asks", "urgent", "optional"})
_QUESTIONS = frozenset({FIXED, WHICH, COMING, RATING})
FIELD = re.compile(r"\{([^{}]*)\}")
"""A place to be filled, with its name."""


class TemplateProblem(Exception):
    """A template, or what it is to be filled with, is not as it must be: one sentence."""


@dataclass(frozen=True, slots=True)
class Text:
    """`asks` names the question that a bare digit will answer. `validity_seconds`: not worth delivering later."""

    body: str = field(repr=False)
    segments: Segments
    message_class: MessageClass
    validity_seconds: int
    asks: str | None
    urgent: bool


@dataclass(frozen=True, slots=True)
class Template:
    lines: tuple[str, ...]
    optional: frozenset[str]
    message_class: MessageClass
    validity_seconds: int
    asks: str | None
    urgent: bool

    @property
    def fields(self) -> frozenset[str]:
        return _fields_of(self.lines)

    @property
    def body(self) -> str:
        """As its file has it, and as it is edited."""
        return "\n".join(self.lines)

    def reworded(self, body: str) -> "Template":
        """In other words, for the same purpose; the customer's name may be missing whatever they are."""
        return replace(self, lines=_lines(body), optional=self.optional | {"name"})

    def filled(self, values: Mapping[str, str], *, folded: bool) -> str:
        """The whole of it, however long it gets."""
        template = _in_plain_letters(self) if folded else self
        return _written(template.lines, _clean(values, folded=folded))


class Texts:
    """All templates below `folder` (one folder per language), read once and checked at once."""

    def __init__(self, folder: Path) -> None:
        self._templates = {
            (path.parent.name, path.stem): _parse(path.read_text(encoding="utf-8"), f"{path.parent.name}/{path.stem}")
            for path in sorted(folder.glob("*/*.txt"))
        }
        if not self._templates:
            raise TemplateProblem(f"There are no text templates in {folder}.")

    def names(self, language: str = Language.ENGLISH) -> tuple[str, ...]:
        return tuple(name for spoken, name in self._templates if spoken == language)

    def template(self, name: str, language: str = Language.ENGLISH) -> Template:
        try:
            return self._templates[language, name]
        except KeyError:
            raise TemplateProblem(f"There is no text template {language}/{name}.") from None

    def render(
        self,
        name: str,
        values: Mapping[str, str],
        language: Language = Language.ENGLISH,
        *,
        folded: bool = True,
        body: str | None = None,
    ) -> Text:
        """Fill a template, or `body`, which stands for its words; `values` may hold more than it needs, but nothing that no template knows.

        Folded, or with names that can be spelled in plain letters, the body has at most two segments: names are cut, or stood in for where only UCS-2 can write them, optional lines
        are left out, and at last what is given is cut. What staff wrote themselves is never cut.
        """
        template = self.template(name, language)
        if body is not None:
            template = template.reworded(body)
        _check(name, template, values)
        written = _fitting(template, values, SPEECHES[language], folded=folded)
        return Text(
            body=written,
            segments=segments(written),
            message_class=template.message_class,
            validity_seconds=template.validity_seconds,
            asks=template.asks,
            urgent=template.urgent,
        )


def _check(name: str, template: Template, values: Mapping[str, str]) -> None:
    unknown = sorted(values.keys() - PLACEHOLDERS)
    if unknown:
        raise TemplateProblem(f"No text has a place for {', '.join(unknown)}.")
    empty = sorted(place for place in template.fields - template.optional if not values.get(place, "").strip())
    if empty:
        raise TemplateProblem(f"The text {name} cannot be written without {', '.join(empty)}.")


def _fitting(template: Template, values: Mapping[str, str], speech: Speech, *, folded: bool) -> str:
    """The first version that fits, from the fullest on; the fullest where none does."""
    plain = _in_plain_letters(template) if folded else template
    if BY_STAFF in template.fields:  # what they wrote is as long as it is, and is counted while they write
        return _written(plain.lines, _clean(values, folded=folded))
    fullest = ""
    for lines, filled in _versions(plain, _clean(values, folded=folded), speech):
        body = _written(lines, filled)
        if segments(body).count <= MAX_SEGMENTS:
            return body
        fullest = fullest or body
    return fullest


@lru_cache(maxsize=KNOWN_TEMPLATES)
def _in_plain_letters(template: Template) -> Template:
    return replace(template, lines=tuple(fold(line) for line in template.lines))


def _versions(
    template: Template, values: Mapping[str, str], speech: Speech
) -> Iterator[tuple[tuple[str, ...], Mapping[str, str]]]:
    named = _with_names_of(NAME_UNITS, values)
    yield template.lines, named  # nearly always it
    plain = {place: _stand_in(place, value, speech) for place, value in named.items()}
    short = _with_names_of(SHORT_NAME_UNITS, plain)
    spelled = {place: _spelled(value, speech) if place == LONG else value for place, value in short.items()}
    needed = tuple(line for line in template.lines if not _optional_in(line, template))
    yield template.lines, plain
    yield template.lines, short
    yield template.lines, spelled
    yield needed, spelled
    for units in LONG_UNITS:
        yield (
            needed,
            {place: _shortened(value, units, speech) if place == LONG else value for place, value in spelled.items()},
        )


def _with_names_of(units: int, values: Mapping[str, str]) -> Mapping[str, str]:
    return {place: _cut(value, units) if place in NAMES else value for place, value in values.items()}


def _stand_in(place: str, value: str, speech: Speech) -> str:
    if place not in NAMES or not segments(value).offending:
        return value
    return fold({"name": "", "staff": speech.our_team, "site": speech.our_desk}[place])


def _spelled(value: str, speech: Speech) -> str:
    """Without the letters that only UCS-2 can write: one of them would halve the room for all others."""
    costly = set(segments(value).offending)
    left = " ".join("".join(letter for letter in value if letter not in costly).split())
    return left if any(letter.isalnum() for letter in left) or not value else fold(speech.gesture)


def _shortened(value: str, units: int, speech: Speech) -> str:
    """After a comma where there is one: "a replacement, £4.50 back and more"."""
    if segments(value).units <= units:
        return value
    more = fold(speech.and_more)
    kept = _cut(value, units - len(more))
    return (kept.rpartition(", ")[0] or kept).rstrip(" ,") + more


def _cut(value: str, units: int) -> str:
    """At a space where there is one, so that "Bernadette van den Berg" becomes "Bernadette"."""
    kept = value[:units]
    while segments(kept).units > units:
        kept = kept[:-1]
    whole_words = kept.rpartition(" ")[0]
    if kept == value or value[len(kept)] == " " or not whole_words:
        return kept.rstrip()
    return whole_words.rstrip()


@lru_cache(maxsize=KNOWN_TEMPLATES)
def _fields_of(lines: tuple[str, ...]) -> frozenset[str]:
    return frozenset(FIELD.findall("\n".join(lines)))


def _optional_in(line: str, template: Template) -> set[str]:
    return set(FIELD.findall(line)) & (template.optional - {"name"})


def _written(lines: tuple[str, ...], values: Mapping[str, str]) -> str:
    """In one pass: braces inside a value stay what they are."""
    kept = (line for line in lines if all(values.get(place) for place in FIELD.findall(line) if place != "name"))
    with_name_or_not = kept if values.get("name") else filter(None, map(_nameless, kept))
    return " ".join(FIELD.sub(lambda match: values.get(match[1], ""), line) for line in with_name_or_not)


def _nameless(line: str) -> str:
    """A line that begins with the name begins with what comes after it: "{name}, we are sorry" is "We are sorry". A comma
    before it goes with it: "All right, {name}: wait" is "All right: wait"."""
    begun = _BEGINS_WITH_NAME.sub("", line)
    return _NAME.sub("", begun if begun == line else begun[:1].upper() + begun[1:])


_BEGINS_WITH_NAME = re.compile(r"^[¡¿]?\{name\}[\s,;:.!?-]*")
_NAME = re.compile(r",? \{name\}")


def _clean(values: Mapping[str, str], *, folded: bool) -> Mapping[str, str]:
    """A value is one line without control characters; only what staff wrote may have line breaks."""
    cleaned = {}
    for place, value in values.items():
        plain = fold(value) if folded else unicodedata.normalize("NFC", value)
        if plain.isprintable():  # one line, and nothing in it to take out
            cleaned[place] = plain.strip() if place == BY_STAFF else " ".join(plain.split())
            continue
        lines = [
            "".join(letter for letter in line if letter.isprintable() or letter in _JOINERS)
            for line in plain.splitlines()
        ]
        cleaned[place] = "\n".join(lines).strip() if place == BY_STAFF else " ".join(" ".join(lines).split())
    return cleaned


# Not printable by themselves, but families and flags among the emoji fall apart without them.
_JOINERS = "\u200d\ufe0f"


def _parse(source: str, name: str) -> Template:
    head, _, body = source.partition("\n\n")
    headers = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in head.splitlines())}
    _check_headers(headers, name)
    template = Template(
        lines=_lines(body),
        optional=frozenset(headers.get("optional", "").replace(",", " ").split()),
        message_class=MessageClass(headers["class"]),
        validity_seconds=int(headers["validity_seconds"]),
        asks=None if headers["asks"] == "none" else headers["asks"],
        urgent=headers["urgent"] == "yes",
    )
    _check_places(template, name)
    return template


def _lines(body: str) -> tuple[str, ...]:
    return tuple(" ".join(line.split()) for line in body.splitlines() if line.strip())


def _check_headers(headers: Mapping[str, str], name: str) -> None:
    if headers.keys() - _HEADERS or (_HEADERS - {"optional"}) - headers.keys():
        raise TemplateProblem(f"The template {name} needs the header lines {', '.join(sorted(_HEADERS))}.")
    sensible = {
        "class": headers["class"] in set(MessageClass),
        "validity_seconds": headers["validity_seconds"].isdecimal()
        and int(headers["validity_seconds"]) in VALIDITY_SECONDS,
        "asks": headers["asks"] in _QUESTIONS | {"none"},
        "urgent": headers["urgent"] in {"yes", "no"},
    }
    wrong = [key for key, fine in sensible.items() if not fine]
    if wrong:
        raise TemplateProblem(f"The template {name} has no sensible {', '.join(wrong)}.")


def _check_places(template: Template, name: str) -> None:
    unknown = sorted((template.fields | template.optional) - PLACEHOLDERS)
    if unknown:
        raise TemplateProblem(f"The template {name} has an unknown placeholder: {', '.join(unknown)}.")
    if not template.lines or re.search(r"[{}]", FIELD.sub("", "\n".join(template.lines))):
        raise TemplateProblem(f"The template {name} is empty or has a stray brace.")
