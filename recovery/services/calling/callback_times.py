"""When a call may be, when it could be at the soonest, and how its time is said."""

from datetime import datetime, timedelta

from recovery.domain.calendars import quiet_hours
from recovery.domain.callbacks import CallbackStatus
from recovery.domain.errors import Invalid
from recovery.domain.wording import at_words
from recovery.models import Callback, Ticket
from recovery.services.session import DeskSession
from recovery.services.timing.calendars import calendar_of
from recovery.services.wording.spoken import speech_with_customer, zone_of

FARTHEST = timedelta(days=60)


def check_time(due_at: datetime | None, *, now: datetime) -> None:
    if due_at is not None and due_at <= now:
        raise Invalid.field("due_at", "That time has gone by: choose a later one, or as soon as someone is free.")
    if due_at is not None and due_at > now + FARTHEST:
        raise Invalid.field("due_at", "That is more than 60 days away: choose a nearer time.")


def soonest(ticket: Ticket, *, now: datetime) -> datetime:
    return calendar_of(ticket.site).next_opening(now)


def reminder_time(session: DeskSession, ticket: Ticket, due: datetime, *, now: datetime) -> datetime | None:
    """A while before the call; where texts rest then, so long before they begin to: for a call at eight, the evening before.

    None where that has gone by: the confirmation has just said so.
    """
    policy = session.house.policy
    at = due - policy.reminder_before
    night = quiet_hours(at, zone_of(ticket), policy.quiet_from, policy.quiet_until)
    if night is not None:
        at = night.opens - policy.reminder_before
    return at if at > now else None


def when_words(ticket: Ticket, callback: Callback, *, now: datetime) -> str:
    """Give "at 15:00", "tomorrow at 09:15", "as soon as someone is free", which it is once its time has come, in the
    customer's zone and language. Where that waits for the site to open they hear when it does, and sit up for nothing."""
    speech = speech_with_customer(ticket)
    if callback.due_at <= now or (callback.as_soon_as_possible and callback.status is not CallbackStatus.BOOKED):
        return speech.when_free
    at = at_words(callback.due_at, now=now, timezone=zone_of(ticket), speech=speech)
    return speech.when_open.format(at=at) if callback.as_soon_as_possible else at
