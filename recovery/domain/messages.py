"""States of a text, what the provider says about them, and what a customer's answer means."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from recovery.domain.errors import WrongState


class MessageStatus(StrEnum):
    PENDING = "pending"
    HELD = "held"
    CLAIMED = "claimed"
    SENDING = "sending"
    IN_DOUBT = "in_doubt"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    DROPPED = "dropped"
    RECEIVED = "received"

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def shown(self) -> "MessageStatus":
        """What pages and the API call it: a worker's claim is nobody else's business."""
        return MessageStatus.PENDING if self is MessageStatus.CLAIMED else self

    @property
    def final(self) -> bool:
        return not MOVES[self]


class HeldFor(StrEnum):
    """What a held text waits for."""

    QUIET_HOURS = "quiet_hours"
    SPEND = "spend"
    """The month's money is spent."""


QUEUED = frozenset({MessageStatus.PENDING, MessageStatus.HELD})
"""Nobody has begun to send it."""
LEFT = frozenset(
    {
        MessageStatus.CLAIMED,
        MessageStatus.SENDING,
        MessageStatus.IN_DOUBT,
        MessageStatus.SENT,
        MessageStatus.DELIVERED,
    }
)
"""It may be on its way, or has arrived."""


class Doubt(StrEnum):
    """Why nobody can say whether a text was sent; events keep this word and never the provider's own, which may hold a number."""

    NO_ANSWER = "no_answer"
    SERVER_ERROR = "server_error"
    UNNAMED = "unnamed"
    """The provider answered well, and did not say what it calls the text."""
    WORKER_LOST = "worker_lost"
    OUR_MISTAKE = "our_mistake"
    RESTORED = "restored"
    """The database is a copy from a backup: what was sent since is not in it."""


class MessageClass(StrEnum):
    TRANSACTIONAL = "transactional"
    MARKETING = "marketing"
    SECURITY = "security"


class Direction(StrEnum):
    OUTBOUND = "outbound"
    INBOUND = "inbound"


_LABELS: Mapping[MessageStatus, str] = MappingProxyType(
    {
        MessageStatus.PENDING: "Waiting to go",
        MessageStatus.HELD: "Held for quiet hours",
        MessageStatus.CLAIMED: "Waiting to go",
        MessageStatus.SENDING: "Going out",
        MessageStatus.IN_DOUBT: "Checking with the provider",
        MessageStatus.SENT: "Sent",
        MessageStatus.DELIVERED: "Delivered",
        MessageStatus.UNDELIVERED: "Did not arrive",
        MessageStatus.FAILED: "Could not be sent",
        MessageStatus.DROPPED: "Not sent",
        MessageStatus.RECEIVED: "Received",
    }
)

# What the provider may tell us of a text that it has accepted.
_ACCEPTED = frozenset(
    {MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.UNDELIVERED, MessageStatus.FAILED},
)
# A text queued again after a doubt may turn out to have left the first time: its receipt then stops the second sending.
_QUEUED = _ACCEPTED | {MessageStatus.DROPPED}

# What waits is in doubt where it came out of a backup: it may have left since the backup was made.
MOVES: Mapping[MessageStatus, frozenset[MessageStatus]] = MappingProxyType(
    {
        MessageStatus.PENDING: _QUEUED | {MessageStatus.HELD, MessageStatus.CLAIMED, MessageStatus.IN_DOUBT},
        MessageStatus.HELD: _QUEUED | {MessageStatus.PENDING, MessageStatus.IN_DOUBT},
        MessageStatus.CLAIMED: _QUEUED | {MessageStatus.PENDING, MessageStatus.HELD, MessageStatus.SENDING},
        MessageStatus.SENDING: _ACCEPTED | {MessageStatus.PENDING, MessageStatus.IN_DOUBT},
        MessageStatus.IN_DOUBT: _ACCEPTED | {MessageStatus.PENDING},
        MessageStatus.SENT: _ACCEPTED - {MessageStatus.SENT},
        MessageStatus.DELIVERED: frozenset(),
        MessageStatus.UNDELIVERED: frozenset(),
        MessageStatus.FAILED: frozenset(),
        MessageStatus.DROPPED: frozenset(),
        MessageStatus.RECEIVED: frozenset(),
    }
)


def move(current: MessageStatus, new: MessageStatus) -> MessageStatus:
    """Return `new`; raise WrongState where the table has no such move."""
    if new not in MOVES[current]:
        raise WrongState(f"A text that is {current.shown} cannot become {new.shown}.")
    return new


