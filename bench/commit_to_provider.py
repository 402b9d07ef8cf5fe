"""From the commit that queues a text to the request at the provider, with one idle worker as a process; and what that
worker costs while nothing happens.

    python -m bench.commit_to_provider [--texts 100]

What must hold: p95 ≤ 100 ms on PostgreSQL, ≤ 250 ms on SQLite; idle ≤ 0.5 % of a core.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.ground import (
    REPOSITORY,
    cpu_seconds,
    environment,
    folder,
    machine,
    migrate,
    postgres,
    settings_of,
)
from bench.outbox_ground import TWILIO, fake_provider, fill, folder_of, log_one, phone
from recovery.bootstrap import build

IDLE_SECONDS = 20
BETWEEN = (0.1, 0.7)
"""Seconds between two commits, by chance: no beat of ours shall meet one of the worker's."""


@contextmanager
def worker(env: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "recovery", "worker"]
    with subprocess.Popen(command, cwd=REPOSITORY, env=env, stderr=subprocess.DEVNULL) as process:
        time.sleep(5)
        yield process
        process.terminate()


def measure(url: str, path: Path, texts: int) -> None:
    migrate(url, path)
    with fake_provider() as provider:
        env = environment(url, path, TWILIO_API_URL=provider, **TWILIO)
        desk = build(settings_of(url, path, TWILIO_API_URL=provider, **TWILIO))
        fill(desk, waiting=1)
        with worker(env) as process:
            committed = {}
            for number in range(1, texts + 1):
                time.sleep(random.uniform(*BETWEEN))
                desk.transact(lambda session, one=number: log_one(session, one, now=desk.clock.now()))
                committed[phone(number)] = time.time()
            time.sleep(2)
            arrived = {text["to"]: text["at"] for text in _accepted(provider)}
            before = cpu_seconds(process.pid)
            time.sleep(IDLE_SECONDS)
            idle = (cpu_seconds(process.pid) - before) / IDLE_SECONDS
        desk.dispose()
    took = sorted((arrived[number] - at) * 1000 for number, at in committed.items())
    p95 = took[int(len(took) * 0.95) - 1]
    print(
        f"  p50 {statistics.median(took):6.1f} ms  p95 {p95:6.1f} ms  max {took[-1]:6.1f} ms  idle {idle:.2%} of a core"
    )


def _accepted(provider: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{provider}/_accepted", timeout=30) as answer:
        return list(json.load(answer))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=100)
    told = parser.parse_args()
    print(machine())
    with folder() as path:
        print("SQLite")
        here = folder_of(path, "sqlite")
        measure(f"sqlite:///{here / 'commit.db'}", here, told.texts)
        with postgres(path) as url:
            print("PostgreSQL")
            measure(url, folder_of(path, "data"), told.texts)


if __name__ == "__main__":
    main()
