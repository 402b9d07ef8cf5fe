"""A call that the desk places or takes: how far it is, and what may be inferred from how it ended.

The provider has no word for a line that was cut: what its callbacks leave open stays open, and what is taken from them is
inferred, until a person says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from recovery.domain.callbacks import Outcome

CUT_WITHIN = 60
"""Seconds of talking: who hears each other for less was cut off."""
RING_SECONDS = 25
"""Less than most voicemails wait for."""
KEY_SECONDS = 15
"""For a colleague who picked up to press a key; a voicemail presses none."""
PLACED_WITHIN = timedelta(seconds=45)
"""Nobody expects the call any more that was asked for longer ago: it is not placed then."""
DOUBTED_FOR = timedelta(seconds=60)
"""A call that nobody knows of rings within that time, and its callbacks tell of it, or it never does."""
TOLD_WITHIN = timedelta(seconds=15)
"""Between the end of one leg and the word about the other."""
RINGS_AT_MOST = timedelta(minutes=3)
LASTS_AT_MOST = timedelta(hours=4, minutes=15)
"""The provider ends a call after four hours by itself."""


class CallState(StrEnum):
    """Only forward, whatever order the callbacks come in."""

    REQUESTED = "requested"
    DIALLING = "dialling"
    IN_DOUBT = "in_doubt"
    RINGING = "ringing"
    ANSWERED = "answered"
    CONNECTING = "connecting"
    TALKING = "talking"
    ENDED = "ended"


_RANK: Mapping[CallState, int] = MappingProxyType({state: rank for rank, state in enumerate(CallState)})
PLACED = frozenset({CallState.RINGING, CallState.ANSWERED, CallState.CONNECTING, CallState.TALKING})
"""The provider has it."""


def is_further(state: CallState, than: CallState) -> bool:
    return _RANK[state] > _RANK[than]


class CallEnd(StrEnum):
    """What we know of how it ended. `failed` is whatever the provider could not connect and does not explain."""

    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CANCELLED = "cancelled"
    NOT_IN_SERVICE = "not_in_service"
    FAILED = "failed"
    STAFF_AWAY = "staff_away"
    UNCONNECTED = "unconnected"
    REFUSED = "refused"
    EXPIRED = "expired"
    UNKNOWN = "unknown"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES: Mapping[CallEnd, str] = MappingProxyType(
    {
        CallEnd.COMPLETED: "You spoke.",
        CallEnd.BUSY: "Their line was busy.",
        CallEnd.NO_ANSWER: "They did not answer.",
        CallEnd.CANCELLED: "You hung up before they answered: say how it went.",
        CallEnd.NOT_IN_SERVICE: "There is no such number.",
        CallEnd.FAILED: "The line could not be made: call again, or dial yourself.",
        CallEnd.STAFF_AWAY: "Your phone was not answered, so they were not called.",
        CallEnd.UNCONNECTED: "No key was pressed on your phone, so they were not called.",
        CallEnd.REFUSED: "The provider did not place the call: dial yourself.",
        CallEnd.EXPIRED: "The call was not placed in time: press again, or dial yourself.",
        CallEnd.UNKNOWN: "Nobody told us how it ended: say how it went.",
    }
)

KEYS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
HIDDEN = frozenset(
    f"+{word.translate(KEYS)}" for word in ("ANONYMOUS", "RESTRICTED", "BLOCKED", "UNKNOWN", "UNAVAILABLE")
)
"""What stands in place of a number that was not told: words, as they are typed on a telephone."""
NO_SUCH_NUMBER = frozenset({"404", "410", "484", "604"})
"""Final answers of the telephone network: not found, gone, incomplete, does not exist anywhere."""
_ENDS: Mapping[str, CallEnd] = MappingProxyType(
    {
        "completed": CallEnd.COMPLETED,
        "answered": CallEnd.COMPLETED,
        "busy": CallEnd.BUSY,
        "no-answer": CallEnd.NO_ANSWER,
        "canceled": CallEnd.CANCELLED,
        "failed": CallEnd.FAILED,
    }
)
"""By the provider's word for a leg that is over."""


def end_of(word: str, code: str = "") -> CallEnd | None:
    """None for a leg that goes on, and for a word that is new to us. `code` is the network's own answer, where it is told."""
    end = _ENDS.get(word)
    return CallEnd.NOT_IN_SERVICE if end is CallEnd.FAILED and code in NO_SUCH_NUMBER else end


def is_machine(answered_by: str | None) -> bool:
    """The provider's guess: `human`, `unknown`, `fax`, `machine_start`, `machine_end_beep` …"""
    return (answered_by or "").startswith(("machine", "fax"))


def inferred_outcome(end: CallEnd, seconds: int | None, answered_by: str | None = None) -> Outcome | None:
    """None where only a person can say how it went. `seconds` are those of talking."""
    if end is not CallEnd.COMPLETED:
        return _SAYS_BY_ITSELF.get(end)
    if is_machine(answered_by):
        return Outcome.VOICEMAIL
    if seconds is None:
        return None
    return Outcome.REACHED if seconds >= CUT_WITHIN else Outcome.DISCONNECTED


_SAYS_BY_ITSELF: Mapping[CallEnd, Outcome] = MappingProxyType(
    {
        CallEnd.BUSY: Outcome.BUSY,
        CallEnd.NO_ANSWER: Outcome.NO_ANSWER,
        CallEnd.NOT_IN_SERVICE: Outcome.WRONG_NUMBER,
    }
)


@dataclass(frozen=True, slots=True)
class Dial:
    """The other party of a call: `caller_id` is what their phone shows, by itself the number of who calls."""

    number: str
    caller_id: str = ""
    finds_machines: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """What the provider does next on a line: says something, then asks for a key, dials, or hangs up."""

    words: str = ""
    language: str = "en"
    asks_key: bool = False
    dial: Dial | None = None


HANG_UP = Script()
