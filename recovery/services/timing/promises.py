"""Promise 1: every live ticket carries the moment by which the customer hears from us next."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select

from recovery.domain.actors import MACHINE, Actor
from recovery.domain.errors import Invalid, WrongState
from recovery.domain.events import Tag
from recovery.domain.ids import new_id
from recovery.domain.messages import MessageStatus
from recovery.domain.promise_times import default_due, warn_at
from recovery.domain.speech.parts import Speech
from recovery.domain.tickets import WITHOUT_PROMISE, PromiseAbout, TicketStatus, ToldBy
from recovery.domain.wording import due_words
from recovery.models import Approval, Callback, Message, Promise, Ticket, Wait
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession, instant
from recovery.services.texting.messages import Saying, is_heard, leaves_at, tell_customer, why_no_text
from recovery.services.timing.calendars import calendar_of
from recovery.services.timing.owed import call_due, owed_next, still_owed
from recovery.services.wording.spoken import speech_with_customer, zone_of

FARTHEST = timedelta(days=30)
"""Past that it is a typing mistake, not a promise."""
SAYS_WHAT_IS_OWED = (Promise, Approval, Callback, Wait)
CURRENT = select(Promise).where(Promise.ticket_id == bindparam("ticket_id"), Promise.ended_at.is_(None))


def default_promise_due(session: DeskSession, ticket: Ticket, *, now: datetime) -> datetime:
    policy = session.house.policy
    return default_due(
        now=now,
        minutes=policy.promise_minutes[ticket.severity],
        calendar=calendar_of(ticket.site),
        minutes_after_opening=policy.promise_minutes_after_opening,
    )


def sayable_due(session: DeskSession, ticket: Ticket, due: datetime, *, now: datetime) -> datetime:
    """A time that the text which tells it can still say truly: where the quiet hours hold that text past `due`, as long
    after their end as the severity has it. Without a text it is `due`."""
    leaves = leaves_at(session, ticket, now=now)
    if leaves < due or why_no_text(session, ticket):
        return due
    return default_promise_due(session, ticket, now=leaves)


def current_promise(session: DeskSession, ticket: Ticket) -> Promise | None:
    return session.scalar(CURRENT, {"ticket_id": ticket.id})


def make_promise(
    session: DeskSession,
    ticket: Ticket,
    *,
    due_at: datetime,
    about: PromiseAbout,
    told_by: ToldBy,
    now: datetime,
    by: Actor,
    renewal: int = 0,
    first: bool = False,
    after: Promise | None = None,
) -> Promise | None:
    """Replaces the current one, unless this is the `first` or comes `after` one that has ended. None for what owes nobody
    anything: observations, mystery shops, drills."""
    if ticket.source in WITHOUT_PROMISE:
        return None
    if not first and after is None:
        after = end_promise(session, ticket, "replaced", now=now)
    promise = Promise(
        id=new_id(now),
        ticket_id=ticket.id,
        number=1 if first else _next_number(session, ticket, after),
        due_at=due_at,
        warn_at=warn_at(now, due_at, percent=session.house.policy.promise_warned_at_percent),
        about=about,
        told_by=told_by,
        made_at=now,
        made_by_id=by.id,
        renewal=renewal,
    )
    ticket.promise_due_at = due_at
    session.add(promise)
    _tell_trail(session, ticket, promise, by=by, now=now)
    return promise


def promise_by_hand(
    session: DeskSession,
    ticket: Ticket,
    *,
    due_at: datetime,
    tell: bool,
    now: datetime,
    by: Actor,
) -> Promise:
    """A person promises a new time. Raises Invalid for the past or the far future, WrongState where nobody waits.

    A text that the quiet hours would hold past that time is not written, and one too many is withheld: the promise is
    then told by nobody, and whoever made it has to call.
    """
    check_due(due_at, now=now)
    return promise_anew(session, ticket, due_at=due_at, tell=tell, now=now, by=by)


def promise_anew(
    session: DeskSession, ticket: Ticket, *, due_at: datetime, tell: bool, now: datetime, by: Actor
) -> Promise:
    """As `promise_by_hand`, for a time that is reckoned: a site may be shut for longer than a person would promise."""
    if not ticket.is_live:
        raise WrongState(f"This ticket is {ticket.status.label}: nobody is waiting for a new time.")
    told_by = _telling(session, ticket, due_at, now=now) if tell else ToldBy.PAGE
    promise = make_promise(session, ticket, due_at=due_at, about=PromiseAbout.TOUCH, told_by=told_by, now=now, by=by)
    if promise is None:
        raise WrongState("An observation has no customer, so there is nobody to promise anything to.")
    if tell and (told_by is not ToldBy.NOBODY or leaves_at(session, ticket, now=now) < due_at):
        tell_new_time(session, ticket, promise, template="promised", now=now, by=by)
    return promise


def touched(
    session: DeskSession,
    ticket: Ticket,
    *,
    how: str,
    now: datetime,
    by: Actor,
    about: PromiseAbout = PromiseAbout.TOUCH,
    reached: bool = False,
    since: datetime | None = None,
) -> None:
    """The customer heard from us: the promise is kept, and what they are owed next stands on their page.

    A promised answer or call stands whatever else they hear, until it is given. `reached`: this was the call, which began
    at `since`, if that is known: it is in time when it was begun in time.
    """
    if by.is_person and by.id is not None and ticket.first_response_at is None:
        ticket.first_response_at = now
    record(session, ticket, Tag.TICKET_TOUCHED, by=by, at=now, how=how)
    promise = _written_promise(session, ticket)
    if ticket.is_live and not _stands(session, ticket, promise, reached=reached):
        kept = end_promise(
            session, ticket, "kept", now=now, how=how, by=by, reached=reached, since=since, known=promise
        )
        _promise_owed(session, ticket, kept, otherwise=None, about=about, told_by=ToldBy.PAGE, now=now, by=by)


def texted(
    session: DeskSession,
    ticket: Ticket,
    message: Message | None,
    *,
    how: str,
    now: datetime,
    by: Actor,
    about: PromiseAbout = PromiseAbout.TOUCH,
) -> None:
    """A text is a touch where it leaves. One that waits for the morning keeps nothing: the next word is promised for after
    it. Where none may go (None), or money holds it for who knows how long, the promise stands as it was told."""
    if message is None or message.held_for:
        return
    if message.status is MessageStatus.HELD:
        after = default_promise_due(session, ticket, now=message.not_before)
        promise_next(session, ticket, otherwise=after, about=about, now=now, by=by)
    else:
        touched(session, ticket, how=how, about=about, now=now, by=by)


def promise_next(
    session: DeskSession,
    ticket: Ticket,
    *,
    now: datetime,
    by: Actor,
    otherwise: datetime | None = None,
    about: PromiseAbout = PromiseAbout.TOUCH,
    told_by: ToldBy = ToldBy.PAGE,
) -> None:
    """Replaces what nobody waits for any more by what is owed next: an answer, a call, else a word by `otherwise`, which
    by itself is the default of the severity."""
    promise = _written_promise(session, ticket)
    if ticket.is_live and not _stands(session, ticket, promise):
        replaced = end_promise(session, ticket, "replaced", now=now, known=promise)
        _promise_owed(session, ticket, replaced, otherwise=otherwise, about=about, told_by=told_by, now=now, by=by)


def end_promise(
    session: DeskSession,
    ticket: Ticket,
    outcome: str,
    *,
    now: datetime,
    how: str = "",
    by: Actor = MACHINE,
    reached: bool = False,
    since: datetime | None = None,
    known: Promise | None = None,
) -> Promise | None:
    """Gives the one that ended; `known` spares looking for it. Past its time it is broken and counted, whatever came after,
    and also where something else replaces it before a worker looked. A promised call is kept by nothing but the call:
    `reached`."""
    promise = known or current_promise(session, ticket)
    if promise is None:
        return None
    if promise.about is PromiseAbout.CALLBACK and not reached:
        outcome = "replaced"
    late = promise.lapsed_at is not None or ((since or now) > promise.due_at and ticket.status is not TicketStatus.VOID)
    promise.outcome = "broken" if late else outcome
    promise.ended_at = now
    if late and promise.lapsed_at is None:
        count_lapse(session, ticket, promise, now=now)
    if promise.outcome == "kept":
        record(session, ticket, Tag.PROMISE_KEPT, by=by, at=now, promise=promise.id, how=how)
    session.flush()  # the partial unique index allows one current promise: end this one before the next is added
    return promise


def put_back_promise(session: DeskSession, ticket: Ticket, *, ended_at: datetime, now: datetime, by: Actor) -> bool:
    """The one that an undone resolution had ended is as it was told. False where there was none, and where only the
    resolution had seen that it was broken: nobody has told them so."""
    ended = select(Promise).where(Promise.ticket_id == ticket.id, Promise.ended_at == ended_at)
    promise = session.scalar(ended.order_by(Promise.number.desc()).limit(1))
    if promise is None or promise.lapsed_at == ended_at:
        return False
    promise.outcome = promise.ended_at = None
    ticket.promise_due_at = promise.due_at
    told = {"promise": promise.id, "due_at": instant(promise.due_at)}
    record(session, ticket, Tag.PROMISE_PUT_BACK, by=by, at=now, **told)
    return True


def _telling(session: DeskSession, ticket: Ticket, due_at: datetime, *, now: datetime) -> ToldBy:
    if why_no_text(session, ticket):
        return ToldBy.PAGE
    in_time = leaves_at(session, ticket, now=now) < due_at
    return ToldBy.TEXT if in_time and is_heard(session, ticket, now=now, urgent=False) else ToldBy.NOBODY


def _written_promise(session: DeskSession, ticket: Ticket) -> Promise | None:
    """The current one, with all written that says what is owed: what was answered, called or cancelled a moment ago is
    owed no more. What else is to be written waits for it, as a flush costs as much as five questions."""
    if any(isinstance(row, SAYS_WHAT_IS_OWED) for row in (*session.new, *session.dirty)):
        session.flush()
    with session.no_autoflush:
        return current_promise(session, ticket)


def _stands(session: DeskSession, ticket: Ticket, promise: Promise | None, *, reached: bool = False) -> bool:
    """An answer or a call that is owed still. Where they were `reached`, only a call that is booked for another time."""
    if promise is None:
        return False
    with session.no_autoflush:
        if reached and promise.about is PromiseAbout.CALLBACK:
            return call_due(session, ticket) == promise.due_at
        return still_owed(session, ticket, promise.about)


def _promise_owed(
    session: DeskSession,
    ticket: Ticket,
    ended: Promise | None,
    *,
    otherwise: datetime | None,
    about: PromiseAbout,
    told_by: ToldBy,
    now: datetime,
    by: Actor,
) -> None:
    """An answer or a call that is overdue is promised anew by the default of the severity."""
    owed = owed_next(session, ticket)
    due = otherwise
    if owed is not None:
        about, due = owed
    if due is None or due <= now:
        due = default_promise_due(session, ticket, now=now)
    make_promise(session, ticket, due_at=due, about=about, told_by=told_by, now=now, by=by, after=ended)


def _next_number(session: DeskSession, ticket: Ticket, ended: Promise | None) -> int:
    if ended is not None:
        return ended.number + 1
    return 1 + (session.scalar(select(func.max(Promise.number)).where(Promise.ticket_id == ticket.id)) or 0)


def check_due(due_at: datetime, *, now: datetime) -> None:
    if due_at <= now:
        raise Invalid.field("due_at", "A promise must lie in the future: choose a later time.")
    if due_at > now + FARTHEST:
        raise Invalid.field("due_at", "That is more than 30 days away: promise a nearer time.")


def words_for(ticket: Ticket, due_at: datetime, *, now: datetime, speech: Speech | None = None) -> str:
    """Give "in about 10 minutes", "by 14:32 tomorrow", in the customer's zone and language; with `speech` it is told
    to staff, in the site's zone."""
    zone = ticket.site.timezone if speech else zone_of(ticket)
    return due_words(due_at, now=now, timezone=zone, speech=speech or speech_with_customer(ticket))


