"""The rows of waits: found, and ended or put back with their ticket."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from recovery.domain.actors import MACHINE, Actor
from recovery.domain.events import Tag
from recovery.domain.tickets import Source
from recovery.domain.waits import LIVE, OVER, WaitStatus, move
from recovery.models import Event, Ticket, Wait
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession

STOOD = {
    Tag.WAIT_BEGUN: WaitStatus.WAITING,
    Tag.WAIT_CALLED: WaitStatus.CALLED,
    Tag.WAIT_COMING: WaitStatus.COMING,
    Tag.WAIT_PUT_OFF: WaitStatus.LATER,
    Tag.WAIT_MISSED: WaitStatus.NO_SHOW,
    Tag.WAIT_RESUMED: WaitStatus.WAITING,
}
"""How a wait stands after each of its events, as long as it goes on."""
WAYS_BACK = {WaitStatus.NO_SHOW: (WaitStatus.WAITING, WaitStatus.CALLED, WaitStatus.NO_SHOW)}
"""As they came there; to all others it is one step from the line."""


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


def next_estimate_at(session: DeskSession, ticket: Ticket, wait: Wait) -> datetime | None:
    """None for who was told enough of them. To whom our promise is broken, nobody estimates any more."""
    told_enough = wait.estimates >= session.house.policy.waiting.estimates
    return None if told_enough or ticket.lapses else wait.estimate_at


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
    """What an undone resolution had ended stands as it stood, in the same place. Whose turn it was is called still, and
    who has ten minutes has the rest of them."""
    wait = wait_of(session, ticket)
    if wait is None or wait.status not in OVER or wait.ended_at != ended_at:
        return
    told = session.execute(_how_it_went(ticket)).all()
    status, due_at = _as_it_stood(session, ticket, wait, Tag(told[0].tag), told[0].at)
    wait.ended_at = wait.helped_by_id = None
    for step in WAYS_BACK.get(status, (WaitStatus.WAITING, status)):
        if step is not wait.status:
            set_status(wait, step, due_at=due_at)
    if wait.called_at == ended_at and all(each.tag != Tag.WAIT_CALLED for each in told):
        wait.called_at = wait.called_by_id = None
    record(session, ticket, Tag.WAIT_PUT_BACK, by=by, at=now, wait=wait.id)


def _how_it_went(ticket: Ticket) -> Select[str, datetime]:
    """The newest first."""
    return (
        select(Event.tag, Event.at)
        .where(Event.stream_id == ticket.id, Event.tag.in_([tag.value for tag in STOOD]))
        .order_by(Event.seq.desc())
    )


def _as_it_stood(
    session: DeskSession, ticket: Ticket, wait: Wait, tag: Tag, since: datetime
) -> tuple[WaitStatus, datetime | None]:
    """With the moment at which the machine goes on with it."""
    rules, status = session.house.policy.waiting, STOOD[tag]
    match status:
        case WaitStatus.WAITING:
            return status, next_estimate_at(session, ticket, wait)
        case WaitStatus.LATER:
            return status, since + rules.later
        case WaitStatus.NO_SHOW:
            return status, since + rules.kept
    return status, since + rules.grace
