"""The outbox: which texts a worker may take, and what becomes of those that a worker left behind.

`pending → claimed → sending → sent`: a claim is known to be unsent and can be given back; only a text in `sending`
can be in doubt.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, event, exists, func, or_, select, text, update
from sqlalchemy.orm import aliased

from recovery.domain.messages import Doubt, MessageStatus
from recovery.models import Heartbeat, Message
from recovery.models.message import OPEN, UNDER_WAY, WAITING
from recovery.services.sending.outcomes import doubt, lock_tickets_of
from recovery.services.session import CLAIMS, DeskSession

STUCK_AFTER = timedelta(minutes=15)
"""An earlier text to the same number that is tried, or in doubt, for longer lets the later ones pass."""
CLOCKS_APART = timedelta(seconds=5)
"""Two hosts' clocks may differ by so much before a lease counts as one from a clock that was set back."""
HOLD = "outbox:restored"
"""The heartbeat that stands while a backup's texts are looked for (`services.running.restoring`)."""
ENQUEUED = "enqueued"
"""In `session.info`: this transaction put a text into the outbox, so that its commit is worth telling the workers."""
BULK = CLAIMS | {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a worker owns a text, a call may take, a doubt rests, and lies between two looks for it."""

    lease: timedelta
    time_out: timedelta
    grace: timedelta
    interval: timedelta


def has_due(session: DeskSession, *, now: datetime) -> bool:
    """The look before a claim; on the read engine."""
    return session.scalar(select(Message.id).where(*_due(now)).limit(1)) is not None


def claim(session: DeskSession, *, limit: int, token: str, lease: timedelta, now: datetime) -> list[int]:
    """At most `limit` texts that may leave now, one per number, urgent ones first, else in the order of their time.

    Whatever else has to be so (consent, quiet hours, still true) is looked at when they begin to be sent. None while
    what came out of a backup is held, however long ago the worker looked.
    """
    if held_since(session) is not None:
        return []
    ids = _taken(session, claimable(now).where(Message.urgent_until > now), limit)
    if len(ids) < limit:
        ids += _taken(session, claimable(now).where(Message.id.not_in(ids)), limit - len(ids))
    if ids:
        session.execute(
            update(Message)
            .where(Message.id.in_(ids))
            .values(status=MessageStatus.CLAIMED, claim_token=token, lease_until=now + lease),
            execution_options=BULK,
        )
    return ids


def held_since(session: DeskSession) -> datetime | None:
    return session.scalar(select(Heartbeat.at).where(Heartbeat.name == HOLD))


def give_back(session: DeskSession, token: str) -> int:
    """Claimed and not begun: free for any worker again."""
    given = session.scalars(
        update(Message)
        .where(Message.claim_token == token, Message.status == MessageStatus.CLAIMED)
        .values(status=MessageStatus.PENDING, claim_token=None, lease_until=None)
        .returning(Message.id),
        execution_options=BULK,
    )
    return len(given.all())


def expired(session: DeskSession, *, lease: timedelta, now: datetime, limit: int = 200) -> list[int]:
    """Texts whose worker is gone. A lease that ends impossibly late was written by a clock that has been set back."""
    return list(
        session.scalars(
            select(Message.id)
            .where(text(f"messages.{UNDER_WAY}"), _ran_out(lease, now))
            .order_by(Message.lease_until)
            .limit(limit),
        ),
    )


def reap(session: DeskSession, ids: list[int], *, terms: Terms, now: datetime) -> int:
    """Those that were only claimed are free again; those that were being sent are in doubt."""
    session.execute(
        update(Message)
        .where(Message.id.in_(ids), Message.status == MessageStatus.CLAIMED, _ran_out(terms.lease, now))
        .values(status=MessageStatus.PENDING, claim_token=None, lease_until=None),
        execution_options=BULK,
    )
    tickets = lock_tickets_of(session, ids)
    lost = session.scalars(
        select(Message)
        .where(Message.id.in_(ids), Message.status == MessageStatus.SENDING, _ran_out(terms.lease, now))
        .order_by(Message.id)
        .with_for_update(of=Message)
        .execution_options(populate_existing=True),
    ).all()
    for message in lost:
        doubt(session, tickets.get(message.id), message, why=Doubt.WORKER_LOST, grace=terms.grace, now=now)
    return len(ids)


def oldest_due(session: DeskSession, *, now: datetime) -> datetime | None:
    """Since when the text has waited that waits longest: the age of the queue."""
    return session.scalar(select(func.min(Message.not_before)).where(*_due(now)))


def claimable(now: datetime) -> Select[int]:
    """What may leave now, the longest due first."""
    return select(Message.id).where(*_due(now), ~_behind_another(now)).order_by(Message.not_before, Message.id)


def _taken(session: DeskSession, query: Select[int], limit: int) -> list[int]:
    return list(session.scalars(query.limit(limit).with_for_update(of=Message, skip_locked=True)))


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The states are spelled out, not bound: only so the planner knows that the partial index serves."""
    return text(f"messages.{WAITING}"), Message.not_before <= now  # type: ignore[return-value]  # text is a condition


def _behind_another(now: datetime) -> ColumnElement[bool]:
    """An earlier text to the same number is on its way. What is kept back on purpose (quiet hours, time to undo) is
    not, and neither is one that is stuck."""
    earlier = aliased(Message, name="earlier")
    retried = and_(earlier.attempts > 0, earlier.sending_at > now - STUCK_AFTER)
    waiting = and_(
        earlier.status.in_((MessageStatus.PENDING, MessageStatus.HELD)), or_(earlier.not_before <= now, retried)
    )
    doubted = and_(earlier.status == MessageStatus.IN_DOUBT, earlier.sending_at > now - STUCK_AFTER)
    leaving = earlier.status.in_((MessageStatus.CLAIMED, MessageStatus.SENDING))
    return exists().where(
        earlier.to_number == Message.to_number,
        earlier.id < Message.id,
        text(f"earlier.{OPEN}"),
        or_(leaving, waiting, doubted),
    )


def _ran_out(lease: timedelta, now: datetime) -> ColumnElement[bool]:
    return or_(Message.lease_until <= now, Message.lease_until > now + lease + CLOCKS_APART)


def _note_enqueued(session: DeskSession, *_: object) -> None:
    if any(isinstance(row, Message) and row.status is MessageStatus.PENDING for row in session.new):
        session.info[ENQUEUED] = True


event.listen(DeskSession, "before_flush", _note_enqueued)
