"""Calls through the official client. Heavy to import: `telephone` does so when first needed."""

from collections.abc import Callable
from datetime import datetime

from recovery.domain.messages import Doubt
from recovery.sms.gateway import Accepted, LookupFailed, SendInDoubt, always
from recovery.sms.telephone import NEAR, SCRIPT, LineState, OutgoingCall, hook_address
from recovery.sms.twilio import TwilioAccount
from recovery.sms.twilio_client import account_at, plain, verdict
from recovery.sms.twilio_http import Trip, travelling

PROGRESS = ["initiated", "ringing", "answered", "completed"]
"""What we are told of; by itself the provider tells the end alone."""


class CallClient:
    def __init__(self, account: TwilioAccount, hook: str) -> None:
        self._account, self._hook = account, hook
        self._here = account_at(account)

    def dial(self, outgoing: OutgoingCall, *, now: datetime, still_ours: Callable[[], bool]) -> Accepted:
        with travelling(Trip(self._account.timeout_seconds, still_ours)) as trip:
            try:
                call = self._here.calls.create(
                    to=outgoing.to,
                    from_=outgoing.from_,
                    url=hook_address(self._hook, SCRIPT, outgoing.ref),
                    method="POST",
                    status_callback=hook_address(self._hook, NEAR, outgoing.ref),
                    status_callback_event=PROGRESS,
                    status_callback_method="POST",
                    timeout=outgoing.ring_seconds,
                )
            except Exception as problem:
                raise verdict(problem, trip, now) from problem
        if not call.sid:
            raise SendInDoubt(Doubt.UNNAMED, "The provider answered without naming the call.")
        return Accepted(call.sid, call.status or "queued")

    def line(self, number: str) -> LineState | None:
        with travelling(Trip(self._account.timeout_seconds, always)):
            try:
                found = self._here.incoming_phone_numbers.list(phone_number=number, limit=1)
            except Exception as problem:
                raise LookupFailed(plain(problem)) from problem
        if not found:
            return None
        return LineState(calls=bool((found[0].capabilities or {}).get("voice")), answers_at=found[0].voice_url or "")
