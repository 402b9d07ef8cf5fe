"""What customers write back: found by number, understood as little as needed, kept always."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from recovery.domain.actors import CUSTOMER, MACHINE
from recovery.domain.errors import DomainError
from recovery.domain.events import Tag, commitment
from recovery.domain.ids import new_id
from recovery.domain.messages import (
    Digit,
    Direction,
    Keyword,
    MessageStatus,
    Reply,
    Words,
    is_yes,
    says_not_right,
    understand,
)
from recovery.domain.photos import Media
from recovery.domain.refusals import REFUSAL, asks_to_stop
from recovery.domain.threads import WHICH, is_answer, spelt_options
from recovery.domain.tickets import FINISHED
from recovery.models import Contact, Message, Ticket
from recovery.services.access import lock_ticket
from recovery.services.calling import booking
from recovery.services.calling.call_rows import live_with_customer
from recovery.services.hearing.digits import digit_answered
from recovery.services.hearing.keywords import obey
from recovery.services.hearing.photos import want
from recovery.services.hearing.routing import (
    Place,
    ask_which,
    chosen_place,
    open_question,
    place_of,
    route_what_waited,
)
from recovery.services.hearing.strangers import how_found, note_stranger
from recovery.services.hearing.wait_answers import said_in_words
from recovery.services.people.customers import contact_for
from recovery.services.proving.trail import record
from recovery.services.running.tallies import FOUND_LATE, count
from recovery.services.session import DeskSession
from recovery.services.texting import consent
from recovery.services.texting.messages import Saying, standing_opt_out, tell_customer, why_no_text
from recovery.services.texting.senders import senders_named
from recovery.services.ticketing.reopening import reopen
from recovery.services.ticketing.tickets import resume
from recovery.services.wording.spoken import speech_with_customer

PAGE = "page"
"""What stands for a sender where they wrote on their page."""


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
    provider_heard: Keyword | None = None
    """What it took the text for, also where that was a word of the account's own ("ARRET")."""
    media: tuple[Media, ...] = ()
    """Photos that came with it."""
    written_at: datetime | None = None
    """Where it was not brought to us but found, later. What it answers is decided by then, not by now."""


def receive(session: DeskSession, inbound: Inbound, *, now: datetime) -> Message:
    """Keeps it once, whoever repeats it, and does what it asks for. Locks in the house's order: contact, then ticket."""
    same = select(Message).where(Message.provider_sid == inbound.provider_sid)
    if (known := session.scalar(same)) is not None:
        return known  # of somebody who was erased since nothing is known anew
    contact = contact_for(session, inbound.from_number, now=now)
    consent.lock_contact(session, contact.id)
    if (known := session.scalar(same)) is not None:
        return known  # its twin came in the same moment
    senders = senders_named(session, contact, inbound.service, inbound.to)
    reply = _understood(session, inbound, contact, senders)
    spoken_to = {*senders, inbound.to}
    written_at = _written_at(inbound, now=now)
    reply = said_in_words(session, contact, reply, spoken_to, written_at=written_at, now=now)
    question = _answered_question(session, contact, reply, spoken_to, written_at=written_at, now=now)
    place = _place(
        session, contact, reply, question, senders=senders, spoken_to=spoken_to, written_at=written_at, now=now
    )
    message = _kept(session, inbound, contact, place, reply, written_at=written_at, now=now)
    want(session, message, inbound.media, now=now)
    if isinstance(reply, Keyword) and reply is not Keyword.CALL:
        message.read_at = now
        obey(
            session,
            reply,
            contact,
            place.ticket,
            message,
            senders=senders,
            confirm=not inbound.provider_has_answered and written_at is None,
            now=now,
        )
    elif place.ticket is None:
        note_stranger(session, contact, message, sender=senders[0], now=now)
    else:
        _answer(session, reply, question, place, message, now=now)
        if inbound.media and message.read_at is not None:
            _leave_unread(place.ticket, message)
    if written_at is not None:
        count(session, FOUND_LATE, now=now)
    return message


