"""What a ticket's page tells beside the ticket itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from recovery.domain.remedies import COUNTED
from recovery.models import Event, Message, Remedy, Staff, Ticket
from recovery.services.session import DeskSession
from recovery.services.texting.threads import ERASED, VEILED, veiled
from recovery.services.ticketing.ticket_statements import was_a_mistake

LOOKED_BACK = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class History:
    """Of a customer at this site, over the last 90 days, this ticket and what was no mistake left out. `given` is in minor units."""

    tickets: int
    given: int


def events_of(session: DeskSession, ticket_id: int) -> Sequence[Event]:
    return session.scalars(select(Event).where(Event.stream_id == ticket_id).order_by(Event.seq)).all()


def thread_of(session: DeskSession, ticket_id: int) -> Sequence[Message]:
    """With the customer, either way; texts to staff are not in it."""
    return session.scalars(
        select(Message)
        .where(Message.ticket_id == ticket_id, Message.audience == "customer")
        .order_by(Message.created_at, Message.id),
    ).all()


def shown_words(session: DeskSession, messages: Iterable[Message]) -> Mapping[int, str]:
    """By text, what whoever reads this ticket may read of it."""
    texts = list(messages)
    hidden = veiled(session, ((each.id, each.asks, each.options, each.site_id) for each in texts))
    return {each.id: VEILED if each.id in hidden else ERASED if each.body is None else each.body for each in texts}


def first_names(session: DeskSession, ids: Iterable[int]) -> Mapping[int, str]:
    rows = session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(sorted(ids))))
    return {id_: name.split()[0] for id_, name in rows}


def history(session: DeskSession, ticket_id: int, customer_id: int | None, *, now: datetime) -> History | None:
    if customer_id is None:
        return None
    since = now - LOOKED_BACK
    others = (
        Ticket.customer_id == customer_id,
        Ticket.id != ticket_id,
        Ticket.logged_at >= since,
        was_a_mistake(),
    )
    tickets = session.scalar(select(func.count()).select_from(Ticket).where(*others)) or 0
    given = session.scalar(
        select(func.sum(Remedy.amount))
        .join(Ticket, Ticket.id == Remedy.ticket_id)
        .where(*others, Remedy.status.in_(COUNTED)),
    )
    return History(tickets, int(given or 0))
