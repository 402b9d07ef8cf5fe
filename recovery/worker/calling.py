"""One call to the provider, by a worker that makes sure until the last moment that the text is still its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from recovery.clock import Clock
from recovery.domain.messages import Doubt
from recovery.domain.pacing import Slot
from recovery.domain.provider_codes import FaultCategory
from recovery.services.sending.departures import Departure
from recovery.services.sending.outbox import CLOCKS_APART
from recovery.sms.gateway import Accepted, Gateway, SendInDoubt, SendRefused

log = structlog.get_logger(__name__)


Turn = Callable[[str, Slot], Slot | None]
"""Waits until a text of this sender may leave; gives its slot, or another where that was missed, or None."""


@dataclass
class Ownership:
    """The lease by both clocks: one may be set back, the other does not count while a machine sleeps."""

    departure: Departure
    clock: Clock
    since: float
    """By the monotonic clock, before the lease was written."""
    gave_up: bool = False
    slot: Slot | None = None
    left_at: datetime | None = None
    """Just before the first byte."""
    turn: Turn | None = None

    def seconds_left(self) -> float:
        lease = (self.departure.lease_until - self.departure.began).total_seconds()
        now = self.clock.now()
        if now < self.departure.began - CLOCKS_APART:
            return 0.0
        return min(
            lease - (self.clock.monotonic() - self.since),
            (self.departure.lease_until - now).total_seconds(),
        )

    def comes(self) -> bool:
        """Whether its turn came at its sender. A text that is late for its slot waits for another, or gives up."""
        if self.slot is not None and self.turn is not None:
            self.slot = self.turn(self.departure.outgoing.sender, self.slot)
            self.gave_up |= self.slot is None
        return not self.gave_up

    def stands(self) -> bool:
        """Asked by the gateway with the connection open and nothing sent."""
        if not self.comes() or self.seconds_left() <= 0:
            self.gave_up = True
        else:
            self.left_at = self.clock.now()
        return not self.gave_up


def call(
    gateway: Gateway, departure: Departure, ownership: Ownership, *, time_out: timedelta
) -> Accepted | SendRefused | SendInDoubt:
    """Not begun with less of the lease left than a call may take."""
    ownership.gave_up |= ownership.seconds_left() < time_out.total_seconds()
    if ownership.gave_up:
        return SendRefused(FaultCategory.RETRY, None, "There was no time left to send it.")
    try:
        return gateway.send(departure.outgoing, now=ownership.clock.now(), still_ours=ownership.stands)
    except SendRefused as refusal:
        return refusal
    except SendInDoubt as doubt:
        log.warning("outbox:in_doubt", message=departure.message_id, why=doubt.detail)
        return doubt
    except Exception as problem:
        log.exception("outbox:gateway_broke", message=departure.message_id)
        return SendInDoubt(Doubt.OUR_MISTAKE, f"Our own sending broke ({type(problem).__name__}).")
