"""The rows of waits: found, and ended or put back with their ticket."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from recovery.domain.actors import MACHINE, Actor
from recovery.domain.events import Tag
from recovery.domain.tickets import Source
from recovery.domain.waits import LIVE, WaitStatus, move
from recovery.models import Ticket, Wait
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession
from recovery.services.timing.promises import promise_next


def wait_of(session: DeskSession, ticket: Ticket) -> Wait | None:
    """The ticket's, however it stands. Only a greeter's has one."""
    if ticket.source is not Source.GREETER:
        return None
    return session.scalar(select(Wait).where(Wait.ticket_id == ticket.id))


def live_wait_of(session: DeskSession, ticket: Ticket) -> Wait | None:
    wait = wait_of(session, ticket)
    return wait if wait is not None and wait.status in LIVE else None


def set_status(wait: Wait, to: WaitStatus, *, due_at: datetime | None, **values: Any) -> None:
    """`due_at`: when the machine goes on with it. Texts about how it stood before are not sent any more."""
    wait.status, wait.due_at = move(wait.status, to), due_at
    wait.changes += 1
    for name, value in values.items():
        setattr(wait, name, value)


def end_wait(session: DeskSession, ticket: Ticket, *, why: str, now: datetime) -> None:
    """With the ticket: who resolved it has helped them."""
    wait = live_wait_of(session, ticket)
    if wait is None:
        return
    if ticket.resolved_by_id is not None:
        set_status(wait, WaitStatus.HELPED, due_at=None, ended_at=now, helped_by_id=ticket.resolved_by_id)
        record(session, ticket, Tag.WAIT_HELPED, by=MACHINE, at=now, wait=wait.id)
    else:
        set_status(wait, WaitStatus.GONE, due_at=None, ended_at=now)
        record(session, ticket, Tag.WAIT_LEFT, by=MACHINE, at=now, wait=wait.id, why=why)


def put_back_wait(session: DeskSession, ticket: Ticket, *, ended_at: datetime, now: datetime, by: Actor) -> None:
    """What an undone resolution had ended: in line again, in the same place and with the promise of before. Whose turn it
    was is called still."""
    wait = wait_of(session, ticket)
    if wait is None or wait.ended_at != ended_at:
        return
    set_status(wait, WaitStatus.WAITING, due_at=None, ended_at=None, helped_by_id=None)
    if wait.called_at is not None and wait.called_at < ended_at:
        set_status(wait, WaitStatus.CALLED, due_at=now + session.house.policy.waiting.grace)
    else:
        wait.called_at = wait.called_by_id = None
    record(session, ticket, Tag.WAIT_PUT_BACK, by=by, at=now, wait=wait.id)
    promise_next(session, ticket, now=now, by=by)
