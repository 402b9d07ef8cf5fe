"""What customers write back: found by number, understood as little as needed, kept always."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from recovery.domain.actors import CUSTOMER
from recovery.domain.errors import DomainError
from recovery.domain.events import Tag, commitment
from recovery.domain.ids import new_id
from recovery.domain.messages import Digit, Direction, Keyword, MessageStatus, Reply, Words, is_yes, understand
from recovery.domain.photos import Media
from recovery.domain.tickets import FINISHED, TicketStatus
from recovery.domain.wording import speech_in
from recovery.models import Contact, Customer, Message, Site, Ticket
from recovery.services.access import lock_ticket
from recovery.services.calling import booking
from recovery.services.hearing.photos import want
from recovery.services.people.customers import contact_for
from recovery.services.proving.trail import record
from recovery.services.reporting.spending import cost_of
from recovery.services.session import DeskSession
from recovery.services.texting import consent
from recovery.services.texting.caps import may_answer
from recovery.services.texting.messages import standing_opt_out
from recovery.services.texting.queued import tell_queued
from recovery.services.texting.rewording import written
from recovery.services.texting.senders import senders_named
from recovery.services.texting.spoken import speech_with_customer
from recovery.services.ticketing.reopening import reopen
from recovery.services.ticketing.tickets import confirm, resume

FIXED, NOT_FIXED = 1, 2


@dataclass(frozen=True, slots=True)
class Inbound:
    from_number: str
    """E.164."""
    to: str
    """Our number, or where there is none (the simulator) our name."""
    body: str
    provider_sid: str
    provider_has_answered: bool = False
    """The provider dealt with STOP, START or HELP itself: we record it and stay silent."""
    service: str = ""
    """The messaging service that our number belongs to, if it does: what we send from may be either."""
    media: tuple[Media, ...] = ()
    """Photos that came with it."""


def receive(session: DeskSession, inbound: Inbound, *, now: datetime) -> Message:
    """Keeps it once, whoever repeats it, and does what it asks for. Locks in the house's order: contact, then ticket."""
    contact = contact_for(session, inbound.from_number, now=now)
    consent.lock_contact(session, contact.id)  # before looking for a twin: it may come in the same moment
    known = session.scalar(select(Message).where(Message.provider_sid == inbound.provider_sid))
    if known is not None:
        return known
    senders = senders_named(session, inbound.service, inbound.to)
    reply = _understood(session, inbound, contact, senders)
    question = _open_question(session, contact, (*senders, inbound.to), now=now) if _answers_by_digit(reply) else None
    ticket = _ticket_asked_about(session, question) or _ticket_spoken_of(session, contact, senders)
    message = _kept(session, inbound, contact, ticket, reply, now=now)
    want(session, message, inbound.media, now=now)
    if isinstance(reply, Keyword) and reply is not Keyword.CALL:
        _consent(session, inbound, reply, senders, contact=contact, ticket=ticket, message=message, now=now)
    elif ticket is not None:
        _answer(session, reply, question, ticket, message, now=now)
    return message


def write_from_page(session: DeskSession, ticket: Ticket, words: str, *, now: datetime) -> Message:
    """What a customer wrote on their page; read like a text, and never as a keyword."""
    message = Message(
        **_row(now=now, sender="page", contact_id=ticket.customer.contact_id if ticket.customer else None),
        ticket_id=ticket.id,
        site_id=ticket.site_id,
        body=words.strip(),
        understood_as="words",
        is_demo=ticket.is_demo,
    )
    session.add(message)
    _unread(session, ticket, message, now=now)
    return message


def _understood(session: DeskSession, inbound: Inbound, contact: Contact, senders: Sequence[str]) -> Reply:
    """YES opts in again, but from somebody who never opted out it is a word like any other."""
    reply = understand(inbound.body)
    if reply is Keyword.START and is_yes(inbound.body):
        standing = any(standing_opt_out(session, contact.id, sender) for sender in senders)
        return reply if standing else Words(inbound.body)
    return reply


def _answers_by_digit(reply: Reply) -> bool:
    return isinstance(reply, Digit) and reply.value in {FIXED, NOT_FIXED}


