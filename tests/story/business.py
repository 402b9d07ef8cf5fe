"""A whole installation as it runs: the lines of the Procfile as they stand, a provider over HTTP, calls by token."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from tests.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, AcceptedText, FakeTwilio
from tests.fixtures.waiting import free_port, is_listening, wait_until

REPOSITORY = Path(__file__).parents[2]
OUR_NUMBER = "+447700900001"
SAM = "+447700900123"
OMAR = "+447700900456"
UNDO_SECONDS = 1
PEOPLE = (("maya", "frontline", None), ("omar", "supervisor", OMAR), ("ada", "admin", None))
SEVERAL = """
import io, json, sys
from contextlib import redirect_stdout
from recovery.cli import main

printed = []
for words in json.loads(sys.argv[1]):
    with redirect_stdout(io.StringIO()) as out:
        code = main(words)
    if code:
        sys.exit(code)
    printed.append(out.getvalue())
print(json.dumps(printed))
"""


@dataclass
class Business:
    url: str
    twilio: FakeTwilio
    environment: dict[str, str]
    tokens: dict[str, str] = field(default_factory=dict)

    def call(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer's JSON; fails on whatever is not a success."""
        answer = self.ask(who, method, path, body, **headers)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def ask(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.tokens[who]}", **headers}
        return requests.request(method, f"{self.url}/api/v1{path}", json=body, headers=headers, timeout=30)

    def commands(self, *several: Sequence[str]) -> list[str]:
        """What each printed; one process for all of them, as each takes a second to begin."""
        done = subprocess.run(
            [sys.executable, "-c", SEVERAL, json.dumps(several)],
            cwd=REPOSITORY,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{several}: {done.stdout} {done.stderr}"
        printed: list[str] = json.loads(done.stdout)
        return printed

    def texts_to(self, number: str) -> list[str]:
        return [text.body for text in self.twilio.accepted if text.to == number]

    def wait_for_text(self, number: str, words: str) -> AcceptedText:
        wait_until(
            lambda: any(words in body for body in self.texts_to(number)),
            what=f"a text to {number} says “{words}”, not only {self.texts_to(number)}",
        )
        return next(text for text in self.twilio.accepted if text.to == number and words in text.body)

    def sam_writes(self, words: str) -> None:
        url = f"{self.url}/hooks/twilio/messages"
        assert self.twilio.hooks.inbound(url, from_=SAM, to=OUR_NUMBER, body=words) == 200

    def ticket(self, reference: str) -> Any:
        return self.call("maya", "GET", f"/tickets/{reference}")


@contextmanager
def open_for_business(url: str, folder: Path, *, workers: int = 1) -> Iterator[Business]:
    """`url` is an empty database: the release migrates it."""
    with ExitStack() as stack:
        twilio = stack.enter_context(FakeTwilio())
        twilio.hooks.lifecycle = ["sent", "delivered"]
        port = free_port()
        business = Business(f"http://127.0.0.1:{port}", twilio, _environment(url, folder, twilio, port))
        lines = _procfile()
        subprocess.run(lines.pop("release"), cwd=REPOSITORY, env=business.environment, check=True)
        _employ(business)
        stack.enter_context(_process(business.environment, lines.pop("web")))
        worker = lines.pop("worker")
        assert lines == {}
        for _ in range(workers):
            stack.enter_context(_process(business.environment, worker))
        wait_until(lambda: is_listening(port), what="the web listens")
        yield business


def in_minutes(minutes: float) -> str:
    return f"{datetime.now(UTC) + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


def _environment(url: str, folder: Path, twilio: FakeTwilio, port: int) -> dict[str, str]:
    policy = (REPOSITORY / "config" / "policy.toml").read_text(encoding="utf-8")
    hurried = folder / "policy.toml"
    awake = policy.replace('quiet_from = "21:00"', 'quiet_from = "00:00"').replace('"08:00"', '"00:00"')
    hurried.write_text(awake.replace("undo_seconds = 10", f"undo_seconds = {UNDO_SECONDS}"), encoding="utf-8")
    return {
        **os.environ,
        "DATABASE_URL": url,
        "SECRET_KEY": "a secret key that only this story knows",
        "AUDIT_KEY": "an audit key that only this story knows",
        "DATA_DIR": str(folder),
        "POLICY_FILE": str(hurried),
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SMS_GATEWAY": "twilio",
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_FROM": OUR_NUMBER,
        "TWILIO_API_URL": twilio.url,
        "LOG_FORMAT": "json",
        "RECOVERY_TEST_CHEAP_HASH": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }


def _employ(business: Business) -> None:
    place = ("--timezone", "Europe/London", "--currency", "GBP", "--country", "GB")
    employ: list[Sequence[str]] = [("site", "add", "harbour-st", "--name", "Harbour St", *place)]
    for name, role, phone in PEOPLE:
        reach = ("--phone", phone) if phone else ()
        person = ("--name", name.title(), "--role", role, "--site", "harbour-st")
        employ.append(("staff", "add", f"{name}@example.com", *person, *reach))
    tokens = [("token", "add", f"{name}@example.com") for name, *_ in PEOPLE]
    printed = business.commands(*employ, *tokens)[len(employ) :]
    business.tokens = {name: token.strip() for (name, *_), token in zip(PEOPLE, printed, strict=True)}


def _procfile() -> dict[str, list[str]]:
    """By the name of the process, the words of its line."""
    named = (line.split(":", 1) for line in (REPOSITORY / "Procfile").read_text(encoding="utf-8").splitlines())
    return {name: shlex.split(words) for name, words in named}


@contextmanager
def _process(environment: dict[str, str], words: list[str]) -> Iterator[None]:
    process = subprocess.Popen(words, cwd=REPOSITORY, env=environment)
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(timeout=30) in {0, -15}
