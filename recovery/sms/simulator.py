"""A provider without a network: texts end on simulated phones, kept by whoever fills the store."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from recovery.domain.photos import Media
from recovery.domain.provider_codes import FaultCategory
from recovery.sms.gateway import (
    CLOCK_SKEW,
    Accepted,
    Found,
    Heard,
    Hearing,
    OutgoingText,
    ProviderStatus,
    SendRefused,
    always,
)


class PhoneStore(Protocol):
    """Keeps what the simulated phones received, across processes and restarts."""

    def keep(self, outgoing: OutgoingText, at: datetime) -> str:
        """Keep the text and return a new SID for it; a text with the same `ref` is kept again (like a real provider)."""
        ...

    def find(self, outgoing: OutgoingText, not_before: datetime, taken: Collection[str]) -> Found | None:
        """The oldest text with this To, sender and body, kept at `not_before` or later, whose SID is not in `taken`."""
        ...

    def fetch(self, provider_sid: str) -> ProviderStatus | None: ...

    def heard(self, since: Mapping[str, datetime]) -> Sequence[Heard]:
        """What was typed on the phones for these senders, the oldest first."""
        ...

    def media_of(self, provider_sid: str) -> Sequence[Media]: ...


Mishap = Callable[[OutgoingText], None]


def _nothing_happens(_outgoing: OutgoingText) -> None:
    return


class SimulatedGateway:
    """`before` and `after` keeping a text something may happen: raise SendRefused or SendInDoubt, or take its time."""

    name = "simulator"
    real = False

    def __init__(
        self, phones: PhoneStore, *, before: Mishap = _nothing_happens, after: Mishap = _nothing_happens
    ) -> None:
        self._phones = phones
        self._before = before
        self._after = after

    def send(self, outgoing: OutgoingText, *, now: datetime, still_ours: Callable[[], bool] = always) -> Accepted:
        self._before(outgoing)
        if not still_ours():
            raise SendRefused(FaultCategory.RETRY, None, "It was handed to another worker before it left.")
        sid = self._phones.keep(outgoing, now)
        self._after(outgoing)
        return Accepted(sid, "queued")

    def find(self, outgoing: OutgoingText, since: datetime, *, taken: Collection[str] = frozenset()) -> Found | None:
        return self._phones.find(outgoing, since - CLOCK_SKEW, taken)

    def fetch(self, provider_sid: str) -> ProviderStatus | None:
        return self._phones.fetch(provider_sid)

    def heard(self, since: Mapping[str, datetime]) -> Hearing:
        return Hearing(self._phones.heard(since))

    def media_of(self, provider_sid: str) -> Sequence[Media]:
        return self._phones.media_of(provider_sid)
