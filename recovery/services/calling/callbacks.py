"""Calls promised to customers. Booking cannot fail: what cannot be had exactly becomes "as soon as someone is free"."""

from datetime import datetime, timedelta

from recovery.domain.actors import MACHINE, Actor
from recovery.domain.calendars import local_time
from recovery.domain.callbacks import REDIAL_SECONDS, CallbackStatus, CallReason, Outcome, move
from recovery.domain.errors import WrongState
from recovery.domain.events import Tag, commitment
from recovery.domain.ids import new_id
from recovery.domain.permissions import Permission
from recovery.domain.promise_times import next_retry
from recovery.domain.tickets import PromiseAbout, ToldBy
from recovery.models import Attempt, Callback, Site, Ticket
from recovery.services.access import require
from recovery.services.calling.call_rows import end_call, live_with_customer, refuse_ended
from recovery.services.calling.callback_times import check_time, reminder_time, soonest
from recovery.services.deciding.remedies import move_to_recovery
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession, instant
from recovery.services.texting.messages import WRONG_NUMBER, Saying, leaves_at, tell_customer, why_no_text
from recovery.services.timing.calendars import calendar_of
from recovery.services.timing.lapses import escalate, lapse_with_call
from recovery.services.timing.promises import make_promise, promise_next, texted, touched

REDIAL = timedelta(seconds=REDIAL_SECONDS)


def book(
    session: DeskSession,
    ticket: Ticket,
    *,
    due_at: datetime | None,
    now: datetime,
    by: Actor,
    reason: CallReason = CallReason.BOOKED,
) -> Callback:
    """`due_at` None is as soon as someone is free. A ticket that has a call booked gets it moved, not doubled.

    Raises Invalid for the past or the far future, WrongState for a ticket that is over.
    """
    if not ticket.is_live:
        raise WrongState(f"This ticket is {ticket.status.label}: reopen it, then book a call.")
    check_time(due_at, now=now)
    standing = live_with_customer(session, ticket)
    if standing is not None:
        return reschedule(session, ticket, standing, due_at=due_at, now=now, by=by)
    callback = _booked(session, ticket, due_at, reason, now=now, by=by)
    move_to_recovery(ticket)
    _say(session, ticket, callback, "callback_booked", now=now, by=by)
    return callback


def reschedule(
    session: DeskSession,
    ticket: Ticket,
    callback: Callback,
    *,
    due_at: datetime | None,
    now: datetime,
    by: Actor,
) -> Callback:
    """A call task as well, also on a ticket that is resolved. Raises Invalid for the past or the far future, WrongState
    for a call that has ended, as every call with the customer has where its ticket is over."""
    check_time(due_at, now=now)
    refuse_ended(callback)
    _move(session, ticket, callback, due_at or soonest(ticket, now=now), why="moved", now=now, by=by)
    callback.as_soon_as_possible, callback.in_vain = due_at is None, 0
    _say(session, ticket, callback, "callback_moved", now=now, by=by)
    return callback


def cancel(session: DeskSession, ticket: Ticket, callback: Callback, *, now: datetime, by: Actor) -> None:
    refuse_ended(callback)
    end_call(callback, CallbackStatus.CANCELLED, now=now)
    record(session, ticket, Tag.CALLBACK_CANCELLED, by=by, at=now, callback=callback.id, why="cancelled")
    if callback.is_task:
        return
    saying = Saying("callback_cancelled", f"callback:{callback.id}:cancelled", {})
    tell_customer(session, ticket, saying, now=now, by=by)
    promise_next(session, ticket, now=now, by=by)


def attempt(
    session: DeskSession,
    ticket: Ticket,
    callback: Callback,
    *,
    outcome: Outcome,
    note: str | None,
    now: datetime,
    by: Actor,
) -> Attempt:
    """Every try has an outcome, and every outcome its next step. Raises WrongState where the call is over."""
    require(by, Permission.WORK)
    refuse_ended(callback)
    callback.attempt_count += 1
    tried = Attempt(
        id=new_id(now),
        callback_id=callback.id,
        ticket_id=ticket.id,
        number=callback.attempt_count,
        outcome=outcome,
        at=now,
        by_id=by.id,
        note=(note or "").strip() or None,
    )
    session.add(tried)
    _follow(session, ticket, callback, tried, now=now, by=by)
    record(
        session,
        ticket,
        Tag.CALLBACK_ATTEMPTED,
        by=by,
        at=now,
        callback=callback.id,
        attempt=tried.number,
        outcome=outcome.value,
        status=callback.status.value,
        note_commitment=commitment(ticket.salt, tried.note),
    )
    return tried


