"""Ten thousand reminders that fall due in one minute, and what a worker's idle look costs.

    python -m bench.reminders [--reminders 10000] [--only postgres]

What must hold: all reminders in the outbox within 5 s; an idle look with 100,000 future rows ≤ 2 × one with 100.
"""

import argparse
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import Engine, func, select, text

from bench.ground import KEYS, engine_of, folder, machine, migrate, postgres, settings_of
from bench.outbox_ground import AT_ONCE, fill
from bench.seeder import seed
from recovery.bootstrap import Components, build
from recovery.domain.actors import CUSTOMER
from recovery.domain.callbacks import CallReason
from recovery.domain.ids import new_id
from recovery.models import Base, Message, Ticket
from recovery.services.access import lock_ticket
from recovery.services.calling import booking
from recovery.services.calling.call_rows import add_call
from recovery.services.calling.callback_times import reminder_time
from recovery.services.session import DeskSession
from recovery.services.timing.due_work import TICKET_WORK, of_tickets

LOOKS = 50
FEW, MANY = 100, 100_000


def remind(desk: Components, reminders: int) -> tuple[float, float]:
    """Seconds from the first look of one worker to the last reminder in the outbox, and of those how many its own CPU."""
    fill(desk, waiting=reminders)
    due = _booked(desk)
    work = next(work for work in TICKET_WORK if work.name == "callbacks to remind")
    began, cpu = time.perf_counter(), time.process_time()
    handled = of_tickets(work.find, work.act)(desk, due - timedelta(minutes=1))
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    with desk.read() as session:
        queued = session.scalar(select(func.count()).where(Message.template == "callback_reminder"))
    if not handled == queued == reminders:
        raise SystemExit(f"{handled} handled, {queued} queued of {reminders}")
    return took, cpu


def _booked(desk: Components) -> datetime:
    now = desk.clock.now()
    due = (now + timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
    with desk.read() as session:
        tickets = list(session.scalars(select(Ticket.id)))
    for start in range(0, len(tickets), AT_ONCE):
        with desk.write() as session:
            for ticket_id in tickets[start : start + AT_ONCE]:
                _book(session, lock_ticket(session, ticket_id), due, now=now)
        print(f"\r  booked {start + AT_ONCE:>7,}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return due


def _book(session: DeskSession, ticket: Ticket, due: datetime, *, now: datetime) -> None:
    """As a customer's booking, but for the place: a time has few, and this wants ten thousand calls at one."""
    callback = add_call(
        session,
        ticket,
        callback_id=new_id(now),
        reason=CallReason.BOOKED,
        due_at=due,
        as_soon_as_possible=False,
        remind_at=reminder_time(session, ticket.site, due, now=now),
        now=now,
        by=CUSTOMER,
    )
    booking.promise_call(session, ticket, callback, by_text=True, now=now, by=CUSTOMER)


def idle_look(desk: Components, live: int) -> float:
    """Milliseconds, the median, of one round of all looks while nothing is due yet."""
    engine = engine_of(desk.settings.database_url)
    _empty(engine)
    now = datetime.now(UTC)
    seed(engine, live, live=live, now=now, audit_key=KEYS["AUDIT_KEY"].encode())
    engine.dispose()
    before_all = now - timedelta(days=2000)
    taken = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        with desk.read() as session:
            for work in TICKET_WORK:
                if session.execute(work.find(session, before_all)).all():
                    raise SystemExit(f"{work.name}: something was due")
        taken.append(time.perf_counter() - began)
    return median(taken) * 1000


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            names = ", ".join(table.name for table in Base.metadata.sorted_tables)
            connection.execute(text(f"TRUNCATE {names} CASCADE"))


def cases(url: str, path: Path, reminders: int) -> None:
    migrate(url, path)
    desk = build(settings_of(url, path))
    took, cpu = remind(desk, reminders)
    each = cpu / reminders * 1000
    print(f"  {reminders:,} reminders in the outbox after {took:.1f} s; {each:.2f} ms of CPU each", flush=True)
    desk.dispose()


def looks(url_of: dict[int, str], path: Path) -> None:
    times = {}
    for live, url in url_of.items():
        migrate(url, path)
        desk = build(settings_of(url, path))
        times[live] = idle_look(desk, live)
        desk.dispose()
    few, many = times[FEW], times[MANY]
    print(
        f"  an idle look: {few:.2f} ms with {FEW} future rows, {many:.2f} ms with {MANY:,}: {many / few:.2f}",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reminders", type=int, default=10_000)
    parser.add_argument("--only", choices=("sqlite", "postgres"))
    asked = parser.parse_args()
    print(machine())
    if asked.only != "postgres":
        with folder() as path:
            print("SQLite")
            cases(f"sqlite:///{path / 'reminders.db'}", path, asked.reminders)
            looks({live: f"sqlite:///{path / f'{live}.db'}" for live in (FEW, MANY)}, path)
    if asked.only != "sqlite":
        with folder() as path, postgres(path) as url:
            print("PostgreSQL")
            cases(url, path, asked.reminders)
            looks(dict.fromkeys((FEW, MANY), url), path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
