"""What every text has to ask before it is queued, asked once for all the tickets that are handled in one transaction."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select

from recovery.domain.messages import Direction, MessageStatus
from recovery.models import Message, OptOut, Ticket
from recovery.services.session import DeskSession

AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
OURS = (Message.direction == Direction.OUTBOUND, Message.status != MessageStatus.DROPPED)
TOGETHER, ANSWERS = "tickets_together", "foreseen"
"""In `session.info`."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Texts that a cap counts."""

    number_hour: int = 0
    number_day: int = 0
    ticket: int = 0
    site_day: int = 0


@dataclass(frozen=True, slots=True)
class Foreseen:
    contacts: frozenset[int]
    opted_out: frozenset[tuple[int, str]]
    """Contacts, each with the sender of ours."""
    numbers: Mapping[int, tuple[int, int]]
    tickets: Mapping[int, int]
    sites: Mapping[int, int]

    def counted(self, ticket: Ticket, contact_id: int) -> Counted:
        hour, day = self.numbers.get(contact_id, (0, 0))
        return Counted(hour, day, self.tickets.get(ticket.id, 0), self.sites.get(ticket.site_id, 0))


def handle_together(session: DeskSession, tickets: Collection[Ticket], *, now: datetime) -> None:
    """They are locked, and what their texts ask is asked for all of them, if one of them does."""
    session.info[TOGETHER] = tickets, now


def foreseen(session: DeskSession, contact_id: int) -> Foreseen | None:
    """None where this customer's ticket is not among those that are handled together. What the transaction itself writes
    is not counted."""
    if TOGETHER in session.info:
        session.info[ANSWERS] = _read(session, *session.info.pop(TOGETHER))
    answers: Foreseen | None = session.info.get(ANSWERS)
    return answers if answers and contact_id in answers.contacts else None


def _read(session: DeskSession, tickets: Collection[Ticket], now: datetime) -> Foreseen:
    contacts = {ticket.customer.contact_id for ticket in tickets if ticket.customer and ticket.customer.contact_id}
    with session.no_autoflush:
        standing = select(OptOut.contact_id, OptOut.sender).where(
            OptOut.contact_id.in_(contacts), OptOut.lifted_at.is_(None)
        )
        opted_out = frozenset((contact_id, sender) for contact_id, sender in session.execute(standing))
        caps = session.house.policy.caps
        by_number = caps.number_hour is not None or caps.number_day is not None
        return Foreseen(
            contacts=frozenset(contacts),
            opted_out=opted_out,
            numbers=_of_numbers(session, contacts, now) if by_number else {},
            tickets=_of_tickets(session, tickets) if caps.ticket is not None else {},
            sites=_of_sites(session, tickets, caps.site_day, now) if caps.site_day is not None else {},
        )


def _of_numbers(session: DeskSession, contacts: Collection[int], now: datetime) -> dict[int, tuple[int, int]]:
    lately = func.count(case((Message.created_at > now - AN_HOUR, 1)))
    rows = session.execute(
        select(Message.contact_id, lately, func.count())
        .where(Message.contact_id.in_(contacts), Message.created_at > now - A_DAY, *OURS)
        .group_by(Message.contact_id)
    )
    return {contact_id: (hour, day) for contact_id, hour, day in rows if contact_id is not None}


def _of_tickets(session: DeskSession, tickets: Collection[Ticket]) -> dict[int, int]:
    rows = session.execute(
        select(Message.ticket_id, func.count())
        .where(Message.ticket_id.in_([ticket.id for ticket in tickets]), Message.audience == "customer", *OURS)
        .group_by(Message.ticket_id)
    )
    return {ticket_id: count for ticket_id, count in rows if ticket_id is not None}


def _of_sites(session: DeskSession, tickets: Collection[Ticket], cap: int, now: datetime) -> dict[int, int]:
    """As far as the cap, so that a busy day costs no more than a quiet one."""
    found = {}
    for site_id in sorted({ticket.site_id for ticket in tickets}):
        which = (Message.site_id == site_id, Message.created_at > now - A_DAY, *OURS)
        texts = select(Message.id).where(*which).limit(cap).subquery()
        found[site_id] = session.scalar(select(func.count()).select_from(texts)) or 0
    return found
