"""The one file that translates between Twilio and us. Heavy to import: `twilio` does so when first needed."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
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
from recovery.domain.photos import MOST, Media
from recovery.domain.provider_codes import FIRST_CODE, FaultCategory, fault_for
from recovery.domain.senders import SenderKind, kind_of
from recovery.sms.gateway import (
    CLOCK_SKEW,
    Accepted,
    Found,
    Heard,
    Hearing,
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
# What was written since a moment: the list has the newest first, and for a messaging service it is that of the whole
# account. So many pages of the largest size hold a busy day; a look that would take more says how far back it came.
HEARD_PAGES = 40
HEARD_PAGE_SIZE = 1000
ARRIVING = "receiving"
INBOUND = "inbound"
# Accounts on trial put this before every body.
TRIAL_PREFIX = "Sent from your Twilio trial account - "

_NO_SUCH_TEXT = 20404
_REQUEST_TIMEOUT = 408


def account_at(account: TwilioAccount) -> Any:
    """The account's own part of the library, over our transport and at our address."""
    client = Client(
        account.account_sid,
        account.auth_token,
        http_client=DeadlineHttpClient(timeout=account.timeout_seconds),
    )
    # TWILIO_EDGE and TWILIO_REGION in the environment would move the host behind our settings.
    client.edge = client.region = None
    client.api.base_url = account.api_url
    return client.api.v2010.account


class TwilioClient:
    def __init__(self, account: TwilioAccount) -> None:
        self._account = account
        self._messages = account_at(account).messages

    def send(self, outgoing: OutgoingText, *, now: datetime, still_ours: Callable[[], bool]) -> Accepted:
        with travelling(Trip(self._account.timeout_seconds, still_ours)) as trip:
            try:
                message = self._messages.create(**self._parameters(outgoing))
            except Exception as problem:
                raise verdict(problem, trip, now) from problem
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
                raise LookupFailed(plain(problem)) from problem
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
                raise LookupFailed(plain(problem)) from problem
        return ProviderStatus(str(message.status), message.error_code, without_numbers(message.error_message or ""))

    def heard(self, since: Mapping[str, datetime]) -> Hearing:
        """A number's list is asked for by number. That a service has which numbers we are not told, so that all that was
        sent or written since is read."""
        services = {sender: at for sender, at in since.items() if kind_of(sender) is SenderKind.MESSAGING_SERVICE}
        found: dict[str, Heard] = {}
        cuts = []
        for number, at in since.items():
            if number not in services:
                listed, cut = self._written_since(at, to=number)
                theirs = (each for each in listed if _has_come(each) and each.to == number)
                found |= {each.sid: _heard(each, each.messaging_service_sid) for each in theirs}
                cuts.append(cut)
        if services:
            listed, cut = self._written_since(min(services.values()))
            found |= _of_services(listed, services)
            cuts.append(cut)
        texts = sorted(found.values(), key=lambda text: (text.written_at, text.provider_sid))
        return Hearing(texts, max((cut for cut in cuts if cut is not None), default=None))

    def _written_since(self, since: datetime, *, to: object = unset) -> tuple[list[Any], datetime | None]:
        """The newest first, and where the list was longer than we read, how far back we came.

        Of the provider's filter only the day is promised: what is older than we asked for is left out here.
        """
        since = since.astimezone(UTC).replace(microsecond=0)
        listed: list[Any] = []
        more = ""
        for _ in range(HEARD_PAGES):
            page, more = self._page(more, since, to)
            listed += [message for message in page if _written_at(message) >= since]
            if not more or (page and _written_at(page[-1]) < since):
                return listed, None
        return listed, _written_at(listed[-1]) if listed else None

    def _page(self, url: str, since: datetime, to: object) -> tuple[list[Any], str]:
        """With the address of the next one. Each has the time of a whole request."""
        with travelling(Trip(self._account.timeout_seconds, always)):
            try:
                page = (
                    self._messages.get_page(url)
                    if url
                    else self._messages.page(to=to, date_sent_after=since, page_size=HEARD_PAGE_SIZE)
                )
                return list(_complete(page)), page.next_page_url or ""
            except LookupFailed:
                raise
            except Exception as problem:
                raise LookupFailed(plain(problem)) from problem

    def media_of(self, provider_sid: str) -> Sequence[Media]:
        """By the addresses that a webhook would have named."""
        with travelling(Trip(self._account.timeout_seconds, always)):
            try:
                media = list(self._messages(provider_sid).media.stream(limit=MOST))
            except Exception as problem:
                raise LookupFailed(plain(problem)) from problem
        home = self._account.api_url.rstrip("/")
        return [Media(f"{home}{each.uri.removesuffix('.json')}", each.content_type or "") for each in media if each.uri]


