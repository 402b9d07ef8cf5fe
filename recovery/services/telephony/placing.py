"""Click to call: a person asks, a worker has their own phone rung at once, then the customer's."""

from datetime import datetime

from sqlalchemy import event, select

from recovery.domain.actors import Actor
from recovery.domain.calendars import local_time, quiet_hours
from recovery.domain.errors import WrongState
from recovery.domain.events import Tag
from recovery.domain.ids import new_id
from recovery.domain.messages import Direction
from recovery.domain.permissions import Permission
from recovery.domain.phone_calls import CallState
from recovery.domain.zones import city_of
from recovery.models import Callback, PhoneCall, Staff, Ticket
from recovery.services.access import require
from recovery.services.calling.call_rows import refuse_ended
from recovery.services.proving.trail import record
from recovery.services.sending.outbox import ENQUEUED
from recovery.services.session import DeskSession
from recovery.services.telephony.call_lines import live_call_by, live_call_of
from recovery.services.texting.messages import WRONG_NUMBER
from recovery.services.wording.spoken import zone_of

NO_NUMBER = "There is no number of theirs to call."
NOT_THEIRS = "The number that we have is somebody else's: ask for the right one first."
NO_PHONE_OF_YOURS = (
    "The desk can ring you and then them, once your own number is known here: an admin adds it under Admin, People."
)
YOUR_OWN = "Their number is your own: a phone cannot call itself."
VOICE_IS_OFF = "This site does not call through the desk: dial yourself and say how it went."


def place(session: DeskSession, ticket: Ticket, callback: Callback, *, now: datetime, by: Actor) -> PhoneCall:
    """The ticket is locked. Raises Forbidden, WrongState with the sentence that says why no call can be placed."""
    require(by, Permission.WORK)
    refuse_ended(callback)
    staff = session.get_one(Staff, by.id, with_for_update=True)
    our_number = session.house.voice_of(ticket.site)
    if our_number is None:
        raise WrongState(VOICE_IS_OFF)
    why_not = why_no_call(session, ticket, callback, staff, now=now)
    if why_not:
        raise WrongState(why_not)
    call = PhoneCall(
        id=new_id(now),
        direction=Direction.OUTBOUND,
        state=CallState.REQUESTED,
        site_id=ticket.site_id,
        ticket_id=ticket.id,
        callback_id=callback.id,
        staff_id=staff.id,
        our_number=our_number,
        near_number=staff.phone,
        far_number=number_of(ticket),
        requested_at=now,
        heard_at=now,
        is_demo=ticket.is_demo,
    )
    session.add(call)
    record(session, ticket, Tag.CALL_PLACED, by=by, at=now, call=call.id, callback=callback.id)
    return call


def why_no_call(session: DeskSession, ticket: Ticket, callback: Callback, staff: Staff, *, now: datetime) -> str:
    """One sentence for the person; empty where the desk may call. Whether it calls at all, `House.voice_of` says."""
    theirs = number_of(ticket)
    if theirs is None:
        return NO_NUMBER
    if ticket.no_text_reason == WRONG_NUMBER:
        return NOT_THEIRS
    if staff.phone is None:
        return NO_PHONE_OF_YOURS
    if staff.phone == theirs:
        return YOUR_OWN
    return _rests(session, ticket, callback, now=now) or _taken(session, callback, staff)


def number_of(ticket: Ticket) -> str | None:
    contact = ticket.customer.contact if ticket.customer else None
    return contact.phone if contact else None


def _rests(session: DeskSession, ticket: Ticket, callback: Callback, *, now: datetime) -> str:
    """Nobody is called in the quiet hours of their own clock, but who asked for that time, or was just cut off."""
    policy, ours = session.house.policy, ticket.site.timezone
    night = quiet_hours(now, zone_of(ticket), policy.quiet_from, policy.quiet_until)
    if night is None:
        return ""
    if not callback.is_task and callback.due_at >= night.opens:
        return ""
    until = f"{local_time(night.closes, ours):%H:%M}"
    if zone_of(ticket) != ours:
        return (
            f"Calls rest until {until}: it is night in {city_of(zone_of(ticket))}, and they did not ask for this time."
        )
    return f"Calls rest until {until} there: they did not ask for this time."


def _taken(session: DeskSession, callback: Callback, staff: Staff) -> str:
    standing = live_call_of(session, callback.id)
    if standing is None:
        return "You are on another call: end it first." if live_call_by(session, staff.id) else ""
    if standing.staff_id == staff.id:
        return "You are on the phone with them."
    name = session.scalar(select(Staff.name).where(Staff.id == standing.staff_id)) or "Somebody"
    return f"{name.split()[0]} is on the phone with them."


def _note_requested(session: DeskSession, *_: object) -> None:
    """A person waits with the phone in their hand: the workers are told with the commit, as of an urgent text."""
    if any(isinstance(row, PhoneCall) and row.state is CallState.REQUESTED for row in session.new):
        session.info[ENQUEUED] = True


event.listen(DeskSession, "before_flush", _note_requested)
