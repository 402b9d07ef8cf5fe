"""The worker's side of a call: taken once, placed at most once, and never again by itself.

`requested → dialling → ringing`: the commit that takes a call is the one just before the socket. Who waits for their phone
to ring presses again where it does not; a machine that tries twice would ring it twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select

from recovery.domain.actors import MACHINE
from recovery.domain.events import Tag
from recovery.domain.phone_calls import PLACED_WITHIN, RING_SECONDS, CallEnd, CallState
from recovery.models import PhoneCall, Ticket
from recovery.services.proving.trail import record
from recovery.services.sending.outbox import CLOCKS_APART, held_since
from recovery.services.session import DeskSession
from recovery.services.telephony.call_lines import locked_call, ref_of
from recovery.services.telephony.ending import advance, end_call
from recovery.sms.gateway import Accepted, SendInDoubt, SendRefused
from recovery.sms.telephone import OutgoingCall

WORKER_LOST = "worker_lost"


@dataclass(frozen=True, slots=True)
class Departure:
    """A call that this worker alone may place, once, until its lease ends."""

    call_id: int
    token: str
    outgoing: OutgoingCall = field(repr=False)


def has_requested(session: DeskSession) -> bool:
    """The look before a claim; on the read engine."""
    return session.scalar(select(PhoneCall.id).where(_waits()).limit(1)) is not None


def begin(session: DeskSession, *, token: str, lease: timedelta, real: bool, now: datetime) -> Departure | None:
    """The call that waits longest, taken; None where none does. What came too late for anybody is left for `reap`, and what a
    backup remembers of calls is too late by then."""
    if held_since(session) is not None and real:
        return None
    waiting = select(PhoneCall).where(_waits(), PhoneCall.requested_at > now - PLACED_WITHIN)
    if real:  # a demo call rings no real phone
        waiting = waiting.where(PhoneCall.is_demo.is_(False))
    oldest = waiting.order_by(PhoneCall.requested_at, PhoneCall.id).limit(1)
    call = session.scalar(oldest.with_for_update(of=PhoneCall, skip_locked=True))
    if call is None or call.near_number is None:
        return None
    call.state, call.heard_at = CallState.DIALLING, now
    call.claim_token, call.lease_until = token, now + lease
    outgoing = OutgoingCall(
        to=call.near_number, from_=call.our_number, ref=ref_of(session.house, call.id), ring_seconds=RING_SECONDS
    )
    return Departure(call.id, token, outgoing)


def finish(
    session: DeskSession, departure: Departure, outcome: Accepted | SendRefused | SendInDoubt, *, now: datetime
) -> None:
    """Fenced by the token. A callback may have been faster, and knows more: what it told stands."""
    ticket, call = locked_call(session, departure.call_id)
    if call.claim_token != departure.token:
        return
    match outcome:
        case Accepted(provider_sid=sid):
            call.provider_sid = call.provider_sid or sid
            advance(call, CallState.RINGING, now=now)
        case SendRefused() if call.state in {CallState.DIALLING, CallState.IN_DOUBT}:
            code = str(outcome.code) if outcome.code else None
            end_call(session, ticket, call, CallEnd.REFUSED, code=code, words=outcome.detail, now=now)
        case SendInDoubt() if call.state is CallState.DIALLING:
            _doubt(session, ticket, call, outcome.why.value, now=now)


def lost(session: DeskSession, *, lease: timedelta, now: datetime) -> Sequence[int]:
    """Calls whose worker is gone while it placed them, as with a text whose lease ran out; and those that nobody took."""
    ran_out = or_(PhoneCall.lease_until <= now, PhoneCall.lease_until > now + lease + CLOCKS_APART)
    leased = (PhoneCall.state == CallState.DIALLING) & ran_out
    untaken = (PhoneCall.state == CallState.REQUESTED) & (PhoneCall.requested_at <= now - PLACED_WITHIN)
    return session.scalars(select(PhoneCall.id).where(or_(leased, untaken)).limit(200)).all()


def reap(session: DeskSession, call_id: int, *, now: datetime) -> None:
    ticket, call = locked_call(session, call_id)
    if call.state is CallState.DIALLING and call.lease_until is not None:
        _doubt(session, ticket, call, WORKER_LOST, now=now)
    elif call.state is CallState.REQUESTED and call.requested_at <= now - PLACED_WITHIN:
        end_call(session, ticket, call, CallEnd.EXPIRED, now=now)


def _doubt(session: DeskSession, ticket: Ticket | None, call: PhoneCall, why: str, *, now: datetime) -> None:
    """It rings or it does not: a callback will tell, or a while of silence."""
    call.state, call.heard_at, call.lease_until = CallState.IN_DOUBT, now, None
    if ticket is not None:
        record(session, ticket, Tag.CALL_DOUBTED, by=MACHINE, at=now, call=call.id, why=why)


def _waits() -> ColumnElement[bool]:
    return PhoneCall.state == CallState.REQUESTED
