"""A customer calls one of our numbers: the site's phone rings, and if nobody takes it, they are called back."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from recovery.domain.errors import Invalid
from recovery.domain.ids import new_id
from recovery.domain.messages import Direction
from recovery.domain.phone_calls import HANG_UP, HIDDEN, CallEnd, CallState, Dial, Script
from recovery.domain.phones import parse_phone
from recovery.models import Contact, Customer, PhoneCall, Site, Ticket
from recovery.services.session import DeskSession
from recovery.services.telephony.call_lines import ref_of
from recovery.services.telephony.ending import end_call
from recovery.services.timing.calendars import calendar_of
from recovery.services.wording.spoken import speech_with_staff


def answer(session: DeskSession, *, provider_sid: str, caller: str, called: str, now: datetime) -> tuple[Script, str]:
    """What is said and done on their line, and the reference of the call; empty for a number that is none of ours. Once,
    however often the provider asks."""
    number = _number(caller)
    site = _site_called(session, called, number)
    if site is None:
        return HANG_UP, ""
    call = session.scalar(select(PhoneCall).where(PhoneCall.provider_sid == provider_sid))
    if call is None:
        call = _taken(session, site, number, provider_sid=provider_sid, called=called, now=now)
    ref, speech = ref_of(session.house, call.id), speech_with_staff(site)
    if call.near_number is not None:
        return Script(language=speech.language.value, dial=Dial(call.near_number)), ref
    end_call(session, None, call, CallEnd.NO_ANSWER, now=now)
    words = "sorry" if number is None else "nobody" if calendar_of(site).is_open(now) else "shut"
    return Script(speech.calls[words].format(site=site.name), speech.language.value), ref


def _taken(
    session: DeskSession, site: Site, number: str | None, *, provider_sid: str, called: str, now: datetime
) -> PhoneCall:
    """Nobody's phone rings while the site is shut."""
    call = PhoneCall(
        id=new_id(now),
        direction=Direction.INBOUND,
        state=CallState.CONNECTING,
        site_id=site.id,
        our_number=called,
        near_number=site.line_number if calendar_of(site).is_open(now) else None,
        far_number=number,
        provider_sid=provider_sid,
        requested_at=now,
        heard_at=now,
        is_demo=site.is_demo,
    )
    session.add(call)
    session.flush()
    return call


def _number(caller: str) -> str | None:
    """None for one that is hidden, or no number at all: a name at some company's exchange."""
    if caller in HIDDEN or not caller.startswith("+"):
        return None
    try:
        return parse_phone(caller, "GB")
    except Invalid:
        return None


def _site_called(session: DeskSession, called: str, number: str | None) -> Site | None:
    """Of several that share a number, the one that knows the caller, last heard of first; else one whose phone rings."""
    house = session.house.voice_number
    if not called:
        return None
    sites = session.scalars(
        select(Site).where(func.coalesce(Site.voice_number, house or "") == called).order_by(Site.id)
    ).all()
    if len(sites) > 1 and number is not None:
        known = _last_spoken_at(session, sites, number)
        if known is not None:
            return known
    return next((site for site in sites if site.line_number), sites[0] if sites else None)


def _last_spoken_at(session: DeskSession, sites: Sequence[Site], number: str) -> Site | None:
    return session.scalar(
        select(Site)
        .join(Ticket, Ticket.site_id == Site.id)
        .join(Customer, Customer.id == Ticket.customer_id)
        .join(Contact, Contact.id == Customer.contact_id)
        .where(Contact.phone == number, Site.id.in_([site.id for site in sites]))
        .order_by(Ticket.logged_at.desc())
        .limit(1)
    )
