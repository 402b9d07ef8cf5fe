"""The first text of a ticket: the apology, what was granted, and the promise."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from recovery.domain.actors import MACHINE, Actor
from recovery.domain.messages import QUEUED, Direction, MessageStatus
from recovery.domain.remedies import RemedyStatus
from recovery.models import Message, Promise, Remedy, Ticket
from recovery.services.sending.departures import NO_LONGER_TRUE
from recovery.services.session import DeskSession
from recovery.services.texting.messages import APOLOGIES, Saying, leaves_at, remedies_in_words, tell_customer
from recovery.services.texting.queued import drop_queued
from recovery.services.timing.promises import current_promise, words_for
from recovery.services.wording.spoken import speech_with_customer

PLAIN, WAITING = APOLOGIES
WITH_CUSTOMER = "customer"
NEVER_BEGAN = frozenset({MessageStatus.PENDING, MessageStatus.HELD, MessageStatus.CLAIMED, MessageStatus.DROPPED})
GIVEN = frozenset({RemedyStatus.GRANTED, RemedyStatus.READY})


def apologise(
    session: DeskSession, ticket: Ticket, remedies: Sequence[Remedy], due: datetime, *, now: datetime, by: Actor
) -> Message | None:
    """Goes out whatever an approval will say; the customer is told that the answer comes. After `due` it would promise a
    time that has gone by, so it is dropped then, and the lapse says it anew."""
    template = WAITING if is_asked(remedies) else PLAIN
    values = _words(ticket, remedies, due, at=now)
    saying = Saying(template, f"ticket:{ticket.id}:logged", values, expires_at=due)
    return tell_customer(session, ticket, saying, now=now, by=by)


def apologise_anew(
    session: DeskSession, ticket: Ticket, promise: Promise, *, leaves: datetime, now: datetime
) -> Message | None:
    """For who never got the first: "we kept you waiting" would tell them of nothing that they know."""
    remedies = session.scalars(select(Remedy).where(Remedy.ticket_id == ticket.id).order_by(Remedy.id)).all()
    saying = Saying(
        WAITING if is_asked(remedies) else PLAIN,
        f"ticket:{ticket.id}:promise:{promise.number}:logged",
        _words(ticket, remedies, promise.due_at, at=leaves),
        holds_while=f"promise:{promise.id}",
        expires_at=promise.due_at,
    )
    return tell_customer(session, ticket, saying, now=now, by=MACHINE, urgent=False)


def apologise_without(session: DeskSession, ticket: Ticket, *, now: datetime) -> None:
    """Something that was granted is taken back: an apology that waits to tell of it tells of what stands instead."""
    queued = session.scalar(
        select(Message)
        .where(Message.ticket_id == ticket.id, Message.template.in_(APOLOGIES), Message.status.in_(QUEUED))
        .order_by(Message.id.desc())
        .limit(1)
    )
    promise = current_promise(session, ticket)
    if queued is None or promise is None or promise.due_at <= now:
        return
    drop_queued(session, ticket, reason=NO_LONGER_TRUE, templates=APOLOGIES, now=now)
    remedies = session.scalars(select(Remedy).where(Remedy.ticket_id == ticket.id).order_by(Remedy.id)).all()
    urgent = queued.urgent_until is not None
    leaves = now if urgent else leaves_at(session, ticket, now=now)
    saying = Saying(
        WAITING if is_asked(remedies) else PLAIN,
        f"{queued.meaning}:{ticket.event_seq}",
        _words(ticket, remedies, promise.due_at, at=leaves),
        holds_while=f"promise:{promise.id}" if queued.holds_while else None,
        expires_at=promise.due_at,
    )
    tell_customer(session, ticket, saying, now=now, by=MACHINE, urgent=urgent)


def is_unsaid(session: DeskSession, ticket: Ticket) -> bool:
    """An apology was written, and neither it nor any other text about this has even begun to leave: who has heard of a time
    since, or that it was put right, is told that we are late."""
    written = select(Message.template, Message.status).where(
        Message.ticket_id == ticket.id, Message.direction == Direction.OUTBOUND, Message.audience == WITH_CUSTOMER
    )
    texts = session.execute(written).all()
    apologised = any(template in APOLOGIES for template, _ in texts)
    return apologised and all(status in NEVER_BEGAN for _, status in texts)


def is_asked(remedies: Sequence[Remedy]) -> bool:
    return any(remedy.status is RemedyStatus.PENDING_APPROVAL for remedy in remedies)


def _words(ticket: Ticket, remedies: Sequence[Remedy], due: datetime, *, at: datetime) -> dict[str, str]:
    given = [remedy for remedy in remedies if remedy.status in GIVEN]
    return {
        "remedies": remedies_in_words(given, speech_with_customer(ticket)),
        "promise": words_for(ticket, due, now=at),
    }