def _written_at(inbound: Inbound, *, now: datetime) -> datetime | None:
    """None where it was brought to us at once. The provider's clock may be ahead of ours."""
    return inbound.written_at if inbound.written_at is not None and inbound.written_at < now else None


def write_from_page(session: DeskSession, ticket: Ticket, words: str, *, now: datetime) -> Message:
    """What a customer wrote on their page; read like a text, and never as a keyword."""
    message = Message(
        **_row(now=now, sender=PAGE, contact_id=ticket.customer.contact_id if ticket.customer else None),
        ticket_id=ticket.id,
        site_id=ticket.site_id,
        body=words.strip(),
        understood_as=_name_of(Words(words)),
        is_demo=ticket.is_demo,
    )
    session.add(message)
    _unread(session, ticket, message, now=now)
    return message


def _understood(session: DeskSession, inbound: Inbound, contact: Contact, senders: Sequence[str]) -> Reply:
    """YES opts in again, but from somebody who never opted out it is a word like any other."""
    if inbound.provider_heard is not None:
        return inbound.provider_heard
    reply = understand(inbound.body)
    if reply is Keyword.START and is_yes(inbound.body):
        standing = any(standing_opt_out(session, contact.id, sender) for sender in senders)
        return reply if standing else Words(inbound.body)
    return reply


def _answered_question(
    session: DeskSession,
    contact: Contact,
    reply: Reply,
    spoken_to: Collection[str],
    *,
    written_at: datetime | None,
    now: datetime,
) -> Message | None:
    """A digit answers the newest question, if it is one of its answers: else it is a reply for a person to read."""
    if not isinstance(reply, Digit):
        return None
    question = open_question(session, contact, spoken_to, written_at=written_at, now=now)
    if question is None or question.ticket_id is None:
        return None
    return question if is_answer(question.asks, reply.value, question.options) else None


def _place(
    session: DeskSession,
    contact: Contact,
    reply: Reply,
    question: Message | None,
    *,
    senders: Sequence[str],
    spoken_to: Collection[str],
    written_at: datetime | None,
    now: datetime,
) -> Place:
    """A digit belongs to the ticket of its question, whichever we wrote about since."""
    if question is not None and question.ticket_id is not None and isinstance(reply, Digit):
        if question.asks == WHICH and question.answered_at is None:
            return chosen_place(session, question, reply.value)
        return Place(lock_ticket(session, question.ticket_id))
    place = place_of(session, contact, senders, spoken_to, written_at=written_at, now=now)
    return Place(place.ticket) if isinstance(reply, Keyword) else place  # a call is about all that is open


def _answer(
    session: DeskSession, reply: Reply, question: Message | None, place: Place, message: Message, *, now: datetime
) -> None:
    ticket = place.ticket
    if ticket is None:
        return
    is_over = ticket.status in FINISHED and (ticket.resolved_at or now) <= message.created_at
    if question is not None and question.answered_at is not None:
        _unread(session, ticket, message, now=now)  # by a text that came before this one
    elif question is not None and question.asks == WHICH:
        _which_answered(session, question, ticket, message, now=now)
    elif isinstance(reply, Digit) and question is not None:
        if not digit_answered(session, ticket, reply, question, message, is_over=is_over, now=now):
            _unread(session, ticket, message, now=now)
    elif isinstance(reply, Words) and is_over and says_not_right(reply.text):
        message.read_at = now
        _received(session, ticket, message, "not_fixed", now=now)
        reopen(session, ticket, why="not_fixed", asked_at=message.created_at, now=now, by=CUSTOMER)
    elif reply is Keyword.CALL:
        _call_me(session, ticket, message, now=now)
    else:
        _unread(session, ticket, message, now=now)
        if place.choices:
            _ask_which(session, place, ticket, message, now=now)


