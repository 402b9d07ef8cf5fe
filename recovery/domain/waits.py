"""Waiting for a free colleague: the states of a wait, how long it will last, and what a customer answers to "it is your turn"."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median_low

from recovery.domain.statuses import check_move

SAID_TO = timedelta(minutes=5)
"""An estimate is said to the next five minutes: "about 7 minutes" would claim to know more than anybody does."""
LONGEST = timedelta(hours=4)
ENOUGH_TURNS = 3
"""From so many on a site has a pace of its own; of fewer, one odd customer would make the estimate."""


@dataclass(frozen=True, slots=True)
class WaitingRules:
    each: timedelta
    """For whoever is first in line, while the site has no pace of its own."""
    margin: timedelta
    """Past an estimate, until our promise is broken."""
    estimates: int
    """That one customer is told at most."""
    grace: timedelta
    """Until who was called, or is on the way, counts as not there."""
    later: timedelta
    kept: timedelta
    """So long who was not there may come back to the front."""


class WaitStatus(StrEnum):
    WAITING = "waiting"
    CALLED = "called"
    COMING = "coming"
    LATER = "later"
    NO_SHOW = "no_show"
    HELPED = "helped"
    GONE = "gone"

    @property
    def label(self) -> str:
        return {
            WaitStatus.WAITING: "in line",
            WaitStatus.CALLED: "called",
            WaitStatus.COMING: "on the way",
            WaitStatus.LATER: "put off",
            WaitStatus.NO_SHOW: "called, and not there",
            WaitStatus.HELPED: "helped",
            WaitStatus.GONE: "not coming",
        }[self]


_W = WaitStatus
LIVE = frozenset({_W.WAITING, _W.CALLED, _W.COMING, _W.LATER, _W.NO_SHOW})
"""They may still come, or be called."""
EXPECTED = frozenset({_W.CALLED, _W.COMING})
"""Somebody is free and waits for them."""
OVER = frozenset({_W.HELPED, _W.GONE})
MOVES: dict[WaitStatus, frozenset[WaitStatus]] = {
    _W.WAITING: frozenset({_W.CALLED, _W.COMING, _W.LATER, _W.HELPED, _W.GONE}),
    _W.CALLED: frozenset({_W.COMING, _W.LATER, _W.NO_SHOW, _W.HELPED, _W.GONE}),
    _W.COMING: frozenset({_W.LATER, _W.NO_SHOW, _W.HELPED, _W.GONE}),
    _W.LATER: frozenset({_W.WAITING, _W.COMING, _W.HELPED, _W.GONE}),
    _W.NO_SHOW: frozenset({_W.WAITING, _W.COMING, _W.LATER, _W.HELPED, _W.GONE}),
    _W.HELPED: frozenset({_W.WAITING}),
    _W.GONE: frozenset({_W.WAITING}),
}
"""Only an undone resolution leads back from the end."""


def move(current: WaitStatus, to: WaitStatus) -> WaitStatus:
    return check_move(MOVES, thing="wait", current=current, to=to)


class WaitAnswer(StrEnum):
    """What a customer says to "it is your turn"; in a text by its digit."""

    COMING = "coming"
    LATER = "later"
    NOT_COMING = "not_coming"

    @property
    def digit(self) -> int:
        return 1 + list(WaitAnswer).index(self)


DIGITS = {answer.digit: answer for answer in WaitAnswer}


def answer_in_words(body: str) -> WaitAnswer | None:
    """Of those few words that can mean nothing else; everything more is for a person to read."""
    plain = unicodedata.normalize("NFKD", body.casefold().replace("’", "'"))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _IN_WORDS.get(" ".join(_BETWEEN.sub(" ", letters).split()))


_BETWEEN = re.compile(r"[^\w']+")
_SPOKEN: Mapping[WaitAnswer, tuple[str, ...]] = {
    WaitAnswer.COMING: (
        "on my way, i'm on my way, im on my way, coming, i'm coming, im coming, omw",
        "voy, ya voy, en camino, voy en camino, estoy en camino",
        "j'arrive, jarrive, en route, je suis en route, je viens",
    ),
    WaitAnswer.LATER: (
        "ten minutes, 10 minutes, 10 min, ten more minutes, in ten minutes, in 10 minutes",
        "diez minutos, 10 minutos, en diez minutos, en 10 minutos",
        "dix minutes, dans dix minutes, dans 10 minutes",
    ),
    WaitAnswer.NOT_COMING: (
        "not coming, i'm not coming, im not coming, no longer coming, can't come, cant come",
        "no voy, ya no voy, no vengo, no puedo ir",
        "je ne viens pas, je ne viens plus, je viens pas",
    ),
}
"""In English, Spanish and French; spelt without accents."""
_IN_WORDS: Mapping[str, WaitAnswer] = {
    words: answer for answer, spoken in _SPOKEN.items() for words in ", ".join(spoken).split(", ")
}


def pace_of(turns: Sequence[tuple[datetime, datetime]]) -> timedelta | None:
    """How long whoever was first in line stood there until a colleague was free, as the median of the last turns; None
    where there were too few. `turns`: when somebody came and when it was their turn, in the order of the turns.

    Time in which nobody waited is no part of it: a customer who finds the line empty is first from the moment they come.
    Several colleagues who help at once take turns the faster, so that nobody has to say how many they are.
    """
    at_the_front = [turn - max(before, came) for (_, before), (came, turn) in pairwise(turns)]
    return median_low(at_the_front) if len(at_the_front) >= ENOUGH_TURNS else None


def estimated_wait(place: int, pace: timedelta) -> timedelta:
    """For who is first, second … in line: that many times the pace, said to the next five minutes.

    Little's law (J. D. C. Little, "A Proof for the Queuing Formula: L = λW", Operations Research 9, 1961): the wait is the
    number in line divided by the rate at which it moves on.
    """
    steps = -(-place * pace // SAID_TO)
    return min(max(SAID_TO, steps * SAID_TO), LONGEST)