def _of_services(listed: Sequence[Any], services: Mapping[str, datetime]) -> dict[str, Heard]:
    """What came to a number of a service need not name the service: what the service sent says which numbers it has."""
    sent = (each for each in listed if each.direction != INBOUND and each.messaging_service_sid)
    pool = {each.from_: each.messaging_service_sid for each in sent}
    found = {}
    for each in listed:
        service = each.messaging_service_sid or pool.get(each.to) or ""
        if _has_come(each) and service in services and _written_at(each) >= services[service]:
            found[each.sid] = _heard(each, service)
    return found


def _has_come(message: Any) -> bool:
    """What is still arriving may lack its photos: the next look finds it whole."""
    return bool(message.direction == INBOUND and message.status != ARRIVING)


def _heard(message: Any, service: str | None) -> Heard:
    return Heard(
        provider_sid=message.sid,
        from_number=message.from_ or "",
        to=message.to or "",
        service=service or "",
        body=message.body or "",
        written_at=_written_at(message),
        photos=int(message.num_media or 0),
    )


def _written_at(message: Any) -> datetime:
    moment: datetime = message.date_sent or message.date_created
    return moment


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


def verdict(problem: Exception, trip: Trip, now: datetime) -> SendRefused | SendInDoubt:
    """Whatever the libraries raise, two questions decide: did a byte leave, and did the provider say no?"""
    if not trip.departed:
        return _never_left(problem)
    status = _http_status(problem)
    if status is None or status >= 500 or status < 400 or status == _REQUEST_TIMEOUT:  # noqa: PLR2004 - HTTP's own classes
        answered = status is not None and status >= 500  # noqa: PLR2004 - as above
        return SendInDoubt(Doubt.SERVER_ERROR if answered else Doubt.NO_ANSWER, plain(problem))
    fault = fault_for(_provider_code(problem), status)
    return SendRefused(fault.category, _provider_code(problem), plain(problem), _seconds(trip.retry_after, now))


def _never_left(problem: Exception) -> SendRefused:
    if isinstance(problem, LeaseLost):
        return SendRefused(FaultCategory.RETRY, None, "It was handed to another worker before it left.")
    if isinstance(problem, UnicodeError):
        return SendRefused(FaultCategory.CHANGE_TEXT, None, "The text holds a character that cannot be sent.")
    if isinstance(problem, requests.ConnectionError | requests.Timeout | TimeoutError):
        return SendRefused(FaultCategory.RETRY, None, "The provider cannot be reached.")
    return SendRefused(FaultCategory.STOP_LINE, None, f"Our settings stop us from sending: {plain(problem)}")


def _http_status(problem: Exception) -> int | None:
    status = getattr(problem, "status", None)
    return status if isinstance(status, int) else None


def _provider_code(problem: Exception) -> int | None:
    """None where the library put the HTTP status, or nothing, in the code's place."""
    code = getattr(problem, "code", None)
    return code if isinstance(code, int) and code >= FIRST_CODE else None


def plain(problem: Exception) -> str:
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
