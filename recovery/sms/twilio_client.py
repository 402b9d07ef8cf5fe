"""The one file that translates between Twilio and us. Heavy to import: `twilio` does so when first needed."""

from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import requests
from twilio.base.exceptions import TwilioException
from twilio.base.values import unset
from twilio.rest import Client

from recovery.domain.messages import Doubt
from recovery.domain.phones import without_numbers
from recovery.domain.provider_codes import FIRST_CODE, FaultCategory, fault_for
from recovery.sms.gateway import (
    CLOCK_SKEW,
    Accepted,
    Found,
    LookupFailed,
    OutgoingText,
    ProviderStatus,
    SendInDoubt,
    SendRefused,
    always,
)
from recovery.sms.twilio import TwilioAccount
from recovery.sms.twilio_http import DeadlineHttpClient, LeaseLost, Trip, travelling

# One customer's number has tens of texts, not thousands. A list that is longer than this is not the list we asked for,
# and an answer of "absent" from half of it would send a text twice.
LIST_LIMIT = 5000
PAGE_SIZE = 500
# Accounts on trial put this before every body.
TRIAL_PREFIX = "Sent from your Twilio trial account - "

_NO_SUCH_TEXT = 20404
_REQUEST_TIMEOUT = 408


class TwilioClient:
    def __init__(self, account: TwilioAccount) -> None:
        self._account = account
        client = Client(
            account.account_sid,
            account.auth_token,
            http_client=DeadlineHttpClient(timeout=account.timeout_seconds),
        )
        # TWILIO_EDGE and TWILIO_REGION in the environment would move the host behind our settings.
        client.edge = client.region = None
        client.api.base_url = account.api_url
        self._messages = client.api.v2010.account.messages

    def send(self, outgoing: OutgoingText, *, now: datetime, still_ours: Callable[[], bool]) -> Accepted:
        with travelling(Trip(self._account.timeout_seconds, still_ours)) as trip:
            try:
                message = self._messages.create(**self._parameters(outgoing))
            except Exception as problem:
                raise _verdict(problem, trip, now) from problem
        if not message.sid:
            raise SendInDoubt(Doubt.UNNAMED, "The provider answered without naming the text.")
        return Accepted(message.sid, message.status or "accepted")

    def _parameters(self, outgoing: OutgoingText) -> dict[str, object]:
        return {
            "to": outgoing.to,
            "from_": outgoing.from_ or unset,
            "messaging_service_sid": outgoing.messaging_service or unset,
            "body": outgoing.body,
            "validity_period": outgoing.validity_seconds,
            "status_callback": self._status_callback(outgoing.ref),
        }

    def _status_callback(self, ref: str) -> object:
        """The reference is in the signed address, so the first receipt proves what a lost answer did not say."""
        if self._account.status_callback is None:
            return unset
        return f"{self._account.status_callback}?{urlencode({'ref': ref})}"

    def find(self, outgoing: OutgoingText, since: datetime, taken: Collection[str]) -> Found | None:
        earliest = since.astimezone(UTC) - CLOCK_SKEW
        listed = [
            message
            for message in self._texts_to(outgoing)
            if _same(message, outgoing) and message.sid not in taken and message.date_created >= earliest
        ]
        if not listed:
            return None
        oldest = min(listed, key=lambda message: message.date_created)
        return Found(oldest.sid, str(oldest.status), oldest.date_created, oldest.error_code)

    def _texts_to(self, outgoing: OutgoingText) -> list[Any]:
        """Not filtered by DateSent: a queued text has none. With a pool of numbers the sender is chosen later."""
        with travelling(Trip(self._account.timeout_seconds, always)):
            try:
                found = self._messages.stream(to=outgoing.to, from_=outgoing.from_ or unset, page_size=PAGE_SIZE)
                listed = list(islice(_complete(found), LIST_LIMIT + 1))
            except LookupFailed:
                raise
            except Exception as problem:
                raise LookupFailed(_plain(problem)) from problem
        if len(listed) > LIST_LIMIT:
            raise LookupFailed("The provider's list is too long to be sure about one text.")
        return listed

    def fetch(self, provider_sid: str) -> ProviderStatus | None:
        with travelling(Trip(self._account.timeout_seconds, always)):
            try:
                message = self._messages(provider_sid).fetch()
            except Exception as problem:
                if _provider_code(problem) == _NO_SUCH_TEXT:
                    return None
                raise LookupFailed(_plain(problem)) from problem
        return ProviderStatus(str(message.status), message.error_code, without_numbers(message.error_message or ""))


def _complete(found: Iterator[Any]) -> Iterator[Any]:
    for message in found:
        if message.sid is None or message.date_created is None:
            raise LookupFailed("The provider's list holds a text without a name or a date.")
        yield message


def _same(message: Any, outgoing: OutgoingText) -> bool:
    service = outgoing.messaging_service
    return (
        str(message.direction).startswith("outbound")
        and message.to == outgoing.to
        and message.body in {outgoing.body, TRIAL_PREFIX + outgoing.body}
        and (service is None or message.messaging_service_sid == service)
    )


def _verdict(problem: Exception, trip: Trip, now: datetime) -> SendRefused | SendInDoubt:
    """Whatever the libraries raise, two questions decide: did a byte leave, and did the provider say no?"""
    if not trip.departed:
        return _never_left(problem)
    status = _http_status(problem)
    if status is None or status >= 500 or status < 400 or status == _REQUEST_TIMEOUT:  # noqa: PLR2004 - HTTP's own classes
        answered = status is not None and status >= 500  # noqa: PLR2004 - as above
        return SendInDoubt(Doubt.SERVER_ERROR if answered else Doubt.NO_ANSWER, _plain(problem))
    fault = fault_for(_provider_code(problem), status)
    return SendRefused(fault.category, _provider_code(problem), _plain(problem), _seconds(trip.retry_after, now))


def _never_left(problem: Exception) -> SendRefused:
    if isinstance(problem, LeaseLost):
        return SendRefused(FaultCategory.RETRY, None, "The text was handed to another worker before it left.")
    if isinstance(problem, UnicodeError):
        return SendRefused(FaultCategory.CHANGE_TEXT, None, "The text holds a character that cannot be sent.")
    if isinstance(problem, requests.ConnectionError | requests.Timeout | TimeoutError):
        return SendRefused(FaultCategory.RETRY, None, "The texting provider cannot be reached.")
    return SendRefused(FaultCategory.STOP_LINE, None, f"Our settings stop us from sending: {_plain(problem)}")


def _http_status(problem: Exception) -> int | None:
    status = getattr(problem, "status", None)
    return status if isinstance(status, int) else None


def _provider_code(problem: Exception) -> int | None:
    """None where the library put the HTTP status, or nothing, in the code's place."""
    code = getattr(problem, "code", None)
    return code if isinstance(code, int) and code >= FIRST_CODE else None


def _plain(problem: Exception) -> str:
    """The provider's own words, without the phone numbers that some of them repeat, or what kind of trouble it was; never an
    address, which may hold one as well."""
    said = getattr(problem, "msg", None) or getattr(problem, "detail", None) or getattr(problem, "title", None)
    _, _, words = str(said or "").partition(": ")
    if isinstance(problem, TwilioException) and words:
        return without_numbers(words)
    kind = _http_status(problem) or type(problem).__name__
    return f"The provider gave no usable answer ({kind})."


def _seconds(retry_after: str | None, now: datetime) -> float | None:
    """Retry-After is a number of seconds or an HTTP date."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - now).total_seconds())
    except (TypeError, ValueError):
        return None
