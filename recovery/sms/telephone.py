"""What the desk asks of a provider of telephone calls. Refusals and doubts are those of texts: `sms.gateway`."""

import importlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, cast
from urllib.parse import urlencode

from recovery.domain.provider_codes import FaultCategory
from recovery.sms.gateway import Accepted, SendRefused, always
from recovery.sms.twilio import TwilioAccount

HANDED_ON = "The call was handed to another worker before it was placed."
NEAR, SCRIPT, CONNECTION, FAR, DIALLED, ANSWERER = "", "/script", "/connection", "/customer", "/dialled", "/answerer"
"""What the provider tells or asks us during a call, by the end of the address: our side's leg; what is said to who picked
up there; that they pressed a key; the customer's leg; that it is over; who picked up there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingCall:
    """The first leg: our colleague's phone rings, and shows `from_`. What comes then the provider asks us.

    `ref` is unguessable: it stands in the addresses of all callbacks, and proves that they speak of this call.
    """

    to: str = field(repr=False)
    from_: str
    ref: str
    ring_seconds: int


@dataclass(frozen=True, slots=True)
class LineState:
    """What the provider says of one of our numbers. `answers_at` is whom it asks when somebody calls it."""

    calls: bool
    answers_at: str


class Telephone(Protocol):
    """Safe to share between threads. `real` is False where no phone ever rings."""

    @property
    def real(self) -> bool: ...

    def dial(self, outgoing: OutgoingCall, *, now: datetime, still_ours: Callable[[], bool] = always) -> Accepted:
        """Raise SendRefused or SendInDoubt, nothing else. `still_ours` as in `sms.gateway.Gateway.send`."""
        ...

    def line(self, number: str) -> LineState | None:
        """None for a number that the account does not have. Raises LookupFailed."""
        ...


def hook_address(hook: str, step: str, ref: str) -> str:
    """`hook` is the address of the calls' door, without step and query."""
    return f"{hook}{step}?{urlencode({'ref': ref})}"


class CallStore(Protocol):
    """Keeps the calls of the simulated phones, across processes and restarts."""

    def ring(self, outgoing: OutgoingCall, at: datetime) -> str:
        """Begin a leg to that phone and return its new SID."""
        ...


Mishap = Callable[[OutgoingCall], None]


def _nothing_happens(_outgoing: OutgoingCall) -> None:
    return


class SimulatedTelephone:
    """`before` and `after` beginning a call something may happen: raise SendRefused or SendInDoubt."""

    real = False

    def __init__(
        self, phones: CallStore, *, before: Mishap = _nothing_happens, after: Mishap = _nothing_happens
    ) -> None:
        self._phones = phones
        self._before = before
        self._after = after

    def dial(self, outgoing: OutgoingCall, *, now: datetime, still_ours: Callable[[], bool] = always) -> Accepted:
        self._before(outgoing)
        if not still_ours():
            raise SendRefused(FaultCategory.RETRY, None, HANDED_ON)
        sid = self._phones.ring(outgoing, now)
        self._after(outgoing)
        return Accepted(sid, "queued")

    def line(self, number: str) -> LineState | None:  # noqa: ARG002  # every number will do
        return LineState(calls=True, answers_at="")


class _Client(Protocol):
    def dial(self, outgoing: OutgoingCall, *, now: datetime, still_ours: Callable[[], bool]) -> Accepted: ...

    def line(self, number: str) -> LineState | None: ...


class TwilioTelephone:
    """Light, as `twilio.TwilioGateway` is: the official client comes with the first call."""

    real = True

    def __init__(self, account: TwilioAccount, *, hook: str) -> None:
        self._account, self._hook = account, hook
        self._lock = threading.Lock()
        self._made: _Client | None = None

    def dial(self, outgoing: OutgoingCall, *, now: datetime, still_ours: Callable[[], bool] = always) -> Accepted:
        return self._client().dial(outgoing, now=now, still_ours=still_ours)

    def line(self, number: str) -> LineState | None:
        return self._client().line(number)

    def _client(self) -> _Client:
        with self._lock:
            if self._made is None:
                module = importlib.import_module("recovery.sms.twilio_calls")
                self._made = cast("_Client", module.CallClient(self._account, self._hook))
            return self._made
