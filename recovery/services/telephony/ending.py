"""How far a call is, and its end: what may be inferred from it becomes an attempt, the rest a person says."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import or_, select

from recovery.domain.actors import MACHINE
from recovery.domain.events import Tag
from recovery.domain.messages import Direction
from recovery.domain.phone_calls import (
    DOUBTED_FOR,
    LASTS_AT_MOST,
    RINGS_AT_MOST,
    TOLD_WITHIN,
    CallEnd,
    CallState,
    inferred_outcome,
    is_further,
)
from recovery.models import Attempt, Callback, PhoneCall, Staff, Ticket
from recovery.services.calling.attempts import Heard, attempt
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession
from recovery.services.telephony.returning import call_back_if_lost

UNANSWERED = (CallState.RINGING, CallState.ANSWERED, CallState.CONNECTING)


def advance(call: PhoneCall, to: CallState, *, now: datetime) -> bool:
    """Forward only; False for what it had been already."""
    if not is_further(to, call.state):
        return False
    call.state, call.heard_at, call.lease_until = to, now, None
    return True


def end_call(
    session: DeskSession,
    ticket: Ticket | None,
    call: PhoneCall,
    ending: CallEnd,
    *,
    seconds: int | None = None,
    code: str | None = None,
    words: str = "",
    now: datetime,
) -> bool:
    """Once. False where it had ended already; only where nobody knew how does the truth still count that comes late."""
    if call.state is CallState.ENDED and (call.ending is not CallEnd.UNKNOWN or ending is CallEnd.UNKNOWN):
        return False
    call.state, call.heard_at, call.lease_until = CallState.ENDED, now, None
    call.ending, call.ended_at, call.seconds = ending, now, seconds
    call.error_code, call.error = code, words or None
    if call.direction is Direction.INBOUND and ticket is None:
        ticket = call_back_if_lost(session, call, now=now)
    if ticket is not None:
        told = {"call": call.id, "ending": ending.value, "seconds": seconds, "code": code}
        record(session, ticket, Tag.CALL_ENDED, by=MACHINE, at=now, **told)
        if call.callback_id is not None:
            _infer(session, ticket, call, now=now)
    return True


def overdue(session: DeskSession, *, now: datetime) -> Sequence[int]:
    """Calls of which the provider should have told us more by now."""
    silent = or_(
        (PhoneCall.state == CallState.IN_DOUBT) & (PhoneCall.heard_at <= now - DOUBTED_FOR),
        PhoneCall.state.in_(UNANSWERED) & (PhoneCall.heard_at <= now - RINGS_AT_MOST),
        (PhoneCall.state == CallState.TALKING) & (PhoneCall.heard_at <= now - LASTS_AT_MOST),
        PhoneCall.left_at <= now - TOLD_WITHIN,
    )
    query = select(PhoneCall.id).where(PhoneCall.state != CallState.ENDED, silent)
    return session.scalars(query.order_by(PhoneCall.heard_at).limit(200)).all()


def likeliest_end(call: PhoneCall) -> tuple[CallEnd, int | None]:
    """Of a call of which nothing more is heard: by what was. With the seconds of talking, where both ends are known."""
    if call.far_end is not None:
        return (CallEnd.CANCELLED if call.left_at else CallEnd(call.far_end)), None
    if call.talking_since is not None and call.left_at is not None:
        return CallEnd.COMPLETED, max(0, int((call.left_at - call.talking_since).total_seconds()))
    return CallEnd.UNKNOWN, None


def _infer(session: DeskSession, ticket: Ticket, call: PhoneCall, *, now: datetime) -> None:
    """Not where a person was quicker to say it, or the call was called off meanwhile."""
    outcome = inferred_outcome(call.ending or CallEnd.UNKNOWN, call.seconds, call.answered_by)
    callback = session.get_one(Callback, call.callback_id, populate_existing=True)
    said = select(Attempt.id).where(Attempt.callback_id == callback.id, Attempt.at >= call.requested_at).limit(1)
    if outcome is None or callback.ended_at is not None or session.scalar(said) is not None:
        return
    caller = session.get_one(Staff, call.staff_id).as_actor()
    attempt(
        session,
        ticket,
        callback,
        outcome=outcome,
        note=None,
        now=now,
        by=replace(caller, heard=True),
        heard=Heard(call.seconds, call.talking_since),
    )
