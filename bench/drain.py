"""How fast a full outbox drains through one worker: with a provider that takes no time, through the real client, and
against a provider that takes 80 ms.

    python -m bench.drain [--texts 5000] [--sent 0] [--only postgres]

What must hold: nothing-provider ≥ 1,500/s; through the client ≥ 400/s; 80 ms with 8 senders ≥ 90/s of 100; with a
million sent rows beside, 0.8 of each.
"""

import argparse
import json
import time
import urllib.request
from pathlib import Path

from sqlalchemy import func, select, text

from bench.ground import folder, machine, postgres, settings_of
from bench.outbox_ground import TWILIO, Nothing, empty, fake_provider, fill, folder_of
from recovery.bootstrap import Components, build
from recovery.models import Message
from recovery.models.message import OPEN
from recovery.worker.sending import Sender

LOOK_EVERY = 0.05
SLOW = 0.08
SLOW_TEXTS = 1000


def drain(desk: Components) -> float:
    """Texts a second, from the first claim to the last answer written."""
    waiting = _left(desk)
    sender = Sender(desk)
    began = time.perf_counter()
    sender.start()
    while _left(desk):
        sender.wake()
        time.sleep(LOOK_EVERY)
    took = time.perf_counter() - began
    sender.stop()
    return waiting / took


def _left(desk: Components) -> int:
    """Asked often, so by the index of what has not left: to count a million that have would be most of the work."""
    with desk.read() as session:
        return session.scalar(select(func.count()).select_from(Message).where(text(OPEN))) or 0


def cases(url: str, path: Path, *, texts: int, sent: int) -> None:
    with fake_provider() as provider:
        for name, count, delay in (("nothing", texts, None), ("client", texts, 0.0), ("80 ms", SLOW_TEXTS, SLOW)):
            empty(url, path, "drain.db")
            desk = build(settings_of(url, path, TWILIO_API_URL=provider, **TWILIO))
            fill(desk, waiting=count, sent=sent)
            if delay is None:
                desk.gateway = Nothing()
            else:
                _slow_down(provider, delay)
            print(f"  {name:>8}  {drain(desk):8.0f} texts/s", flush=True)
            desk.dispose()


def _slow_down(provider: str, seconds: float) -> None:
    body = json.dumps({"clear": True, "always": {"kind": "ok", "seconds": seconds}}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{provider}/_faults", data=body), timeout=10).close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=5000)
    parser.add_argument("--sent", type=int, default=0, help="old rows beside")
    parser.add_argument("--only", choices=("sqlite", "postgres"))
    told = parser.parse_args()
    print(machine())
    with folder() as path:
        if told.only != "postgres":
            print("SQLite")
            here = folder_of(path, "sqlite")
            cases(f"sqlite:///{here / 'drain.db'}", here, texts=told.texts, sent=told.sent)
        if told.only != "sqlite":
            with postgres(path) as url:
                print("PostgreSQL")
                cases(url, folder_of(path, "data"), texts=told.texts, sent=told.sent)


if __name__ == "__main__":
    main()
