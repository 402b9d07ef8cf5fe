"""Each try to call: every one has an outcome, and every outcome its next step."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from recovery.domain.actors import MACHINE, Actor
from recovery.domain.callbacks import LIVE, REDIAL_SECONDS, WITH_CUSTOMER, CallbackStatus, CallReason, Outcome, move
from recovery.domain.errors import NotFound, WrongState
from recovery.domain.events import Tag, commitment
from recovery.domain.ids import new_id
from recovery.domain.permissions import Permission
from recovery.domain.promise_times import next_retry
from recovery.domain.tickets import ToldBy
from recovery.models import Attempt, Callback, Message, Staff, Ticket
from recovery.services.access import lock_ticket, require
from recovery.services.alerting.alerts import escalate
from recovery.services.calling.booking import move_call, promise_call
from recovery.services.calling.call_rows import callbacks_of, end_call, refuse_ended
from recovery.services.proving.trail import record
from recovery.services.sending.departures import NO_LONGER_TRUE
from recovery.services.session import DeskSession
from recovery.services.texting.messages import WRONG_NUMBER, Saying, tell_customer, why_no_text
from recovery.services.texting.queued import drop_queued
from recovery.services.timing.calendars import calendar_of
from recovery.services.timing.promises import promise_next, texted, touched

REDIAL = timedelta(seconds=REDIAL_SECONDS)
IN_VAIN = frozenset({Outcome.NO_ANSWER, Outcome.BUSY, Outcome.VOICEMAIL})
"""Nobody was there: it is tried again, whichever of them it was."""
SPOKEN_WITH = frozenset({Outcome.REACHED, Outcome.DISCONNECTED})
CHOOSE_AGAIN = "unreached"
"""The template."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Of a call that the desk placed: `seconds` of talking, and when that began."""

    seconds: int | None = None
    since: datetime | None = None


def attempt(
    session: DeskSession,
    ticket: Ticket,
    callback: Callback,
    *,
    outcome: Outcome,
    note: str | None,
    now: datetime,
    by: Actor,
    heard: Heard | None = None,
    number: int | None = None,
) -> Attempt:
    """Every try has an outcome, and every outcome its next step. `heard`: nobody said so, it is taken from what the provider
    tells of a call that `by` made. `number`: which try this is, where the page knew; said a second time it changes nothing,
    and of one that was inferred meanwhile it is how that went.

    Raises WrongState where the call is over, or that try was said to have gone otherwise.
    """
    require(by, Permission.WORK)
    said = None if number is None else _try_of(session, callback, number)
    if said is not None and said.inferred and said.number == callback.attempt_count:
        return correct(session, ticket, callback, said.number, outcome=outcome, note=note, now=now, by=by)
    if said is not None:
        return _same(said, outcome, by=by)
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
        note=_kept(note),
        inferred=heard is not None,
        seconds=heard.seconds if heard else None,
    )
    session.add(tried)
    _follow(session, ticket, callback, tried, since=heard.since if heard else None, now=now, by=by)
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
        inferred=tried.inferred or None,
        seconds=tried.seconds,
    )
    return tried


def correct(
    session: DeskSession,
    ticket: Ticket,
    callback: Callback,
    number: int,
    *,
    outcome: Outcome,
    note: str | None = None,
    now: datetime,
    by: Actor,
) -> Attempt:
    """A person says how a try went that was inferred so far, also that it went just so. What had come of it is taken back as
    far as it can be, and what comes of the truth is done, where the customer still waits.

    Raises NotFound, WrongState where somebody has said it already or another try has come after.
    """
    require(by, Permission.WORK)
    tried = _try_of(session, callback, number)
    if tried is None:
        raise NotFound("There was no such try.")
    if not tried.inferred:
        raise WrongState("Somebody has said already how this call went.")
    if number != callback.attempt_count:
        raise WrongState("There was another try since: say how that one went.")
    before, tried.outcome, tried.inferred = tried.outcome, outcome, False
    tried.note = _kept(note)
    told = {"callback": callback.id, "attempt": number, "before": before.value, "after": outcome.value}
    noted = commitment(ticket.salt, tried.note)
    record(session, ticket, Tag.CALLBACK_CORRECTED, by=by, at=now, note_commitment=noted, **told)
    if before is outcome is Outcome.REACHED:
        _need_no_second_call(session, ticket, now=now)  # a guess alone spares nobody a call
    elif not _comes_to_the_same(before, outcome) and _take_back(session, ticket, callback, before, now=now):
        _follow(session, ticket, callback, tried, now=now, by=by)
    elif before is outcome is Outcome.WRONG_NUMBER:
        _silence_others(session, ticket, now=now, by=by)
    return tried


