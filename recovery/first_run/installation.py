"""Brings what requirements.txt names, by hash, into `.venv`, and goes on in there. Standard library only."""

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

REPOSITORY = Path(__file__).resolve().parents[2]
VENV = REPOSITORY / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / ".unfinished"
RUNTIME = REPOSITORY / "requirements.txt"
TESTS = REPOSITORY / "tests" / "requirements.txt"
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)\s*(;?)", re.MULTILINE)
GONE_ON_ALREADY = "RECOVERY_GONE_ON_IN_VENV"
LINES_OF_A_FAILURE = 15


class CannotInstall(Exception):
    """With one sentence that says what to do."""


def bring(arguments: list[str], *requirements: Path) -> None:
    """Returns in a Python that has all the requirements: in this one, or else, after an exec, in the one of `.venv`.

    A platform that installed them itself gets no `.venv`; where it took other versions, the start of everything says so.
    """
    gone_on_already = os.environ.pop(GONE_ON_ALREADY, None)
    inside = Path(sys.prefix).resolve() == VENV.resolve()
    if not inside and all(map(_is_met_here, requirements)):
        if not arguments:
            _tell_of_other_versions(requirements)
        return
    if gone_on_already and not inside:
        raise CannotInstall(f"{VENV} is not a virtual environment that works: remove it, then run this again.")
    with _one_at_a_time():
        _make_venv()
        new = [each for each in requirements if not _is_installed(each)]
        for each in new:
            _install(each)
    if new or not inside:
        _go_on_in_venv(arguments)


def _is_met_here(requirements: Path) -> bool:
    """Whether a platform has installed everything already, in whatever version."""
    return all(_version_here(name) for name in _pinned(requirements))


def _tell_of_other_versions(requirements: Iterable[Path]) -> None:
    pinned = {name: version for each in requirements for name, version in _pinned(each).items()}
    other = [f"{name} {_version_here(name)}" for name, version in pinned.items() if _version_here(name) != version]
    if other:
        say(f"Other versions than the tested ones of requirements.txt are installed here: {', '.join(other)}.")


def _pinned(requirements: Path) -> dict[str, str]:
    """Version by name, without what other systems need."""
    found = PINNED.findall(requirements.read_text(encoding="utf-8"))
    return {name: version for name, version, only_elsewhere in found if not only_elsewhere}


def _version_here(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two commands started together on a fresh clone must not both build."""
    lock = REPOSITORY / "var" / "installation.lock"
    try:
        lock.parent.mkdir(mode=0o700, exist_ok=True)
        file = lock.open("w")
    except OSError as error:
        raise CannotInstall(
            f"{REPOSITORY} must be writable, for what is needed goes into it: {error.strerror}."
        ) from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make_venv() -> None:
    if UNFINISHED.exists():
        shutil.rmtree(VENV)
    if VENV_PYTHON.exists():
        return
    if VENV.exists():
        raise CannotInstall(f"{VENV} has no Python that works (was it upgraded?): remove it, then run this again.")
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise CannotInstall(
            "This Python cannot make virtual environments: install its venv package "
            "(on Debian and Ubuntu: apt-get install python3-venv), then run this again."
        )
    say("Making .venv …")
    VENV.mkdir()
    UNFINISHED.touch()
    try:
        _run_venv()
        UNFINISHED.unlink()
    except BaseException:
        shutil.rmtree(VENV, ignore_errors=True)
        raise


def _run_venv() -> None:
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise CannotInstall(f"Making .venv failed: {_last_line(made.stdout + made.stderr)}")


def _mark_of(requirements: Path) -> Path:
    return VENV / f".installed-{'-'.join(requirements.relative_to(REPOSITORY).with_suffix('').parts)}"


def _fingerprint(requirements: Path) -> str:
    return hashlib.sha256(requirements.read_bytes()).hexdigest()


def _is_installed(requirements: Path) -> bool:
    mark = _mark_of(requirements)
    return mark.is_file() and mark.read_text() == _fingerprint(requirements)


def _install(requirements: Path) -> None:
    wanted = len(PINNED.findall(requirements.read_text(encoding="utf-8")))
    name = requirements.relative_to(REPOSITORY)
    command = ["-m", "pip", "install", "--require-hashes", "--no-input", "--disable-pip-version-check"]
    command += ["--no-compile"]  # Python compiles what it imports; all of it would take a third of the time
    command += ["--progress-bar", "off", "-r", str(requirements)]
    with subprocess.Popen(
        [str(VENV_PYTHON), *command],
        env=os.environ | {"PIP_USER": "0", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as pip:
        lines = _shown(pip.stdout or [], f"Installing {name}, checked by hash", wanted)
    if pip.returncode != 0:
        raise CannotInstall(
            "\n".join([*lines[-LINES_OF_A_FAILURE:], f"Installing {name} failed: pip's words are above."])
        )
    _mark_of(requirements).write_text(_fingerprint(requirements))


def _shown(lines: Iterator[str] | list[str], title: str, wanted: int) -> list[str]:
    """Counts on one line of a terminal; elsewhere one line says it all. Answers everything that was read."""
    terminal = sys.stderr.isatty()
    if not terminal:
        say(f"{title}: {wanted} packages …")
    seen: list[str] = []
    collected = 0
    for line in lines:
        seen.append(line.rstrip())
        if terminal and line.startswith(("Collecting", "Requirement already")):
            collected += 1
            sys.stderr.write(f"\r{title}: {min(collected, wanted)} of {wanted} packages ")
        elif terminal and line.startswith("Installing collected"):
            sys.stderr.write("… unpacking ")
        sys.stderr.flush()
    if terminal:
        say("")
    return seen


def _go_on_in_venv(arguments: list[str]) -> NoReturn:
    os.environ[GONE_ON_ALREADY] = "1"
    sys.stdout.flush()
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), "-m", "recovery", *arguments])


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason was given"])[-1]


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
