"""After a restore from a backup the outbox is old: what waits in it may have been sent since the backup was made.

Workers send nothing until each waiting text has been looked for in the provider's list.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, text

from recovery.domain.actors import MACHINE, Actor
from recovery.domain.events import Tag
from recovery.models import Heartbeat, Message
from recovery.models.message import WAITING
from recovery.services.proving.trail import record_of_settings
from recovery.services.running.heartbeats import beat
from recovery.services.sending.outcomes import lock_tickets_of
from recovery.services.sending.receipts import adopt
from recovery.services.sending.reconciling import BY_LIST, Look, names_taken, texts_to_look_for
from recovery.services.session import DeskSession

RESTORED = "outbox:restored"


@dataclass(frozen=True, slots=True)
class Hold:
    since: datetime


def hold_after_restore(session: DeskSession, *, now: datetime) -> None:
    beat(session, RESTORED, now=now, detail={})


def standing_hold(session: DeskSession) -> Hold | None:
    since = session.scalar(select(Heartbeat.at).where(Heartbeat.name == RESTORED))
    return Hold(since) if since else None


def is_ripe(hold: Hold, *, grace: timedelta, now: datetime) -> bool:
    """The provider lists a text within the grace: an earlier look could miss the last ones before the restore."""
    return now >= hold.since + grace


def to_look_for(session: DeskSession, hold: Hold) -> list[int]:
    query = select(Message.id).where(text(f"messages.{WAITING}"), Message.created_at <= hold.since)
    return list(session.scalars(query.order_by(Message.id)))


def look_of(session: DeskSession, message_id: int) -> Look | None:
    """None for a text whose number or words are erased: it will be dropped, not sent."""
    message = session.get_one(Message, message_id)
    if message.body is None or message.to_number is None:
        return None
    texts = texts_to_look_for(session.house, message)
    return Look(message_id, RESTORED, texts, message.created_at, names_taken(session, message))


def left_before_restore(session: DeskSession, message_id: int, sid: str, *, now: datetime) -> None:
    """Found in the provider's list: it is sent, and nobody sends it again."""
    ticket = lock_tickets_of(session, [message_id]).get(message_id)
    message = session.get_one(Message, message_id, with_for_update={"of": Message}, populate_existing=True)
    if message.provider_sid is None and not message.status.final:
        message.doubted_at = now
        adopt(session, ticket, message, sid, how=BY_LIST, now=now)


def release(session: DeskSession, *, messages: int, by: Actor = MACHINE, now: datetime) -> bool:
    """Sending goes on; `messages` were looked for. False where nothing was held."""
    gone = session.execute(delete(Heartbeat).where(Heartbeat.name == RESTORED).returning(Heartbeat.name)).all()
    if gone:
        record_of_settings(session, Tag.OUTBOX_RELEASED, by=by, at=now, messages=messages)
    return bool(gone)
