import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
import structlog

from config.logging import configure
from config.masking import mask

WRITTEN_BY_PEOPLE = [
    "+447700900123",
    "+44 7700 900 123",
    "+44 (0)7700 900123",
    "07700 900123",
    "07700-900-123",
    "447700900123",
    "0044 7700 900123",
    "+1 (555) 010-0123",
    "(555) 010-0123",
    "555.010.0123",
    "555-0123",
    "+34 612 345 678",
    "612345678",
    "%2B447700900123",
    "%2B44%207700%20900123",
    "07700+900123",
]
INNOCENT = [
    "2026-03-10T09:30:00.123456Z",
    "2026-03-10 09:30:00,123",
    "2026-03-10T09:30:00+00:00",
    "from 2026-03-10 to 2026-04-10",
    "550e8400-e29b-41d4-a716-446655440000",
    "http://192.168.100.200:18000 (9496)",
    "0.0123456789",
    "RD-7K3M9Q",
    "SM0123456789abcdef0123456789abcdef",
    "ticket:17:promise:3:late",
    "pid 12345, port 8000, 1500 tickets in 90 days",
    "0x7f1234567890",
]


@pytest.mark.parametrize(
    "around", ["{}", "to {} now", "'{}'", '"{}",', "phone={}&x=1", "tel:{}", "a\n{}", "({},)", "<{}>"]
)
@pytest.mark.parametrize("number", WRITTEN_BY_PEOPLE)
def test_a_phone_number_is_masked_however_it_is_written(number: str, around: str) -> None:
    masked = mask(around.format(number))
    assert "***" in masked
    assert sum(char.isdigit() for char in masked.replace("x=1", "")) <= 3


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_looks_like_a_number_is_kept(text: str) -> None:
    assert mask(text) == text


def test_a_number_behind_an_escaped_line_break_is_masked() -> None:
    assert mask(repr("call\n07700900123")) == r"'call\n***123'"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("GET /c/Zm9vYmFyYmF6cXV4 HTTP/1.1", "GET /c/*** HTTP/1.1"),
        ("https://desk.example.com/a/Zm9vYmFyYmF6cXV4?x=1", "https://desk.example.com/a/***?x=1"),
        ("Authorization: Bearer rd_abcdef.123", "Authorization: Bearer ***"),
        ("{'Authorization': 'Basic QUM6dG9rZW4='}", "{'Authorization': 'Basic ***'}"),
        ("postgresql://ada:hunter2@db/desk", "postgresql://ada:***@db/desk"),
        ("/sign-in?token=abc&next=desk", "/sign-in?token=***&next=desk"),
        ("DETAIL:  Failing row contains (7, Sam, oat milk).", "DETAIL: ***"),
        ("[parameters: ('Sam', 'oat milk')]", "[parameters: ***"),
    ],
)
def test_what_opens_a_door_or_names_a_customer_is_masked(written: str, kept: str) -> None:
    assert mask(written) == kept


Logged = Callable[[str], io.StringIO]


@pytest.fixture
def logged() -> Iterator[Logged]:
    """`logged("json")` sets the log up as a process does; everything is as before after the test."""
    handlers, level = logging.root.handlers[:], logging.root.level
    hooks = sys.excepthook, threading.excepthook
    stream = io.StringIO()

    def start(log_format: str) -> io.StringIO:
        configure(log_format, stream)
        return stream

    yield start
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    sys.excepthook, threading.excepthook = hooks
    logging.root.handlers[:], logging.root.level = handlers, level


def test_an_event_is_one_line_of_json_without_the_number(logged: Logged) -> None:
    stream = logged("json")
    structlog.get_logger("recovery.worker").info(
        "message:sent", to="+447700900123", seconds=0.25, parts=[1, "07700 900123"]
    )
    (line,) = stream.getvalue().splitlines()
    event = json.loads(line)
    assert event["event"] == "message:sent"
    assert event["to"] == "***123"
    assert event["parts"] == [1, "***123"]
    assert event["seconds"] == 0.25
    assert event["level"] == "info"
    assert event["logger"] == "recovery.worker"
    assert event["timestamp"].endswith("Z")


def test_a_library_s_line_is_masked_in_its_arguments_too(logged: Logged) -> None:
    stream = logged("json")
    logging.getLogger("some.library").warning("POST %s To=%s", "/c/Zm9vYmFyYmF6cXV4", "+447700900123")
    assert json.loads(stream.getvalue())["event"] == "POST /c/*** To=***123"


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_traceback_is_masked(logged: Logged, log_format: str) -> None:
    stream = logged(log_format)
    try:
        int("+44 7700 900123")
    except ValueError:
        structlog.get_logger().exception("message:failed")
        logging.getLogger("some.library").exception("failed")
    assert stream.getvalue().count("base 10: '***123'") == 2
    assert "900123" not in stream.getvalue()


def test_an_uncaught_exception_is_masked_in_a_thread_too(logged: Logged) -> None:
    stream = logged("json")

    def fail() -> None:
        raise ValueError("could not text +44 7700 900123")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    assert json.loads(stream.getvalue())["event"] == "process:uncaught"
    assert "900123" not in stream.getvalue()


def test_nobody_writes_a_line_of_their_own_into_the_text_log(logged: Logged) -> None:
    stream = logged("text")
    structlog.get_logger().info("ticket:logged\n", name="Sam\n2026-03-10 [info] staff:signed_in\x1b[2J")
    (line,) = stream.getvalue().splitlines()
    assert r"ticket:logged\n" in line
    assert r"name='Sam\n2026-03-10 [info] staff:signed_in\x1b[2J'" in line


def test_a_line_that_cannot_be_written_does_not_print_its_arguments(
    logged: Logged, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = logged("text")
    logging.getLogger("some.library").warning("sent %d", "07700 900123")
    assert "A log line was lost" in stream.getvalue()
    assert "900123" not in stream.getvalue() + capsys.readouterr().err


def test_twilio_s_own_description_of_each_request_stays_out(logged: Logged) -> None:
    stream = logged("json")
    logging.getLogger("twilio.http_client").info("To: +447700900123")
    assert stream.getvalue() == ""
