"""The outbox: which texts a worker may take, and what becomes of those that a worker left behind.

`pending → claimed → sending → sent`: a claim is known to be unsent and can be given back; only a text in `sending`
can be in doubt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, event, exists, func, or_, select, text, update
from sqlalchemy.orm import aliased

from recovery.domain.messages import Doubt, MessageStatus
from recovery.models import Heartbeat, Message
from recovery.models.message import OPEN, UNDER_WAY, URGENT_WAITING, WAITING
from recovery.services.sending.outcomes import doubt, lock_tickets_of
from recovery.services.session import CLAIMS, DeskSession

STUCK_AFTER = timedelta(minutes=15)
"""An earlier text to the same number that is tried, or in doubt, for longer lets the later ones pass, and one that waits
for longer those of other senders."""
CLOCKS_APART = timedelta(seconds=5)
"""Two hosts' clocks may differ by so much before a lease counts as one from a clock that was set back."""
LANES_AT_ONCE = 16
"""A claim looks into so many; their turn comes round to the others."""
HOLD = "outbox:restored"
"""The heartbeat that stands while a backup's texts are looked for (`services.running.restoring`)."""
ENQUEUED = "enqueued"
"""In `session.info`: this transaction put a text into the outbox, so that its commit is worth telling the workers."""
BULK = CLAIMS | {"synchronize_session": False}
HELD = select(Heartbeat.at).where(Heartbeat.name == HOLD)


