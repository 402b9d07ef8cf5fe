"""Which rows are due, and what is done with one. Every query is written so that its partial index serves it.

Statuses stand literally in the SQL: neither database uses a partial index for a value that it is told only at the end.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, inspect, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from recovery.domain.callbacks import CallbackStatus
from recovery.domain.tasks import OPEN as OPEN_TASKS
from recovery.domain.tickets import PromiseAbout, TicketStatus
from recovery.domain.waits import LIVE as LIVE_WAITS
from recovery.domain.waits import WaitStatus
from recovery.models import Approval, Callback, Climb, Promise, Task, Ticket, Wait
from recovery.services.alerting import ladders
from recovery.services.backstage import late_tasks
from recovery.services.calling import falling_due
from recovery.services.deciding import approvals
from recovery.services.session import DeskSession
from recovery.services.telephony.call_lines import is_on_the_phone
from recovery.services.ticketing import customer_page, tickets
from recovery.services.ticketing.ticket_statements import literally
from recovery.services.timing import lapses
from recovery.services.waiting import turns


def promises_to_lapse(_: DeskSession, now: datetime) -> Select[int, int]:
    return _due_by(Promise.due_at, now).where(Promise.ended_at.is_(None), Promise.lapsed_at.is_(None))


def lapse(session: DeskSession, ticket: Ticket, promise_id: int, now: datetime) -> bool:
    promise = session.get(Promise, promise_id)
    if promise is None or promise.ended_at or promise.lapsed_at or promise.due_at > now:
        return False
    if promise.about is PromiseAbout.CALLBACK and is_on_the_phone(session, ticket.id):
        return False
    lapses.lapse(session, ticket, promise, now=now)
    return True


def promises_to_warn(_: DeskSession, now: datetime) -> Select[int, int]:
    return _due_by(Promise.warn_at, now).where(
        Promise.ended_at.is_(None), Promise.warned_at.is_(None), Promise.due_at > now
    )


def warn(session: DeskSession, ticket: Ticket, promise_id: int, now: datetime) -> bool:
    promise = session.get(Promise, promise_id)
    if promise is None or promise.ended_at or promise.warned_at or not promise.warn_at <= now < promise.due_at:
        return False
    lapses.warn(session, ticket, promise, now=now)
    return True


def callbacks_come_due(_: DeskSession, now: datetime) -> Select[int, int]:
    return _due_by(Callback.due_at, now).where(_stands(Callback.status, CallbackStatus.BOOKED))


def come_due(session: DeskSession, ticket: Ticket, callback_id: int, now: datetime) -> bool:
    callback = session.get(Callback, callback_id)
    if callback is None or callback.status is not CallbackStatus.BOOKED or callback.due_at > now:
        return False
    falling_due.come_due(session, ticket, callback, now=now)
    return True


def callbacks_to_remind(_: DeskSession, now: datetime) -> Select[int, int]:
    return _due_by(Callback.remind_at, now).where(
        _stands(Callback.status, CallbackStatus.BOOKED), Callback.due_at > now, Callback.reminded_at.is_(None)
    )


def remind(session: DeskSession, ticket: Ticket, callback_id: int, now: datetime) -> bool:
    callback = session.get(Callback, callback_id)
    if callback is None or callback.status is not CallbackStatus.BOOKED or callback.reminded_at:
        return False
    if callback.remind_at is None or not callback.remind_at <= now < callback.due_at:
        return False
    falling_due.remind(session, ticket, callback, now=now)
    return True


def callbacks_missed(_: DeskSession, now: datetime) -> Select[int, int]:
    return _due_by(Callback.miss_at, now).where(_stands(Callback.status, CallbackStatus.DUE))


def miss(session: DeskSession, ticket: Ticket, callback_id: int, now: datetime) -> bool:
    callback = session.get(Callback, callback_id)
    if callback is None or callback.status is not CallbackStatus.DUE or callback.miss_at > now:
        return False
    if is_on_the_phone(session, ticket.id):
        return False
    falling_due.miss(session, ticket, callback, now=now)
    return True


def approvals_overdue(_: DeskSession, now: datetime) -> Select[int, int]:
    return _due_by(Approval.deadline_at, now).where(Approval.answered_at.is_(None), Approval.nobody_left_at.is_(None))


def pass_on(session: DeskSession, ticket: Ticket, remedy_id: int, now: datetime) -> bool:
    approval = session.get(Approval, remedy_id)
    if approval is None or approval.answered_at or approval.nobody_left_at or approval.deadline_at > now:
        return False
    approvals.pass_on(session, ticket, approval, now=now)
    return True


def calls_unchosen(session: DeskSession, now: datetime) -> Select[int, int]:
    return (
        select(Ticket.id, Ticket.id)
        .where(Ticket.call_wanted_at <= now - session.house.policy.unchosen_after)
        .order_by(Ticket.call_wanted_at)
    )


def call_all_the_same(session: DeskSession, ticket: Ticket, _: int, now: datetime) -> bool:
    long_ago = now - session.house.policy.unchosen_after
    if ticket.call_wanted_at is None or ticket.call_wanted_at > long_ago:
        return False
    customer_page.call_all_the_same(session, ticket, now=now)
    return True


def tasks_to_be_late(_: DeskSession, now: datetime) -> Select[int, int]:
    return _due_by(Task.due_at, now).where(literally(Task.status, OPEN_TASKS), Task.late_at.is_(None))


def be_late(session: DeskSession, ticket: Ticket, task_id: int, now: datetime) -> bool:
    task = session.get(Task, task_id)
    if task is None or task.status not in OPEN_TASKS or task.late_at or task.due_at > now:
        return False
    late_tasks.be_late(session, ticket, task, now=now)
    return True


def waits_to_go_on(_: DeskSession, now: datetime) -> Select[int, int]:
    """Not those in line whose promise is broken, theirs or one that somebody made by hand: what they are told is the
    promise's to say."""
    broken = exists().where(Ticket.id == Wait.ticket_id, Ticket.lapses > 0)
    stands = or_(Wait.status != WaitStatus.WAITING, and_(Wait.promised_by > now, ~broken))
    return _due_by(Wait.due_at, now).where(literally(Wait.status, LIVE_WAITS), stands)