def _consent(
    session: DeskSession,
    inbound: Inbound,
    keyword: Keyword,
    senders: Sequence[str],
    *,
    contact: Contact,
    ticket: Ticket | None,
    message: Message,
    now: datetime,
) -> None:
    message.read_at = now
    if keyword is Keyword.STOP:
        for sender in senders:
            consent.opt_out(session, contact, sender=sender, how="keyword", message_id=message.id, now=now)
        template = "stop_confirmed"
    elif keyword is Keyword.START:
        for sender in senders:
            consent.opt_in(session, contact, sender=sender, message_id=message.id, now=now)
        template = "start_confirmed"
    else:
        template = "help"
    if not inbound.provider_has_answered and may_answer(session, contact, now=now):
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
    site = session.get(Site, ticket.site_id) if ticket else None
    speech = speech_with_customer(ticket) if ticket else speech_in()
    text = written(
        session,
        site,
        template,
        {
            "site": site.name if site else speech.our_desk.capitalize(),
            "reference": ticket.reference if ticket else "",
            "link": "",
        },
        speech,
    )
    reply = Message(
        **_row(now=now, sender=sender, contact_id=contact.id)
        | {"direction": Direction.OUTBOUND, "status": MessageStatus.PENDING},
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


def _answer(
    session: DeskSession,
    reply: Reply,
    question: Message | None,
    ticket: Ticket,
    message: Message,
    *,
    now: datetime,
) -> None:
    if isinstance(reply, Digit) and question is not None and ticket.status in FINISHED:
        _after_resolution(session, ticket, reply.value, question, message, now=now)
    elif reply is Keyword.CALL:
        _call_me(session, ticket, message, now=now)
    else:
        _unread(session, ticket, message, now=now)


def _after_resolution(
    session: DeskSession, ticket: Ticket, digit: int, question: Message, message: Message, *, now: datetime
) -> None:
    question.answered_at = message.read_at = now
    record(
        session,
        ticket,
        Tag.TEXT_RECEIVED,
        by=CUSTOMER,
        at=now,
        message=message.id,
        understood_as="fixed" if digit == FIXED else "not_fixed",
        answers=question.id,
    )
    if digit == FIXED:
        confirm(session, ticket, message_id=message.id, now=now, by=CUSTOMER)
    else:
        reopen(session, ticket, why="not_fixed", now=now, by=CUSTOMER)


def _call_me(session: DeskSession, ticket: Ticket, message: Message, *, now: datetime) -> None:
    """Reopens what was resolved; whatever goes wrong, the wish stands on the ticket as an unread reply."""
    try:
        with session.begin_nested():
            live = reopen(session, ticket, why="call", now=now, by=CUSTOMER) if ticket.status in FINISHED else ticket
            resume(session, live, now=now, by=CUSTOMER)
            booking.book(session, live, due_at=None, now=now, by=CUSTOMER)
            message.read_at = now
            _received(session, ticket, message, "call", now=now)
    except DomainError:
        _unread(session, ticket, message, now=now)


def _unread(session: DeskSession, ticket: Ticket, message: Message, *, now: datetime) -> None:
    ticket.unread += 1
    _received(session, ticket, message, "words", now=now)
    resume(session, ticket, now=now, by=CUSTOMER)


def _received(session: DeskSession, ticket: Ticket, message: Message, understood_as: str, *, now: datetime) -> None:
    record(
        session,
        ticket,
        Tag.TEXT_RECEIVED,
        by=CUSTOMER,
        at=now,
        message=message.id,
        understood_as=understood_as,
        body_commitment=commitment(ticket.salt, message.body),
    )


def _ticket_asked_about(session: DeskSession, question: Message | None) -> Ticket | None:
    """A digit belongs to the ticket of its question, whichever we wrote about since."""
    if question is None or question.ticket_id is None:
        return None
    return lock_ticket(session, question.ticket_id)


def _ticket_spoken_of(session: DeskSession, contact: Contact, senders: Sequence[str]) -> Ticket | None:
    """Of those that we wrote about from the number that they answer, before any other: the live ticket that we last wrote
    about, else the newest live one, else the newest that we wrote about."""
    spoken = (
        select(Message.ticket_id)
        .join(Ticket, Ticket.id == Message.ticket_id)
        .where(
            Message.contact_id == contact.id,
            Message.direction == Direction.OUTBOUND,
            Ticket.status != TicketStatus.VOID,
        )
        .order_by(
            Message.sender.not_in(senders),
            Ticket.promise_due_at.is_(None),
            Message.created_at.desc(),
            Message.id.desc(),
        )
        .limit(1)
    )
    newest = (
        select(Ticket.id)
        .join(Customer, Customer.id == Ticket.customer_id)
        .where(Customer.contact_id == contact.id, Ticket.status != TicketStatus.VOID)
        .order_by(Ticket.promise_due_at.is_(None), Ticket.logged_at.desc())
        .limit(1)
    )
    ticket_id = session.scalar(spoken) or session.scalar(newest)
    return lock_ticket(session, ticket_id) if ticket_id is not None else None


def _open_question(session: DeskSession, contact: Contact, senders: Sequence[str], *, now: datetime) -> Message | None:
    """The newest unanswered one on this (sender, number), while it is still open: from when it was asked, not from when
    it was written, for the night may lie between."""
    return session.scalar(
        select(Message)
        .where(
            Message.contact_id == contact.id,
            Message.sender.in_(senders),
            Message.asks.is_not(None),
            Message.answered_at.is_(None),
            Message.sending_at > now - session.house.policy.question_open_for,
            Message.status.in_(
                (MessageStatus.SENDING, MessageStatus.IN_DOUBT, MessageStatus.SENT, MessageStatus.DELIVERED)
            ),
        )
        .order_by(Message.sending_at.desc(), Message.id.desc())
        .limit(1),
    )


def _kept(
    session: DeskSession,
    inbound: Inbound,
    contact: Contact,
    ticket: Ticket | None,
    reply: Reply,
    *,
    now: datetime,
) -> Message:
    message = Message(
        **_row(now=now, sender=inbound.service or inbound.to, contact_id=contact.id),
        ticket_id=ticket.id if ticket else None,
        site_id=ticket.site_id if ticket else None,
        to_number=inbound.from_number,
        body=inbound.body.replace("\0", ""),
        provider_sid=inbound.provider_sid,
        understood_as=_name_of(reply),
        is_demo=ticket.is_demo if ticket else False,
    )
    session.add(message)
    if ticket is not None and isinstance(reply, Keyword) and reply is not Keyword.CALL:
        _received(session, ticket, message, _name_of(reply), now=now)
    return message


def _row(*, now: datetime, sender: str, contact_id: int | None) -> dict[str, Any]:
    return {
        "id": new_id(now),
        "direction": Direction.INBOUND,
        "status": MessageStatus.RECEIVED,
        "sender": sender,
        "contact_id": contact_id,
        "created_at": now,
        "not_before": now,
        "audience": "customer",
    }


def _name_of(reply: Reply) -> str:
    match reply:
        case Digit(value):
            return f"digit:{value}"
        case Words():
            return "words"
        case keyword:
            return keyword.value