Claimable = tuple[Select[int], dict[str, object]]


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a worker owns a text, a call may take, a doubt rests, and lies between two looks for it."""

    lease: timedelta
    time_out: timedelta
    grace: timedelta
    interval: timedelta


@dataclass(frozen=True, slots=True, order=True)
class Lane:
    """The texts of one site that leave from one sender."""

    sender: str
    site_id: int
    """0: texts that belong to no site."""


@dataclass(frozen=True, slots=True)
class Lanes:
    """Those with a text that is due; `urgent` may have one that was urgent once."""

    urgent: Sequence[Lane]
    every: Sequence[Lane]

    @property
    def senders(self) -> frozenset[str]:
        return frozenset(lane.sender for lane in self.every)


@dataclass(frozen=True, slots=True)
class Claimed:
    message_id: int
    lane: Lane


def has_due(session: DeskSession, *, now: datetime) -> bool:
    """The look before a claim; on the read engine."""
    return session.scalar(_any_due(), {"now": now}) is not None


def claim(
    session: DeskSession,
    lanes: Lanes,
    room: Mapping[str, int],
    *,
    limit: int,
    token: str,
    lease: timedelta,
    now: datetime,
) -> list[Claimed]:
    """At most `limit` texts that may leave now, one per number: urgent ones first, lane by lane in the order given, of each
    sender as many as it has `room` for.

    Whatever else has to be so (consent, quiet hours, still true) is looked at when they begin to be sent. None while
    what came out of a backup is held, however long ago the worker looked.
    """
    if held_since(session) is not None:
        return []
    claiming = _Claiming(session, dict(room), limit, now)
    claiming.fill(lanes.urgent, is_urgent=True)
    claiming.fill(lanes.every, is_urgent=False)
    if claiming.taken:
        session.execute(
            update(Message)
            .where(Message.id.in_([each.message_id for each in claiming.taken]))
            .values(status=MessageStatus.CLAIMED, claim_token=token, lease_until=now + lease),
            execution_options=BULK,
        )
    return claiming.taken


def held_since(session: DeskSession) -> datetime | None:
    return session.scalar(HELD)


def give_back(session: DeskSession, token: str, message_ids: Sequence[int]) -> int:
    """Claimed and not begun: free for any worker again."""
    if not message_ids:
        return 0
    given = session.scalars(
        update(Message)
        .where(Message.id.in_(message_ids), Message.claim_token == token, Message.status == MessageStatus.CLAIMED)
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


def claimable(lane: Lane, now: datetime, most: int, *, is_urgent: bool = False, but: Sequence[int] = ()) -> Claimable:
    """What may leave now, the longest due first, with what it is to be asked for: at most so many, and none of those."""
    values = {"now": now, "stuck_since": now - STUCK_AFTER, "sender": lane.sender, "most": most, "but": list(but)}
    values |= {"site_id": lane.site_id} if lane.site_id else {}
    return _waiting(is_urgent=is_urgent, has_site=bool(lane.site_id)), values


@cache
def _waiting(*, is_urgent: bool, has_site: bool) -> Select[int]:
    """Made once: building it costs several times what running it does."""
    now = bindparam("now", type_=Message.not_before.type)
    site = Message.site_id == bindparam("site_id") if has_site else Message.site_id.is_(None)
    due = (*_due(now), site, Message.sender == bindparam("sender"), ~_behind_another(now))
    hurried = (text(f"messages.{URGENT_WAITING}"), Message.urgent_until > now) if is_urgent else ()
    fresh = Message.id.not_in(bindparam("but", expanding=True))
    query = select(Message.id).where(*due, *hurried, fresh).order_by(Message.not_before, Message.id)
    return query.limit(bindparam("most", type_=Integer)).with_for_update(of=Message, skip_locked=True)


@cache
def _any_due() -> Select[int]:
    return select(Message.id).where(*_due(bindparam("now", type_=Message.not_before.type))).limit(1)


@dataclass
class _Claiming:
    session: DeskSession
    room: dict[str, int]
    limit: int
    now: datetime
    taken: list[Claimed] = field(default_factory=list)

    def fill(self, lanes: Sequence[Lane], *, is_urgent: bool) -> None:
        """An equal share of each lane, then what is left over to those that have more."""
        lanes = [lane for lane in lanes if self.room.get(lane.sender)][:LANES_AT_ONCE]
        while lanes and (left := self.limit - len(self.taken)) > 0:
            share = -(-left // len(lanes))
            lanes = [lane for lane in lanes if self._take(lane, share, is_urgent=is_urgent)]

    def _take(self, lane: Lane, share: int, *, is_urgent: bool) -> bool:
        """False where the lane has no more to give."""
        most = min(share, self.room[lane.sender], self.limit - len(self.taken))
        if most <= 0:
            return False
        known = [each.message_id for each in self.taken]
        query, values = claimable(lane, self.now, most, is_urgent=is_urgent, but=known)
        found = [Claimed(message_id, lane) for message_id in self.session.scalars(query, values)]
        self.taken += found
        self.room[lane.sender] -= len(found)
        return len(found) == most


def _due(now: datetime | ColumnElement[datetime]) -> tuple[ColumnElement[bool], ...]:
    """The states are spelled out, not bound: only so the planner knows that the partial index serves."""
    return text(f"messages.{WAITING}"), Message.not_before <= now  # type: ignore[return-value]  # text is a condition


def _behind_another(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """An earlier text to the same number is on its way. What is kept back on purpose (quiet hours, time to undo) is
    not, and neither is one that is stuck."""
    earlier, stuck_since = aliased(Message, name="earlier"), bindparam("stuck_since", type_=Message.sending_at.type)
    retried = and_(earlier.attempts > 0, earlier.sending_at > stuck_since)
    waiting = and_(
        earlier.status.in_((MessageStatus.PENDING, MessageStatus.HELD)), or_(earlier.not_before <= now, retried)
    )
    doubted = and_(earlier.status == MessageStatus.IN_DOUBT, earlier.sending_at > stuck_since)
    # one sender's line may be stopped for days, or have hours of texts waiting: another site's text is not lost in that
    in_turn = or_(earlier.sender == Message.sender, earlier.created_at > stuck_since)
    leaving = earlier.status.in_((MessageStatus.CLAIMED, MessageStatus.SENDING))
    return exists().where(
        earlier.to_number == Message.to_number,
        earlier.id < Message.id,
        text(f"earlier.{OPEN}"),
        or_(leaving, and_(waiting, in_turn), doubted),
    )


def _ran_out(lease: timedelta, now: datetime) -> ColumnElement[bool]:
    return or_(Message.lease_until <= now, Message.lease_until > now + lease + CLOCKS_APART)


def _note_enqueued(session: DeskSession, *_: object) -> None:
    if any(isinstance(row, Message) and row.status is MessageStatus.PENDING for row in session.new):
        session.info[ENQUEUED] = True


event.listen(DeskSession, "before_flush", _note_enqueued)