def go_on(session: DeskSession, ticket: Ticket, wait_id: int, now: datetime) -> bool:
    wait = session.get(Wait, wait_id)
    return wait is not None and turns.go_on(session, ticket, wait, now=now)


def clocks_to_look_at(_: DeskSession, now: datetime) -> Select[int, int]:
    return _due_by(Climb.look_at, now)


def look_at_clocks(session: DeskSession, ticket: Ticket, _: int, now: datetime) -> bool:
    climb = session.get(Climb, ticket.id)
    if climb is None or climb.look_at > now:
        return False
    ladders.look(session, ticket, climb, now=now)
    return True


def resolved_to_close(session: DeskSession, now: datetime) -> Select[int, int]:
    return (
        select(Ticket.id, Ticket.id)
        .where(
            _stands(Ticket.status, TicketStatus.RESOLVED),
            Ticket.resolved_at <= now - session.house.policy.close_after,
        )
        .order_by(Ticket.resolved_at)
    )


def close(session: DeskSession, ticket: Ticket, _: int, now: datetime) -> bool:
    old_enough = now - session.house.policy.close_after
    if ticket.status is not TicketStatus.RESOLVED or ticket.resolved_at is None or ticket.resolved_at > old_enough:
        return False
    tickets.close_quietly(session, ticket, now=now)
    return True


def _due_by(moment: InstrumentedAttribute[Any], now: datetime) -> Select[int, int]:
    """(ticket id, row id) of the rows of the moment's own table, the longest overdue first."""
    row = cast("type[Any]", moment.class_)
    return select(row.ticket_id, identity_of(row)).where(moment <= now).order_by(moment)


def identity_of(kind: type[Any]) -> InstrumentedAttribute[int]:
    return getattr(kind, inspect(kind).primary_key[0].key)  # type: ignore[no-any-return]


def _stands(column: InstrumentedAttribute[Any], status: StrEnum) -> ColumnElement[bool]:
    return column == bindparam(None, status, type_=column.type, literal_execute=True)
