"""No command: everything that a newcomer needs, in one terminal. Standard library only; the rest is reached by name."""

import http.client
import importlib
import io
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from recovery.first_run import guard
from recovery.first_run.installation import REPOSITORY, say

Commands = Callable[[list[str]], int]

KEPT_KEYS = {"SECRET_KEY": "secret_key", "AUDIT_KEY": "audit_key"}
SECONDS_BETWEEN_LOOKS = 0.1
LOOKS_FOR_READINESS = 600
SECONDS_TO_STOP = 20


class Stop(BaseException):
    """Somebody asked us to end, or a part of us did; with the sentence to say and the exit code.

    Not an Exception: a command that survives its own errors must not survive this.
    """

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


def run(commands: Commands, *, empty: bool) -> int:
    for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if asked != signal.SIGHUP or signal.getsignal(asked) != signal.SIG_IGN:  # under nohup it stays ignored
            signal.signal(asked, _stop_on_signal)
    try:
        _write_missing_keys()
        settings = _settings()
        _refuse_busy_port(settings.port)
        _succeed(commands, ["migrate"])
        people = _first_site(commands) if empty else _printed_by(commands, ["demo", "--once"])
        _run_both(settings, people)
    except Stop as stop:
        say(str(stop))
        return stop.code
    return 0


def _stop_on_signal(_number: int, _frame: FrameType | None) -> None:
    raise Stop("\nStopping …", 0)


def _write_missing_keys() -> None:
    folder = REPOSITORY / (os.environ.get("DATA_DIR") or "var")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, kept in KEPT_KEYS.items():
            if not os.environ.get(name) and not os.environ.get(f"{name}_FILE") and not (folder / kept).exists():
                _write_secret(folder / kept)
    except OSError as error:
        raise Stop(f"DATA_DIR must be a folder to write into, not {folder}: {error.strerror}.", 2) from None


def _write_secret(path: Path) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(48) + "\n")


def _settings() -> Any:
    module = importlib.import_module("config.settings")
    try:
        return module.Settings.from_env()
    except module.SettingsError as error:
        raise Stop(str(error), 2) from error


def _refuse_busy_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            other = port + 1 if port < 65_535 else 8000  # noqa: PLR2004 - the last port there is
            raise Stop(
                f"Port {port} is taken or not allowed: stop what runs there, or choose another with "
                f"PORT={other} python3 -m recovery",
                1,
            ) from error


def _succeed(commands: Commands, arguments: list[str]) -> None:
    code = commands(arguments)
    if code != 0:
        raise Stop(f"`python3 -m recovery {' '.join(arguments)}` did not succeed; its reason stands above.", code)


def _first_site(commands: Commands) -> str:
    if not sys.stdin.isatty():
        return (
            "Add your first site and an admin:\n"
            '  python3 -m recovery site add harbour-st --name "Harbour Street" --timezone Europe/London'
            " --currency GBP --country GB\n"
            '  python3 -m recovery staff add ada@example.com --name "Ada" --role admin --site harbour-st'
        )
    say("Your first site (leave the short name empty if you have one already).")
    slug = _ask("Short name, such as harbour-st")
    if not slug:
        return ""
    site = ["site", "add", slug, "--name", _ask("Name"), "--timezone", _ask("Time zone, such as Europe/London")]
    site += ["--currency", _ask("Currency, such as GBP"), "--country", _ask("Country, such as GB")]
    hours = _ask("Opening hours, such as mon-fri 08:00-18:00 (empty: always open)")
    _succeed(commands, [*site, *(["--hours", hours] if hours else [])])
    admin = [
        "staff",
        "add",
        _ask("Your e-mail address"),
        "--name",
        _ask("Your name"),
        "--role",
        "admin",
        "--site",
        slug,
    ]
    return f"Sign in once, and choose a password, at {_printed_by(commands, admin)}"


def _printed_by(commands: Commands, arguments: list[str]) -> str:
    with redirect_stdout(io.StringIO()) as printed:
        _succeed(commands, arguments)
    return printed.getvalue().strip()


def _ask(question: str) -> str:
    try:
        sys.stderr.write(f"  {question}: ")
        sys.stderr.flush()
        return input().strip()
    except EOFError:
        raise Stop("\nNothing was added.", 1) from None


def _run_both(settings: Any, people: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "recovery.first_run.guard"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as watcher:
        children: dict[str, subprocess.Popen[bytes]] = {}
        try:
            for name, arguments in _processes(settings.port).items():
                # A session of its own: Ctrl-C reaches us alone, and we end the two in order.
                child = subprocess.Popen([sys.executable, "-m", *arguments], cwd=REPOSITORY, start_new_session=True)
                children[name] = child
                _tell(watcher, str(child.pid))
            _wait_until_ready(children, settings.port)
            say(f"\nRecovery Desk runs at {settings.public_url}\n{people}\nCtrl-C stops it.")
            while True:
                _notice_an_end(children)
                time.sleep(SECONDS_BETWEEN_LOOKS)
        finally:
            _end(children)
            _tell(watcher, guard.DONE)


def _processes(port: int) -> dict[str, list[str]]:
    web = ["gunicorn", "--config", "config/gunicorn.py", "--workers", "1", "--threads", "4", "--log-level", "warning"]
    return {"web": [*web, "--bind", f"127.0.0.1:{port}", "wsgi:app"], "worker": ["recovery", "worker"]}


def _tell(watcher: subprocess.Popen[str], line: str) -> None:
    if watcher.stdin:
        with suppress(BrokenPipeError):  # without a guard we still stop what we can
            watcher.stdin.write(f"{line}\n")
            watcher.stdin.flush()


def _wait_until_ready(children: dict[str, subprocess.Popen[bytes]], port: int) -> None:
    for _ in range(LOOKS_FOR_READINESS):
        _notice_an_end(children)
        if _is_ready(port):
            return
        time.sleep(SECONDS_BETWEEN_LOOKS)
    raise Stop(f"The web did not become ready; http://127.0.0.1:{port}/readyz says why.", 1)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _notice_an_end(children: dict[str, subprocess.Popen[bytes]]) -> None:
    for name, child in children.items():
        if child.poll() is not None:
            raise Stop(f"The {name} ended by itself (exit code {child.returncode}); its reason stands above.", 1)


def _end(children: dict[str, subprocess.Popen[bytes]]) -> None:
    for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(asked, signal.SIG_IGN)
    for child in children.values():
        child.terminate()
    for child in children.values():
        try:
            child.wait(timeout=SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    guard.stop([child.pid for child in children.values()])
