"""`python3 -m recovery test`: makes sure of a browser, then becomes pytest. Standard library only."""

import os
import shutil
import subprocess
import sys
from functools import partial
from typing import NoReturn

from recovery.first_run.installation import REPOSITORY, CannotInstall, say

CHROMIUM = "RECOVERY_CHROMIUM"
SHELL, WHOLE = "chromium-headless-shell", "chromium"
"""As Debian calls them: one without windows takes half of the other's time to draw the same page."""
BROWSERS = (SHELL, WHOLE, "chromium-browser", "google-chrome", "google-chrome-stable")
MOST_WORKERS = 8
THAT_WAIT = 2
"""More than there are cores: a third of the suite's time is processes that start, end and wait for one another."""
PLAYWRIGHTS_OWN = (
    "from playwright.sync_api import sync_playwright as p\nwith p() as play: print(play.chromium.executable_path)"
)


def run(arguments: list[str]) -> int:
    os.environ[CHROMIUM] = _browser()
    if arguments != ["--prepare"]:
        _become_pytest(arguments)
    return 0


def _become_pytest(arguments: list[str]) -> NoReturn:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = min(cores + THAT_WAIT, MOST_WORKERS)
    os.chdir(REPOSITORY)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-n", str(workers), "--dist", "loadgroup", *arguments])


def _browser() -> str:
    for bring in (None, partial(_bring_with_apt, SHELL), partial(_bring_with_apt, WHOLE), _bring_with_playwright):
        if bring:
            bring()
        candidates = [
            os.environ.get(CHROMIUM, ""),
            *(shutil.which(name) or "" for name in BROWSERS),
            _playwrights_own(),
        ]
        working = next((path for path in candidates if path and _works(path)), None)
        if working:
            return working
    raise CannotInstall(
        "The browser tests need Chromium, and it could not be brought: install it "
        "(Debian: apt-get install chromium; elsewhere: .venv/bin/python -m playwright install chromium), then run this again."
    )


def _works(browser: str) -> bool:
    """Also sorts out the stand-ins that only tell how to install the real one."""
    try:
        answer = subprocess.run([browser, "--version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and "Chrom" in answer.stdout


def _playwrights_own() -> str:
    asked = subprocess.run([sys.executable, "-c", PLAYWRIGHTS_OWN], capture_output=True, text=True, check=False)
    return asked.stdout.strip()


def _bring_with_apt(package: str) -> None:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"Installing {package} from the system's packages, for the browser tests …")
        _try("apt-get", "update")
        _try("apt-get", "install", "-y", "--no-install-recommends", package)


def _bring_with_playwright() -> None:
    say("Fetching a Chromium for the browser tests …")
    _try(sys.executable, "-m", "playwright", "install", "chromium")


def _try(*command: str) -> None:
    """Whether it worked is seen by looking for a browser again."""
    subprocess.run(
        command,
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
