"""Webhooks from the provider to us: receipts and inbound texts, signed as Twilio signs them."""

import queue
import random
import threading
import time
import uuid
from urllib.parse import urlsplit, urlunsplit

import requests
from twilio.request_validator import RequestValidator

from tests.fake_twilio.record import AcceptedText

UNAVAILABLE = 503
FINAL = {"delivered", "undelivered", "failed"}


class Hooks:
    """`deliver_to` (scheme and host) is where the app listens, when its public address is another one.

    `lifecycle` is posted for every accepted text, by threads of its own; `shuffled` in any order, each `repeated` times.
    """

    def __init__(self, *, account_sid: str, auth_token: str) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.deliver_to: str | None = None
        self.lifecycle: list[str] = []
        self.shuffled = False
        self.repeated = 1
        self.delay = 0.0
        self.answers: list[int] = []
        self.impatient = 0
        """Answers that asked us to come back, and did not say when."""
        self._random = random.Random(0)
        self._waiting: queue.Queue[AcceptedText | None] = queue.Queue()
        self._posters = [threading.Thread(target=self._post_waiting, daemon=True) for _ in range(4)]

    def start(self) -> None:
        for poster in self._posters:
            poster.start()

    def stop(self) -> None:
        for _ in self._posters:
            self._waiting.put(None)
        for poster in self._posters:
            poster.join(timeout=15)

    def run_lifecycle(self, text: AcceptedText) -> None:
        if self.lifecycle and text.status_callback:
            self._waiting.put(text)

    def _post_waiting(self) -> None:
        while (text := self._waiting.get()) is not None:
            time.sleep(self.delay)
            statuses = [status for status in self.lifecycle for _ in range(self.repeated)]
            if self.shuffled:
                self._random.shuffle(statuses)
            for status in statuses:
                self.receipt(text, status)

    def receipt(self, text: AcceptedText, status: str, *, error_code: int | None = None) -> int | None:
        """Post one status callback; the HTTP status of the answer, or None when nobody was there."""
        if text.status not in FINAL:
            text.status, text.error_code = status, error_code
        if text.status_callback is None:
            return None
        fields = {
            "MessageSid": text.sid,
            "SmsSid": text.sid,
            "MessageStatus": status,
            "SmsStatus": status,
            "To": text.to,
            "From": text.from_ or "",
            "AccountSid": self.account_sid,
            "ApiVersion": "2010-04-01",
        }
        if error_code is not None:
            fields["ErrorCode"] = str(error_code)
        return self.post(text.status_callback, fields)

    def inbound(self, url: str, *, from_: str, to: str, body: str, sid: str | None = None, **more: str) -> int | None:
        """Post a text from a customer's phone to `url` (the public address of our hook)."""
        sid = sid or "SM" + uuid.uuid4().hex
        fields = {
            "MessageSid": sid,
            "SmsMessageSid": sid,
            "AccountSid": self.account_sid,
            "From": from_,
            "To": to,
            "Body": body,
            "NumMedia": "0",
            "NumSegments": "1",
            "ApiVersion": "2010-04-01",
            **more,
        }
        return self.post(url, fields)

    def post(self, url: str, fields: dict[str, str]) -> int | None:
        answer = self.ask(url, fields)
        return None if answer is None else answer.status_code

    def ask(self, url: str, fields: dict[str, str]) -> requests.Response | None:
        """The whole answer; None when nobody was there."""
        signature = RequestValidator(self.auth_token).compute_signature(url, fields)
        try:
            answer = requests.post(
                self._reachable(url),
                data=fields,
                headers={"X-Twilio-Signature": signature, "Host": urlsplit(url).netloc},
                timeout=10,
                allow_redirects=False,
            )
        except requests.RequestException:
            return None
        self.answers.append(answer.status_code)
        self.impatient += answer.status_code == UNAVAILABLE and "Retry-After" not in answer.headers
        return answer

    def _reachable(self, url: str) -> str:
        if self.deliver_to is None:
            return url
        scheme, netloc, *_ = urlsplit(self.deliver_to)
        return urlunsplit((scheme, netloc, *urlsplit(url)[2:]))
