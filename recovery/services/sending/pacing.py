"""One pace per sender, shared by all workers: slots are given out in the transaction that makes texts leave, and nothing is
reserved further ahead. When a text really left is written down with its answer."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy import text as under_way
from sqlalchemy.dialects import postgresql, sqlite

from recovery.domain.messages import MessageStatus
from recovery.domain.pacing import Pace, Slot, moved, slots
from recovery.models import Message, SendPace
from recovery.models.message import UNDER_WAY
from recovery.services.session import DeskSession

YIELDS_FOR = timedelta(seconds=1)
"""So long after its claim is an urgent text let past by other workers: one that died with it holds up nobody."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Left:
    """What became of a slot. `at` is None where the text did not leave, or nobody knows when."""

    slot: Slot
    at: datetime | None
    is_unsent: bool


def paces(session: DeskSession, senders: Collection[str]) -> dict[str, Pace]:
    """For a look; one that has sent nothing yet is missing."""
    rows = session.execute(
        select(SendPace.sender, SendPace.next_at, SendPace.taken).where(SendPace.sender.in_(senders))
    )
    return {sender: _read(next_at, taken) for sender, next_at, taken in rows}


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
        theirs = [text for text in paced[sender] if sender not in pressed or is_urgent(text, now)]
        given = _reserve(session, sender, [text.segments for text in theirs], now=now)
        leaves |= {text.id: slot for text, slot in zip(theirs, given, strict=False)}
    return leaves


def move_slot(session: DeskSession, sender: str, slot: Slot, *, now: datetime) -> Slot | None:
    """For a text that was late for its own. None where the next one is too far ahead."""
    later, pace = moved(_locked(session, sender), slot, now)
    _write(session, sender, pace)
    return later


def settle(session: DeskSession, left: Mapping[str, Iterable[Left]], *, now: datetime) -> None:
    """By sender. What did not leave gives its place back; what nobody knows of keeps it."""
    for sender, texts in sorted(left.items()):  # in one order, as every lock of several
        rate, pace = session.house.rate_of(sender), _locked(session, sender)
        for text in texts:
            if text.at is not None:
                pace = pace.left(text.slot, text.at)
            elif text.is_unsent:
                pace = pace.without(text.slot)
        _write(session, sender, pace.standing(rate, now) if rate else pace)


def by_sender(left: Iterable[tuple[str, Left]]) -> dict[str, list[Left]]:
    found: dict[str, list[Left]] = defaultdict(list)
    for sender, each in left:
        found[sender].append(each)
    return found


def is_urgent(text: Message, now: datetime) -> bool:
    return text.urgent_until is not None and text.urgent_until > now


def _reserve(session: DeskSession, sender: str, segments: Sequence[int], *, now: datetime) -> list[Slot]:
    rate = session.house.rate_of(sender)
    if not rate or not segments:
        return []
    given, pace = slots(_locked(session, sender), segments, rate=rate, now=now)
    if given:
        _write(session, sender, pace)
    return given


def _locked(session: DeskSession, sender: str) -> Pace:
    """Until the commit nobody else takes a slot of this sender."""
    query = select(SendPace.next_at, SendPace.taken).where(SendPace.sender == sender).with_for_update()
    known = session.execute(query).first()
    if known is None:
        make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        session.execute(make(SendPace).values(sender=sender, next_at=EPOCH, taken="").on_conflict_do_nothing())
        known = session.execute(query).one()
    return _read(*known)


def _read(next_at: datetime, taken: str) -> Pace:
    return Pace(next_at, [EPOCH + timedelta(microseconds=int(at)) for at in taken.split()])


def _write(session: DeskSession, sender: str, pace: Pace) -> None:
    taken = " ".join(str((at - EPOCH) // MICROSECOND) for at in pace.taken)
    session.execute(
        update(SendPace).where(SendPace.sender == sender).values(next_at=pace.next_at or EPOCH, taken=taken),
        execution_options={"synchronize_session": False},
    )


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
