"""After a restore from a backup the outbox is old: what waits in it may have been sent since the backup was made.

Workers send nothing until each waiting text has been looked for in the provider's list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.orm import defer

from recovery.domain.actors import MACHINE, Actor
from recovery.domain.events import Tag
from recovery.domain.messages import Doubt, MessageStatus
from recovery.models import Heartbeat, Message
from recovery.models.message import WAITING
from recovery.services.proving.trail import record_of_settings
from recovery.services.running.heartbeats import beat
from recovery.services.sending.outbox import BULK, HOLD, held_since
from recovery.services.sending.outcomes import doubt, lock_tickets_of, locked
from recovery.services.sending.reconciling import Look, adopt_found, names_taken, texts_to_look_for
from recovery.services.session import DeskSession
from recovery.sms.gateway import Found

LOOKED_FOR_WITHIN = timedelta(minutes=10)
"""After the grace. A text that the list tells nothing of by then is in doubt on its own, and the others go."""
GIVEN_UP_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Hold:
    since: datetime


def hold_after_restore(session: DeskSession, *, grace: timedelta, now: datetime) -> None:
    """In the transaction that puts the rows back. Nobody holds the claims that the backup remembers: what was only
    claimed waits like the others, what was leaving is in doubt."""
    let_go = {"status": MessageStatus.PENDING, "claim_token": None, "lease_until": None}
    session.execute(
        update(Message).where(Message.status == MessageStatus.CLAIMED).values(let_go), execution_options=BULK
    )
    session.execute(update(Message).where(Message.looked_by == HOLD).values(looked_by=None), execution_options=BULK)
    leaving = select(Message.id).where(Message.status == MessageStatus.SENDING).order_by(Message.id)
    _doubt_all(session, session.scalars(leaving).all(), grace=grace, now=now)
    beat(session, HOLD, now=now, detail={})


def standing_hold(session: DeskSession) -> Hold | None:
    since = held_since(session)
    return Hold(since) if since else None


def is_ripe(hold: Hold, *, grace: timedelta, now: datetime) -> bool:
    """The provider lists a text within the grace: an earlier look could miss the last ones before the restore."""
    return now >= hold.since + grace


def to_look_for(session: DeskSession, hold: Hold) -> list[int]:
    """Those that nobody has looked for yet."""
    query = select(Message.id).where(
        text(f"messages.{WAITING}"),
        Message.created_at <= hold.since,
        or_(Message.looked_by.is_(None), Message.looked_by != HOLD),
    )
    return list(session.scalars(query.order_by(Message.id)))


def look_of(session: DeskSession, message_id: int) -> Look | None:
    """None for a text whose number or words are erased: it will be dropped, not sent. Raises ValueError for one that no
    provider takes."""
    message = session.get_one(Message, message_id)
    if message.body is None or message.to_number is None:
        return None
    texts = texts_to_look_for(session, message)
    return Look(message_id, HOLD, texts, message.created_at, names_taken(session, message))


def looked_for(session: DeskSession, message_id: int, found: Found | None, *, now: datetime) -> None:
    """Found in the provider's list: it is sent, and nobody sends it again. Else it waits until all were looked for."""
    ticket, message = locked(session, message_id)
    if found is not None and message.status in {MessageStatus.PENDING, MessageStatus.HELD}:
        doubt(session, ticket, message, why=Doubt.RESTORED, grace=timedelta(), now=now)
        adopt_found(session, ticket, message, found, now=now)
        session.flush()
    session.execute(update(Message).where(Message.id == message_id).values(looked_by=HOLD), execution_options=BULK)


def release(session: DeskSession, *, grace: timedelta, by: Actor = MACHINE, now: datetime) -> bool:
    """Sending goes on. False where nothing is held, or something still has to be looked for."""
    held = session.get(Heartbeat, HOLD, with_for_update=True)
    if held is None:
        return False
    left = to_look_for(session, Hold(held.at))
    if left and now >= held.at + grace + LOOKED_FOR_WITHIN:
        some, left = left[:GIVEN_UP_AT_ONCE], left[GIVEN_UP_AT_ONCE:]
        _doubt_all(session, some, grace=timedelta(), now=now)
    if left:
        return False
    session.execute(delete(Heartbeat).where(Heartbeat.name == HOLD))
    messages = session.scalar(select(func.count()).where(Message.looked_by == HOLD)) or 0
    record_of_settings(session, Tag.OUTBOX_RELEASED, by=by, at=now, messages=messages)
    return True


def _doubt_all(session: DeskSession, message_ids: Sequence[int], *, grace: timedelta, now: datetime) -> None:
    """`services.sending.reconciling` settles them, one by one."""
    tickets = lock_tickets_of(session, list(message_ids))
    rows = select(Message).where(Message.id.in_(message_ids)).order_by(Message.id).options(defer(Message.body))
    locked = rows.with_for_update(of=Message).execution_options(populate_existing=True)
    for message in session.scalars(locked):
        doubt(session, tickets.get(message.id), message, why=Doubt.RESTORED, grace=grace, now=now)
