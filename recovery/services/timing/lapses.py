"""A promise that nears its end, and one that passes it: staff are warned, the customer hears honestly, the next in line is
alerted."""

from datetime import datetime

from sqlalchemy import select

from recovery.domain.actors import MACHINE
from recovery.domain.callbacks import LIVE, CallReason
from recovery.domain.events import Tag
from recovery.domain.ladders import LADDERED
from recovery.domain.promise_times import renewed_due
from recovery.domain.tickets import PromiseAbout, Source, ToldBy
from recovery.models import Alert, Callback, Promise, Ticket
from recovery.services.alerting.alerts import escalate
from recovery.services.alerting.ladders import watch
from recovery.services.calling.call_tasks import open_call_task
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession
from recovery.services.texting.messages import is_heard, leaves_at
from recovery.services.timing.apologies import apologise_anew, is_unsaid
from recovery.services.timing.calendars import calendar_of
from recovery.services.timing.owed import call_due
from recovery.services.timing.promises import (
    count_lapse,
    current_promise,
    make_promise,
    sayable_due,
    tell_new_time,
)

LATE, NOT_CALLED = "promise_lapsed", "callback_missed"
"""Why somebody is alerted; what their text says of it stands in `domain.speech`."""


def warn(session: DeskSession, ticket: Ticket, promise: Promise, *, now: datetime) -> None:
    promise.warned_at = now
    record(session, ticket, Tag.PROMISE_WARNED, by=MACHINE, at=now, promise=promise.id)


def lapse(session: DeskSession, ticket: Ticket, promise: Promise, *, now: datetime) -> None:
    """Counts it, tells the customer honestly with a new time while the machine may renew, and alerts the next in line.

    After the last renewal only a person can promise again: the lapsed one stays, and a call task is there. A wait for a
    free colleague is a mistake from now on, and its clocks are watched as those of every other.
    """
    count_lapse(session, ticket, promise, now=now)
    if ticket.source is Source.GREETER:
        watch(session, ticket, now=now)
    due = _renewed(session, ticket, promise, now=now)
    if due is None or not _told_anew(session, ticket, promise, due, now=now):
        open_call_task(session, ticket, CallReason.LAPSED, now=now)
    if promise.about is PromiseAbout.CALLBACK:
        _not_called(session, ticket, miss_at=promise.due_at, now=now)
    else:
        escalate(session, ticket, why=LATE, now=now)


def lapse_with_call(session: DeskSession, ticket: Ticket, *, miss_at: datetime, now: datetime) -> None:
    """A call that was not made breaks its promise in the same moment: one lapse, one text, one alert, whichever is seen
    first, and an alert also where it was not promised for that time."""
    promise = current_promise(session, ticket)
    if promise is not None and promise.about is PromiseAbout.CALLBACK and promise.due_at == miss_at <= now:
        if promise.lapsed_at is None:
            lapse(session, ticket, promise, now=now)
    elif not _alerted_since(session, ticket, miss_at):
        _not_called(session, ticket, miss_at=miss_at, now=now)


def _not_called(session: DeskSession, ticket: Ticket, *, miss_at: datetime, now: datetime) -> None:
    """Whoever was cut off and has not called straight back is busy: their supervisor hears, not they once more."""
    redial = select(Callback.id).where(
        Callback.ticket_id == ticket.id,
        Callback.status.in_(LIVE),
        Callback.miss_at == miss_at,
        Callback.due_at == miss_at,
    )
    is_redial = session.scalar(redial.limit(1)) is not None
    escalate(session, ticket, why=NOT_CALLED, past_those_on_shift=is_redial, now=now)


def _alerted_since(session: DeskSession, ticket: Ticket, moment: datetime) -> bool:
    alerted = select(Alert.step).where(Alert.ticket_id == ticket.id, Alert.about.not_in(LADDERED), Alert.at >= moment)
    return session.scalar(alerted.limit(1)) is not None


def _renewed(session: DeskSession, ticket: Ticket, promise: Promise, *, now: datetime) -> datetime | None:
    """By night it is a time in the morning, once: the text waits for the end of the quiet hours and is true then."""
    policy = session.house.policy
    due = renewed_due(
        promise.renewal,
        now=now,
        calendar=calendar_of(ticket.site),
        gaps=policy.renewal_gaps,
        minutes_after_opening=policy.promise_minutes_after_opening,
    )
    return None if due is None else sayable_due(session, ticket, due, now=now)


def _told_anew(session: DeskSession, ticket: Ticket, promise: Promise, due: datetime, *, now: datetime) -> bool:
    about, due = _call_before(session, ticket, promise, due, now=now) or (promise.about, due)
    renewed = make_promise(
        session,
        ticket,
        due_at=due,
        about=about,
        told_by=ToldBy.TEXT if is_heard(session, ticket, now=now, urgent=False) else ToldBy.NOBODY,
        now=now,
        by=MACHINE,
        renewal=promise.renewal + 1,
    )
    if renewed is None:
        return False
    if is_unsaid(session, ticket):
        leaves = leaves_at(session, ticket, now=now)
        return apologise_anew(session, ticket, renewed, leaves=leaves, now=now) is not None
    return tell_new_time(session, ticket, renewed, template="late", now=now, by=MACHINE) is not None


def _call_before(
    session: DeskSession, ticket: Ticket, promise: Promise, due: datetime, *, now: datetime
) -> tuple[PromiseAbout, datetime] | None:
    """Where a word was promised beside a booked call that comes before the next word would, that is the call: were it
    missed, they would hear so only later."""
    called = call_due(session, ticket) if promise.about is PromiseAbout.TOUCH else None
    if called is None or not now < called < due or sayable_due(session, ticket, called, now=now) != called:
        return None
    return PromiseAbout.CALLBACK, called
