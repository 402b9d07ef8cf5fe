"""One gate per sender, shared by all workers: where the provider asks for patience, everybody is patient together."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, select, update
from sqlalchemy.dialects import postgresql, sqlite

from recovery.domain.provider_codes import FaultCategory
from recovery.models import SendGate
from recovery.services.session import DeskSession


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

# First pause and longest pause, in seconds: the first doubles with each refusal in a row.
_PAUSES = {
    FaultCategory.RETRY: (0.5, 5.0),
    FaultCategory.RETRY_LATER: (60.0, 900.0),
    FaultCategory.STOP_LINE: (15.0, 300.0),
}
LONGEST_ASKED = timedelta(hours=1)
"""A provider that asks for more, by whatever number, is asked again after this."""
TURN = timedelta(seconds=2)
"""So long one worker tries by itself; a provider that does not answer within it is tried by the next."""
SPREAD = 0.1
"""So much longer, at most, by chance: workers shall not come back in one beat."""
LONGEST_PAUSE = LONGEST_ASKED * (1 + SPREAD)


def all_standing(session: DeskSession) -> dict[str, Gate]:
    """By sender; one that was never refused has none."""
    rows = session.execute(select(SendGate.sender, SendGate.closed_until, SendGate.refusals, SendGate.why))
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
    asked: float | None,
    began: datetime,
    now: datetime,
    chance: float,
) -> None:
    """`asked` are the seconds that the provider named, `began` when the refused sending did, `chance` is 0 to 1.

    Of many texts refused at once only the first counts as a refusal: the others began before the gate was closed.
    """
    refusals = standing(session, sender).refusals
    first, longest = _PAUSES[category]
    pause = timedelta(seconds=min(first * 2 ** min(refusals, 10), longest))
    if asked is not None:
        pause = timedelta(seconds=max(0.0, min(asked, LONGEST_ASKED.total_seconds())))
    _upsert(session, sender, until=now + pause * (1 + SPREAD * chance), why=why, began=began, now=now)


def take_turn(session: DeskSession, sender: str, *, now: datetime) -> bool:
    """Who may try whether a line that was closed is free again: one of all workers, for a moment."""
    turn = update(SendGate).where(
        SendGate.sender == sender,
        (SendGate.closed_until <= now) | (SendGate.closed_until > now + LONGEST_PAUSE),
        SendGate.tried_until.is_(None) | (SendGate.tried_until <= now) | (SendGate.tried_until > now + TURN),
    )
    taken = session.scalars(turn.values(tried_until=now + TURN).returning(SendGate.sender))
    return taken.first() is not None


def reopen(session: DeskSession, sender: str) -> None:
    """A text was accepted: the line is free."""
    free = {"refusals": 0, "why": "", "tried_until": None}
    session.execute(update(SendGate).where(SendGate.sender == sender, SendGate.refusals > 0).values(free))


def _upsert(session: DeskSession, sender: str, *, until: datetime, why: str, began: datetime, now: datetime) -> None:
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = make(SendGate).values(sender=sender, closed_until=until, why=why, refusals=1)
    impossible = SendGate.closed_until > now + LONGEST_PAUSE
    anew = (SendGate.closed_until <= began) | impossible
    later = (SendGate.closed_until < row.excluded.closed_until) | impossible
    session.execute(
        row.on_conflict_do_update(
            index_elements=[SendGate.sender],
            set_={
                "closed_until": case((later, row.excluded.closed_until), else_=SendGate.closed_until),
                "refusals": SendGate.refusals + case((anew, 1), else_=0),
                "why": row.excluded.why,
                "tried_until": None,
            },
        ),
    )
