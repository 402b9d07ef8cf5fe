"""What can be played on a simulated phone: what the provider does with the texts for it, and what it tells us."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

LONGEST_WAIT = timedelta(hours=1)
USUAL_WAIT = timedelta(seconds=1)


class Fate(StrEnum):
    """Of the texts to one phone."""

    ARRIVES = "arrives"
    SILENT = "silent"
    FAILS = "fails"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        return _LABELS[self][0]

    @property
    def sentence(self) -> str:
        return _LABELS[self][1]


_LABELS: Mapping[Fate, tuple[str, str]] = MappingProxyType(
    {
        Fate.ARRIVES: ("They arrive", "Sent, then delivered: one tick, then two."),
        Fate.SILENT: (
            "Nobody ever hears",
            "Sent, and no receipt ever comes: after eleven hours a person is asked to call.",
        ),
        Fate.FAILS: (
            "They do not arrive",
            "Sent, and a receipt says why not: a person is asked to call, with the words.",
        ),
        Fate.REFUSED: (
            "The provider refuses them",
            "Not sent at all: some reasons stop one text, some the whole line.",
        ),
    }
)


class ReceiptOrder(StrEnum):
    IN_ORDER = "in_order"
    SHUFFLED = "shuffled"
    REPEATED = "repeated"

    @property
    def label(self) -> str:
        return {
            ReceiptOrder.IN_ORDER: "In order",
            ReceiptOrder.SHUFFLED: "The last one first",
            ReceiptOrder.REPEATED: "Each of them three times",
        }[self]

    def told(self, end: str) -> tuple[str, ...]:
        """The provider's words for a text that ends so, as they come."""
        words = ("sent", end)
        match self:
            case ReceiptOrder.SHUFFLED:
                return (*reversed(words), "queued")
            case ReceiptOrder.REPEATED:
                return tuple(word for word in words for _ in range(3))
        return words


@dataclass(frozen=True, slots=True)
class Habits:
    """`wait` is how long a text is under way, `code` the provider's where it fails or is refused. `answers_stop`: the
    provider deals with STOP itself, and tells us that it did."""

    fate: Fate = Fate.ARRIVES
    wait: timedelta = USUAL_WAIT
    code: int | None = None
    receipts: ReceiptOrder = ReceiptOrder.IN_ORDER
    answers_stop: bool = False
    opted_out_at: datetime | None = None
    """At the provider, which then refuses every text."""


USUAL = Habits()
