"""The simulated phones: the provider's side of the simulator, kept in the database so that web and worker share them.

Their receipts and their replies come in through the same services as the real provider's webhooks.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from recovery.domain.errors import Invalid
from recovery.domain.ids import new_id
from recovery.domain.messages import Direction
from recovery.models import Message, SimulatedText
from recovery.services.sending.receipts import Told, take
from recovery.services.session import DeskSession
from recovery.services.texting.replies import Inbound, receive
from recovery.sms.gateway import Found, OutgoingText, ProviderStatus

ARRIVES_AFTER = timedelta(seconds=1)
QUEUED, DELIVERED, RECEIVED = "queued", "delivered", "received"
LONGEST_REPLY = 1600


@dataclass(frozen=True, slots=True)
class Thread:
    """A phone as the list of phones shows it: its newest text."""

    number: str
    last: SimulatedText
    texts: int


def threads(session: DeskSession, *, limit: int = 200) -> list[Thread]:
    """Every phone that has a text, the newest first."""
    newest = (
        select(SimulatedText.number, func.max(SimulatedText.id).label("last"), func.count().label("texts"))
        .group_by(SimulatedText.number)
        .order_by(func.max(SimulatedText.id).desc())
        .limit(limit)
        .subquery()
    )
    rows = session.execute(
        select(newest.c.number, SimulatedText, newest.c.texts)
        .join(SimulatedText, SimulatedText.id == newest.c.last)
        .order_by(SimulatedText.id.desc()),
    )
    return [Thread(number, text, texts) for number, text, texts in rows]


def thread(session: DeskSession, number: str, *, limit: int = 200) -> list[SimulatedText]:
    """What stands on this phone, the oldest of the newest `limit` first."""
    newest = session.scalars(
        select(SimulatedText)
        .where(SimulatedText.number == number)
        .order_by(SimulatedText.at.desc(), SimulatedText.id.desc())
        .limit(limit),
    ).all()
    return list(reversed(newest))


def reply_from_phone(session: DeskSession, number: str, body: str, *, now: datetime) -> Message:
    """Typed on a simulated phone. Raises Invalid for nothing, or for more than a text holds."""
    words = body.strip().replace("\0", "")
    if not words or len(words) > LONGEST_REPLY:
        raise Invalid.field("body", f"Write something, up to {LONGEST_REPLY} characters.")
    sid = _new_sid()
    sender = _last_heard_from(session, number) or session.house.sender
    session.add(
        SimulatedText(
            id=new_id(now),
            number=number,
            sender=sender,
            direction=Direction.INBOUND,
            body=words,
            ref="",
            sid=sid,
            status=RECEIVED,
            at=now,
        ),
    )
    return receive(session, Inbound(number, sender, words, sid), now=now)


def _last_heard_from(session: DeskSession, number: str) -> str | None:
    """Whom somebody answers who answers the newest text on their phone."""
    return session.scalar(
        select(SimulatedText.sender)
        .where(SimulatedText.number == number, SimulatedText.direction == Direction.OUTBOUND)
        .order_by(SimulatedText.at.desc(), SimulatedText.id.desc())
        .limit(1),
    )


def keep(session: DeskSession, outgoing: OutgoingText, *, at: datetime) -> str:
    """The simulated provider accepts a text: its new name."""
    sid = _new_sid()
    session.add(
        SimulatedText(
            id=new_id(at),
            number=outgoing.to,
            sender=outgoing.sender,
            direction=Direction.OUTBOUND,
            body=outgoing.body,
            ref=outgoing.ref,
            sid=sid,
            status=QUEUED,
            at=at,
        ),
    )
    return sid


def find(session: DeskSession, outgoing: OutgoingText, *, not_before: datetime, taken: Collection[str]) -> Found | None:
    text = session.scalars(
        select(SimulatedText)
        .where(
            SimulatedText.number == outgoing.to,
            SimulatedText.sender == outgoing.sender,
            SimulatedText.direction == Direction.OUTBOUND,
            SimulatedText.body == outgoing.body,
            SimulatedText.at >= not_before,
            SimulatedText.sid.not_in(taken),
        )
        .order_by(SimulatedText.at, SimulatedText.id)
        .limit(1),
    ).first()
    return Found(text.sid, text.status, text.at) if text else None


def fetch(session: DeskSession, sid: str) -> ProviderStatus | None:
    status = session.scalar(select(SimulatedText.status).where(SimulatedText.sid == sid))
    return ProviderStatus(status) if status else None


def arriving(session: DeskSession, *, now: datetime, limit: int = 200) -> list[int]:
    """Accepted long enough ago to ring by now."""
    return list(
        session.scalars(
            select(SimulatedText.id)
            .where(SimulatedText.status == QUEUED, SimulatedText.at <= now - ARRIVES_AFTER)
            .order_by(SimulatedText.at)
            .limit(limit),
        ),
    )


def arrive(session: DeskSession, text_id: int, *, now: datetime) -> None:
    """The phone rings, and the provider tells us so."""
    text = session.get_one(SimulatedText, text_id, with_for_update=True, populate_existing=True)
    if text.status != QUEUED:
        return
    text.status = DELIVERED
    for status in ("sent", DELIVERED):
        take(session, Told(text.sid, status, ref=text.ref), now=now)


def _new_sid() -> str:
    return "SM" + secrets.token_hex(16)
