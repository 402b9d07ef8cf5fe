"""Fills a database with many tickets by bulk insert: what the lists, the board and the reports are measured on.

    python -m bench.seeder sqlite:////tmp/many.db --tickets 1000000

Every row satisfies the constraints, every ticket has its first event with a true hash, and the newest `--live` tickets
are live with a promise each. Nothing here is a person: names are numbers, telephone numbers are from ranges kept for
fiction.
"""

import argparse
import random
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, insert

from recovery.domain.event_chain import GENESIS, ChainFields, chain_hash, key_id
from recovery.domain.events import VERSION, Tag, canonical
from recovery.domain.permissions import Role
from recovery.domain.tickets import FAILURES, REFERENCE_ALPHABET, REFERENCE_LETTERS
from recovery.models import Base

Row = TypeVar("Row")

SITES = 5
STAFF_PER_SITE = 4
TICKETS_PER_CUSTOMER = 20
BATCH = 5_000
SPAN = timedelta(days=730)
LIVE_SPAN = timedelta(hours=8)
AUDIT_KEY = b"bench-bench-bench-bench-bench-bench-bench"
SEED = 20_240_101
FIRST = {
    "sites": 10,
    "staff": 1_000,
    "contacts": 10**9,
    "customers": 2 * 10**9,
    "tickets": 10**12,
    "promises": 3 * 10**12,
}


def reference(number: int) -> str:
    """As tickets are called: in the letters of references, or none would be found by it."""
    letters = ""
    for _ in range(REFERENCE_LETTERS):
        number, place = divmod(number, len(REFERENCE_ALPHABET))
        letters = REFERENCE_ALPHABET[place] + letters
    return f"RD-{letters}"


