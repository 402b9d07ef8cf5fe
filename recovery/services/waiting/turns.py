"""Whose turn it is: called, on the way, put off, not there, back, helped or gone. The ticket's row is locked by whoever calls.

Each act is an event and moves the promise: while it is the customer's turn to come, ours is to look again.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from recovery.domain.actors import CUSTOMER, MACHINE, Actor
from recovery.domain.errors import WrongState
from recovery.domain.events import Tag
from recovery.domain.permissions import Permission
from recovery.domain.tickets import TicketStatus, ToldBy
from recovery.domain.tickets import move as move_ticket
from recovery.domain.waits import EXPECTED, LIVE, OVER, WaitAnswer, WaitStatus
from recovery.models import Event, Message, Remedy, Ticket, Wait
from recovery.services.access import require
from recovery.services.alerting.ladders import watch
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession, instant
from recovery.services.ticketing.tickets import LOOK_AGAIN_AFTER, resolve, set_aside, settle
from recovery.services.timing.promises import promise_next, touched
from recovery.services.waiting.estimates import estimate
from recovery.services.waiting.saying import say
from recovery.services.waiting.wait_rows import next_estimate_at, set_status

NOT_COMING, NOT_THERE, SAID_BY_STAFF = "not_coming", "not_there", "said_by_staff"
"""Why somebody is no longer in line."""
SET_ASIDE_FOR = {
    NOT_COMING: "They said that they are not coming.",
    NOT_THERE: "They were called, and did not come.",
}
ONE_SECOND = timedelta(seconds=1)


def ready(session: DeskSession, ticket: Ticket, wait: Wait, *, now: datetime, by: Actor) -> None:
    """We are ready for them. Of two colleagues who press it the second changes nothing. Raises WrongState for who is not
    in line."""
    require(by, Permission.WORK)
    if wait.status in EXPECTED:
        return
    rules = session.house.policy.waiting
    set_status(wait, WaitStatus.CALLED, due_at=now + rules.grace, called_at=now, called_by_id=by.id)
    _look_again(session, ticket, wait, now=now, by=by)
    record(session, ticket, Tag.WAIT_CALLED, by=by, at=now, wait=wait.id)
    say(session, ticket, wait, "waiting_ready", now=now, by=by)
    touched(session, ticket, how="called", now=now, by=by)
    watch(session, ticket, now=now)  # where no worker has looked yet, this finds a promise broken


def helped(session: DeskSession, ticket: Ticket, wait: Wait, *, now: datetime, by: Actor) -> None:
    """Who helped them is who says so. A wait that kept its promise is over without a word; one that broke it was a mistake,
    and the customer is asked whether it is right. Raises WrongState for who is not in line any more, or while a remedy
    awaits approval."""
    require(by, Permission.WORK)
    if wait.status is WaitStatus.HELPED:
        return
    turn = {} if wait.called_at else {"called_at": now, "called_by_id": by.id}
    set_status(wait, WaitStatus.HELPED, due_at=None, ended_at=now, helped_by_id=by.id, **turn)
    record(session, ticket, Tag.WAIT_HELPED, by=by, at=now, wait=wait.id)
    if not ticket.is_live:
        return
    if is_a_mistake(session, ticket, now=now):
        resolve(session, ticket, how=None, now=now, by=by)
    else:
        settle(session, ticket, why="helped", now=now, by=by)


def not_coming(session: DeskSession, ticket: Ticket, wait: Wait, *, now: datetime, by: Actor) -> None:
    """A colleague says that they have left; who stands there after all is heard on the same ticket. Raises WrongState
    where they are not in line any more."""
    require(by, Permission.WORK)
    _leave(session, ticket, wait, why=SAID_BY_STAFF, now=now, by=by)


def back(session: DeskSession, ticket: Ticket, wait: Wait, *, now: datetime, by: Actor) -> None:
    """Who was not there when called comes back to the front of the line. Raises WrongState for everybody else."""
    require(by, Permission.WORK)
    if wait.status is not WaitStatus.NO_SHOW:
        raise WrongState("Only who was called and not there comes back to the front of the line.")
    first = session.scalar(
        select(func.min(Wait.line_at)).where(Wait.site_id == wait.site_id, Wait.status == WaitStatus.WAITING)
    )
    wait.line_at = min(wait.line_at, first - ONE_SECOND if first else wait.line_at)
    _in_line(session, ticket, wait, why="back", now=now, by=by)
    promise_next(session, ticket, told_by=ToldBy.IN_PERSON, now=now, by=by)


def answer(session: DeskSession, ticket: Ticket, wait: Wait, said: WaitAnswer, *, now: datetime) -> None:
    """By text or on their page. Saying the same again changes nothing; who is not in line any more is told on the page."""
    if wait.status in OVER:
        return
    match said:
        case WaitAnswer.COMING if wait.called_at is not None and wait.status is not WaitStatus.COMING:
            _coming(session, ticket, wait, now=now)
        case WaitAnswer.LATER if wait.status is not WaitStatus.LATER:
            _put_off(session, ticket, wait, now=now)
        case WaitAnswer.NOT_COMING:
            _leave(session, ticket, wait, why=NOT_COMING, now=now, by=CUSTOMER)


def go_on(session: DeskSession, ticket: Ticket, wait: Wait, *, now: datetime) -> bool:
    """What the machine does once `due_at` has come. False: nothing any more."""
    if wait.due_at is None or wait.due_at > now or wait.status not in LIVE:
        return False
    match wait.status:
        case WaitStatus.WAITING:
            return _estimate_anew(session, ticket, wait, now=now)
        case WaitStatus.LATER:
            _in_line(session, ticket, wait, why="later", now=now, by=MACHINE)
            message = say(session, ticket, wait, "waiting_again", until=wait.estimate_at, now=now, by=MACHINE)
            _promised(session, ticket, message, now=now)
        case WaitStatus.NO_SHOW:
            _leave(session, ticket, wait, why=NOT_THERE, now=now, by=MACHINE)
        case _:
            _miss(session, ticket, wait, now=now)
    return True


def is_a_mistake(session: DeskSession, ticket: Ticket, *, now: datetime) -> bool:
    """Its promise broke, whether or not a worker has seen it yet, it was opened again, or something was given for it; see
    `domain.told.counted`."""
    is_broken = ticket.promise_due_at is not None and ticket.promise_due_at < now
    if ticket.lapses or is_broken or ticket.level > 1:
        return True
    return session.scalar(select(Remedy.id).where(Remedy.ticket_id == ticket.id).limit(1)) is not None


def said_not_coming(session: DeskSession, ticket: Ticket) -> bool:
    """Of who is out of the line: whether they told us so themselves, as the trail has it."""
    actor = session.scalar(
        select(Event.actor_kind)
        .where(Event.stream_id == ticket.id, Event.tag == Tag.WAIT_LEFT)
        .order_by(Event.seq.desc())
        .limit(1)
    )
    return actor == CUSTOMER.kind


def _estimate_anew(session: DeskSession, ticket: Ticket, wait: Wait, *, now: datetime) -> bool:
    """It is not their turn yet, and will be later than they were told: they hear it while our promise holds. Once that is
    broken, they hear it from whoever looks after broken promises."""
    if ticket.lapses or wait.promised_by <= now:
        return False
    rules = session.house.policy.waiting
    place, at = estimate(session, ticket.site, wait, now=now)
    wait.changes += 1
    wait.due_at = None
    message = say(session, ticket, wait, "waiting_longer", until=at, now=now, by=MACHINE)
    if message is None:
        return True
    wait.estimates += 1
    wait.estimate_at, wait.promised_by = at, at + rules.margin
    wait.due_at = at if wait.estimates < rules.estimates else None
    record(session, ticket, Tag.WAIT_ESTIMATED, by=MACHINE, at=now, wait=wait.id, place=place, estimate_at=instant(at))
    _promised(session, ticket, message, now=now)
    return True


def _coming(session: DeskSession, ticket: Ticket, wait: Wait, *, now: datetime) -> None:
    set_status(wait, WaitStatus.COMING, due_at=now + session.house.policy.waiting.grace)
    _look_again(session, ticket, wait, now=now, by=CUSTOMER)
    record(session, ticket, Tag.WAIT_COMING, by=CUSTOMER, at=now, wait=wait.id)
    promise_next(session, ticket, now=now, by=CUSTOMER)


def _put_off(session: DeskSession, ticket: Ticket, wait: Wait, *, now: datetime) -> None:
    rules = session.house.policy.waiting
    until = now + rules.later
    set_status(wait, WaitStatus.LATER, due_at=until)
    _look_again(session, ticket, wait, now=now, by=CUSTOMER, promised_by=until + rules.margin)
    record(session, ticket, Tag.WAIT_PUT_OFF, by=CUSTOMER, at=now, wait=wait.id, until_at=instant(until))
    message = say(session, ticket, wait, "waiting_later", until=until, now=now, by=CUSTOMER)
    _promised(session, ticket, message, now=now)


def _miss(session: DeskSession, ticket: Ticket, wait: Wait, *, now: datetime) -> None:
    set_status(wait, WaitStatus.NO_SHOW, due_at=now + session.house.policy.waiting.kept)
    _look_again(session, ticket, wait, now=now, by=MACHINE)
    record(session, ticket, Tag.WAIT_MISSED, by=MACHINE, at=now, wait=wait.id)
    message = say(session, ticket, wait, "waiting_missed", until=wait.due_at, by_clock=True, now=now, by=MACHINE)
    _promised(session, ticket, message, now=now)


def _in_line(session: DeskSession, ticket: Ticket, wait: Wait, *, why: str, now: datetime, by: Actor) -> None:
    """In their place, with an estimate of now, and the promise that comes with it is ours to keep again."""
    rules = session.house.policy.waiting
    set_status(wait, WaitStatus.WAITING, due_at=None)
    session.flush()
    place, at = estimate(session, ticket.site, wait, now=now)
    wait.estimate_at, wait.promised_by = at, at + rules.margin
    wait.due_at = next_estimate_at(session, ticket, wait)
    told = {"place": place, "estimate_at": instant(at), "why": why}
    record(session, ticket, Tag.WAIT_RESUMED, by=by, at=now, wait=wait.id, **told)
    _ours_again(session, ticket, now=now, by=by)


def _leave(session: DeskSession, ticket: Ticket, wait: Wait, *, why: str, now: datetime, by: Actor) -> None:
    """A wait that kept its promise is over, and was no mistake. Where we had broken it they went because of us: the ticket
    goes on, and somebody puts that right."""
    set_status(wait, WaitStatus.GONE, due_at=None, ended_at=now)
    record(session, ticket, Tag.WAIT_LEFT, by=by, at=now, wait=wait.id, why=why)
    if not ticket.is_live:
        return
    if is_a_mistake(session, ticket, now=now):
        _ours_again(session, ticket, now=now, by=by)
        promise_next(session, ticket, now=now, by=by)
        watch(session, ticket, now=now)
    elif why == SAID_BY_STAFF:
        settle(session, ticket, why=why, now=now, by=by)  # not aside: a person may err, and has an undo
    else:
        set_aside(session, ticket, reason=SET_ASIDE_FOR[why], why=why, now=now, by=by)
    if by.kind is CUSTOMER.kind:
        say(session, ticket, wait, "waiting_over", now=now, by=CUSTOMER)


def _look_again(
    session: DeskSession, ticket: Ticket, wait: Wait, *, now: datetime, by: Actor, promised_by: datetime | None = None
) -> None:
    """It is the customer's turn to come: our clock rests, theirs does not."""
    wait.promised_by = promised_by or now + LOOK_AGAIN_AFTER
    if ticket.status is not TicketStatus.WAITING_FOR_CUSTOMER:
        ticket.status = move_ticket(ticket.status, TicketStatus.WAITING_FOR_CUSTOMER)
        record(session, ticket, Tag.TICKET_WAITING, by=by, at=now)


def _ours_again(session: DeskSession, ticket: Ticket, *, now: datetime, by: Actor) -> None:
    if ticket.status is TicketStatus.WAITING_FOR_CUSTOMER:
        ticket.status = move_ticket(ticket.status, TicketStatus.IN_RECOVERY)
        record(session, ticket, Tag.TICKET_RESUMED, by=by, at=now)
        watch(session, ticket, now=now)


def _promised(session: DeskSession, ticket: Ticket, message: Message | None, *, now: datetime) -> None:
    told_by = ToldBy.PAGE if message is None else ToldBy.TEXT
    promise_next(session, ticket, told_by=told_by, now=now, by=MACHINE)
