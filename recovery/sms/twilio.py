"""Texts through Twilio. This module is light: the official client comes with the first text.

The client costs some 25 MB and a quarter of a second to import, far more from a cold disk. Web processes name this
gateway but never send, so only the worker pays: everything that touches the library is in `twilio_client`, imported by
name when first needed.
"""

import importlib
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, cast

from recovery.domain.photos import Media
from recovery.sms.gateway import Accepted, Found, Hearing, OutgoingText, ProviderStatus, always

TWILIO_API_URL = "https://api.twilio.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioAccount:
    """`status_callback` is the address for receipts, without the query. `timeout_seconds` is for a whole request."""

    account_sid: str
    auth_token: str = field(repr=False)
    status_callback: str | None = None
    api_url: str = TWILIO_API_URL
    timeout_seconds: float = 10.0


class _Client(Protocol):
    def send(self, outgoing: OutgoingText, *, now: datetime, still_ours: Callable[[], bool]) -> Accepted: ...

    def find(self, outgoing: OutgoingText, since: datetime, taken: Collection[str]) -> Found | None: ...

    def fetch(self, provider_sid: str) -> ProviderStatus | None: ...

    def heard(self, since: Mapping[str, datetime]) -> Hearing: ...

    def media_of(self, provider_sid: str) -> Sequence[Media]: ...


class TwilioGateway:
    name = "twilio"
    real = True

    def __init__(self, account: TwilioAccount) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._made: _Client | None = None

    def send(self, outgoing: OutgoingText, *, now: datetime, still_ours: Callable[[], bool] = always) -> Accepted:
        return self._client().send(outgoing, now=now, still_ours=still_ours)

    def find(self, outgoing: OutgoingText, since: datetime, *, taken: Collection[str] = frozenset()) -> Found | None:
        return self._client().find(outgoing, since, taken)

    def fetch(self, provider_sid: str) -> ProviderStatus | None:
        return self._client().fetch(provider_sid)

    def heard(self, since: Mapping[str, datetime]) -> Hearing:
        return self._client().heard(since)

    def media_of(self, provider_sid: str) -> Sequence[Media]:
        return self._client().media_of(provider_sid)

    def _client(self) -> _Client:
        """One client, and so one pool of connections, for all threads of the process."""
        with self._lock:
            if self._made is None:
                module = importlib.import_module("recovery.sms.twilio_client")
                self._made = cast(_Client, module.TwilioClient(self._account))
            return self._made
