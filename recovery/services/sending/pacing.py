"""One pace per sender, shared by all workers: slots are given out in the transaction that makes texts leave, and nothing is
reserved further ahead."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy import text as under_way
from sqlalchemy.dialects import postgresql, sqlite

from recovery.domain.messages import MessageStatus
from recovery.domain.pacing import Slot, slots
from recovery.models import Message, SendPace
from recovery.models.message import UNDER_WAY
from recovery.services.session import DeskSession

YIELDS_FOR = timedelta(seconds=1)
"""So long after its claim is an urgent text let past by other workers: one that died with it holds up nobody."""


def free_at(session: DeskSession, senders: Collection[str]) -> dict[str, datetime]:
    """From when on each may send; one that has sent nothing yet is missing."""
    rows = session.execute(select(SendPace.sender, SendPace.next_at).where(SendPace.sender.in_(senders)))
    return {sender: next_at for sender, next_at in rows}  # noqa: C416  # a row is no pair for mypy


def take_slots(
    session: DeskSession, texts: Sequence[Message], *, lease: timedelta, now: datetime
) -> dict[int, Slot | None]:
    """By text; None where its sender has no rate, and takes all at once. Those that are missing get no slot now."""
    paced: dict[str, list[Message]] = {}
    leaves: dict[int, Slot | None] = {}
    for text in texts:
        if session.house.rate_of(text.sender) is None:
            leaves[text.id] = None
        else:
            paced.setdefault(text.sender, []).append(text)
    pressed = _urgent_elsewhere(session, texts, paced, lease=lease, now=now) if paced else set()
    for sender in sorted(paced):  # in one order, as every lock of several
        theirs = [text for text in paced[sender] if sender not in pressed or _is_urgent(text, now)]
        given = _reserve(session, sender, [text.segments for text in theirs], now=now)
        leaves |= {text.id: slot for text, slot in zip(theirs, given, strict=False)}
    return leaves


def move_slot(session: DeskSession, sender: str, slot: Slot, to: Slot) -> bool:
    """For a text that missed its slot. False where another one has been given out after it."""
    return _is_moved(session, sender, slot.free, to.free)


def _reserve(session: DeskSession, sender: str, segments: Sequence[int], *, now: datetime) -> list[Slot]:
    """By one conditional UPDATE; again where another worker was faster, from where that one left it."""
    rate = session.house.rate_of(sender)
    while rate and segments:
        known = session.scalar(select(SendPace.next_at).where(SendPace.sender == sender))
        given = slots(known, segments, rate=rate, now=now)
        if not given or _is_moved(session, sender, known, given[-1].free):
            return given
    return []


def _is_moved(session: DeskSession, sender: str, known: datetime | None, free: datetime) -> bool:
    if known is None:
        make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        first = make(SendPace).values(sender=sender, next_at=free).on_conflict_do_nothing().returning(SendPace.sender)
        return session.execute(first).first() is not None
    moved = (
        update(SendPace)
        .where(SendPace.sender == sender, SendPace.next_at == known)
        .values(next_at=free)
        .returning(SendPace.sender)
        .execution_options(synchronize_session=False)
    )
    return session.execute(moved).first() is not None


def _urgent_elsewhere(
    session: DeskSession, texts: Sequence[Message], senders: Collection[str], *, lease: timedelta, now: datetime
) -> set[str]:
    """Senders of which another worker has claimed an urgent text a moment ago: its slot is not taken from it."""
    return set(
        session.scalars(
            select(Message.sender).where(
                under_way(f"messages.{UNDER_WAY}"),
                Message.status == MessageStatus.CLAIMED,
                Message.lease_until > now + lease - YIELDS_FOR,
                Message.sender.in_(senders),
                Message.urgent_until > now,
                Message.claim_token.not_in({text.claim_token for text in texts}),
            ),
        ),
    )


def _is_urgent(text: Message, now: datetime) -> bool:
    return text.urgent_until is not None and text.urgent_until > now
