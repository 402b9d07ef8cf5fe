import ast
import importlib.metadata
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.fixtures.clone import REPOSITORY, Clone
from tests.fixtures.waiting import free_port, is_listening, wait_until

FLASK = importlib.metadata.version("flask")
NO_ENSUREPIP = """
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "ensurepip" else found(name, *rest)
"""


def test_a_fresh_clone_installs_once_and_goes_on_in_its_own_venv(clone: Clone) -> None:
    first = clone.run("site", "add", "harbour-st")
    assert first.stdout == f"ran site add harbour-st with {clone.folder / '.venv'}\n"
    assert "Installing requirements.txt" in first.stderr

    second = clone.run("site", "add", "harbour-st")
    assert second.stdout == first.stdout
    assert second.stderr == ""

    clone.require(clone.offer("greeting", "1.1"))
    assert "Installing requirements.txt" in clone.run("doctor").stderr
    assert list(clone.folder.glob(".venv/lib/*/site-packages/greeting-1.1.dist-info"))


def test_a_package_that_is_not_what_was_pinned_is_refused_and_nothing_is_taken_for_installed(cut_off: Clone) -> None:
    """In a .venv that had been cut off while it was made, and is made again for it."""
    pinned = cut_off.offer("greeting", "1.0")
    cut_off.require(pinned[:-8] + "0" * 8)
    refused = cut_off.run("doctor")
    assert "Making .venv" in refused.stderr
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.splitlines()[-1] == "Installing requirements.txt failed: pip's words are above."

    cut_off.require(pinned)
    assert cut_off.run("doctor").returncode == 0


@pytest.fixture
def cut_off(clone: Clone) -> Clone:
    (clone.folder / ".venv").mkdir()
    (clone.folder / ".venv" / ".unfinished").touch()
    return clone


@pytest.fixture
def without_ensurepip(clone: Clone, tmp_path: Path) -> Clone:
    """Whatever wants to make a .venv says so, and cannot."""
    (tmp_path / "sitecustomize.py").write_text(NO_ENSUREPIP)
    clone.environment["PYTHONPATH"] = str(tmp_path)
    return clone


def test_a_python_without_ensurepip_is_told_in_one_line_and_leaves_no_venv(without_ensurepip: Clone) -> None:
    told = without_ensurepip.run("doctor")
    assert told.returncode == 1
    assert len(told.stderr.splitlines()) == 1
    assert "apt-get install python3-venv" in told.stderr
    assert not (without_ensurepip.folder / ".venv").exists()


def test_a_platform_that_installed_every_pinned_requirement_gets_no_venv(clone: Clone) -> None:
    clone.require(*(f"{name}=={importlib.metadata.version(name)}" for name in ("flask", "gunicorn")))
    assert clone.run("doctor", python=sys.executable).stdout == f"ran doctor with {sys.prefix}\n"
    assert not (clone.folder / ".venv").exists()


def test_flask_alone_lying_around_is_not_enough(without_ensurepip: Clone) -> None:
    flask = f"flask=={importlib.metadata.version('flask')}"
    without_ensurepip.require(flask, without_ensurepip.offer("greeting", "1.0"))
    told = without_ensurepip.run("doctor", python=sys.executable)
    assert (told.returncode, told.stdout) == (1, "")
    assert "This Python cannot make virtual environments" in told.stderr


def test_a_platform_with_other_versions_than_the_pinned_ones_gets_no_venv_either(clone: Clone) -> None:
    clone.require("flask==0.1")
    clone.environment["PORT"] = str(free_port())
    told = clone.run("doctor", python=sys.executable)
    assert (told.stdout, told.stderr) == (f"ran doctor with {sys.prefix}\n", "")
    with running(clone) as (_, said):
        assert f"Other versions than the tested ones of requirements.txt are installed here: flask {FLASK}." in said
    assert not (clone.folder / ".venv").exists()


@pytest.mark.parametrize("words", [("--empty", "extra"), ("--empty", "--foo"), ("--empty", "--empty"), ("--empty", "")])
def test_empty_stands_alone(clone: Clone, words: tuple[str, ...]) -> None:
    told = clone.run(*words)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith("--empty stands alone")
    assert len(told.stderr.splitlines()) == 1


def test_help_after_empty_starts_nothing(clone: Clone) -> None:
    for asked in ("--help", "-h"):
        told = clone.run("--empty", asked)
        assert (told.returncode, told.stdout[:13], told.stderr) == (0, "Recovery Desk", "")


