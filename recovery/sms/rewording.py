"""What a text in somebody's own words must keep, so that it still does what it is for."""

import re
from collections.abc import Iterator, Mapping
from itertools import takewhile

from recovery.domain.messages import OPT_IN_WORDS, OPT_OUT_WORDS, MessageClass
from recovery.domain.ratings import SCALE
from recovery.domain.texts import Encoding, segments
from recovery.domain.threads import COMING, FIXED, RATING
from recovery.sms.texts import BY_STAFF, FIELD, MAX_SEGMENTS, Template

LONGEST_BODY = 1000
"""Letters: far more than two segments, and less than a book pasted by mistake."""
TO_CUSTOMERS = frozenset({"name", "staff", "site", "link", "reference", "failure"})
"""At hand whenever a customer is written to."""
TO_STAFF = frozenset({"site", "link", "reference"})
WAYS_BACK = ("link", "reference")
"""One of them tells a text from the next: providers drop the second of two that are the same."""
OF_STAFF = "staff_"

_ASKS = re.compile(
    r"\b(reply|answer|text|send|write|respond|type|responda|conteste|env[ií]e|escriba|mande|r[eé]pondez|envoyez|[eé]crivez|tapez)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_NEAR, _FAR = 3, 8
"""So many words after "reply" a word is what is asked for: reply with stop. In so many a digit is."""
_NAMED = re.compile(r"\b(?:the word|saying|say|writing|la palabra|diga|le mot|dites)\W+(\w+)", re.IGNORECASE)
"""However far from "reply": reply to us with the word stop."""
_ANSWERS = OPT_OUT_WORDS | OPT_IN_WORDS
_CONSENT = frozenset({"STOP", "START"})
"""What texts about texting itself may ask for."""


def places_of(name: str, shipped: Template) -> frozenset[str]:
    """What can be filled in wherever this text is sent."""
    if name.startswith(OF_STAFF):
        return shipped.fields | TO_STAFF
    if shipped.message_class is MessageClass.SECURITY or shipped.fields <= {"reference"}:
        return shipped.fields
    return shipped.fields | TO_CUSTOMERS


def needed_of(shipped: Template) -> frozenset[str]:
    """What this text is for: a promise without its time promises nothing."""
    return shipped.fields - TO_CUSTOMERS - shipped.optional


def problems(name: str, shipped: Template, body: str, samples: Mapping[str, str], *, folded: bool) -> list[str]:
    """One sentence each, and none for a text that can be sent. `samples` are values as they are on a usual day."""
    shape = list(_shape(name, shipped, body))
    return shape or list(_sense(shipped, body, samples, folded=folded))


def _shape(name: str, shipped: Template, body: str) -> Iterator[str]:
    if not body.strip():
        yield "Write the text, or put back the one that came with the desk."
        return
    if len(body) > LONGEST_BODY:
        yield f"That is longer than {LONGEST_BODY} letters: no text is."
        return
    if re.search(r"[{}]", FIELD.sub("", body)):
        yield "A brace stands alone: places are written {link}, with both."
    for place in sorted(set(FIELD.findall(body)) - places_of(name, shipped)):
        yield f"Nothing can be filled in for {{{place}}} here: choose from the places below."


def _sense(shipped: Template, body: str, samples: Mapping[str, str], *, folded: bool) -> Iterator[str]:
    reworded = shipped.reworded(body)
    for place in sorted(needed_of(shipped) - reworded.fields):
        yield f"This text is sent to tell {{{place}}}: it has to stand in it."
    if shipped.fields & set(WAYS_BACK) and not reworded.fields & set(WAYS_BACK):
        yield "It needs {link} or {reference}: the customer finds their matter by it, and two texts never look the same."
    if "?" in "".join(body.split("?", 1)[1:]):
        yield f"It asks {body.count('?')} questions: a text asks one at most, or nobody knows what an answer answers."
    if word := _asked_for(body, allowed=_CONSENT if shipped.message_class is MessageClass.SECURITY else frozenset()):
        yield f"It asks for the answer {word}, which stops or starts all texts: ask for a digit, or for a word of their own."
    yield from _digits(shipped, body)
    if BY_STAFF not in shipped.fields:
        yield from _length(shipped, reworded, samples, folded=folded)


def _digits(shipped: Template, body: str) -> Iterator[str]:
    if shipped.asks == FIXED and not {"1", "2"} <= digits_said(body):
        yield "This text asks whether it is fixed: it has to say what 1 and 2 mean."
    if shipped.asks == COMING and not digits_said(shipped.body) <= digits_said(body):
        yield "Customers answer this text by a digit: it has to say what each of its digits means."
    if shipped.asks == RATING and not {str(SCALE[0]), str(SCALE[-1])} <= digits_said(body):
        yield f"This text asks how well it was put right: it has to say what {SCALE[0]} and {SCALE[-1]} mean."
    if not shipped.asks and any(next_words and next_words[0].isdecimal() for next_words in _after_asking(body)):
        yield "It asks for a number, and nobody reads one as an answer to this text."


def digits_said(body: str) -> set[str]:
    return {digit for digit in map(str, SCALE) if re.search(rf"\b{digit}\b", FIELD.sub("", body))}


def _length(shipped: Template, reworded: Template, samples: Mapping[str, str], *, folded: bool) -> Iterator[str]:
    counted = segments(reworded.filled(samples, folded=folded))
    most = max(MAX_SEGMENTS, segments(shipped.filled(samples, folded=folded)).count)
    if counted.count <= most:
        return
    why = f"It fills {counted.count} segments on a usual day, and {most} is the most: shorten it"
    if counted.encoding is Encoding.UCS2:
        why += f", or leave out {' '.join(counted.offending[:4])}, which makes far fewer letters fit"
    yield f"{why}."


def _asked_for(body: str, *, allowed: frozenset[str]) -> str:
    """The first word of opting out, or in, that a customer is asked to write; else empty."""
    near = [
        word.upper()
        for words in _after_asking(body)
        for word in takewhile(lambda each: not each.isdecimal(), words[:_NEAR])  # "reply 1 for yes" asks for a digit
    ]
    named = [word.upper() for word in _NAMED.findall(body)]
    shouted = [
        word for word in _WORD.findall(body) if word.isupper()
    ]  # nobody writes YES in a sentence of another kind
    return next((word for word in (*near, *named, *shouted) if word in _ANSWERS - allowed), "")


def _after_asking(body: str) -> Iterator[list[str]]:
    for found in _ASKS.finditer(body):
        yield _WORD.findall(body[found.end() :])[:_FAR]
