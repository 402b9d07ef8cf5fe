"""Up the ladder: a clock that nears its target, or has passed it, is told to the next who can do something, each step once.

When to look is a row; what is due then is read from the clock itself, under the ticket's lock, so that pauses, shut hours
and a changed severity are as they are everywhere else.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from recovery.domain.ladders import Rung, rungs_from
from recovery.domain.recovery_clock import ClockReading
from recovery.domain.remedies import COUNTED, RemedyStatus
from recovery.domain.tickets import WITHOUT_PROMISE, Source, TicketStatus
from recovery.models import Alert, Climb, Remedy, Staff, Ticket
from recovery.services.alerting.alerts import Matter, alert, deputy_of, is_awake, may_hear, those_on_shift
from recovery.services.people.escalation import admins, supervisors
from recovery.services.session import DeskSession
from recovery.services.timing.calendars import calendar_of
from recovery.services.timing.clocks import reading
from recovery.services.timing.targets import targets_of

LOOK_AGAIN = timedelta(hours=1)
"""While a clock stands still for something that nobody can foresee."""


def watch_new(session: DeskSession, ticket: Ticket, *, now: datetime) -> None:
    """Not before a step can come at all: most tickets are put right by then, and nobody has read their clocks."""
    if ticket.source in WITHOUT_PROMISE:
        return
    policy, own = session.house.policy, ticket.site.soonest_target
    soonest = policy.targets.soonest if own is None else min(own, policy.targets.soonest)
    first = timedelta(minutes=soonest) * policy.ladder.warn_at_percent / 100
    session.add(Climb(ticket_id=ticket.id, look_at=now + first))


def watch(session: DeskSession, ticket: Ticket, *, now: datetime) -> None:
    """Something has happened by which a step may come sooner than was reckoned. A ticket that was reopened climbs by its
    promises, from one step up."""
    if ticket.source in WITHOUT_PROMISE or ticket.level > 1:
        return
    climb = session.get(Climb, ticket.id) or _begun(session, ticket)
    if climb is not None:
        climb.look_at = min(climb.look_at, now)
    elif not _only_waits(session, ticket):
        session.add(Climb(ticket_id=ticket.id, look_at=now))


def _begun(session: DeskSession, ticket: Ticket) -> Climb | None:
    """In this very transaction, and not written yet."""
    return next((row for row in session.new if isinstance(row, Climb) and row.ticket_id == ticket.id), None)


def _only_waits(session: DeskSession, ticket: Ticket) -> bool:
    """For a free colleague: that is no mistake until our promise breaks or something is given, as in `domain.told`."""
    if ticket.source is not Source.GREETER or ticket.lapses:
        return False
    given = select(Remedy.id).where(Remedy.ticket_id == ticket.id, Remedy.status.in_(COUNTED))
    return session.scalar(given.limit(1)) is None


def look(session: DeskSession, ticket: Ticket, climb: Climb, *, now: datetime) -> None:
    """Takes each clock as far up as it is due, and says when to look next."""
    ahead = _climbed(session, ticket, now=now) if ticket.is_live and ticket.level == 1 else []
    if not ahead:
        session.delete(climb)
    elif ticket.status is TicketStatus.WAITING_FOR_CUSTOMER:
        climb.look_at = now + LOOK_AGAIN  # whoever goes on with it calls `watch`
    else:
        climb.look_at = calendar_of(ticket.site).after_open(now, min(ahead))


def _climbed(session: DeskSession, ticket: Ticket, *, now: datetime) -> list[timedelta]:
    """Gives how much opening time is left until the next step of each clock that has one."""
    read, targets = reading(session, ticket, now), targets_of(session, ticket)
    ladder, ahead = session.house.policy.ladder, []
    for clock in ladder.clocks:
        counted = _counted(read, clock)
        if counted is None:
            continue
        steps = ladder.steps(targets[clock])
        due = [step.rung for step in steps if step.at <= counted]
        if due and _is_owed(session, ticket, clock):
            _climb(session, ticket, clock, due, now=now)
        ahead += [timedelta(seconds=step.at - counted) for step in steps if step.at > counted][:1]
    return ahead


def _counted(read: ClockReading, clock: str) -> int | None:
    """Seconds; None where it has come to its end."""
    clock_read = getattr(read, clock)
    return None if clock_read.at is not None else clock_read.counted_seconds


def _is_owed(session: DeskSession, ticket: Ticket, clock: str) -> bool:
    """A remedy gets ready only where one was granted."""
    granted = select(Remedy.id).where(Remedy.ticket_id == ticket.id, Remedy.status == RemedyStatus.GRANTED)
    return clock != "remedy_ready" or session.scalar(granted.limit(1)) is not None


def _climb(session: DeskSession, ticket: Ticket, clock: str, due: Sequence[Rung], *, now: datetime) -> None:
    """Several that are due at once are one: the highest is told, once, and how many it stands for."""
    alerted = session.execute(
        select(Alert.step, Alert.staff_id).where(Alert.ticket_id == ticket.id, Alert.about == clock)
    )
    known = [(step, staff_id) for step, staff_id in alerted]
    reached = max((step for step, _ in known), default=0)
    new = [rung for rung in due if rung.number > reached]
    if not new:
        return
    top = new[-1]
    is_past = top is not Rung.OWNER
    matter = Matter("target_passed" if is_past else "target_near", top.number, clock, len(new) - 1)
    told = {staff_id for step, staff_id in known if step > Rung.OWNER.number}
    for person in _people(session, ticket, top, is_first=not told, now=now):
        if person.id not in told:
            alert(session, ticket, person, matter, now=now)
            ticket.target_passed_at = ticket.target_passed_at or (now if is_past else None)


def _people(session: DeskSession, ticket: Ticket, rung: Rung, *, is_first: bool, now: datetime) -> Sequence[Staff]:
    """Those on this rung, and where none of them may be woken also those on the next. The first step always finds
    somebody; later a rung that has nobody is passed over, and the one above it comes at its own time. A warning goes no
    further than to whoever is at work."""
    found: dict[int, Staff] = {}
    for each in rungs_from(rung)[:2] if rung is Rung.OWNER else rungs_from(rung):
        people = [person for person in _on(session, ticket, each, now=now) if may_hear(person, ticket)]
        found |= {person.id: person for person in people}
        if not people and not is_first and not found:
            break
        if any(is_awake(session, person, ticket, now=now) for person in people):
            break
    return list(found.values())


def _on(session: DeskSession, ticket: Ticket, rung: Rung, *, now: datetime) -> Sequence[Staff]:
    match rung:
        case Rung.OWNER:
            return [ticket.owner] if ticket.owner is not None else []
        case Rung.ON_SHIFT:
            return those_on_shift(session, ticket, now=now)
        case Rung.DEPUTY:
            return deputy_of(session, ticket)
        case Rung.SUPERVISORS:
            return supervisors(session, ticket.site_id)
        case Rung.ADMINS:
            return admins(session)
