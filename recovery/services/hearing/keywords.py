"""STOP, START and HELP: what they change, and the one text that says so."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from recovery.domain.actors import CUSTOMER
from recovery.domain.ids import new_id
from recovery.domain.messages import Direction, Keyword, MessageStatus
from recovery.domain.speech.parts import Speech
from recovery.domain.wording import speech_in
from recovery.models import Contact, Message, Site, Ticket
from recovery.services.reporting.spending import cost_of
from recovery.services.session import DeskSession
from recovery.services.texting import consent
from recovery.services.texting.caps import may_answer
from recovery.services.texting.queued import tell_queued
from recovery.services.wording.rewording import written
from recovery.services.wording.spoken import speech_with_customer

BEGINS_WITH_SITE = frozenset({"start_confirmed"})
"""Texts in which a sentence begins with the site's name."""


def obey(
    session: DeskSession,
    keyword: Keyword,
    contact: Contact,
    ticket: Ticket | None,
    message: Message,
    *,
    senders: Sequence[str],
    confirm: bool,
    now: datetime,
) -> None:
    """For the senders that they wrote to alone. `confirm` is False where the provider has answered already. One that came
    late counts from when it was written, and changes nothing where they have said the other since."""
    said_at = message.created_at
    if message.came_late and consent.is_overtaken(session, contact, keyword, message, senders=senders):
        return
    if keyword is Keyword.STOP:
        for sender in senders:
            consent.opt_out(
                session, contact, sender=sender, how="keyword", message_id=message.id, said_at=said_at, now=now
            )
        template = "stop_confirmed"
    elif keyword is Keyword.START:
        for sender in senders:
            consent.opt_in(session, contact, sender=sender, message_id=message.id, said_at=said_at, now=now)
        template = "start_confirmed"
    else:
        template = "help"
    site = session.get(Site, ticket.site_id) if ticket else None
    if confirm and may_answer(session, contact, site, now=now):
        confirm_keyword(session, contact, ticket, template, message, sender=senders[0], now=now)


def confirm_keyword(
    session: DeskSession,
    contact: Contact,
    ticket: Ticket | None,
    template: str,
    answered: Message,
    *,
    sender: str,
    now: datetime,
) -> Message:
    """The one text that goes out although a number has opted out: that it has. Its class says so. From the number that
    they wrote to, whichever their ticket's site has."""
    site = session.get(Site, ticket.site_id) if ticket else _only_site_of(session, sender)
    speech = speech_with_customer(ticket) if ticket else speech_in(site.language if site else None)
    text = written(
        session,
        site,
        template,
        {
            "site": site.name if site else _unnamed(speech, template),
            "reference": ticket.reference if ticket else "",
            "link": "",
        },
        speech,
    )
    reply = Message(
        id=new_id(now),
        direction=Direction.OUTBOUND,
        status=MessageStatus.PENDING,
        sender=sender,
        contact_id=contact.id,
        created_at=now,
        not_before=now,
        audience="customer",
        ticket_id=ticket.id if ticket else None,
        site_id=ticket.site_id if ticket else None,
        to_number=contact.phone,
        body=text.body,
        template=template,
        message_class=text.message_class,
        meaning=f"message:{answered.id}:answered",
        segments=text.segments.count,
        cost_micros=cost_of(session, contact.phone, text.segments.count),
        validity_seconds=text.validity_seconds,
        urgent_until=now + session.house.policy.urgent_for,
        is_demo=ticket.is_demo if ticket else False,
    )
    session.add(reply)
    if ticket is not None:
        tell_queued(session, ticket, reply, by=CUSTOMER, now=now)
    return reply


def _only_site_of(session: DeskSession, sender: str) -> Site | None:
    """Whose number it is that somebody wrote to; None where several sites have it."""
    own = session.scalars(select(Site).where(func.coalesce(Site.sender, session.house.sender) == sender).limit(2)).all()
    return own[0] if len(own) == 1 else None


def _unnamed(speech: Speech, template: str) -> str:
    return speech.our_desk.capitalize() if template in BEGINS_WITH_SITE else speech.our_desk