def test_an_empty_word_is_a_command_that_nobody_knows_and_starts_nothing(installed: Clone) -> None:
    told = installed.run("", python=sys.executable)
    assert told.stdout == f"ran  with {sys.prefix}\n"  # the stand-in's word for: it went to the commands


def test_a_folder_that_cannot_be_written_is_one_sentence(installed: Clone) -> None:
    (installed.folder / "file").touch()
    installed.environment["DATA_DIR"] = "file/below"
    told = installed.run(python=sys.executable)
    assert (told.returncode, len(told.stderr.splitlines())) == (2, 1)
    assert told.stderr.startswith("DATA_DIR must be a folder to write into")


def test_the_first_file_can_be_read_by_an_old_python() -> None:
    source = (REPOSITORY / "recovery" / "__main__.py").read_text()
    ast.parse(source, feature_version=(3, 6))
    assert not [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef) and node.returns]


def test_help_needs_no_installation_and_names_every_command(clone: Clone) -> None:
    told = clone.run("--help")
    assert told.returncode == 0
    assert not (clone.folder / ".venv").exists()
    contract = "test worker migrate demo site staff token audit doctor outbox routes backup restore"
    assert [name for name in contract.split() if name not in told.stdout] == []


@pytest.fixture
def installed(clone: Clone) -> Clone:
    """Everything that the stand-in needs is importable, so that the first run goes straight on."""
    clone.require(f"flask=={importlib.metadata.version('flask')}")
    clone.environment["PORT"] = str(free_port())
    return clone


@contextmanager
def running(
    clone: Clone, *arguments: str, stdin: int = subprocess.DEVNULL
) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """From when it says that it runs, with all that it has said until then."""
    process = clone.start(*arguments, python=sys.executable, stdin=stdin)
    try:
        said = ""
        while "Ctrl-C stops it" not in said:
            line = process.stderr.readline() if process.stderr else ""
            assert line, f"It ended before it was ready: {said}"
            said += line
        yield process, said
    finally:
        process.kill()
        process.communicate()
        for left in processes_of(clone):  # by a first run that fails its test
            left.kill()


def processes_of(clone: Clone) -> list[psutil.Process]:
    """All that was started in the clone's folder and still runs."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cwd() == str(clone.folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def nothing_runs(clone: Clone) -> Callable[[], bool]:
    return lambda: processes_of(clone) == [] and not is_listening(int(clone.environment["PORT"]))


@pytest.fixture
def hearing_hang_ups() -> Iterator[None]:
    """Under nohup we would hand on that a hang-up is ignored, and what we start would rightly go on."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hearing_hang_ups")
@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_ends_web_and_worker_and_leaves_nothing_running(installed: Clone, asked: signal.Signals) -> None:
    with running(installed) as (process, _):
        assert is_listening(int(installed.environment["PORT"]))
        process.send_signal(asked)
        assert process.wait(timeout=30) == 0
        wait_until(nothing_runs(installed), what="web, worker and guard have ended")


def test_web_and_worker_stop_by_themselves_when_the_parent_is_killed(installed: Clone) -> None:
    with running(installed) as (process, _):
        process.kill()
        process.wait(timeout=10)
        wait_until(nothing_runs(installed), what="web, worker and guard have ended")


def test_a_worker_that_dies_is_named_and_ends_the_rest(installed: Clone) -> None:
    with running(installed) as (process, _):
        (installed.folder / "worker-must-die").touch()
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 1
        assert "The worker ended by itself (exit code 3)" in errors
        wait_until(nothing_runs(installed), what="web and guard have ended")


def test_a_web_that_is_killed_is_named_and_ends_the_rest(installed: Clone) -> None:
    with running(installed) as (process, _):
        web = next(each for each in processes_of(installed) if "gunicorn" in each.cmdline())
        os.killpg(os.getpgid(web.pid), signal.SIGKILL)
        _, errors = process.communicate(timeout=30)
        assert "The web ended by itself" in errors
        wait_until(nothing_runs(installed), what="worker and guard have ended")


def test_a_busy_port_is_said_in_one_sentence(installed: Clone) -> None:
    with socket.create_server(("127.0.0.1", int(installed.environment["PORT"]))):
        told = installed.run(python=sys.executable)
    assert told.returncode == 1
    assert told.stderr.startswith(f"Port {installed.environment['PORT']} is taken")
    assert len(told.stderr.splitlines()) == 1


