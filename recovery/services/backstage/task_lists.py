"""Tasks to look at: the screen of a list, and what hangs on a ticket. Everybody at the site sees what is to be done; the
ticket behind it is told to those alone who may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from recovery.domain.actors import Actor
from recovery.domain.errors import NotFound
from recovery.domain.tasks import OPEN, TaskList, TaskStatus
from recovery.domain.tickets import TicketStatus
from recovery.models import Customer, Site, Staff, Task, Ticket
from recovery.services.access import at_sites_of, tickets_visible_to
from recovery.services.cursors import ONE_PAGE, Page, Place, after, page_of, read
from recovery.services.session import DeskSession
from recovery.services.ticketing.rows import Person, SiteBrief
from recovery.services.ticketing.ticket_statements import SITE, Query, at_site, literally, only_checked

asker, taker, doer = aliased(Staff), aliased(Staff), aliased(Staff)
PLAIN = (
    Task.id,
    Task.list,
    Task.words,
    Task.status,
    Task.asked_at,
    Task.due_at,
    Task.late_at,
    Task.taken_at,
    Task.done_at,
    Task.cancelled_at,
)
PEOPLE = (asker.id, asker.name, taker.id, taker.name, doer.id, doer.name)
BEHIND = (Ticket.reference, Ticket.status, Ticket.version, Ticket.failure, Ticket.is_sensitive, Customer.name)


@dataclass(frozen=True, slots=True)
class TicketBehind:
    """What a task is for."""

    reference: str
    status: TicketStatus
    version: int
    failure: str
    is_sensitive: bool
    customer: str | None


@dataclass(frozen=True, slots=True)
class TaskRow:
    id: int
    list: TaskList
    words: str | None
    status: TaskStatus
    asked_at: datetime
    due_at: datetime
    late_at: datetime | None
    taken_at: datetime | None
    done_at: datetime | None
    cancelled_at: datetime | None
    asked_by: Person
    taken_by: Person | None
    done_by: Person | None
    site: SiteBrief
    ticket: TicketBehind | None
    """None for whoever may not see it."""

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


def tasks(
    session: DeskSession,
    *,
    by: Actor,
    of: TaskList | None = None,
    site: str | None = None,
    status: TaskStatus | None = None,
    limit: int = ONE_PAGE,
    cursor: str | None = None,
) -> Page[TaskRow]:
    """The longest due first; those that are over only where their `status` is asked for. Raises Invalid for a cursor that
    is none."""
    query = _seen(by).where(literally(Task.status, OPEN) if status is None else Task.status == status, *at_site(site))
    if of is not None:
        query = query.where(Task.list == of)
    if place := read(cursor):
        query = query.where(after(Task.due_at, Task.id, place))
    rows = _rows(session, query.order_by(Task.due_at, Task.id).limit(limit + 1))
    return page_of(rows, limit, lambda row: Place(row.due_at, row.id))


def tasks_on(session: DeskSession, ticket_id: int, *, by: Actor) -> Sequence[TaskRow]:
    """All that were asked for this ticket, in that order."""
    return _rows(session, _seen(by).where(Task.ticket_id == ticket_id).order_by(Task.id))


def task_row(session: DeskSession, task_id: int, *, by: Actor) -> TaskRow:
    """Raises NotFound, also for a task of another site."""
    found = _rows(session, _seen(by).where(Task.id == task_id))
    if not found:
        raise NotFound("There is no such task at your sites.")
    return found[0]


def _seen(by: Actor) -> Query:
    return (
        select(*PLAIN, *SITE, *PEOPLE, tickets_visible_to(by), *BEHIND)
        .join(Ticket, Ticket.id == Task.ticket_id)
        .join(Site, Site.id == Ticket.site_id)
        .join(asker, asker.id == Task.asked_by_id)
        .outerjoin(taker, taker.id == Task.taken_by_id)
        .outerjoin(doer, doer.id == Task.done_by_id)
        .outerjoin(Customer, Customer.id == Ticket.customer_id)
        .where(only_checked(at_sites_of(Ticket.site_id, by)))
    )


def _rows(session: DeskSession, query: Query) -> Sequence[TaskRow]:
    return [_row(row) for row in session.execute(query)]


def _row(row: Sequence[Any]) -> TaskRow:
    """Taken apart by place, in the order in which `_seen` asks."""
    site_end = len(PLAIN) + len(SITE)
    people_end = site_end + len(PEOPLE)
    asked, asked_name, took, took_name, did, did_name = row[site_end:people_end]
    is_seen, *behind = row[people_end:]
    return TaskRow(
        *(
            *row[: len(PLAIN)],
            Person(asked, asked_name),
            None if took is None else Person(took, took_name),
            None if did is None else Person(did, did_name),
            SiteBrief(*row[len(PLAIN) : site_end]),
            TicketBehind(*behind) if is_seen else None,
        ),
    )
