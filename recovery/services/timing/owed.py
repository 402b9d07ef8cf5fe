"""What a customer is owed whatever we say to them meanwhile: an answer that was asked for, a call that is booked."""

from datetime import datetime

from sqlalchemy import select

from recovery.domain.callbacks import LIVE, CallReason
from recovery.domain.tickets import PromiseAbout, Source
from recovery.domain.waits import LIVE as LIVE_WAITS
from recovery.domain.waits import WaitStatus
from recovery.models import Approval, Callback, Ticket, Wait
from recovery.services.session import DeskSession

KNOWN_TO_CUSTOMERS = (CallReason.BOOKED, CallReason.DROPPED)
"""Of a call task nobody has told them."""


def answer_due(session: DeskSession, ticket: Ticket) -> datetime | None:
    """The nearest deadline of what was asked and is not decided; it may have gone by."""
    return session.scalar(
        select(Approval.deadline_at)
        .where(Approval.ticket_id == ticket.id, Approval.answered_at.is_(None))
        .order_by(Approval.deadline_at)
        .limit(1),
    )


def call_due(session: DeskSession, ticket: Ticket) -> datetime | None:
    """When the booked call counts as missed; it may have gone by, and the call is owed all the same."""
    return session.scalar(
        select(Callback.miss_at).where(
            Callback.ticket_id == ticket.id,
            Callback.status.in_(LIVE),
            Callback.reason.in_(KNOWN_TO_CUSTOMERS),
        ),
    )


def turn_due(session: DeskSession, ticket: Ticket) -> datetime | None:
    """By when somebody who waits for a free colleague hears from us; None once that was broken: then they are owed a word
    as everybody else."""
    if ticket.source is not Source.GREETER:
        return None
    wait = session.scalar(select(Wait).where(Wait.ticket_id == ticket.id, Wait.status.in_(LIVE_WAITS)))
    if wait is None or (ticket.lapses and wait.status is WaitStatus.WAITING):
        return None
    return wait.promised_by


def still_owed(session: DeskSession, ticket: Ticket, about: PromiseAbout) -> bool:
    """A promised answer or call stands until it is given; a word and a remedy are kept by any touch."""
    match about:
        case PromiseAbout.ANSWER:
            return answer_due(session, ticket) is not None
        case PromiseAbout.CALLBACK:
            return call_due(session, ticket) is not None
    return False


def owed_next(session: DeskSession, ticket: Ticket) -> tuple[PromiseAbout, datetime] | None:
    """What comes first of them, and when; None where nothing is owed but the next word."""
    dues = {
        PromiseAbout.ANSWER: answer_due(session, ticket),
        PromiseAbout.CALLBACK: call_due(session, ticket),
        PromiseAbout.TOUCH: turn_due(session, ticket),
    }
    return min(((about, due) for about, due in dues.items() if due is not None), key=lambda owed: owed[1], default=None)