def _kept(note: str | None) -> str | None:
    return (note or "").strip() or None


def _try_of(session: DeskSession, callback: Callback, number: int) -> Attempt | None:
    return session.scalar(select(Attempt).where(Attempt.callback_id == callback.id, Attempt.number == number))


def _same(said: Attempt, outcome: Outcome, *, by: Actor) -> Attempt:
    """Two presses of one person are one."""
    if said.by_id == by.id and said.outcome is outcome and not said.inferred:
        return said
    who = "You have" if said.by_id == by.id else f"{said.by.first_name} has"
    raise WrongState(
        f"{who} tried meanwhile: {said.outcome.label}. Look at the call, and say how yours went if it was another one."
    )


def _comes_to_the_same(before: Outcome, outcome: Outcome) -> bool:
    return before is outcome or {before, outcome} <= IN_VAIN


def _take_back(session: DeskSession, ticket: Ticket, callback: Callback, before: Outcome, *, now: datetime) -> bool:
    """False where nothing more comes of it: the ticket is over, or another call has taken this one's place."""
    if before is Outcome.WRONG_NUMBER and ticket.no_text_reason == WRONG_NUMBER:
        ticket.no_text_reason = None
    if not ticket.is_live:
        return False
    if before in IN_VAIN:
        callback.in_vain = max(0, callback.in_vain - 1)
    if callback.ended_at is None:
        return True
    if callback.status is CallbackStatus.CANCELLED or _has_another(session, callback):
        return False
    callback.status = move(callback.status, CallbackStatus.DUE)
    callback.ended_at = callback.given_up_at = None
    callback.due_at, callback.miss_at = now, now + session.house.policy.missed_after
    session.flush()  # it is live again before whatever comes looks for it
    return True


def _has_another(session: DeskSession, callback: Callback) -> bool:
    same = Callback.reason == callback.reason if callback.is_task else Callback.reason.in_(WITH_CUSTOMER)
    another = select(Callback.id).where(Callback.ticket_id == callback.ticket_id, same, Callback.status.in_(LIVE))
    return session.scalar(another.limit(1)) is not None


def _follow(
    session: DeskSession,
    ticket: Ticket,
    callback: Callback,
    tried: Attempt,
    *,
    since: datetime | None = None,
    now: datetime,
    by: Actor,
) -> None:
    if tried.outcome in SPOKEN_WITH:
        drop_queued(session, ticket, reason=NO_LONGER_TRUE, templates=(CHOOSE_AGAIN,), now=now)
    if tried.outcome is Outcome.REACHED:
        end_call(session, callback, CallbackStatus.REACHED, now=now)
        if not tried.inferred:
            _need_no_second_call(session, ticket, now=now)
        touched(session, ticket, how="call", now=now, by=by, reached=True, since=since)
    elif tried.outcome is Outcome.DISCONNECTED:
        _redial(session, ticket, callback, tried, now=now, by=by)
    elif tried.outcome is Outcome.WRONG_NUMBER:
        _give_up_on_number(session, ticket, callback, now=now, by=by)
        if not tried.inferred:
            _silence_others(session, ticket, now=now, by=by)
    else:
        _retry(session, ticket, callback, now=now, by=by)


def _need_no_second_call(session: DeskSession, ticket: Ticket, *, now: datetime) -> None:
    """Who was spoken with has heard what our texts did not tell: nobody calls them twice. A call of their own stays."""
    for other in callbacks_of(session, ticket):
        if other.is_task and other.status in LIVE:
            end_call(session, other, CallbackStatus.CANCELLED, now=now)
            record(session, ticket, Tag.CALLBACK_CANCELLED, by=MACHINE, at=now, callback=other.id, why="reached")


def _redial(
    session: DeskSession, ticket: Ticket, callback: Callback, tried: Attempt, *, now: datetime, by: Actor
) -> None:
    """The same person calls straight back, and the customer is told so at once. Who has left while they spoke does not."""
    caller = session.get(Staff, by.id)
    callback.status = move(callback.status, CallbackStatus.DUE)
    callback.due_at = callback.miss_at = now + REDIAL
    callback.staff_id = by.id if caller is not None and caller.works_at(ticket.site_id) else None
    callback.missed_at = None
    if ticket.is_live:
        promise_call(session, ticket, callback, by_text=True, now=now, by=by)
    tell_customer(session, ticket, _straight_back(session, callback, tried), now=now, by=by)


