"""One site and the people that the benches act as."""

import subprocess
import sys
from pathlib import Path

from bench.ground import REPOSITORY, environment

SITE = (
    "site",
    "add",
    "bench",
    "--name",
    "Bench",
    "--timezone",
    "Europe/London",
    "--currency",
    "GBP",
    "--country",
    "US",
)
PEOPLE = (("ada", "admin"), ("omar", "supervisor"), ("maya", "frontline"))


def add_people(url: str, path: Path) -> None:
    _run(url, path, *SITE)
    for name, role in PEOPLE:
        _run(
            url,
            path,
            "staff",
            "add",
            f"{name}@bench.example",
            "--name",
            name.title(),
            "--role",
            role,
            "--site",
            "bench",
        )


def _run(url: str, path: Path, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "recovery", *arguments],
        cwd=REPOSITORY,
        env=environment(url, path),
        check=True,
        capture_output=True,
    )
