"""What somebody can no longer do is nobody's: when they leave, or stop working at a site, their live tickets and calls
are released and stand on the Undetected board, what they had in hand backstage waits again, and what waits for their answer
is asked of the next."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, union

from recovery.domain.actors import MACHINE, Actor
from recovery.domain.callbacks import LIVE as LIVE_CALLBACKS
from recovery.domain.events import Tag
from recovery.domain.tasks import TaskStatus
from recovery.domain.tasks import move as move_task
from recovery.domain.tickets import LIVE
from recovery.models import Approval, Callback, Staff, Task, Ticket
from recovery.services.deciding.approvals import may_answer, pass_on
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession


def hand_back(session: DeskSession, person: Staff, *, now: datetime, by: Actor) -> int:
    """Call it when the person's new role and sites are set. Gives how many tickets were released.

    All in the transaction of the change: nobody has more live tickets than they can look after. Locks the tickets by
    id, after the person's row. Only who gives them a ticket holds one and waits for that row: should that be one of these,
    the database ends one of the two, and the edge repeats it.
    """
    session.flush()
    released = 0
    for ticket in _locked_tickets(session, person):
        if not person.works_at(ticket.site_id):
            if ticket.owner_id == person.id and ticket.is_live:
                release(session, ticket, now=now, by=by)
                released += 1
            _release_calls(session, ticket, person, now=now, by=by)
            _release_tasks(session, ticket, person, now=now, by=by)
        _ask_the_next(session, ticket, person, now=now)
    return released


def release(session: DeskSession, ticket: Ticket, *, now: datetime, by: Actor = MACHINE) -> None:
    """From whoever owns it."""
    record(session, ticket, Tag.TICKET_CHANGED, by=by, at=now, field="owner", before=str(ticket.owner_id), after="")
    ticket.owner_id, ticket.owner = None, None


def _locked_tickets(session: DeskSession, person: Staff) -> Sequence[Ticket]:
    theirs = union(
        select(Ticket.id).where(Ticket.owner_id == person.id, Ticket.status.in_(LIVE)),
        select(Callback.ticket_id).where(Callback.staff_id == person.id, Callback.status.in_(LIVE_CALLBACKS)),
        select(Approval.ticket_id).where(*_asked_of(person)),
        select(Task.ticket_id).where(Task.taken_by_id == person.id, Task.status == TaskStatus.TAKEN),
    )
    return session.scalars(
        select(Ticket)
        .where(Ticket.id.in_(theirs))
        .order_by(Ticket.id)
        .with_for_update(of=Ticket)
        .execution_options(populate_existing=True),
    ).all()


def _release_calls(session: DeskSession, ticket: Ticket, person: Staff, *, now: datetime, by: Actor) -> None:
    calls = select(Callback).where(
        Callback.ticket_id == ticket.id, Callback.staff_id == person.id, Callback.status.in_(LIVE_CALLBACKS)
    )
    for call in session.scalars(calls.order_by(Callback.id)):
        call.staff_id = None
        record(session, ticket, Tag.CALLBACK_RELEASED, by=by, at=now, callback=call.id, staff=person.id)


def _release_tasks(session: DeskSession, ticket: Ticket, person: Staff, *, now: datetime, by: Actor) -> None:
    tasks = select(Task).where(
        Task.ticket_id == ticket.id, Task.taken_by_id == person.id, Task.status == TaskStatus.TAKEN
    )
    for task in session.scalars(tasks.order_by(Task.id)):
        task.status, task.taken_at, task.taken_by_id = move_task(task.status, TaskStatus.WAITING), None, None
        record(session, ticket, Tag.TASK_RELEASED, by=by, at=now, task=task.id, list=task.list.value, staff=person.id)


def _ask_the_next(session: DeskSession, ticket: Ticket, person: Staff, *, now: datetime) -> None:
    asked = select(Approval).where(Approval.ticket_id == ticket.id, *_asked_of(person))
    for approval in session.scalars(asked.order_by(Approval.remedy_id)).all():
        if not may_answer(session, ticket, approval, person):
            pass_on(session, ticket, approval, now=now)


def _asked_of(person: Staff) -> tuple[ColumnElement[bool], ...]:
    return (
        Approval.asked_of_id == person.id,
        Approval.answered_at.is_(None),
        Approval.nobody_left_at.is_(None),
    )