def test_the_keys_are_written_once_for_their_owner_alone(installed: Clone) -> None:
    with running(installed):
        kept = {name: (installed.folder / "var" / name).read_text() for name in ("secret_key", "audit_key")}
        modes = {stat.S_IMODE((installed.folder / "var" / name).stat().st_mode) for name in kept}
    assert modes == {0o600}
    assert kept["secret_key"] != kept["audit_key"]
    installed.environment["PORT"] = str(free_port())
    with running(installed):
        assert {name: (installed.folder / "var" / name).read_text() for name in kept} == kept


def test_a_senseless_setting_stops_the_start_with_its_sentence(installed: Clone) -> None:
    installed.environment |= {"SMS_GATEWAY": "pigeon", "SEND_CONCURRENCY": "none"}
    told = installed.run(python=sys.executable)
    assert told.returncode == 2
    assert [line.split()[0] for line in told.stderr.splitlines()] == ["SMS_GATEWAY", "SEND_CONCURRENCY"]


def test_a_migration_that_fails_stops_the_start(installed: Clone) -> None:
    installed.environment["STAND_IN_ANSWERS"] = "1"
    told = installed.run(python=sys.executable)
    assert told.returncode == 1
    assert "`python3 -m recovery migrate` did not succeed" in told.stderr


def test_an_empty_start_without_a_terminal_says_what_to_run(installed: Clone) -> None:
    with running(installed, "--empty") as (process, said):
        process.terminate()
        output, _ = process.communicate(timeout=30)
    assert "ran demo" not in output
    assert "python3 -m recovery site add" in said


def test_the_accounts_of_the_demo_are_told_when_the_web_is_ready(installed: Clone) -> None:
    with running(installed) as (_, said):
        assert said.index("Recovery Desk runs at") < said.index("ran demo --once")


def test_an_empty_start_on_a_terminal_asks_for_the_first_site_and_admin(installed: Clone) -> None:
    answers = ["harbour-st", "Harbour Street", "Europe/London", "GBP", "GB", "", "ada@example.com", "Ada"]
    keyboard, terminal = os.openpty()
    os.write(keyboard, "".join(f"{answer}\n" for answer in answers).encode())
    with running(installed, "--empty", stdin=terminal) as (process, said):
        process.terminate()
        output, _ = process.communicate(timeout=30)
    os.close(keyboard)
    os.close(terminal)
    site = "ran site add harbour-st --name Harbour Street --timezone Europe/London --currency GBP --country GB with"
    assert site in output
    assert "Sign in once, and choose a password, at ran staff add ada@example.com --name Ada --role admin" in said


@pytest.fixture
def without_browser(installed: Clone, tmp_path: Path) -> Clone:
    """Nothing on the PATH, nothing fetched before, and nobody to fetch from."""
    (installed.folder / "tests").mkdir()
    (installed.folder / "tests" / "requirements.txt").write_text(f"pytest=={pytest.__version__}\n")
    installed.environment |= {
        "PATH": str(tmp_path / "nothing"),
        "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "browsers"),
        "PLAYWRIGHT_DOWNLOAD_HOST": f"http://127.0.0.1:{free_port()}",
    }
    return installed


def test_tests_without_a_browser_fail_and_say_how_to_bring_one(without_browser: Clone) -> None:
    told = without_browser.run("test", python=sys.executable)
    assert told.returncode == 1
    assert told.stderr.splitlines()[-1].startswith("The browser tests need Chromium")
    assert "passed" not in told.stdout


def test_a_browser_that_only_tells_how_to_install_one_does_not_count(without_browser: Clone, tmp_path: Path) -> None:
    browser = tmp_path / "nothing" / "chromium-browser"
    browser.parent.mkdir()
    browser.write_text("#!/bin/sh\necho install the snap; exit 1\n")
    browser.chmod(0o755)
    assert without_browser.run("test", "--prepare", python=sys.executable).returncode == 1
    browser.write_text("#!/bin/sh\necho Chromium 156\n")
    assert without_browser.run("test", "--prepare", python=sys.executable).returncode == 0


def test_tests_are_run_by_pytest_with_the_arguments_given(without_browser: Clone, tmp_path: Path) -> None:
    (tmp_path / "chromium").write_text("#!/bin/sh\necho Chromium 156\n")
    (tmp_path / "chromium").chmod(0o755)
    without_browser.environment["RECOVERY_CHROMIUM"] = str(tmp_path / "chromium")
    (without_browser.folder / "tests" / "test_numbers.py").write_text(
        "def test_one(): pass\ndef test_two(): assert False\n"
    )
    told = without_browser.run("test", "-n", "0", "-k", "one", "-p", "no:randomly", python=sys.executable)
    assert "1 passed" in told.stdout
    assert told.returncode == 0
    assert without_browser.run("test", "-n", "0", python=sys.executable).returncode == 1
