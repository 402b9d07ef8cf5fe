"""A task past its time stands on the Undetected board until it is done or not needed any more."""

from datetime import datetime

from recovery.domain.actors import MACHINE
from recovery.domain.events import Tag
from recovery.models import Task, Ticket
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession


def be_late(session: DeskSession, ticket: Ticket, task: Task, *, now: datetime) -> None:
    task.late_at = now
    record(session, ticket, Tag.TASK_LATE, by=MACHINE, at=now, task=task.id, list=task.list.value)
