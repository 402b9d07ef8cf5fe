"""The simulated telephone: the provider's side of calls, played by whoever holds the simulated phones.

What happens on a line comes in through the same services as the real provider's webhooks.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from recovery.domain.errors import NotFound, WrongState
from recovery.domain.ids import new_id
from recovery.domain.phone_calls import RING_SECONDS, Script
from recovery.models import SimulatedCall
from recovery.services.session import DeskSession
from recovery.services.telephony import answering, progress
from recovery.services.telephony.progress import Told
from recovery.sms.telephone import OutgoingCall

QUEUED, RINGING, TALKING = "queued", "ringing", "in-progress"
COMPLETED, BUSY, NO_ANSWER = "completed", "busy", "no-answer"
SHOWN_AFTER = timedelta(seconds=30)
"""A call that is over stands on the phone so long."""
PUT_DOWN = "The call is over already."


def ring(session: DeskSession, outgoing: OutgoingCall, *, at: datetime) -> str:
    """The simulated provider takes a call: its new name."""
    return _leg(session, outgoing.to, outgoing.from_, outgoing.ref, now=at).sid


@dataclass(frozen=True, slots=True)
class OnPhone:
    """What one phone is busy with, or was a moment ago; `other` is the leg that it is joined with."""

    leg: SimulatedCall
    other: SimulatedCall | None


def on_phone(session: DeskSession, number: str, *, now: datetime) -> OnPhone | None:
    lately = or_(SimulatedCall.ended_at.is_(None), SimulatedCall.ended_at > now - SHOWN_AFTER)
    query = select(SimulatedCall).where(SimulatedCall.number == number, lately)
    leg = session.scalar(query.order_by(SimulatedCall.at.desc(), SimulatedCall.id.desc()).limit(1))
    return None if leg is None else OnPhone(leg, _other(session, leg))


def busy_numbers(session: DeskSession) -> Sequence[str]:
    """Phones that ring or talk, the newest call first."""
    going_on = select(SimulatedCall.number).where(SimulatedCall.ended_at.is_(None))
    return list(dict.fromkeys(session.scalars(going_on.order_by(SimulatedCall.at.desc()).limit(200))))


def waiting(session: DeskSession, *, now: datetime) -> Sequence[int]:
    """Legs that begin to ring, or have rung long enough."""
    long_ago = now - timedelta(seconds=RING_SECONDS)
    due = or_(SimulatedCall.status == QUEUED, (SimulatedCall.status == RINGING) & (SimulatedCall.at <= long_ago))
    return session.scalars(select(SimulatedCall.id).where(SimulatedCall.ended_at.is_(None), due).limit(200)).all()


def go_on(session: DeskSession, leg_id: int, *, now: datetime) -> None:
    leg = _locked(session, leg_id)
    if leg.ended_at is not None:
        return
    if leg.status == QUEUED:
        leg.status = RINGING
        _tell(session, leg, now=now)
    elif leg.status == RINGING and leg.at <= now - timedelta(seconds=RING_SECONDS):
        _end(session, leg, NO_ANSWER, now=now)


def pick_up(session: DeskSession, leg_id: int, *, now: datetime) -> None:
    """Raises WrongState where it rings no more."""
    leg = _going_on(session, leg_id)
    if leg.status not in {QUEUED, RINGING}:
        raise WrongState("This call has been answered already.")
    leg.status, leg.answered_at = TALKING, now
    _tell(session, leg, now=now)
    if leg.parent_id is None:
        _follow(session, leg, progress.script(session, _told(leg), now=now), now=now)


def call_us(session: DeskSession, number: str, called: str, *, now: datetime) -> None:
    """Somebody with this phone calls one of our numbers. Raises WrongState where it is busy."""
    if number in busy_numbers(session):
        raise WrongState("This phone is on a call already: end it first.")
    leg = _leg(session, number, called, "", now=now)
    leg.comes_in, leg.status, leg.answered_at = True, TALKING, now
    script, leg.ref = answering.answer(session, provider_sid=leg.sid, caller=number, called=called, now=now)
    _follow(session, leg, script, now=now)


def press_key(session: DeskSession, leg_id: int, *, now: datetime) -> None:
    leg = _going_on(session, leg_id)
    if not leg.asks_key:
        raise WrongState("Nobody asks for a key now.")
    _follow(session, leg, progress.connection(session, _told(leg), now=now), now=now)


def put_down(session: DeskSession, leg_id: int, *, now: datetime) -> None:
    """Declined while it rings, ended while they talk."""
    leg = _going_on(session, leg_id)
    _end(session, leg, COMPLETED if leg.answered_at else BUSY, now=now)


def _follow(session: DeskSession, leg: SimulatedCall, script: Script, *, now: datetime) -> None:
    """As the provider does what it was told to."""
    leg.words, leg.asks_key = script.words or leg.words, script.asks_key
    if script.dial is not None:
        leg.words = ""
        other = _leg(session, script.dial.number, script.dial.caller_id or leg.number, leg.ref, parent=leg, now=now)
        other.status = RINGING
        _tell(session, other, now=now)
    elif not script.asks_key:
        _end(session, leg, COMPLETED, now=now)


def _end(session: DeskSession, leg: SimulatedCall, status: str, *, now: datetime) -> None:
    """With one party the other is gone too; of the whole call we are told last."""
    if leg.ended_at is not None:
        return
    other = _other(session, leg)
    leg.status, leg.ended_at, leg.asks_key = status, now, False
    if leg.parent_id is None:
        if other is not None:
            _end_far(session, other, leg, COMPLETED if other.answered_at else NO_ANSWER, whole=COMPLETED, now=now)
        _tell(session, leg, now=now)
    elif other is not None:
        script = _end_far(session, leg, other, status, whole=TALKING, now=now)
        other.words, other.status, other.ended_at = script.words, COMPLETED, now
        _tell(session, other, now=now)


def _end_far(
    session: DeskSession, far: SimulatedCall, near: SimulatedCall, status: str, *, whole: str, now: datetime
) -> Script:
    far.status, far.ended_at = status, now
    _tell(session, far, now=now)
    told = Told(near.sid, status, near.ref, _seconds(far), whole=whole)
    return progress.dialled(session, told, now=now)


def _tell(session: DeskSession, leg: SimulatedCall, *, now: datetime) -> None:
    hear = progress.hear_near if leg.parent_id is None else progress.hear_far
    hear(session, _told(leg), now=now)


def _told(leg: SimulatedCall) -> Told:
    return Told(leg.sid, leg.status, leg.ref, _seconds(leg))


def _seconds(leg: SimulatedCall) -> str:
    if leg.ended_at is None:
        return ""
    return str(int((leg.ended_at - leg.answered_at).total_seconds()) if leg.answered_at else 0)


def _other(session: DeskSession, leg: SimulatedCall) -> SimulatedCall | None:
    """The leg that is joined with it, while that goes on."""
    match = SimulatedCall.id == leg.parent_id if leg.parent_id else SimulatedCall.parent_id == leg.id
    return session.scalar(select(SimulatedCall).where(match, SimulatedCall.ended_at.is_(None)))


def _going_on(session: DeskSession, leg_id: int) -> SimulatedCall:
    leg = _locked(session, leg_id)
    if leg.ended_at is not None:
        raise WrongState(PUT_DOWN)
    return leg


def _locked(session: DeskSession, leg_id: int) -> SimulatedCall:
    """With the leg that it hangs on: both parties may hang up in one moment. Raises NotFound."""
    parent = select(SimulatedCall.parent_id).where(SimulatedCall.id == leg_id).scalar_subquery()
    query = select(SimulatedCall).where((SimulatedCall.id == leg_id) | (SimulatedCall.id == parent))
    legs = session.scalars(
        query.order_by(SimulatedCall.id).with_for_update(of=SimulatedCall).execution_options(populate_existing=True)
    ).all()
    found = next((leg for leg in legs if leg.id == leg_id), None)
    if found is None:
        raise NotFound("There is no such call.")
    return found


def _leg(
    session: DeskSession, number: str, shows: str, ref: str, *, parent: SimulatedCall | None = None, now: datetime
) -> SimulatedCall:
    leg = SimulatedCall(
        id=new_id(now),
        sid="CA" + secrets.token_hex(16),
        parent_id=parent.id if parent else None,
        number=number,
        shows=shows,
        ref=ref,
        comes_in=False,
        status=QUEUED,
        words="",
        asks_key=False,
        at=now,
    )
    session.add(leg)
    session.flush()
    return leg
