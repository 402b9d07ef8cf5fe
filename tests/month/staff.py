"""What staff do for a ticket, and forget to."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from recovery.domain.actors import Actor
from recovery.domain.callbacks import LIVE as LIVE_CALLS
from recovery.domain.callbacks import Outcome
from recovery.domain.remedies import RemedyStatus
from recovery.models import Callback, Remedy, Ticket
from recovery.services.calling import attempts
from recovery.services.deciding import remedies
from recovery.services.session import DeskSession
from recovery.services.ticketing import tickets
from recovery.services.timing.promises import promise_by_hand
from tests.month.acts import Case

OUTCOMES = {
    Outcome.REACHED: 60,
    Outcome.NO_ANSWER: 15,
    Outcome.VOICEMAIL: 8,
    Outcome.BUSY: 6,
    Outcome.DISCONNECTED: 7,
    Outcome.WRONG_NUMBER: 4,
}


def hand_over_all(case: Case, session: DeskSession, ticket: Ticket, by: Actor) -> None:
    for remedy in remedies.remedies_of(session, ticket):
        if remedy.status in {RemedyStatus.GRANTED, RemedyStatus.READY}:
            remedies.fulfil(session, ticket, remedy, now=case.now, by=by)


def finish(case: Case, *, by: Actor | None = None, forgets_remedy: bool = False) -> None:
    """Hands over what was granted, and resolves: two presses in one moment."""

    def act(session: DeskSession, ticket: Ticket) -> None:
        if not forgets_remedy:
            hand_over_all(case, session, ticket, by or case.me)
        tickets.resolve(session, ticket, how=None, now=case.now, by=by or case.me)

    case.staff("tickets resolved", act, by=by)


def promise(case: Case, minutes: float, *, tell: bool = True, by: Actor | None = None) -> None:
    due = case.now + timedelta(minutes=minutes)
    who = by or case.me
    case.staff(
        "promises by hand",
        lambda session, ticket: promise_by_hand(session, ticket, due_at=due, tell=tell, now=case.now, by=who),
        by=by,
    )


def decide(case: Case, *, grant: bool, by: Actor) -> None:
    def act(session: DeskSession, ticket: Ticket) -> None:
        for remedy in _asked(session, ticket):
            if grant:
                smaller = remedy.amount // 2 if remedy.amount and case.chances(0.3) else None
                remedies.approve(session, ticket, remedy, amount=smaller, now=case.now, by=by)
            else:
                remedies.refuse(session, ticket, remedy, reason="A fresh one is enough", now=case.now, by=by)

    case.staff("approvals answered", act, by=by)


def withdraw(case: Case) -> None:
    def act(session: DeskSession, ticket: Ticket) -> None:
        for remedy in _asked(session, ticket):
            remedies.cancel(session, ticket, remedy, reason="not needed", now=case.now, by=case.me)

    case.staff("requests withdrawn", act)


def call(case: Case, outcome: Outcome, *, by: Actor | None = None) -> None:
    """Whichever call is the next to make."""
    who = by or case.me

    def act(session: DeskSession, ticket: Ticket) -> None:
        for callback in _live_calls(session, ticket)[:1]:
            attempts.attempt(session, ticket, callback, outcome=outcome, note=None, now=case.now, by=who)

    case.staff(f"calls: {outcome.value}", act, by=by)


def next_call_in(case: Case) -> timedelta | None:
    """None: there is none to make."""
    with case.scene.desk.read() as session:
        due = session.scalar(
            select(Callback.due_at)
            .where(Callback.ticket_id == case.id, Callback.status.in_(LIVE_CALLS))
            .order_by(Callback.due_at)
            .limit(1)
        )
    return None if due is None else max(timedelta(seconds=20), due - case.now)


def _asked(session: DeskSession, ticket: Ticket) -> Sequence[Remedy]:
    return [r for r in remedies.remedies_of(session, ticket) if r.status is RemedyStatus.PENDING_APPROVAL]


def _live_calls(session: DeskSession, ticket: Ticket) -> Sequence[Callback]:
    live = select(Callback).where(Callback.ticket_id == ticket.id, Callback.status.in_(LIVE_CALLS))
    return session.scalars(live.order_by(Callback.due_at)).all()
