"""Calls by hand: booked, tried, and what the customer was texted about them."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from recovery.domain.callbacks import Outcome
from recovery.models import Callback, Contact, Message, Ticket
from recovery.services.calling import attempts, booking
from recovery.services.texting import consent
from tests.factories import Business


def book(business: Business, ticket: Ticket, **ahead: float) -> Callback:
    due = business.now + timedelta(**ahead) if ahead else None
    return business.on(
        ticket, lambda session, held, maya: booking.book(session, held, due_at=due, now=business.now, by=maya)
    )


def with_call(business: Business, ticket: Ticket, act: Any, *, by: str = "maya", **more: Any) -> Any:
    call = business.rows(Callback, ticket)[-1].id
    return business.on(
        ticket,
        lambda session, held, who: act(
            session, held, session.get_one(Callback, call), now=business.now, by=who, **more
        ),
        by=by,
    )


def tried(business: Business, ticket: Ticket, outcome: Outcome, *, by: str = "maya") -> Callback:
    with_call(business, ticket, attempts.attempt, outcome=outcome, note=None, by=by)
    return business.rows(Callback, ticket)[-1]


def texts(business: Business, ticket: Ticket) -> list[str | None]:
    return [row.template for row in business.rows(Message, ticket) if row.audience == "customer"]


def opted_out(business: Business) -> None:
    """The one customer that there is wants no more texts."""
    with business.desk.write() as session:
        contact = session.scalars(select(Contact)).one()
        sender = business.desk.house.sender
        consent.opt_out(session, contact, sender=sender, how="keyword", message_id=None, now=business.now)
