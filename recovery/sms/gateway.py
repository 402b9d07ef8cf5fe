"""What the outbox asks of a texting provider, and the only two ways in which a sending may go wrong."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from recovery.domain.messages import Doubt
from recovery.domain.photos import Media
from recovery.domain.provider_codes import FaultCategory

# The provider stamps whole seconds by its own clock, and ours may be off by a little. An older text with the same body
# is kept apart by `taken`, so the skew may be generous.
CLOCK_SKEW = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingText:
    """One text for one phone, from a number (`from_`) or from a pool of numbers (`messaging_service`), never both.

    `ref` is unguessable: it comes back in the provider's receipts and proves that they speak of this text.
    """

    to: str
    body: str = field(repr=False)
    ref: str
    validity_seconds: int
    from_: str | None = None
    messaging_service: str | None = None

    def __post_init__(self) -> None:
        if (self.from_ is None) == (self.messaging_service is None):
            raise ValueError("A text has one sender: a number or a messaging service.")

    @property
    def sender(self) -> str:
        return self.from_ or self.messaging_service or ""


@dataclass(frozen=True, slots=True)
class Accepted:
    provider_sid: str
    status: str


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """`status` is the provider's own word: domain.messages.merge_receipt reads it."""

    status: str
    error_code: int | None = None
    error_words: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    provider_sid: str
    status: str
    created_at: datetime
    error_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A text that somebody wrote to us, as the provider's list has it."""

    provider_sid: str
    from_number: str
    to: str
    """The number of ours that they wrote to."""
    service: str = ""
    """The messaging service that it belongs to, if it does."""
    body: str = field(repr=False)
    written_at: datetime
    photos: int = 0
    """How many came with it: `media_of` names them."""


@dataclass(frozen=True, slots=True)
class Hearing:
    texts: Sequence[Heard]
    """The oldest first."""
    cut_at: datetime | None = None
    """The list was longer than we read: what was written before this may not be among them."""


class SendRefused(Exception):
    """The text was certainly not sent. `retry_after` is in seconds, where the provider named a time.

    `detail` is kept and shown: a gateway lets no phone number into it.
    """

    def __init__(
        self,
        category: FaultCategory,
        code: int | None,
        detail: str,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.category = category
        self.code = code
        self.detail = detail
        self.retry_after = retry_after


class SendInDoubt(Exception):
    """Nobody can say yet whether the text was sent: look with `find` before anything else. `detail` is for the log."""

    def __init__(self, why: Doubt, detail: str) -> None:
        super().__init__(detail)
        self.why = why
        self.detail = detail


class LookupFailed(Exception):
    """What was looked for got no usable answer: this says nothing about any text. Ask again later."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def always() -> bool:
    return True


class Gateway(Protocol):
    """Safe to share between threads. `real` is False where no phone ever rings."""

    @property
    def name(self) -> str: ...

    @property
    def real(self) -> bool: ...

    def send(self, outgoing: OutgoingText, *, now: datetime, still_ours: Callable[[], bool] = always) -> Accepted:
        """Raise SendRefused or SendInDoubt, nothing else.

        `still_ours` is asked as late as can be, with the connection open and not a byte sent: on False nothing is
        sent (a worker that was frozen past its lease must not speak), and SendRefused says so.
        """
        ...

    def find(self, outgoing: OutgoingText, since: datetime, *, taken: Collection[str] = frozenset()) -> Found | None:
        """Look for a text whose sending began at `since` in the provider's list.

        `taken` are provider SIDs that other texts already have: two texts may have the same words. None means that
        the whole list was read and the text is not in it (yet). Raises LookupFailed.
        """
        ...

    def fetch(self, provider_sid: str) -> ProviderStatus | None:
        """None when the provider does not know the text. Raises LookupFailed."""
        ...

    def heard(self, since: Mapping[str, datetime]) -> Hearing:
        """What was written to each of these senders of ours, not before the moment beside it. Raises LookupFailed."""
        ...

    def media_of(self, provider_sid: str) -> Sequence[Media]:
        """What came with such a text, in its order. Raises LookupFailed."""
        ...
