"""What watching costs: screens that poll a board on which nothing happens, and reports over everything that ever was.

    python -m bench.seeing [--many 1000000] [--only postgres] [--keep FOLDER]

What must hold: 50 boards that poll every 5 s ≤ 10 % of a core, which is 10 ms of CPU a poll; p50, p90 and p95 by site and
failure over a million tickets ≤ 0.5 s, ≤ 1.5 s after 5 % of them changed; the report of 100,000 over HTTP ≤ 150 ms.
"""

import argparse
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from http.cookiejar import CookieJar
from pathlib import Path
from statistics import median

from sqlalchemy import Engine, select, update

from bench.ground import (
    KEYS,
    Request,
    engine_of,
    environment,
    folder,
    load,
    machine,
    migrate,
    postgres,
    settings_of,
    token_for,
    web,
)
from bench.lists import ADMIN, LIVE_OF_MANY, get
from bench.seeder import seed
from recovery.bootstrap import Components, build
from recovery.models import Staff, TicketClock
from recovery.services.people.sign_in import hash_password
from recovery.services.reporting.report_places import slowest_places
from recovery.services.reporting.reports import recovery_times

OVER_HTTP = 100_000
PASSWORD = "only for the bench"
REPORT = "/api/v1/reports/recovery-times?group_by=failure"
COUNTER = "person-2@bench.example"
BOARDS = {
    "the desk's board": (ADMIN, "/board/rows"),
    "the wall's": (ADMIN, "/board/rows?wall=1"),
    "the desk": (ADMIN, "/desk/lanes"),
    "the counter's": (COUNTER, "/desk/lanes"),
}
"""Who looks at what: whoever sees every site, and somebody who works at one of them."""
REPEATS = 5


def boards(port: int, master: int) -> None:
    cookies = {email: _signed_in(port, email) for email in (ADMIN, COUNTER)}
    for name, (email, address) in BOARDS.items():
        cookie = cookies[email]
        etag = _etag_of(port, address, cookie)
        asked = partial(_unchanged, address, {"Cookie": cookie, "If-None-Match": etag})
        result = load(port, asked, clients=2, each=100, master=master)
        anew = load(port, partial(_unchanged, address, {"Cookie": cookie}), clients=2, each=100, master=master)
        print(f"  {name:>16}, unchanged {result}", flush=True)
        print(f"  {'':>16}  in full  {anew}", flush=True)


def _unchanged(address: str, headers: dict[str, str], client: int, index: int) -> Request:
    del client, index
    return "GET", address, headers, None


def _signed_in(port: int, email: str) -> str:
    """The cookies of somebody who signed in with a password, as a browser would."""
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    address = f"http://127.0.0.1:{port}/sign-in"
    with browser.open(address) as page:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.read().decode())
    if found is None:
        raise SystemExit("the sign-in page has no form")
    fields = {"csrf_token": found[1], "email": email, "password": PASSWORD}
    browser.open(address, urllib.parse.urlencode(fields).encode()).close()
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def _etag_of(port: int, address: str, cookie: str) -> str:
    """Also proves that it is answered by 304: else a bench of pages would be taken for one of polls."""
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{address}", headers={"Cookie": cookie})
    with urllib.request.urlopen(asked) as answer:
        etag = str(answer.headers["ETag"])
    asked.add_header("If-None-Match", etag)
    try:
        urllib.request.urlopen(asked).close()
    except urllib.error.HTTPError as answered:
        if answered.code == 304:
            return etag
    raise SystemExit(f"{address} was not answered by a 304")


def reports(desk: Components, when: str) -> None:
    with desk.read() as session:
        ada = session.scalars(select(Staff).where(Staff.email == ADMIN)).one().as_actor()
    for name, read in {
        "by site and failure": lambda session: slowest_places(session, by=ada),
        "five clocks by failure": lambda session: recovery_times(session, by=ada, group_by="failure"),
    }.items():
        print(f"  {name:>24}, {when}: {_seconds(desk, read) * 1000:6.0f} ms", flush=True)


def _seconds(desk: Components, read: Callable[..., object]) -> float:
    taken = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        with desk.read() as session:
            read(session)
        taken.append(time.perf_counter() - began)
    return median(taken)


def _change_some(engine: Engine) -> None:
    """One in twenty, all over the table, and nobody tidies up after it."""
    with engine.begin() as connection:
        changed = update(TicketClock).where(TicketClock.ticket_id % 20 == 0, TicketClock.resolved.is_not(None))
        connection.execute(changed.values(resolved=TicketClock.resolved + 1))


def _ready(url: str, path: Path, tickets: int) -> Engine:
    migrate(url, path)
    engine = engine_of(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        is_kept = connection.execute(select(Staff.id).limit(1)).first() is not None
        if is_kept and engine.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE")  # as new again
    if not is_kept:
        live = min(tickets // 10, LIVE_OF_MANY)
        seed(engine, tickets, live=live, now=datetime.now(UTC), audit_key=KEYS["AUDIT_KEY"].encode())
    with engine.begin() as connection:
        connection.execute(
            update(Staff)
            .where(Staff.email.in_([ADMIN, COUNTER]))
            .values(password_hash=hash_password(PASSWORD, cheap=True))
        )
    return engine


def measure(url: str, path: Path, tickets: int, *, whole: bool) -> None:
    """Over HTTP, and where it is `whole` the boards, and the reports in the database."""
    engine = _ready(url, path, tickets)
    token = token_for(url, path, ADMIN)
    with web("wsgi:app", workers=2, threads=2, env=environment(url, path)) as (port, master):
        result = load(port, partial(get, token, REPORT), clients=1, each=10, master=master)
        print(f"  report over HTTP {result}", flush=True)
        if whole:
            boards(port, master)
    if whole:
        desk = build(settings_of(url, path))
        reports(desk, "as it is")
        _change_some(engine)
        reports(desk, "after 5 % changed")
        desk.dispose()
    engine.dispose()


def _kept(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for each in (path.parent, path):
        each.chmod(0o755)  # as `folder`
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--only", choices=("sqlite", "postgres"))
    parser.add_argument("--keep", type=Path, help="a folder: databases are made there once, and used again")
    asked = parser.parse_args()
    print(machine())
    for database in ("sqlite", "postgres"):
        if asked.only not in {None, database}:
            continue
        for tickets in (OVER_HTTP, asked.many):
            print(f"{database}, {tickets:,} tickets", flush=True)
            with ExitStack() as stack:
                path = _kept(asked.keep / f"{database}-{tickets}") if asked.keep else stack.enter_context(folder())
                url = stack.enter_context(postgres(path)) if database == "postgres" else f"sqlite:///{path}/bench.db"
                measure(url, path, tickets, whole=tickets == asked.many)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
