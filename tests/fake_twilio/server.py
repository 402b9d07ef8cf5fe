"""The HTTP side: POST and GET of Messages.json, and of one message, POST of Calls.json, and GET of our numbers, as Twilio
answers them."""

import base64
import json
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.fake_twilio.answering import problem, problem_of_call, response
from tests.fake_twilio.calls import AcceptedCall, Line
from tests.fake_twilio.faults import Fault, FaultPlan
from tests.fake_twilio.hooks import Hooks
from tests.fake_twilio.media import Served
from tests.fake_twilio.record import INBOUND, AcceptedText, Record, ref_in

ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "token-of-the-fake-provider"
PAGE_SIZE = 50

_PATH = re.compile(
    r"^/2010-04-01/Accounts/(?P<account>AC\w+)/(?P<what>Messages|Calls|IncomingPhoneNumbers)"
    r"(?:/(?P<sid>\w+)(?P<media>/Media)?)?\.json$"
)


class FakeTwilio:
    def __init__(self, port: int = 0, *, account_sid: str = ACCOUNT_SID, auth_token: str = AUTH_TOKEN) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.record = Record()
        self.faults = FaultPlan()
        self.reading_faults = FaultPlan()
        """The same for the list of texts and that of one text's photos."""
        self.lists_asked: list[dict[str, str]] = []
        """What the list was asked for, page by page."""
        self.hooks = Hooks(account_sid=account_sid, auth_token=auth_token)
        self.calls: list[AcceptedCall] = []
        """Every call that was accepted, in order."""
        self.numbers: dict[str, tuple[bool, str]] = {}
        """Of the account: whether each can call, and the address that is asked when it is called."""
        self.media: dict[str, Served] = {}
        """Photos, by the path of their address."""
        self.media_asked: list[tuple[str, str]] = []
        """Each path that was asked for, and with whose credentials."""
        self.waits_no_more = threading.Event()
        """Once it is set, every answer comes at once."""
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.twilio = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def accepted(self) -> list[AcceptedText]:
        return [text for text in self.record.texts() if text.direction.startswith("outbound")]

    def text_from(self, from_: str, to: str, body: str, *, ago: float = 0.0, **more: Any) -> AcceptedText:
        """Somebody writes to `to`: it stands in the list, and nobody is told; see `hooks.inbound`. `ago` in seconds."""
        text = AcceptedText(to, body, from_=from_, direction=INBOUND, status="received", **more)
        text.at -= ago
        return self.record.accept(text)

    def line(self, number: int = -1) -> Line:
        """A call that was accepted, to be played."""
        return Line(self.hooks, self.calls[number])

    def plan(self, *faults: Fault, number: str | None = None) -> None:
        self.faults.add(*faults, number=number)

    def start(self) -> "FakeTwilio":
        self.hooks.start()
        self._thread.start()
        return self

    def stop(self) -> None:
        self.waits_no_more.set()
        self._server.shutdown()
        self._server.server_close()
        self.hooks.stop()

    __enter__ = start

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    twilio: FakeTwilio

    def handle_error(self, *_: Any) -> None:
        """A client that goes away in the middle is what these tests are about, and no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def twilio(self) -> FakeTwilio:
        return cast(_Server, self.server).twilio

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/_"):
            self._control(json.loads(raw or b"{}"))
        elif self._known_caller():
            told = parse_qs(raw.decode(), keep_blank_values=True)
            events = tuple(told.get("StatusCallbackEvent", ()))
            self._create({key: values[0] for key, values in told.items()}, events)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/_accepted":
            self._answer(200, [text.as_record() for text in self.twilio.accepted])
        elif url.path == "/_requests":
            self._answer(200, {"requests": self.twilio.record.requests, "answers": self.twilio.hooks.answers})
        elif url.path in self.twilio.media:
            self._photo(url.path, self.twilio.media[url.path])
        elif self._known_caller():
            self._read(url.path, {key: values[0] for key, values in parse_qs(url.query).items()})

    def _photo(self, path: str, served: Served) -> None:
        self.twilio.media_asked.append((path, self.headers.get("Authorization", "")))
        headers = {"Location": served.location} if served.location else {}
        head, gap, body = response(served.status, served.content, "image/jpeg", **headers).partition(b"\r\n\r\n")
        if served.lies_about_length is not None:
            head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % served.lies_about_length, head)
        if served.says_no_length:
            head, self.close_connection = re.sub(rb"\r\nContent-Length: \d+", b"", head), True
        self._write(head + gap)
        self._write(body, seconds_per_byte=served.seconds_per_byte)

    def _known_caller(self) -> bool:
        path = _PATH.match(urlsplit(self.path).path)
        if path is None or path["account"] != self.twilio.account_sid:
            self._refuse(404, 20404, "The requested resource was not found")
            return False
        pair = f"{self.twilio.account_sid}:{self.twilio.auth_token}".encode()
        if self.headers.get("Authorization") != "Basic " + base64.b64encode(pair).decode():
            self._refuse(401, 20003, "Authenticate")
            return False
        return True

    def _create(self, form: dict[str, str], events: tuple[str, ...]) -> None:
        self.twilio.record.count_request()
        fault = self.twilio.faults.next(form.get("To", ""))
        is_call = (_PATH.match(urlsplit(self.path).path) or {})["what"] == "Calls"  # type: ignore[index]
        wrong = problem_of_call(form) if is_call else problem(form)
        ref = ref_in(form.get("StatusCallback")) or ""
        if wrong or fault.is_for_good:
            self.twilio.record.refuse(ref)
        elif fault.kind in _NEVER_ACCEPTED and fault.kind != "error":
            self.twilio.record.leave_unclear(ref)
        if wrong:
            self._refuse(400, *wrong)
        elif fault.kind in _NEVER_ACCEPTED:
            _NEVER_ACCEPTED[fault.kind](self, fault)
        elif is_call:
            self._accept_call(form, events, fault)
        else:
            self._accept(form, fault)

    def _accept_call(self, form: dict[str, str], events: tuple[str, ...], fault: Fault) -> None:
        call = AcceptedCall(
            to=form["To"],
            from_=form["From"],
            url=form["Url"],
            status_callback=form.get("StatusCallback"),
            events=events,
            timeout=int(form["Timeout"]) if "Timeout" in form else None,
        )
        self.twilio.calls.append(call)
        if fault.kind == "callback_first":
            self.twilio.line().near("initiated")
        _AFTER_ACCEPTING[fault.kind](self, fault, call.as_twilio(self.twilio.account_sid))

    def _accept(self, form: dict[str, str], fault: Fault) -> None:
        text = self.twilio.record.accept(
            AcceptedText(
                to=form["To"],
                body=form["Body"],
                from_=form.get("From"),
                service=form.get("MessagingServiceSid"),
                status_callback=form.get("StatusCallback"),
                validity=int(form["ValidityPeriod"]) if "ValidityPeriod" in form else None,
                status="queued" if "From" in form else "accepted",
            )
        )
        told = text.as_twilio(self.twilio.account_sid)
        if fault.kind == "callback_first":
            self.twilio.hooks.receipt(text, "sent")
        self.twilio.hooks.run_lifecycle(text)
        _AFTER_ACCEPTING[fault.kind](self, fault, told)

    def _read(self, path: str, query: dict[str, str]) -> None:
        asked = _PATH.match(path) or {"sid": None, "media": None, "what": None}
        text = self.twilio.record.get(asked["sid"]) if asked["sid"] else None
        if asked["what"] == "IncomingPhoneNumbers":
            self._numbers(query.get("PhoneNumber", ""))
        elif asked["sid"] is None:
            self._list(path, query)
        elif text and asked["media"]:
            self._list_media(text)
        elif text:
            self._answer(200, text.as_twilio(self.twilio.account_sid))
        else:
            self._refuse(404, 20404, "The requested resource was not found")

    def _list_media(self, text: AcceptedText) -> None:
        if self._fails_to_read():
            return
        media = text.media_as_twilio(self.twilio.account_sid)
        self._answer(200, {"media_list": media, "page": 0, "page_size": PAGE_SIZE, "next_page_uri": None})

    def _fails_to_read(self) -> bool:
        fault = self.twilio.reading_faults.next("")
        if fault.kind in _NEVER_ACCEPTED:
            _NEVER_ACCEPTED[fault.kind](self, fault)
            return True
        self._pause(fault.seconds)
        return False

    def _numbers(self, number: str) -> None:
        known = self.twilio.numbers.get(number)
        row = known and {
            "sid": "PN" + "0" * 32,
            "phone_number": number,
            "capabilities": {"voice": known[0], "sms": True, "mms": False, "fax": False},
            "voice_url": known[1],
        }
        self._answer(200, {"incoming_phone_numbers": [row] if row else [], "page": 0, "next_page_uri": None})

    def _list(self, path: str, query: dict[str, str]) -> None:
        self.twilio.lists_asked.append(query)
        if self._fails_to_read():
            return
        found = self.twilio.record.listed(query.get("To"), query.get("From"), query.get("DateSent>"))
        page, size = int(query.get("Page", 0)), min(int(query.get("PageSize", PAGE_SIZE)), self.twilio.record.page_size)
        more = f"{path}?{urlencode({**query, 'Page': page + 1})}" if len(found) > (page + 1) * size else None
        shown = found[page * size : (page + 1) * size]
        self._answer(
            200,
            {
                "messages": [text.as_twilio(self.twilio.account_sid) for text in shown],
                "page": page,
                "page_size": size,
                "next_page_uri": more,
                "uri": self.path,
            },
        )

    def _control(self, told: dict[str, Any]) -> None:
        """What a test in another process may ask of us."""
        twilio = self.twilio
        if self.path == "/_faults":
            twilio.faults.take_over(told)
        elif self.path == "/_hooks":
            for name, value in told.items():
                setattr(twilio.hooks, name, value)
        elif self.path == "/_inbound":
            twilio.hooks.inbound(told.pop("url"), from_=told.pop("from"), **told)
        elif self.path == "/_receipt":
            text = twilio.record.get(told["sid"])
            if text:
                twilio.hooks.receipt(text, told["status"], error_code=told.get("error_code"))
        elif self.path == "/_listing":
            twilio.record.listing_delay = told["delay"]
        self._answer(200, {})

    def _answer(self, status: int, payload: Any, **headers: str) -> None:
        self._write(response(status, json.dumps(payload).encode(), "application/json", **headers))

    def _refuse(self, status: int, code: int, message: str, **headers: str) -> None:
        self._answer(status, {"code": code, "message": message, "more_info": "", "status": status}, **headers)

    def _write(self, raw: bytes, *, seconds_per_byte: float = 0.0) -> None:
        if not seconds_per_byte:
            self.wfile.write(raw)
            return
        for byte in raw:
            self.wfile.write(bytes([byte]))
            self._pause(seconds_per_byte)

    def _pause(self, seconds: float) -> None:
        self.twilio.waits_no_more.wait(seconds)

    def _drop(self) -> None:
        """Reset the line, as a crashed proxy would."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.connection.close()

    def _hang(self, fault: Fault) -> None:
        self._pause(fault.seconds)
        self._drop()

    def _error(self, fault: Fault) -> None:
        headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
        self._refuse(fault.status, fault.code, fault.message, **headers)

    def _page_of_a_proxy(self, _fault: Fault) -> None:
        self._write(response(502, b"<html><h1>502 Bad Gateway</h1></html>", "text/html"))

    def _late(self, fault: Fault, told: dict[str, Any]) -> None:
        self._pause(fault.seconds)
        self._answer(201, told)

    def _silent(self, fault: Fault, _told: dict[str, Any]) -> None:
        self._hang(fault)

    def _broken(self, *_: Any) -> None:
        self._refuse(500, 20500, "Internal Server Error")

    def _empty(self, *_: Any) -> None:
        self._write(response(201, b"", "application/json"))

    def _drip(self, fault: Fault, told: dict[str, Any]) -> None:
        head, _, body = response(201, json.dumps(told).encode(), "application/json").partition(b"\r\n\r\n")
        if fault.kind == "drip":
            self._write(head + b"\r\n\r\n")
            self._write(body, seconds_per_byte=fault.seconds or 1.0)
        else:
            self._write(head + b"\r\n\r\n" + body, seconds_per_byte=fault.seconds or 1.0)


_NEVER_ACCEPTED = {
    "error": _Handler._error,
    "broken": _Handler._broken,
    "html_502": _Handler._page_of_a_proxy,
    "hang": _Handler._hang,
    "drop_before": lambda handler, _fault: handler._drop(),
}
_AFTER_ACCEPTING = {
    "ok": _Handler._late,
    "callback_first": _Handler._late,
    "broken_after": _Handler._broken,
    "hang_after": _Handler._silent,
    "accept_then_drop": lambda handler, _fault, _told: handler._drop(),
    "drip": _Handler._drip,
    "drip_head": _Handler._drip,
    "empty_201": _Handler._empty,
}
