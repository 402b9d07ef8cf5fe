"""When a call may be, and when it could be at the soonest."""

from datetime import datetime, timedelta

from recovery.domain.errors import Invalid
from recovery.models import Ticket
from recovery.services.session import DeskSession
from recovery.services.timing.calendars import calendar_of

FARTHEST = timedelta(days=60)


def check_time(due_at: datetime | None, *, now: datetime) -> None:
    if due_at is not None and due_at <= now:
        raise Invalid.field("due_at", "That time has gone by: choose a later one, or as soon as someone is free.")
    if due_at is not None and due_at > now + FARTHEST:
        raise Invalid.field("due_at", "That is more than 60 days away: choose a nearer time.")


def soonest(ticket: Ticket, *, now: datetime) -> datetime:
    return calendar_of(ticket.site).next_opening(now)


def no_reminder_owed(session: DeskSession, due: datetime, *, now: datetime) -> datetime | None:
    """A call that is minutes away when it is booked needs none: the confirmation has just said so."""
    return now if due <= now + session.house.policy.reminder_before else None
