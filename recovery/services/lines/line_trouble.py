"""What keeps texts from leaving and only an admin can mend: in the words that everybody at work is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, text

from recovery.domain.provider_codes import Fault, FaultCategory, fault_of
from recovery.domain.senders import SIMULATED
from recovery.models import Message, SendGate
from recovery.models.message import WAITING
from recovery.services.sending.gates import ALARMING
from recovery.services.session import DeskSession
from recovery.services.texting.senders import known_senders

NOT_LEAVING = "Texts are not leaving; your admin knows. Nothing is lost: they go when it is put right."


@dataclass(frozen=True, slots=True)
class LineTrouble:
    sender: str
    fault: Fault
    since: datetime
    next_try: datetime
    """May lie in the past: then the next text that is due tries it."""
    waiting: int
    """Texts that would have left by now."""

    @property
    def stops(self) -> bool:
        """Else it only goes slowly."""
        return self.fault.category is FaultCategory.STOP_LINE

    @property
    def words(self) -> str:
        """For an admin: what is wrong, what to do, and what became of the texts."""
        many = {0: "No text waits", 1: "1 text waits"}.get(self.waiting, f"{self.waiting} texts wait")
        where = "the simulated phones' provider" if self.sender == SIMULATED else self.sender
        return f"Texts are not leaving from {where}. {self.fault.words} {self.fault.advice} {many}."


def line_trouble(session: DeskSession, *, now: datetime) -> Sequence[LineTrouble]:
    """The longest standing first. One query where nothing is wrong: it is asked on every page. A sender that is configured no
    longer is nobody's trouble: nothing leaves from it, so that nothing would ever end that."""
    closed = select(SendGate).where(SendGate.refusals > 0, SendGate.category.in_(ALARMING))
    gates = session.scalars(closed.order_by(SendGate.since, SendGate.sender)).all()
    known = known_senders(session) if gates else frozenset()
    return [_told(gate, _waiting(session, gate.sender, now=now), now=now) for gate in gates if gate.sender in known]


def _told(gate: SendGate, waiting: int, *, now: datetime) -> LineTrouble:
    fault = fault_of(gate.code, gate.why)
    if gate.code is None:  # our own settings, or an answer without a code: `why` tells it
        fault = Fault(None, FaultCategory(gate.category or FaultCategory.STOP_LINE), gate.why, _LOOK_AT_SETTINGS)
    return LineTrouble(gate.sender, fault, gate.since or now, gate.closed_until, waiting)


_LOOK_AT_SETTINGS = "An admin looks at the settings and at the provider's console."


def meant_to_be_gone(now: datetime) -> ColumnElement[bool]:
    """Due by now, or refused and tried again in a while."""
    return or_(Message.not_before <= now, Message.attempts > 0)


def _waiting(session: DeskSession, sender: str, *, now: datetime) -> int:
    waiting = select(func.count()).where(text(f"messages.{WAITING}"), meant_to_be_gone(now), Message.sender == sender)
    return session.scalar(waiting.select_from(Message)) or 0