# The provider's words in ours. Before it ends, a text that the provider speaks of is `sent`: it is theirs now.
# partially_delivered and words added later are taken the same way: proof of acceptance, and no end.
_ENDS: Mapping[str, MessageStatus] = MappingProxyType(
    {
        "delivered": MessageStatus.DELIVERED,
        "read": MessageStatus.DELIVERED,
        "undelivered": MessageStatus.UNDELIVERED,
        "failed": MessageStatus.FAILED,
        "canceled": MessageStatus.FAILED,
    }
)
_UNDERWAY = frozenset({"accepted", "scheduled", "queued", "sending", "sent", "partially_delivered"})


@dataclass(frozen=True, slots=True)
class Merged:
    """A receipt laid upon a text. `contradiction`: it says otherwise than an end we had; record it, change nothing.

    `known` is False for a provider status that this release has never heard of.
    """

    status: MessageStatus
    changed: bool
    contradiction: bool
    known: bool


def merge_receipt(current: MessageStatus, provider_status: str) -> Merged:
    """Forward only, whatever order receipts come in; the first end sticks."""
    word = provider_status.strip().lower()
    said = _ENDS.get(word, MessageStatus.SENT)
    changed = rank(said) > rank(current)
    at_odds = current.final and current is not said and (said.final or current in _NEVER_ACCEPTED)
    return Merged(
        status=said if changed else current,
        changed=changed,
        contradiction=at_odds,
        known=word in _ENDS or word in _UNDERWAY,
    )


_NEVER_ACCEPTED = frozenset({MessageStatus.DROPPED, MessageStatus.RECEIVED})


def rank(status: MessageStatus) -> int:
    """0 not known to be accepted, 1 accepted, 2 at an end."""
    if status.final:
        return 2
    return int(status is MessageStatus.SENT)


class Keyword(StrEnum):
    """Words that mean the same in every state, and that the provider acts on too (all but CALL).

    The provider's START family holds YES: from a number that never opted out it is an answer for a person to read.
    """

    STOP = "stop"
    START = "start"
    HELP = "help"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Digit:
    """A bare number of one or two digits: an answer to the newest question, if one was asked."""

    value: int


@dataclass(frozen=True, slots=True)
class Words:
    """Anything else: for a person to read."""

    text: str


Reply = Keyword | Digit | Words

_KEYWORDS: Mapping[str, Keyword] = MappingProxyType(
    {
        **dict.fromkeys(("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"), Keyword.STOP),
        **dict.fromkeys(("START", "YES", "UNSTOP"), Keyword.START),
        **dict.fromkeys(("HELP", "INFO"), Keyword.HELP),
        "CALL": Keyword.CALL,
    }
)
OPT_OUT_WORDS = frozenset(word for word, keyword in _KEYWORDS.items() if keyword is Keyword.STOP)
OPT_IN_WORDS = frozenset(word for word, keyword in _KEYWORDS.items() if keyword is Keyword.START)

_AROUND = re.compile(r"^[\W_]+|[\W_]+$")
_BETWEEN = re.compile(r"[\W_]+")


def understand(body: str) -> Reply:
    """Read an inbound text: bare keywords only, so that "please call me" stays words for a person.

    "stop!", " Stop all " and "opt-out" are the keyword; "1.", "(1)" and a keycap 1 are the digit; "1 2" is neither.
    """
    bare = _bare(body)
    if bare.isdecimal() and len(bare) <= _LONGEST_ANSWER:
        return Digit(int(bare))
    return _KEYWORDS.get(_as_keyword(bare), Words(body))


def is_yes(body: str) -> bool:
    return _as_keyword(_bare(body)) == "YES"


def _bare(body: str) -> str:
    return _AROUND.sub("", unicodedata.normalize("NFKC", body))


def _as_keyword(bare: str) -> str:
    return _BETWEEN.sub("", bare).upper()


def says_not_right(body: str) -> bool:
    """Nothing but that, with or without accents: the words of the button on the customer's page, and those of our own
    question, in every language that we speak."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKD", body)).upper() in _NOT_RIGHT


_NOT_RIGHT = frozenset(
    {
        *("STILLNOTRIGHT", "ITISSTILLNOTRIGHT", "ITSSTILLNOTRIGHT", "NOTFIXED", "STILLNOTFIXED"),
        *("AUNNOESTABIEN", "TODAVIANOESTABIEN", "NOESTAARREGLADO", "AUNNOESTAARREGLADO", "TODAVIANOESTAARREGLADO"),
        *("CENESTTOUJOURSPASREGLE", "TOUJOURSPASREGLE", "CENESTPASREGLE", "PASREGLE"),
    }
)

_LONGEST_ANSWER = 2