def come_due(session: DeskSession, ticket: Ticket, callback: Callback, *, now: datetime) -> None:
    callback.status = move(callback.status, CallbackStatus.DUE)
    record(session, ticket, Tag.CALLBACK_DUE, by=MACHINE, at=now, callback=callback.id)


def remind(session: DeskSession, ticket: Ticket, callback: Callback, *, now: datetime) -> None:
    """Once per booked time, in words that are true when the text leaves."""
    callback.reminded_at, leaves = now, leaves_at(session, ticket, now=now)
    record(session, ticket, Tag.CALLBACK_REMINDED, by=MACHINE, at=now, callback=callback.id)
    saying = Saying(
        "callback_reminder",
        f"callback:{callback.id}:reminder:{callback.moves}",
        {"when": when_words(ticket, callback, now=leaves)},
        holds_while=f"callback:{callback.id}:{callback.moves}",
        expires_at=callback.due_at,
    )
    tell_customer(session, ticket, saying, now=now)


def miss(session: DeskSession, ticket: Ticket, callback: Callback, *, now: datetime) -> None:
    """We did not call in time: it stays on the list, and the next person up is alerted."""
    callback.status = move(callback.status, CallbackStatus.MISSED)
    callback.missed_at = now
    record(session, ticket, Tag.CALLBACK_MISSED, by=MACHINE, at=now, callback=callback.id)
    lapse_with_call(session, ticket, miss_at=callback.miss_at, now=now)


def open_slots(session: DeskSession, site: Site, *, now: datetime) -> list[datetime]:
    """Starts of the times that a customer may choose, in UTC: inside opening hours, from a step ahead of now."""
    policy = session.house.policy
    step = timedelta(minutes=policy.callback_step_minutes)
    until = now + timedelta(days=policy.callback_days_ahead)
    return calendar_of(site).slots(now + step, until, policy.callback_step_minutes)


def when_words(ticket: Ticket, callback: Callback, *, now: datetime) -> str:
    """Give "at 15:00", "tomorrow at 09:15", "as soon as someone is free", in the site's zone."""
    if callback.as_soon_as_possible:
        return "as soon as someone is free"
    local, today = local_time(callback.due_at, ticket.site.timezone), local_time(now, ticket.site.timezone)
    days = (local.date() - today.date()).days
    clock = f"at {local:%H:%M}"
    if days == 0:
        return clock
    return f"tomorrow {clock}" if days == 1 else f"on {local:%a} {local.day} {local:%b} {clock}"


def _booked(
    session: DeskSession,
    ticket: Ticket,
    due_at: datetime | None,
    reason: CallReason,
    *,
    now: datetime,
    by: Actor,
) -> Callback:
    due = due_at or soonest(ticket, now=now)
    callback = Callback(
        id=new_id(now),
        ticket_id=ticket.id,
        status=CallbackStatus.DUE if due <= now else CallbackStatus.BOOKED,
        reason=reason,
        due_at=due,
        miss_at=due + session.house.policy.missed_after,
        as_soon_as_possible=due_at is None,
        booked_at=now,
        booked_by_id=by.id,
        staff_id=ticket.owner_id,
        remind_at=reminder_time(session, ticket.site, due, now=now),
        moves=0,
        attempt_count=0,
        in_vain=0,
    )
    session.add(callback)
    record(
        session,
        ticket,
        Tag.CALLBACK_BOOKED,
        by=by,
        at=now,
        callback=callback.id,
        due_at=instant(due),
        reason=reason.value,
        staff=callback.staff_id,
        as_soon_as_possible=callback.as_soon_as_possible,
    )
    _promise_call(session, ticket, callback, now=now, by=by)
    return callback


def _follow(
    session: DeskSession, ticket: Ticket, callback: Callback, tried: Attempt, *, now: datetime, by: Actor
) -> None:
    if tried.outcome is Outcome.REACHED:
        end_call(callback, CallbackStatus.REACHED, now=now)
        touched(session, ticket, how="call", now=now, by=by, reached=True)
    elif tried.outcome is Outcome.DISCONNECTED:
        _redial(session, ticket, callback, tried, now=now, by=by)
    elif tried.outcome is Outcome.WRONG_NUMBER:
        _give_up_on_number(session, ticket, callback, now=now, by=by)
    else:
        _retry(session, ticket, callback, now=now, by=by)


