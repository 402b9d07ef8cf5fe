"""A call to us that came to nothing: whoever called is called back, and it is on a person's list."""

from datetime import datetime

from sqlalchemy import Select, select

from recovery.domain.actors import CUSTOMER
from recovery.domain.events import Tag
from recovery.domain.phone_calls import CUT_WITHIN, CallEnd
from recovery.domain.tickets import FINISHED, LIVE, WITHOUT_PROMISE
from recovery.models import Contact, Customer, PhoneCall, Site, Ticket
from recovery.services.access import lock_ticket
from recovery.services.calling.booking import call_back
from recovery.services.people.customers import contact_for
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession
from recovery.services.texting.consent import lock_contact
from recovery.services.ticketing.logging_mistakes import dropped
from recovery.services.ticketing.tickets import resume

NOBODY_ANSWERED = "They called, and nobody took the call."
CUT_OFF = "They called, and the line was cut after {seconds} s (inferred)."
UNHEARD = "They called, and nobody told us how the call ended."


def call_back_if_lost(session: DeskSession, call: PhoneCall, *, now: datetime) -> Ticket | None:
    """On the ticket that they have open here, else on a new one. None where they spoke long enough to have said what they
    wanted, and for a caller whose number is hidden: there is nobody to call."""
    spoke = call.ending is CallEnd.COMPLETED and (call.seconds is None or call.seconds >= CUT_WITHIN)
    if spoke or call.far_number is None:
        return None
    contact = lock_contact(session, contact_for(session, call.far_number, now=now).id)
    open_here = _open_ticket(session, contact, call.site_id)
    ticket = lock_ticket(session, open_here) if open_here is not None else None
    if ticket is None:
        site = session.get_one(Site, call.site_id)
        before = _put_right_lately(session, contact, call.site_id, now=now)
        ticket = dropped(session, site, call.far_number, note=_note(call), linked_to=before, now=now)
    call.ticket, call.is_demo = ticket, ticket.is_demo
    record(session, ticket, Tag.CALL_RECEIVED, by=CUSTOMER, at=now, call=call.id)
    resume(session, ticket, now=now, by=CUSTOMER)
    call_back(session, ticket, now=now, by=CUSTOMER)
    return ticket


def _open_ticket(session: DeskSession, contact: Contact, site_id: int) -> int | None:
    return session.scalar(_theirs(contact, site_id).where(Ticket.status.in_(LIVE)).limit(1))


def _put_right_lately(session: DeskSession, contact: Contact, site_id: int, *, now: datetime) -> int | None:
    """They may call to say that it is not: whoever calls back sees what it was. Nobody has heard them say so, thus it stays
    closed."""
    since = now - session.house.policy.reopen_within
    lately = _theirs(contact, site_id).where(Ticket.status.in_(FINISHED), Ticket.resolved_at >= since)
    return session.scalar(lately.limit(1))


def _theirs(contact: Contact, site_id: int) -> Select[int]:
    """The newest first. What owes nobody anything is none of theirs."""
    return (
        select(Ticket.id)
        .join(Customer, Customer.id == Ticket.customer_id)
        .where(
            Customer.contact_id == contact.id,
            Ticket.site_id == site_id,
            Ticket.source.not_in(WITHOUT_PROMISE),
        )
        .order_by(Ticket.logged_at.desc(), Ticket.id.desc())
    )


def _note(call: PhoneCall) -> str:
    if call.ending is CallEnd.COMPLETED:
        return CUT_OFF.format(seconds=call.seconds)
    return UNHEARD if call.ending is CallEnd.UNKNOWN else NOBODY_ANSWERED
