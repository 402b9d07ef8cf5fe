"""Who nobody has, and why. Each reason is a small set of tickets, found through an index of its own, and said once: the
board, its count, the filter of the ticket list and the words beside a row all read it here."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, literal_column, select, union_all
from sqlalchemy.orm import aliased

from recovery.domain.actors import Actor
from recovery.domain.callbacks import LIVE as LIVE_CALLBACKS
from recovery.domain.callbacks import CallbackStatus, CallReason
from recovery.domain.tasks import OPEN as OPEN_TASKS
from recovery.domain.tickets import WITHOUT_PROMISE
from recovery.domain.waits import LIVE as LIVE_WAITS
from recovery.domain.waits import WaitStatus
from recovery.models import Approval, Callback, Promise, Task, Ticket, Wait
from recovery.services.access import tickets_visible_to
from recovery.services.calling.call_tasks import GIVEN_UP
from recovery.services.cursors import ONE_PAGE, Page, Place, after, page_of, read
from recovery.services.session import DeskSession
from recovery.services.ticketing.reading_tickets import read_tickets, select_tickets
from recovery.services.ticketing.rows import Undetected, UndetectedRow
from recovery.services.ticketing.ticket_statements import at_site, is_live, literally

COUNTED_UP_TO = 100
"""Past that a badge says 99+, and counting on would cost more than it tells."""
LEFT_ALONE = (CallReason.UNDELIVERED, CallReason.NO_PHONE)
"""Calls that are there because our text did not reach anybody. Other calls stand on the desk, and here once missed."""

_another = aliased(Callback)
_is_live_call = literally(Callback.status, LIVE_CALLBACKS)
SETS: Mapping[Undetected, Select[int]] = {
    Undetected.UNREAD_REPLY: select(Ticket.id).where(Ticket.unread > literal_column("0")),
    Undetected.NO_OWNER: select(Ticket.id).where(is_live(), Ticket.owner_id.is_(None)),
    Undetected.NO_PROMISE: select(Ticket.id).where(
        is_live(), Ticket.promise_due_at.is_(None), Ticket.source.not_in(WITHOUT_PROMISE)
    ),
    Undetected.UNDELIVERED_TEXT: select(Callback.ticket_id).where(_is_live_call, Callback.reason.in_(LEFT_ALONE)),
    Undetected.MISSED_CALLBACK: select(Callback.ticket_id).where(
        _is_live_call, Callback.status == CallbackStatus.MISSED
    ),
    Undetected.UNREACHED: GIVEN_UP.where(
        exists().where(Ticket.id == Callback.ticket_id, is_live()),
        ~exists().where(_another.ticket_id == Callback.ticket_id, literally(_another.status, LIVE_CALLBACKS)),
    ),
    Undetected.UNANSWERED_APPROVAL: select(Approval.ticket_id).where(
        Approval.answered_at.is_(None), Approval.nobody_left_at.is_not(None)
    ),
    # after the last renewal by the machine, where the call that it asked for was taken off the list
    Undetected.BROKEN_PROMISE: select(Promise.ticket_id).where(
        Promise.ended_at.is_(None),
        Promise.lapsed_at.is_not(None),
        ~exists().where(_another.ticket_id == Promise.ticket_id, literally(_another.status, LIVE_CALLBACKS)),
        ~exists().where(
            Approval.ticket_id == Promise.ticket_id, Approval.answered_at.is_(None), Approval.nobody_left_at.is_(None)
        ),
    ),
    Undetected.LATE_TASK: select(Task.ticket_id).where(literally(Task.status, OPEN_TASKS), Task.late_at.is_not(None)),
    Undetected.LEFT_WAITING: select(Wait.ticket_id).where(
        literally(Wait.status, LIVE_WAITS),
        Wait.status == WaitStatus.WAITING,
        exists().where(Ticket.id == Wait.ticket_id, Ticket.lapses > literal_column("0")),
    ),
}


def undetected(
    session: DeskSession, *, by: Actor, site: str | None = None, limit: int = ONE_PAGE, cursor: str | None = None
) -> Page[UndetectedRow]:
    """Longest first, with why each stands there. Raises Invalid for a cursor that is none."""
    query = select_tickets().where(tickets_visible_to(by), is_undetected(), *at_site(site))
    if place := read(cursor):
        query = query.where(after(Ticket.logged_at, Ticket.id, place))
    rows = read_tickets(session, query.order_by(Ticket.logged_at, Ticket.id).limit(limit + 1))
    reasons = reasons_of(session, [row.id for row in rows])
    found = [UndetectedRow(row, reasons[row.id]) for row in rows]
    return page_of(found, limit, lambda each: Place(each.ticket.logged_at, each.ticket.id))


def count_undetected(session: DeskSession, *, by: Actor) -> int:
    few = select(Ticket.id).where(tickets_visible_to(by), is_undetected()).limit(COUNTED_UP_TO).subquery()
    return session.scalar(select(func.count()).select_from(few)) or 0


def is_undetected() -> ColumnElement[bool]:
    """The sets side by side: as one OR they would read every ticket."""
    return Ticket.id.in_(union_all(*SETS.values()))


def reasons_of(session: DeskSession, ticket_ids: Sequence[int]) -> dict[int, tuple[Undetected, ...]]:
    """In the order of `SETS`, so that the first has the act that is offered."""
    found: dict[int, set[str]] = defaultdict(set)
    if ticket_ids:
        for reason, ticket_id in session.execute(REASONS, {"ids": ticket_ids}):
            found[ticket_id].add(reason)
    return {ticket_id: tuple(reason for reason in SETS if reason in found[ticket_id]) for ticket_id in ticket_ids}


def _said(reason: Undetected, members: Select[int]) -> Select[str, int]:
    (ticket_id,) = members.selected_columns
    return members.with_only_columns(literal_column(f"'{reason.value}'"), ticket_id).where(
        ticket_id.in_(bindparam("ids", expanding=True))
    )


REASONS = union_all(*(_said(reason, members) for reason, members in SETS.items()))
