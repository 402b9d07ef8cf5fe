"""One gate per sender, shared by all workers: where the provider asks for patience, everybody is patient together.

What is wrong with our account or our sender closes it too, and is told to the admins once (`line_trouble` tells it to
everybody). Such a gate opens by itself as soon as a text gets through: where the fault came by a receipt, as soon as a
receipt says that one has arrived.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import structlog
from sqlalchemy import bindparam, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from recovery.domain.actors import MACHINE
from recovery.domain.events import Tag
from recovery.domain.provider_codes import FaultCategory, fault_for
from recovery.models import SendGate
from recovery.models.base import any_of
from recovery.services.proving.trail import record_of_settings
from recovery.services.session import DeskSession

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Gate:
    closed_until: datetime | None = None
    refusals: int = 0
    """In a row. While there are any, one text at a time tries whether the line is free again."""
    why: str = ""

    def is_closed(self, now: datetime) -> bool:
        """Not by one that was closed further ahead than any is: a clock was wrong then."""
        return self.closed_until is not None and now < self.closed_until <= now + LONGEST_PAUSE


OPEN = Gate()
FREE: Mapping[str, object] = MappingProxyType(
    {"refusals": 0, "why": "", **dict.fromkeys(("tried_until", "category", "code", "since", "awaits_receipt"))}
)
ALARMING = (FaultCategory.STOP_LINE, FaultCategory.RETRY_LATER)

ALARMED = (
    select(SendGate)
    .where(
        SendGate.sender.in_(bindparam("senders", expanding=True)),
        SendGate.refusals > 0,
        text(any_of("send_gates.category", ALARMING)),
    )
    .order_by(SendGate.sender)
    .with_for_update()
)
STANDING = select(SendGate.sender, SendGate.closed_until, SendGate.refusals, SendGate.why)
"""Both made once: they are asked of every text that arrives, and of every look of a worker."""

# First pause and longest pause, in seconds: the first doubles with each refusal in a row.
_PAUSES = {
    FaultCategory.RETRY: (0.5, 5.0),
    FaultCategory.RETRY_LATER: (60.0, 900.0),
    FaultCategory.STOP_LINE: (15.0, 300.0),
}
LONGEST_ASKED = timedelta(hours=1)
"""A provider that asks for more, by whatever number, is asked again after this."""
RECEIPT_WITHIN = timedelta(minutes=2)
"""So long a text that tries a line waits for its receipt before the next one does."""
TURN = timedelta(seconds=2)
"""So long one worker tries by itself; a provider that does not answer within it is tried by the next."""
SPREAD = 0.1
"""So much longer, at most, by chance: workers shall not come back in one beat."""
LONGEST_PAUSE = LONGEST_ASKED * (1 + SPREAD)


def all_standing(session: DeskSession) -> dict[str, Gate]:
    """By sender; one that was never refused has none."""
    rows = session.execute(STANDING)
    return {sender: Gate(closed_until, refusals, why) for sender, closed_until, refusals, why in rows}


def standing(session: DeskSession, sender: str) -> Gate:
    row = session.execute(
        select(SendGate.closed_until, SendGate.refusals, SendGate.why).where(SendGate.sender == sender),
    ).one_or_none()
    return Gate(*row) if row else OPEN


def close(
    session: DeskSession,
    sender: str,
    category: FaultCategory,
    *,
    why: str,
    code: int | None = None,
    by_receipt: bool = False,
    asked: float | None = None,
    began: datetime,
    now: datetime,
    chance: float = 0.0,
) -> None:
    """`asked` are the seconds that the provider named, `began` when the refused sending did, `chance` is 0 to 1.

    Of many texts refused at once only the first counts as a refusal: the others began before the gate was closed.
    """
    gate = _locked(session, sender, began=began)
    alarmed = gate.refusals > 0 and gate.category in ALARMING
    if category in ALARMING and not alarmed:
        trail: dict[str, Any] = {"sender": sender, "code": str(code or ""), "category": category.value}
        record_of_settings(session, Tag.LINE_STOPPED, by=MACHINE, at=now, **trail)
        log.warning("outbox:line_stopped", code=code, why=fault_for(code).words if code else why)
    impossible = gate.closed_until > now + LONGEST_PAUSE
    until = now + _pause(category, gate.refusals, asked) * (1 + SPREAD * chance)
    if not alarmed or category in ALARMING:  # what is graver stays told
        gate.why, gate.category, gate.code = why, category.value, str(code) if code else None
    gate.since = gate.since if gate.refusals else now
    gate.refusals += int(not gate.refusals or gate.closed_until <= began or impossible)
    gate.closed_until = until if impossible else max(gate.closed_until, until)
    gate.awaits_receipt = now if by_receipt else gate.awaits_receipt
    gate.tried_until = None


def _pause(category: FaultCategory, refusals: int, asked: float | None) -> timedelta:
    if asked is not None:
        return timedelta(seconds=max(0.0, min(asked, LONGEST_ASKED.total_seconds())))
    first, longest = _PAUSES[category]
    return timedelta(seconds=min(first * 2 ** min(refusals, 10), longest))


def take_turn(session: DeskSession, sender: str, *, now: datetime) -> bool:
    """Who may try whether a line that was closed is free again: one of all workers, for a moment."""
    turn = update(SendGate).where(
        SendGate.sender == sender,
        (SendGate.closed_until <= now) | (SendGate.closed_until > now + LONGEST_PAUSE),
        SendGate.tried_until.is_(None) | (SendGate.tried_until <= now) | (SendGate.tried_until > now + TURN),
    )
    taken = session.scalars(turn.values(tried_until=now + TURN).returning(SendGate.sender))
    return taken.first() is not None


def reopen(session: DeskSession, sender: str, *, began: datetime) -> None:
    """A text that `began` since the refusal was accepted: the line is free. What alarms is `heal`'s."""
    quiet = SendGate.category.is_(None) | SendGate.category.not_in(ALARMING)
    since = SendGate.since.is_(None) | (SendGate.since <= began)
    open_ = update(SendGate).where(SendGate.sender == sender, SendGate.refusals > 0, quiet, since)
    session.execute(open_.values(FREE))


def heal(session: DeskSession, began: Mapping[str, datetime], *, arrived: bool = False, now: datetime) -> None:
    """By sender when the newest text `began` that was accepted, or has `arrived`: what was told to the admins is told to be
    over. One that had left before the fault showed proves nothing."""
    for gate in session.scalars(ALARMED, {"senders": list(began)}):
        if began[gate.sender] < (gate.awaits_receipt or gate.since or gate.closed_until):
            continue
        if arrived or gate.awaits_receipt is None:
            for name, value in FREE.items():
                setattr(gate, name, value)
            record_of_settings(session, Tag.LINE_HEALED, by=MACHINE, at=now, sender=gate.sender)
            log.info("outbox:line_healed")
        else:
            gate.closed_until = max(gate.closed_until, now + RECEIPT_WITHIN)


def _locked(session: DeskSession, sender: str, *, began: datetime) -> SendGate:
    """Made open where there was none: whoever closes it in the same moment waits, so that each fault is told of once."""
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = make(SendGate).values(sender=sender, closed_until=began, why="", refusals=0)
    session.execute(row.on_conflict_do_nothing())
    return session.get_one(SendGate, sender, with_for_update=True, populate_existing=True)
