"""Lists, the ticket and the board at 10,000 and at 1,000,000 tickets, through HTTP, on both databases.

    python -m bench.lists [--many 1000000] [--only postgres]

What must hold: p99 at many ≤ 1.3 × that at few; a far page ≤ 2 × the first; the board's query ≤ 5 ms in the database.
"""

import argparse
import json
import time
import urllib.request
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median

from sqlalchemy import Engine, func, select

from bench.ground import (
    KEYS,
    Load,
    Request,
    engine_of,
    environment,
    folder,
    load,
    machine,
    migrate,
    postgres,
    token_for,
    web,
)
from bench.seeder import FIRST, reference, seed
from recovery.models import Ticket
from recovery.services.ticketing.ticket_statements import is_live, mostly

FEW = 10_000
CLIENTS = 2
LIVE_OF_MANY = 10_000
ADMIN = "person-0@bench.example"


def get(token: str, path: str, client: int, index: int) -> Request:
    del client, index
    return "GET", path, {"Authorization": f"Bearer {token}"}, None


def pages(tickets: int) -> dict[str, str]:
    lately = f"{datetime.now(UTC) - timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}"
    return {
        "newest first": "/api/v1/tickets?limit=25",
        "one site": "/api/v1/tickets?limit=25&site=site-2",
        "site and status": "/api/v1/tickets?limit=25&site=site-2&status=closed",
        "failure": "/api/v1/tickets?limit=25&failure=rude",
        "owner": f"/api/v1/tickets?limit=25&owner={FIRST['staff'] + 6}",
        "span": f"/api/v1/tickets?limit=25&logged_from={lately}",
        "one ticket": f"/api/v1/tickets/{reference(tickets // 2)}",
        "board": "/api/v1/board?limit=50",
    }


def measure(url: str, path: Path, tickets: int, each: int) -> dict[str, Load]:
    migrate(url, path)
    engine = engine_of(url)
    seed(
        engine,
        tickets,
        live=min(tickets // 10, LIVE_OF_MANY),
        now=datetime.now(UTC),
        audit_key=KEYS["AUDIT_KEY"].encode(),
    )
    print(f"  board's count in the database: {board_count(engine):.2f} ms")
    engine.dispose()
    results = {}
    with web("wsgi:app", workers=2, threads=2, env=environment(url, path)) as (port, master):
        addresses = {**pages(tickets), "a far page": far_page(port, token_for(url, path, ADMIN))}
        for name, address in addresses.items():
            token = token_for(url, path, ADMIN)  # of its own, or the last ones would be slowed down as a loop
            results[name] = load(port, partial(get, token, address), clients=CLIENTS, each=each, master=master)
            print(f"  {name:>16}  {results[name]}", flush=True)
    return results


def board_count(engine: Engine, repeats: int = 50) -> float:
    """Milliseconds, the median."""
    late = func.count().filter(Ticket.promise_due_at <= datetime.now(UTC))  # as the desk counts
    query = select(func.count(), late).where(mostly(is_live()), Ticket.promise_due_at.is_not(None))
    taken = []
    with engine.connect() as connection:
        for _ in range(repeats):
            began = time.perf_counter()
            connection.execute(query).all()
            taken.append(time.perf_counter() - began)
    return median(taken) * 1000


def far_page(port: int, token: str, pages_ahead: int = 40) -> str:
    """Follows the cursors: 200 a page, then the bench asks for a page of 25 there."""
    cursor = ""
    for _ in range(pages_ahead):
        address = f"http://127.0.0.1:{port}/api/v1/tickets?limit=200{cursor and '&cursor=' + cursor}"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request) as answer:
            cursor = json.load(answer)["next_cursor"]
    return f"/api/v1/tickets?limit=25&cursor={cursor}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--each", type=int, default=150)
    parser.add_argument("--only", choices=("sqlite", "postgres"))
    arguments = parser.parse_args()
    print(machine())
    for database in ("sqlite", "postgres"):
        if arguments.only in {None, database}:
            compare(database, arguments.many, arguments.each)
    return 0


def compare(database: str, many: int, each: int) -> None:
    by_size = {}
    for tickets in (FEW, many):
        print(f"{database}, {tickets:,} tickets")
        with ExitStack() as stack:
            path = stack.enter_context(folder())
            url = stack.enter_context(postgres(path)) if database == "postgres" else f"sqlite:///{path}/bench.db"
            by_size[tickets] = measure(url, path, tickets, each)
    for name, few in by_size[FEW].items():
        print(f"  {name:>16}  p99 many / few {by_size[many][name].p99 / few.p99:.2f}")


if __name__ == "__main__":
    raise SystemExit(main())
