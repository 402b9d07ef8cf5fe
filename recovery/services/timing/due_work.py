"""What falls due by itself, in one table: each line finds its rows on the read engine, so that an idle tick writes
nothing, then handles what it found, a few rows in each transaction.

Any number of workers may run any line at once: what was found is only a hint, and each row is looked at again under
its ticket's lock.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Select, select
from sqlalchemy.exc import InterfaceError, OperationalError

from recovery.models import Ticket
from recovery.services.access import lock_ticket, lock_tickets
from recovery.services.proving import anchors, nightly
from recovery.services.running import sweeping
from recovery.services.running.ground import Ground, is_a_lock
from recovery.services.session import DeskSession
from recovery.services.texting.foreseen import handle_together
from recovery.services.timing import due_rows

log = structlog.get_logger(__name__)

TOGETHER = 50
"""Rows a transaction: what one costs beside its rows is shared, and nobody waits long for a ticket that it holds."""
AT_HAND = "at_hand"
"""In `session.info`: rows that a session forgets as soon as nobody else holds them."""

Find = Callable[[DeskSession, datetime], Select[int, int]]
"""Gives (ticket id, row id) of what looks due, the longest overdue first."""
Act = Callable[[DeskSession, Ticket, int, datetime], bool]
"""Does it, if it still is due. The ticket is locked; the id is the row's."""


@dataclass(frozen=True, slots=True)
class TicketWork:
    name: str
    every: float
    """Seconds."""
    find: Find
    act: Act


@dataclass(frozen=True, slots=True)
class DueWork:
    name: str
    every: float
    """Seconds."""
    run: Callable[[Ground, datetime], int]
    """Gives how many rows it handled. Raises OperationalError where the database is away."""


def of_tickets(find: Find, act: Act) -> Callable[[Ground, datetime], int]:
    def run(ground: Ground, now: datetime) -> int:
        with ground.read() as session:
            query = find(session, now)
            found = [(ticket_id, row_id) for ticket_id, row_id in session.execute(query)]
        kind = query.column_descriptions[1]["entity"]
        return sum(
            _handled_together(ground, kind, act, found[start : start + TOGETHER], now)
            for start in range(0, len(found), TOGETHER)
        )

    return run


def _handled_together(ground: Ground, kind: type[Any], act: Act, rows: Sequence[tuple[int, int]], now: datetime) -> int:
    """One row that cannot be handled undoes the others of its transaction: then each goes alone."""

    def work(session: DeskSession) -> int:
        tickets = lock_tickets(session, {ticket_id for ticket_id, _ in rows})
        _at_hand(session, kind, [row_id for _, row_id in rows])
        handle_together(session, tickets.values(), now=now)
        return [act(session, tickets[ticket_id], row_id, now) for ticket_id, row_id in rows].count(True)

    if len(rows) > 1:
        try:
            return ground.transact(work)
        except Exception as problem:
            if _is_the_databases(problem):
                raise
            log.warning("due_work:one_by_one", act=act.__name__, rows=len(rows), why=type(problem).__name__)
    return sum(_handled(ground, act, ticket_id, row_id, now) for ticket_id, row_id in rows)


def _at_hand(session: DeskSession, kind: type[Any], ids: Sequence[int]) -> None:
    """One question for all of them: what each act asks for by its id is then in the session."""
    session.info[AT_HAND] = session.scalars(select(kind).where(due_rows.identity_of(kind).in_(ids))).all()


def _handled(ground: Ground, act: Act, ticket_id: int, row_id: int, now: datetime) -> bool:
    """A row that cannot be handled is left for the next run, and holds up no other."""

    def work(session: DeskSession) -> bool:
        return act(session, lock_ticket(session, ticket_id), row_id, now)

    try:
        return ground.transact(work)
    except Exception as problem:
        if _is_the_databases(problem):
            raise
        log.exception("due_work:parked", act=act.__name__, ticket=ticket_id, row=row_id)
        return False


def _is_the_databases(problem: Exception) -> bool:
    return isinstance(problem, OperationalError | InterfaceError) and not is_a_lock(problem)


def swept(broom: sweeping.Broom) -> Callable[[Ground, datetime], int]:
    def run(ground: Ground, now: datetime) -> int:
        with ground.read() as session:
            if not broom.finds(session, now):
                return 0
        gone = 0
        while at_once := ground.transact(lambda session: broom.sweep(session, now)):
            gone += at_once
        return gone

    return run


MINUTE = 60.0
HOUR = 60 * MINUTE

TICKET_WORK: Sequence[TicketWork] = (
    # callbacks first: a call that comes due is not reminded of any more
    TicketWork("callbacks come due", 5, due_rows.callbacks_come_due, due_rows.come_due),
    TicketWork("callbacks missed", 5, due_rows.callbacks_missed, due_rows.miss),
    TicketWork("callbacks to remind", 5, due_rows.callbacks_to_remind, due_rows.remind),
    TicketWork("calls without a time", 15, due_rows.calls_unchosen, due_rows.call_all_the_same),
    # waits before lapses: who is put off or called is told of that, and not of a promise that went by meanwhile
    TicketWork("waits to go on", 2, due_rows.waits_to_go_on, due_rows.go_on),
    # lapses before warnings: what is too late to warn of is told as late
    TicketWork("promises to lapse", 2, due_rows.promises_to_lapse, due_rows.lapse),
    TicketWork("promises to warn", 5, due_rows.promises_to_warn, due_rows.warn),
    TicketWork("approvals overdue", 5, due_rows.approvals_overdue, due_rows.pass_on),
    TicketWork("tasks to be late", 5, due_rows.tasks_to_be_late, due_rows.be_late),
    # after the promises: whoever was alerted about one of them is not texted twice
    TicketWork("clocks to look at", 5, due_rows.clocks_to_look_at, due_rows.look_at_clocks),
    TicketWork("resolved to close", 5 * MINUTE, due_rows.resolved_to_close, due_rows.close),
)

DUE_WORK: Sequence[DueWork] = (
    *(DueWork(work.name, work.every, of_tickets(work.find, work.act)) for work in TICKET_WORK),
    DueWork("anchor", 5 * MINUTE, anchors.anchor),
    DueWork("nightly check", 3, nightly.check),
    DueWork("old idempotency keys", HOUR, swept(sweeping.IDEMPOTENCY_KEYS)),
    DueWork("ended sessions", HOUR, swept(sweeping.SESSIONS)),
    DueWork("ended sign-in links", HOUR, swept(sweeping.SIGN_IN_LINKS)),
)