def seed(engine: Engine, tickets: int, *, live: int, now: datetime, audit_key: bytes = AUDIT_KEY) -> None:
    """Into empty tables."""
    with engine.begin() as connection:
        _people(connection, tickets, now)
    for name, rows in _streams(tickets, live, now, audit_key):
        table = Base.metadata.tables[name]
        for number, batch in enumerate(_in_batches(rows, BATCH)):
            with engine.begin() as connection:
                _write(connection, table, batch)
            print(f"\r{name:>14} {(number + 1) * BATCH:>10,}", end="", file=sys.stderr)
        print(file=sys.stderr)
    if engine.dialect.name == "postgresql":  # which does it by itself; nobody does it on SQLite
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _people(connection: Connection, tickets: int, now: datetime) -> None:
    tables = Base.metadata.tables
    long_ago = now - SPAN
    for number in range(SITES):
        connection.execute(
            insert(tables["sites"]).values(
                id=FIRST["sites"] + number,
                slug=f"site-{number}",
                name=f"Site {number}",
                timezone="Europe/London",
                currency="GBP",
                country="GB",
                hours="",
                added_at=long_ago,
                is_demo=False,
            ),
        )
    staff, places = [], []
    for number in range(SITES * STAFF_PER_SITE):
        role = Role.ADMIN if number == 0 else Role.SUPERVISOR if number % STAFF_PER_SITE == 1 else Role.FRONTLINE
        staff.append(
            {
                "id": FIRST["staff"] + number,
                "email": f"person-{number}@bench.example",
                "name": f"Person {number}",
                "role": role,
                "added_at": long_ago,
                "is_demo": False,
                "event_seq": 0,
                "event_head": "",
            },
        )
        places.append({"staff_id": FIRST["staff"] + number, "site_id": FIRST["sites"] + number // STAFF_PER_SITE})
    connection.execute(insert(tables["staff"]), staff)
    connection.execute(insert(tables["staff_sites"]), places)
    for batch in _in_batches(range(_customers(tickets)), BATCH):
        connection.execute(
            insert(tables["contacts"]),
            [{"id": FIRST["contacts"] + n, "phone": f"+1{2_000_000_000 + n}", "added_at": long_ago} for n in batch],
        )
        connection.execute(
            insert(tables["customers"]),
            [
                {
                    "id": FIRST["customers"] + n,
                    "site_id": FIRST["sites"] + n % SITES,
                    "contact_id": FIRST["contacts"] + n,
                    "name": f"Customer {n}",
                    "language": "en",
                    "added_at": long_ago,
                    "is_demo": False,
                }
                for n in batch
            ],
        )


def _streams(
    tickets: int, live: int, now: datetime, audit_key: bytes
) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    key = key_id(audit_key)

    def rows() -> Iterator[dict[str, Any]]:
        chance = random.Random(SEED)  # the same rows every time is the point
        return (_ticket(number, tickets, live, now, chance) for number in range(tickets))

    yield "events", (_event(row, audit_key, key) for row in rows())
    yield "tickets", ({**row, "event_head": _event(row, audit_key, key)["hash"]} for row in rows())
    yield "promises", (_promise(row) for row in rows() if row["promise_due_at"] is not None)
    yield "ticket_clocks", (_clock(row) for row in rows())


def _ticket(number: int, tickets: int, live: int, now: datetime, chance: random.Random) -> dict[str, Any]:
    is_live = number >= tickets - live
    newest, span = (now, LIVE_SPAN) if is_live else (now - LIVE_SPAN, SPAN)
    share = (tickets - number) / live if is_live else (tickets - live - number) / max(tickets - live, 1)
    logged_at = newest - span * share
    customer = chance.randrange(_customers(tickets))
    site = customer % SITES
    owner = FIRST["staff"] + site * STAFF_PER_SITE + chance.randrange(STAFF_PER_SITE)
    failure = chance.choices(list(FAILURES.values()), weights=(30, 18, 20, 10, 8, 6, 2, 1, 3, 2))[0]
    resolved_at = None if is_live else logged_at + timedelta(seconds=min(86_400, int(chance.lognormvariate(6.5, 1.0))))
    status = chance.choice(("open", "in_recovery")) if is_live else "closed"
    return {
        "id": FIRST["tickets"] + number,
        "reference": reference(number),
        "site_id": FIRST["sites"] + site,
        "customer_id": FIRST["customers"] + customer,
        "failure": failure.code,
        "severity": failure.severity,
        "source": "counter",
        "status": status,
        "level": 1,
        "is_sensitive": failure.sensitive,
        "salt": "0" * 32,
        "owner_id": owner,
        "logged_by_id": owner,
        "logged_at": logged_at,
        "happened_at": logged_at,
        "apologised_in_person": True,
        "first_response_at": logged_at,
        "promise_due_at": logged_at + timedelta(minutes=chance.randrange(5, 600)) if is_live else None,
        "resolved_at": resolved_at,
        "resolved_by_id": None if is_live else owner,
        "closed_at": None if resolved_at is None else resolved_at + timedelta(days=1),
        "link_generation": 0,
        "unread": 0,
        "lapses": 0,
        "version": 1,
        "is_demo": False,
        "event_seq": 1,
    }


def _event(row: dict[str, Any], audit_key: bytes, key: str) -> dict[str, Any]:
    payload = canonical(Tag.TICKET_LOGGED, {"reference": row["reference"], "failure": row["failure"]})
    fields = ChainFields(
        stream_id=row["id"],
        seq=1,
        tag=Tag.TICKET_LOGGED.value,
        tag_version=VERSION,
        at=row["logged_at"],
        actor_kind="staff",
        actor_id=row["owner_id"],
        site_id=row["site_id"],
        payload=payload,
        key_id=key,
        previous=GENESIS,
    )
    named = {name: getattr(fields, name) for name in ChainFields.__slots__}
    return {**named, "hash": chain_hash(audit_key, fields)}


def _promise(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": FIRST["promises"] + row["id"],
        "ticket_id": row["id"],
        "number": 1,
        "due_at": row["promise_due_at"],
        "warn_at": row["promise_due_at"],
        "about": "touch",
        "told_by": "text",
        "made_at": row["logged_at"],
        "made_by_id": row["owner_id"],
        "renewal": 0,
        "warned_at": row["promise_due_at"],
        "lapsed_at": row["promise_due_at"],
    }


def _clock(row: dict[str, Any]) -> dict[str, Any]:
    logged, resolved = row["logged_at"], row["resolved_at"]
    taken = None if resolved is None else int((resolved - logged).total_seconds())
    return {
        "ticket_id": row["id"],
        "site_id": row["site_id"],
        "failure": row["failure"],
        "severity": str(row["severity"]),
        "staff_id": row["owner_id"],
        "logged_at": logged,
        "local_day": f"{logged:%Y-%m-%d}",
        "hour_of_week": logged.weekday() * 24 + logged.hour,
        "first_response": 0,
        "resolved": taken,
        "customer_wait": taken,
        "promises_kept": 1,
        "promises_broken": 0,
    }


def _write(connection: Connection, table: Table, rows: tuple[dict[str, Any], ...]) -> None:
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
    else:
        if table.name == "tickets":
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        connection.execute(insert(table), list(rows))


def _copy(connection: Connection, table: Table, rows: tuple[dict[str, Any], ...]) -> None:
    columns = list(rows[0])
    cursor = connection.connection.cursor()
    with cursor.copy(f"COPY {table.name} ({', '.join(columns)}) FROM STDIN") as copying:
        for row in rows:
            copying.write_row([row[column] for column in columns])


def _in_batches(rows: Iterable[Row], size: int) -> Iterator[tuple[Row, ...]]:
    remaining = iter(rows)
    while batch := tuple(islice(remaining, size)):
        yield batch


def _customers(tickets: int) -> int:
    return max(10, tickets // TICKETS_PER_CUSTOMER)


def main() -> int:
    from bench.ground import engine_of  # noqa: PLC0415  # the ground imports this module

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="an empty, migrated database")
    parser.add_argument("--tickets", type=int, default=10_000)
    parser.add_argument("--live", type=int, default=1_000)
    arguments = parser.parse_args()
    seed(engine_of(arguments.url), arguments.tickets, live=arguments.live, now=datetime.now(UTC))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
