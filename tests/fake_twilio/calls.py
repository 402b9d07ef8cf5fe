"""One call as the provider plays it: it tells us how far each leg is, asks what to do, and does what it is told.

The test says what the people do: `line.pick_up()`, `line.press_key()`, `line.customer_picks_up()`, `line.customer_hangs_up(38)`.
"""

import time
import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from xml.etree import ElementTree as ET

from tests.fake_twilio.hooks import Hooks
from tests.fake_twilio.record import ref_in


@dataclass
class AcceptedCall:
    to: str
    from_: str
    url: str
    status_callback: str | None = None
    events: tuple[str, ...] = ()
    timeout: int | None = None
    status: str = "queued"
    at: float = field(default_factory=time.time)
    sid: str = field(default_factory=lambda: "CA" + uuid.uuid4().hex)

    @property
    def ref(self) -> str | None:
        return ref_in(self.status_callback)

    def as_twilio(self, account_sid: str) -> dict[str, Any]:
        created = format_datetime(datetime.fromtimestamp(self.at, UTC))
        return {
            "sid": self.sid,
            "account_sid": account_sid,
            "api_version": "2010-04-01",
            "to": self.to,
            "from": self.from_,
            "status": self.status,
            "direction": "outbound-api",
            "date_created": created,
            "date_updated": created,
            "duration": None,
            "price": None,
            "uri": f"/2010-04-01/Accounts/{account_sid}/Calls/{self.sid}.json",
            "subresource_uris": {},
        }

    def as_record(self) -> dict[str, Any]:
        return {**asdict(self), "ref": self.ref}


class Line:
    """A call that the desk asked for; `Line.coming_in` one that somebody makes to us."""

    def __init__(self, hooks: Hooks, call: AcceptedCall) -> None:
        self.hooks = hooks
        self.call = call
        self.script = ET.fromstring("<Response/>")
        self.far_sid = "CA" + uuid.uuid4().hex
        self.far_status = ""

    @classmethod
    def coming_in(cls, hooks: Hooks, url: str, *, from_: str, to: str) -> "Line":
        line = cls(hooks, AcceptedCall(to=to, from_=from_, url=url, status_callback=url.removesuffix("/inbound")))
        line._obey(line.ask(url, "ringing"))
        return line

    @property
    def said(self) -> str:
        """What the voice says now."""
        return " ".join(each.text or "" for each in self.script.iter("Say"))

    @property
    def dialled(self) -> str:
        """The number that we had dialled; empty where none is."""
        number = self.script.find(".//Number")
        return "" if number is None else number.text or ""

    def near(self, status: str, seconds: int | None = None, **more: str) -> int | None:
        """Tell of the leg that the provider made first."""
        self.call.status = status
        if self.call.status_callback is None:
            return None
        return self.hooks.post(self.call.status_callback, self._fields(status, seconds, **more))

    def far(self, status: str, seconds: int | None = None, **more: str) -> int | None:
        """Tell of the leg that we had dialled."""
        self.far_status = status
        address = self._number("statusCallback")
        if address is None:
            return None
        sids = {"CallSid": self.far_sid, "ParentCallSid": self.call.sid}
        return self.hooks.post(address, {**self._fields(status, seconds), **sids, **more})

    def answerer(self, answered_by: str) -> int | None:
        address = self._number("amdStatusCallback")
        assert address, "we did not ask who answers"
        return self.hooks.post(address, {**self._fields("in-progress", None), "AnsweredBy": answered_by})

    def ring(self) -> None:
        self.near("initiated")
        self.near("ringing")

    def pick_up(self) -> None:
        self.near("in-progress")
        self._obey(self.ask(self.call.url, "in-progress"))

    def press_key(self, digit: str = "1") -> None:
        asking = self.script.find(".//Gather")
        assert asking is not None, "nobody asks for a key"
        self._obey(self.ask(asking.get("action") or "", "in-progress", Digits=digit))

    def customer_picks_up(self) -> None:
        self.far("in-progress")

    def customer_hangs_up(self, seconds: int) -> None:
        """Whoever is on our side is still on the line."""
        self.far("completed", seconds)
        self.over("completed", seconds, whole="in-progress")

    def we_hang_up(self, seconds: int | None = None) -> None:
        """`seconds` of talking; None while it still rings there."""
        status = "completed" if seconds is not None else "no-answer"
        self.far(status, seconds or 0)
        self.over(status, seconds or 0, whole="completed")

    def customer_does_not(self, status: str, **more: str) -> None:
        """`busy`, `no-answer`, `failed`."""
        self.far(status, 0, **more)
        self.over(status, 0, whole="in-progress", **more)

    def over(self, status: str, seconds: int, *, whole: str, **more: str) -> None:
        """The dialling has come to its end: we are asked what now, and do it; then the first leg is over too."""
        dial = self.script.find("Dial")
        assert dial is not None
        told = {"DialCallStatus": status, "DialCallDuration": str(seconds), "DialCallSid": self.far_sid, **more}
        self._obey(self.ask(dial.get("action") or "", whole, **told))
        self.near("completed", seconds + 5)

    def ask(self, url: str, status: str, **more: str) -> str:
        answer = self.hooks.ask(url, {**self._fields(status, None), **more})
        assert answer is not None
        assert answer.status_code == 200, answer.text
        return answer.text

    def _obey(self, twiml: str) -> None:
        self.script = ET.fromstring(twiml)
        if self.dialled:
            self.far("initiated")
            self.far("ringing")

    def _number(self, attribute: str) -> str | None:
        number = self.script.find(".//Number")
        return None if number is None else number.get(attribute)

    def _fields(self, status: str, seconds: int | None, **more: str) -> dict[str, str]:
        lasted = {} if seconds is None else {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60))}
        return {
            "CallSid": self.call.sid,
            "AccountSid": self.hooks.account_sid,
            "From": self.call.from_,
            "To": self.call.to,
            "CallStatus": status,
            "ApiVersion": "2010-04-01",
            "CallbackSource": "call-progress-events",
            "Direction": "outbound-api",
            **lasted,
            **more,
        }