def _which_answered(
    session: DeskSession, question: Message, ticket: Ticket, message: Message, *, now: datetime
) -> None:
    """What they wrote before goes where they say, and starts that ticket's clock again."""
    message.read_at = now
    for held in {ticket.id: ticket, question.ticket_id: session.get_one(Ticket, question.ticket_id)}.values():
        told = {"message": message.id, "understood_as": WHICH, "answers": question.id, **how_found(message)}
        record(session, held, Tag.TEXT_RECEIVED, by=CUSTOMER, at=now, **told)
    route_what_waited(session, question, ticket, now=now)
    resume(session, ticket, now=now, by=CUSTOMER)


def _ask_which(session: DeskSession, place: Place, ticket: Ticket, message: Message, *, now: datetime) -> None:
    """Once: while this question is open no other like it is asked."""
    if why_no_text(session, ticket) is not None:
        return
    saying = Saying(
        WHICH, f"message:{message.id}:which", {"choices": ask_which(session, place, speech_with_customer(ticket))}
    )
    question = tell_customer(session, ticket, saying, now=now, by=MACHINE)
    if question is not None:
        question.options, message.waits_for = spelt_options(place.choices), question.id
        question.holds_while = f"unsorted:{question.id}"


def _call_me(session: DeskSession, ticket: Ticket, message: Message, *, now: datetime) -> None:
    """Reopens what was resolved; whatever goes wrong, the wish stands on the ticket as an unread reply. So it does where a
    call was booked after it was written: that time is agreed on."""
    booked = live_with_customer(session, ticket)
    if booked is not None and booked.booked_at > message.created_at:
        _unread(session, ticket, message, now=now)
        return
    try:
        with session.begin_nested():
            live = ticket
            if ticket.status in FINISHED:
                live = reopen(session, ticket, why="call", asked_at=message.created_at, now=now, by=CUSTOMER)
            resume(session, live, now=now, by=CUSTOMER)
            booking.book(session, live, due_at=None, now=now, by=CUSTOMER)
            message.read_at = now
            _received(session, ticket, message, "call", now=now)
    except DomainError:
        _unread(session, ticket, message, now=now)


def _unread(session: DeskSession, ticket: Ticket, message: Message, *, now: datetime) -> None:
    ticket.unread += 1
    _received(session, ticket, message, REFUSAL if message.understood_as == REFUSAL else "words", now=now)
    resume(session, ticket, now=now, by=CUSTOMER)


def _leave_unread(ticket: Ticket, message: Message) -> None:
    """Whatever its digit or its word has done: what it shows, only a person sees."""
    message.read_at = None
    ticket.unread += 1


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
        **how_found(message),
    )


def _kept(
    session: DeskSession,
    inbound: Inbound,
    contact: Contact,
    place: Place,
    reply: Reply,
    *,
    written_at: datetime | None,
    now: datetime,
) -> Message:
    ticket = place.ticket
    message = Message(
        **_row(now=now, written_at=written_at, sender=inbound.service or inbound.to, contact_id=contact.id),
        ticket_id=ticket.id if ticket else None,
        site_id=ticket.site_id if ticket else None,
        to_number=inbound.from_number,
        body=inbound.body.replace("\0", ""),
        provider_sid=inbound.provider_sid,
        understood_as=_name_of(reply),
        found_by=place.found_by,
        waits_for=place.waits_for,
        is_demo=ticket.is_demo if ticket else False,
    )
    session.add(message)
    if ticket is not None and isinstance(reply, Keyword) and reply is not Keyword.CALL:
        _received(session, ticket, message, _name_of(reply), now=now)
    return message


def _row(*, now: datetime, sender: str, contact_id: int | None, written_at: datetime | None = None) -> dict[str, Any]:
    return {
        "id": new_id(now),
        "direction": Direction.INBOUND,
        "status": MessageStatus.RECEIVED,
        "sender": sender,
        "contact_id": contact_id,
        "created_at": written_at or now,
        "not_before": now,
        "audience": "customer",
    }


def _name_of(reply: Reply) -> str:
    match reply:
        case Digit(value):
            return f"digit:{value}"
        case Words(text):
            return REFUSAL if asks_to_stop(text) else "words"
        case keyword:
            return keyword.value
