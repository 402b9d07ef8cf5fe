import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import structlog

from recovery.bootstrap import Components, build
from recovery.cli import main
from tests.factories import Business
from tests.fixtures.settings import MakeSettings


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def logs_beside_results() -> Iterator[None]:
    """On stderr, as `config.logging` has it; a test run brings handlers of its own, so that no command configures any."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    yield
    structlog.reset_defaults()


@pytest.fixture
def run(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    logs_beside_results: None,
) -> Run:
    """`run("site", "add", …, DATABASE_URL=url)`: as somebody types it; environment variables stay for the test."""

    def run(*arguments: str, stdin: str = "", **variables: str) -> Ran:
        for name, value in (environment | variables).items():
            if name not in given or name in variables:
                monkeypatch.setenv(name, value)
                given.add(name)
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capfdbinary.readouterr()
        code = main(list(arguments))
        captured = capfdbinary.readouterr()
        return Ran(code, captured.out.decode(), captured.err.decode())

    given: set[str] = set()
    return run


@pytest.fixture
def url(sqlite_url: str) -> str:
    """Of the database that the commands of a test work on; a module that asks both databases overrides it."""
    return sqlite_url


@pytest.fixture
def business(make_settings: MakeSettings, url: str, run: Run) -> Iterator[Business]:
    """Harbour St and the Quay, open now."""
    desk: Components = build(make_settings(DATABASE_URL=url))
    opened = Business.opened(desk)
    assert run("doctor", DATABASE_URL=url).code in {0, 1}
    yield opened
    desk.dispose()