def _straight_back(session: DeskSession, callback: Callback, tried: Attempt) -> Saying:
    """Not once they were reached, nor later than the redial is due. What was inferred waits as long as an Undo does: whoever
    was on the phone may know better."""
    return Saying(
        "disconnected",
        _cut(tried),
        {},
        holds_while=f"callback:{callback.id}:{callback.moves}",
        after=session.house.policy.undo_for if tried.inferred else timedelta(),
        expires_at=callback.due_at,
    )


def text_of_redial(session: DeskSession, tried: Attempt) -> Message | None:
    """What told the customer that we call straight back; None where no text did."""
    return session.scalar(
        select(Message).where(Message.ticket_id == tried.ticket_id, Message.meaning == _cut(tried)).limit(1)
    )


def _cut(tried: Attempt) -> str:
    return f"callback:{tried.callback_id}:attempt:{tried.number}:cut"


def _retry(session: DeskSession, ticket: Ticket, callback: Callback, *, now: datetime, by: Actor) -> None:
    if _is_ahead_of_time(callback, now=now):
        return
    policy = session.house.policy
    callback.in_vain += 1
    due = next_retry(callback.in_vain, now=now, calendar=calendar_of(ticket.site), gaps=policy.retry_gaps)
    if due is not None:
        move_call(session, ticket, callback, due, why="retried", now=now, by=by)
        callback.as_soon_as_possible = False
        return
    end_call(session, callback, CallbackStatus.UNREACHED, now=now)
    message = None
    if callback.reason is not CallReason.UNDELIVERED and why_no_text(session, ticket) is None:
        saying = Saying(CHOOSE_AGAIN, f"callback:{callback.id}:attempt:{callback.attempt_count}:unreached", {})
        message = tell_customer(session, ticket, saying, now=now, by=by)
    texted(session, ticket, message, how="asked to choose another time", now=now, by=by)
    if message is None:
        _give_up(session, ticket, callback, now=now, by=by)


def _is_ahead_of_time(callback: Callback, *, now: datetime) -> bool:
    """Somebody tried before the time that the customer chose: they are called then as they were told, and this was none of
    the tries after it."""
    chosen = not (callback.is_task or callback.as_soon_as_possible or callback.in_vain)
    return chosen and callback.status is CallbackStatus.BOOKED and callback.due_at > now


def _give_up(session: DeskSession, ticket: Ticket, callback: Callback, *, now: datetime, by: Actor) -> None:
    callback.given_up_at = now
    if not callback.is_task:
        promise_next(session, ticket, told_by=ToldBy.NOBODY, now=now, by=by)
    _alert(session, ticket, "unreached", now=now)


def _give_up_on_number(session: DeskSession, ticket: Ticket, callback: Callback, *, now: datetime, by: Actor) -> None:
    end_call(session, callback, CallbackStatus.UNREACHED, now=now)
    callback.given_up_at = now
    _silence(session, ticket, now=now, by=by)
    promise_next(session, ticket, told_by=ToldBy.NOBODY, now=now, by=by)
    _alert(session, ticket, "wrong_number", now=now)


def _silence(session: DeskSession, ticket: Ticket, *, now: datetime, by: Actor) -> None:
    """No text, nor one that waits: whoever has that number would get a link to another person's page. Those it has open
    nothing."""
    ticket.no_text_reason = WRONG_NUMBER
    drop_queued(session, ticket, reason=WRONG_NUMBER, audience="customer", now=now)
    ticket.link_generation += 1
    record(session, ticket, Tag.LINK_REVOKED, by=by, at=now, generation=ticket.link_generation)


def _silence_others(session: DeskSession, ticket: Ticket, *, now: datetime, by: Actor) -> None:
    """What else this customer had went to the same number; a link to what is over leads on to what goes on from it. Not where
    it is only inferred: nobody has heard who is there. These rows are locked after the first, whatever its id: so rare that
    a deadlock, which is tried again, is no matter."""
    others = select(Ticket.id).where(
        Ticket.customer_id == ticket.customer_id,
        Ticket.customer_id.is_not(None),
        Ticket.id != ticket.id,
        Ticket.no_text_reason.is_distinct_from(WRONG_NUMBER),
    )
    for ticket_id in session.scalars(others.order_by(Ticket.id)).all():
        _silence(session, lock_ticket(session, ticket_id), now=now, by=by)


def _alert(session: DeskSession, ticket: Ticket, why: str, *, now: datetime) -> None:
    """Whoever is up next finds another way, while the customer is still owed something."""
    if ticket.is_live:
        escalate(session, ticket, why=why, now=now)
