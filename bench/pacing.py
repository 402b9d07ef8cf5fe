"""Two workers at one sender: is its rate ever passed, how much of it is used, and when does an urgent text leave?

    python -m bench.pacing [--only postgres] [--seconds 20]

What must hold: never above the rate in any second; ≥ 98 % of it used by two workers; an urgent text within two sends.
SQLite has one worker.
"""

import argparse
import subprocess
import sys
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import update

from bench.ground import REPOSITORY, cpu_seconds, environment, folder, machine, policy, postgres, settings_of
from bench.outbox_ground import TWILIO, Nothing, empty, fill, folder_of, log_one, phone
from config.settings import Settings
from recovery.bootstrap import Components, build
from recovery.domain.provider_codes import FaultCategory
from recovery.models import Message
from recovery.services.sending.outbox import BULK
from recovery.services.session import DeskSession
from recovery.sms.gateway import Accepted, OutgoingText, SendRefused, always
from recovery.worker.ears import listen
from recovery.worker.sending import Sender

RATES = (1, 10, 100)
"""Segments a second."""
URGENT = 9_000_000
SECOND = 10**9
TICK = 0.5
"""Seconds: as often as a worker looks, whatever its ears hear."""


class Noting(Nothing):
    """Writes down when each text came: all processes of this machine have one clock."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", buffering=1)

    def send(self, outgoing: OutgoingText, *, now: datetime, still_ours: Callable[[], bool] = always) -> Accepted:
        """As the real one does: the last look comes just before the first byte."""
        del now
        if not still_ours():
            raise SendRefused(FaultCategory.RETRY, None, "It was not its turn.")
        self._file.write(f"{time.time_ns()} {outgoing.to}\n")
        return Accepted(f"SM{outgoing.ref}", "queued")


def work(notes: Path) -> None:
    """The sending half of a worker, woken by its ears and by its tick; until it is killed."""
    desk = build(Settings.from_env())
    desk.gateway = Noting(notes)
    sender = Sender(desk)
    sender.start()
    threading.Thread(target=listen, args=(desk, sender.wake, threading.Event()), daemon=True).start()
    print("works", flush=True)
    while True:
        time.sleep(TICK)
        sender.wake()


@contextmanager
def workers(count: int, env: dict[str, str], notes: Path) -> Iterator[list[int]]:
    command = [sys.executable, "-m", "bench.pacing", "--work", str(notes)]
    processes = [
        subprocess.Popen(command, cwd=REPOSITORY, env=env, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        yield [process.pid for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def measure(url: str, path: Path, *, rate: int, seconds: int, count: int) -> None:
    empty(url, path, "pacing.db")
    paced, notes = policy(path, rate=rate), path / f"notes-{rate}.txt"
    notes.unlink(missing_ok=True)
    notes.touch()
    env = environment(url, path, POLICY_FILE=paced, **TWILIO)
    desk = build(settings_of(url, path, POLICY_FILE=paced, **TWILIO))
    fill(desk, waiting=rate * seconds + rate)
    _one_segment_each(desk, urgent_until=None)
    with workers(count, env, notes) as pids:
        before = sum(map(cpu_seconds, pids))
        time.sleep(seconds / 2)
        asked = _urgent(desk)
        time.sleep(seconds / 2)
        cpu = (sum(map(cpu_seconds, pids)) - before) / seconds
    desk.dispose()
    came = sorted((int(at), to) for at, to in (line.split() for line in notes.read_text().splitlines()))
    times = [at for at, _ in came]
    most = max(bisect_left(times, at + SECOND) - place for place, at in enumerate(times))
    used = (len(times) - 1) / ((times[-1] - times[0]) / SECOND) / rate
    after = [to for at, to in came if at > asked]
    sends = after.index(phone(URGENT)) + 1
    waited = (next(at for at, to in came if to == phone(URGENT)) - asked) / SECOND * 1000
    print(
        f"  {rate:4}/s: at most {most} in a second, {used:6.1%} of it used, "
        f"urgent after {sends} sends, {waited:.0f} ms; {cpu:.0%} of a core",
        flush=True,
    )


def _one_segment_each(desk: Components, **values: object) -> None:
    statement = update(Message).values(segments=1, **values)
    desk.transact(lambda session: session.execute(statement, execution_options=BULK))


def _urgent(desk: Components) -> int:
    """Queues one and tells when that was committed, by the clock of the notes."""

    def log_urgent(session: DeskSession) -> None:
        log_one(session, URGENT, now=desk.clock.now())
        session.flush()
        urgent = update(Message).where(Message.to_number == phone(URGENT)).values(segments=1)
        session.execute(urgent, execution_options=BULK)

    desk.transact(log_urgent)
    return time.time_ns()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--only", choices=("sqlite", "postgres"))
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.work:
        work(told.work)
    print(machine())
    with folder() as path:
        if told.only != "postgres":
            print("SQLite, one worker")
            here = folder_of(path, "sqlite")
            for rate in RATES:
                measure(f"sqlite:///{here / 'pacing.db'}", here, rate=rate, seconds=told.seconds, count=1)
        if told.only != "sqlite":
            with postgres(path) as url:
                print("PostgreSQL, two workers")
                here = folder_of(path, "data")
                for rate in RATES:
                    measure(url, here, rate=rate, seconds=told.seconds, count=2)


if __name__ == "__main__":
    main()
