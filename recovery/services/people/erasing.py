"""Erasing a person: every value goes, with the salts of its commitments; the statistics and the chain stay. So does that
they want no texts, under a seal of their number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from recovery.domain.actors import Actor
from recovery.domain.errors import NotFound, WrongState
from recovery.domain.events import Tag
from recovery.domain.messages import QUEUED, MessageStatus
from recovery.domain.phones import seal
from recovery.domain.remedies import RemedyStatus
from recovery.models import (
    Attempt,
    Callback,
    Contact,
    Customer,
    HandedOver,
    Handover,
    Message,
    OptOut,
    PhoneCall,
    Remedy,
    SimulatedCall,
    SimulatedPhone,
    SimulatedText,
    Stranger,
    Task,
    Ticket,
)
from recovery.services.calling.call_rows import end_all_calls
from recovery.services.hearing.phone_photos import forget_photos
from recovery.services.hearing.photos import erase_photos
from recovery.services.people.sites import require_admin
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession
from recovery.services.texting.consent import lock_contact
from recovery.services.texting.queued import drop_queued

ERASED = "erased"
SHOWN_REFERENCES = 3


@dataclass(frozen=True, slots=True)
class Erased:
    customers: int
    tickets: int
    texts: int


def erase(session: DeskSession, phone: str, *, now: datetime, by: Actor) -> Erased:
    """Everybody known under this number (E.164), at every site. It cannot be undone.

    Raises Forbidden, NotFound for a number that nobody has, WrongState while the customer is still owed something.
    """
    require_admin(by)
    found = session.scalar(select(Contact).where(Contact.phone == phone))
    if found is None:
        raise NotFound("Nobody is known under this number: there is nothing to erase.")
    contact = lock_contact(session, found.id)
    customers = session.scalars(select(Customer).where(Customer.contact_id == contact.id)).all()
    tickets = _locked_tickets(session, customers)
    _refuse_live(tickets)
    texts = sum(_erase_ticket(session, ticket, now=now, by=by) for ticket in tickets)
    texts += _erase_texts(session, None, contact.id, now=now)
    session.execute(delete(SimulatedText).where(SimulatedText.number == phone))
    session.execute(delete(SimulatedPhone).where(SimulatedPhone.number == phone))
    _forget_calls(session, phone)
    forget_photos(session, phone)
    session.execute(delete(Stranger).where(Stranger.contact_id == contact.id))
    for customer in customers:
        customer.name = customer.notes = customer.timezone = None
        customer.erased_at = now
    session.execute(
        update(OptOut)
        .where(OptOut.contact_id == contact.id, OptOut.lifted_at.is_(None))
        .values(number_seal=seal(session.house.secret_key, phone)),
    )
    contact.phone = None
    return Erased(len(customers), len(tickets), texts)


def _forget_calls(session: DeskSession, phone: str) -> None:
    """How long somebody spoke stays, with whom does not."""
    session.execute(update(PhoneCall).where(PhoneCall.far_number == phone).values(far_number=None))
    legs = select(SimulatedCall.id).where(SimulatedCall.number == phone)
    session.execute(delete(SimulatedCall).where(SimulatedCall.parent_id.in_(legs)))
    session.execute(delete(SimulatedCall).where(SimulatedCall.number == phone))


def _locked_tickets(session: DeskSession, customers: Sequence[Customer]) -> Sequence[Ticket]:
    """By id, as every lock of several."""
    return session.scalars(
        select(Ticket)
        .where(Ticket.customer_id.in_([customer.id for customer in customers]))
        .order_by(Ticket.id)
        .with_for_update(of=Ticket)
        .execution_options(populate_existing=True),
    ).all()


def _refuse_live(tickets: Sequence[Ticket]) -> None:
    live = [ticket.reference for ticket in tickets if ticket.is_live]
    if live:
        raise WrongState(
            f"This customer still waits for us ({', '.join(live[:SHOWN_REFERENCES])}): "
            "resolve or void what is open, then erase.",
        )


def _erase_ticket(session: DeskSession, ticket: Ticket, *, now: datetime, by: Actor) -> int:
    """Gives how many texts lost their words. The links to the page end, and what the commitments said is lost."""
    ticket.note = ticket.cause = ticket.action = ticket.order_reference = None
    ticket.void_reason = ERASED if ticket.void_reason else None
    ticket.salt = ""
    ticket.link_generation += 1
    _erase_remedies(session, ticket)
    for attempt in session.scalars(
        select(Attempt).join(Callback, Callback.id == Attempt.callback_id).where(Callback.ticket_id == ticket.id),
    ):
        attempt.note = None
    for task in session.scalars(select(Task).where(Task.ticket_id == ticket.id)):
        task.words = None
    _erase_handovers(session, ticket)
    end_all_calls(session, ticket, why=ERASED, now=now)
    drop_queued(session, ticket, reason=ERASED, now=now)
    record(session, ticket, Tag.CUSTOMER_ERASED, by=by, at=now, customer=ticket.customer_id)
    return _erase_texts(session, ticket, None, now=now)


def _erase_handovers(session: DeskSession, ticket: Ticket) -> None:
    """What was said about a whole shift may have named them."""
    shifts = select(HandedOver.handover_id).where(HandedOver.ticket_id == ticket.id)
    said = update(Handover).where(Handover.id.in_(shifts), Handover.note.is_not(None))
    session.execute(said.values(note=ERASED), execution_options={"synchronize_session": False})


def _erase_remedies(session: DeskSession, ticket: Ticket) -> None:
    for remedy in session.scalars(select(Remedy).where(Remedy.ticket_id == ticket.id)):
        remedy.detail = None
        remedy.end_reason = ERASED if remedy.end_reason else None
        if remedy.status is RemedyStatus.REFUSED:
            remedy.decision_reason = ERASED


def _erase_texts(session: DeskSession, ticket: Ticket | None, contact_id: int | None, *, now: datetime) -> int:
    """Of a ticket, or what a number wrote that belongs to none. An answer to that which still waits is dropped, and what
    nobody has read has no words any more that somebody could read."""
    whose = (
        Message.ticket_id == ticket.id if ticket else (Message.contact_id == contact_id) & Message.ticket_id.is_(None)
    )
    texts = session.scalars(select(Message).where(whose, Message.body.is_not(None)).with_for_update()).all()
    erase_photos(session, [text.id for text in texts])
    for text in texts:
        text.body = text.to_number = text.error = None
        if text.status in QUEUED:
            text.status, text.drop_reason, text.final_at = MessageStatus.DROPPED, ERASED, now
        elif text.status is MessageStatus.RECEIVED and text.read_at is None:
            text.read_at = now
    if ticket is not None:
        ticket.unread = 0
    return len(texts)