def _redial(
    session: DeskSession, ticket: Ticket, callback: Callback, tried: Attempt, *, now: datetime, by: Actor
) -> None:
    """The same person calls straight back, and the customer is told so at once."""
    callback.status = move(callback.status, CallbackStatus.DUE)
    callback.due_at = callback.miss_at = now + REDIAL
    callback.staff_id, callback.missed_at = by.id, None
    saying = Saying("disconnected", f"callback:{callback.id}:attempt:{tried.number}:cut", {})
    tell_customer(session, ticket, saying, now=now, by=by)
    if ticket.is_live:
        _promise_call(session, ticket, callback, now=now, by=by)


def _retry(session: DeskSession, ticket: Ticket, callback: Callback, *, now: datetime, by: Actor) -> None:
    policy = session.house.policy
    callback.in_vain += 1
    due = next_retry(callback.in_vain, now=now, calendar=calendar_of(ticket.site), gaps=policy.retry_gaps)
    if due is not None:
        _move(session, ticket, callback, due, why="retried", now=now, by=by)
        callback.as_soon_as_possible = False
        return
    end_call(callback, CallbackStatus.UNREACHED, now=now)
    message = None
    if callback.reason is not CallReason.UNDELIVERED and why_no_text(session, ticket) is None:
        saying = Saying("unreached", f"callback:{callback.id}:unreached", {})
        message = tell_customer(session, ticket, saying, now=now, by=by)
    texted(session, ticket, message, how="asked to choose another time", now=now, by=by)
    if message is None:
        _give_up(session, ticket, callback, now=now, by=by)


def _give_up(session: DeskSession, ticket: Ticket, callback: Callback, *, now: datetime, by: Actor) -> None:
    callback.given_up_at = now
    if not callback.is_task:
        promise_next(session, ticket, told_by=ToldBy.NOBODY, now=now, by=by)
    _alert(session, ticket, "unreached", "a customer cannot be reached by text or call", now=now)


def _give_up_on_number(session: DeskSession, ticket: Ticket, callback: Callback, *, now: datetime, by: Actor) -> None:
    """No text either: whoever has that number would get a link to another person's page. Those it has open nothing."""
    end_call(callback, CallbackStatus.UNREACHED, now=now)
    callback.given_up_at = now
    ticket.no_text_reason = WRONG_NUMBER
    ticket.link_generation += 1
    record(session, ticket, Tag.LINK_REVOKED, by=by, at=now, generation=ticket.link_generation)
    promise_next(session, ticket, told_by=ToldBy.NOBODY, now=now, by=by)
    _alert(session, ticket, "wrong_number", "the number that we have for a customer is somebody else's", now=now)


def _alert(session: DeskSession, ticket: Ticket, why: str, alert: str, *, now: datetime) -> None:
    """Whoever is up next finds another way, while the customer is still owed something."""
    if ticket.is_live:
        escalate(session, ticket, why=why, alert=alert, now=now)


def _move(
    session: DeskSession,
    ticket: Ticket,
    callback: Callback,
    due: datetime,
    *,
    why: str,
    now: datetime,
    by: Actor,
) -> None:
    before = callback.due_at
    callback.status = move(callback.status, CallbackStatus.DUE if due <= now else CallbackStatus.BOOKED)
    callback.due_at, callback.miss_at = due, due + session.house.policy.missed_after
    callback.moves += 1
    callback.missed_at = None
    callback.remind_at = None if callback.is_task else reminder_time(session, ticket.site, due, now=now)
    callback.reminded_at = None
    record(
        session,
        ticket,
        Tag.CALLBACK_MOVED,
        by=by,
        at=now,
        callback=callback.id,
        before=instant(before),
        due_at=instant(due),
        why=why,
    )
    if callback.is_task:
        promise_next(session, ticket, otherwise=callback.miss_at, now=now, by=by)
    elif ticket.is_live:
        _promise_call(session, ticket, callback, now=now, by=by)


def _promise_call(session: DeskSession, ticket: Ticket, callback: Callback, *, now: datetime, by: Actor) -> None:
    """The promise lapses when the call counts as missed; a call due this moment gives the time to make it."""
    told = ToldBy.TEXT if ticket.no_text_reason is None else ToldBy.PAGE
    make_promise(session, ticket, due_at=callback.miss_at, about=PromiseAbout.CALLBACK, told_by=told, now=now, by=by)


def _say(session: DeskSession, ticket: Ticket, callback: Callback, template: str, *, now: datetime, by: Actor) -> None:
    if callback.is_task:
        return
    saying = Saying(
        template,
        f"callback:{callback.id}:{template}:{callback.moves}",
        {"when": when_words(ticket, callback, now=now)},
        holds_while=f"callback:{callback.id}:{callback.moves}",
    )
    tell_customer(session, ticket, saying, now=now, by=by)