def count_lapse(session: DeskSession, ticket: Ticket, promise: Promise, *, now: datetime) -> None:
    promise.lapsed_at = now
    ticket.lapses += 1
    record(
        session,
        ticket,
        Tag.PROMISE_LAPSED,
        by=MACHINE,
        at=now,
        promise=promise.id,
        due_at=instant(promise.due_at),
    )


def tell_new_time(
    session: DeskSession,
    ticket: Ticket,
    promise: Promise,
    *,
    template: str,
    now: datetime,
    by: Actor,
    urgent: bool = False,
) -> Message | None:
    """In words that are true when the text leaves, and only while the promise stands and has not gone by."""
    leaves = now if urgent else leaves_at(session, ticket, now=now)
    saying = Saying(
        template,
        f"ticket:{ticket.id}:promise:{promise.number}:{template}",
        {"promise": words_for(ticket, promise.due_at, now=leaves)},
        holds_while=f"promise:{promise.id}",
        expires_at=promise.due_at,
    )
    return tell_customer(session, ticket, saying, now=now, by=by, urgent=urgent)


def _tell_trail(session: DeskSession, ticket: Ticket, promise: Promise, *, by: Actor, now: datetime) -> None:
    record(
        session,
        ticket,
        Tag.PROMISE_MADE,
        by=by,
        at=now,
        promise=promise.id,
        due_at=instant(promise.due_at),
        about=promise.about.value,
        told_by=promise.told_by.value,
        renewal=promise.renewal,
    )
