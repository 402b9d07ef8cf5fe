"""Memory of two web workers and one worker process after they have served lists and reports.

    python -m bench.memory

Proportional set size: what processes share counts once.
"""

import argparse
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from functools import partial

from bench.ground import (
    KEYS,
    REPOSITORY,
    engine_of,
    environment,
    folder,
    load,
    machine,
    migrate,
    resident_mib,
    token_for,
    web,
)
from bench.lists import ADMIN, get
from bench.seeder import seed

TICKETS = 20_000
REPORT = "/api/v1/reports/recovery-times?group_by=staff"
SETTLE_SECONDS = 5


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    print(machine())
    with folder() as path:
        url = f"sqlite:///{path}/bench.db"
        migrate(url, path)
        engine = engine_of(url)
        seed(engine, TICKETS, live=200, now=datetime.now(UTC), audit_key=KEYS["AUDIT_KEY"].encode())
        engine.dispose()
        token = token_for(url, path, ADMIN)
        env = environment(url, path)
        command = [sys.executable, "-m", "recovery", "worker"]
        worker = subprocess.Popen(
            command, cwd=REPOSITORY, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            with web("wsgi:app", workers=2, threads=4, env=env) as (port, master):
                for address in ("/api/v1/tickets?limit=100", "/api/v1/board", REPORT):
                    load(port, partial(get, token, address), clients=4, each=50, master=master)
                time.sleep(SETTLE_SECONDS)
                of_web, of_worker = resident_mib(master), resident_mib(worker.pid)
        finally:
            worker.terminate()
            worker.wait(timeout=30)
    print(
        f"two web workers and their master {of_web:.0f} MiB, worker {of_worker:.0f} MiB, in all {of_web + of_worker:.0f} MiB"
    )
    return os.EX_OK


if __name__ == "__main__":
    raise SystemExit(main())
