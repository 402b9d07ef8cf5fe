"""What staff do with a text that came in: move it to the ticket that it is about, or opt its number out because it asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from recovery.domain.actors import Actor
from recovery.domain.errors import Invalid, NotFound, WrongState
from recovery.domain.events import Tag
from recovery.domain.messages import Direction
from recovery.domain.permissions import Permission
from recovery.domain.refusals import REFUSAL
from recovery.domain.threads import FoundBy
from recovery.domain.tickets import LIVE
from recovery.models import Contact, Customer, Message, OptOut, Ticket
from recovery.services.access import locked_ticket, refuse_stale, require, tickets_visible_to, visible_ticket
from recovery.services.hearing.routing import move_text
from recovery.services.hearing.strangers import set_aside, unread_texts_of, visible_stranger
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession
from recovery.services.texting import consent

BY_A_PERSON = "person"
WANTS_NO_TEXTS = "Asked for no texts, and gets none."
MOST_OTHERS = 20


@dataclass(frozen=True, slots=True)
class Other:
    """A live ticket that a text may be moved to."""

    reference: str
    failure: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a number gets no texts from this sender, and since when."""

    at: datetime
    how: str
    lifted_at: datetime | None
    words: str | None
    """What they wrote, where it came by a text; None also once it is erased."""


def others_of(session: DeskSession, ticket: Ticket, *, by: Actor) -> Sequence[Other]:
    """The customer's other live tickets that this person may see, the newest first."""
    contact_id = ticket.customer.contact_id if ticket.customer else None
    if contact_id is None:
        return ()
    rows = session.execute(
        select(Ticket.reference, Ticket.failure)
        .join(Customer, Customer.id == Ticket.customer_id)
        .where(
            Customer.contact_id == contact_id,
            Ticket.id != ticket.id,
            Ticket.status.in_(LIVE),
            tickets_visible_to(by),
        )
        .order_by(Ticket.logged_at.desc(), Ticket.id.desc())
        .limit(MOST_OTHERS)
    )
    return [Other(*row) for row in rows]


def refusals_of(session: DeskSession, ticket: Ticket) -> Sequence[Refusal]:
    """Of the number, towards the sender of this ticket's site, the newest first: the evidence."""
    contact_id = ticket.customer.contact_id if ticket.customer else None
    if contact_id is None:
        return ()
    rows = session.execute(
        select(OptOut.at, OptOut.how, OptOut.lifted_at, Message.body)
        .outerjoin(Message, Message.id == OptOut.message_id)
        .where(OptOut.contact_id == contact_id, OptOut.sender == session.house.sender_of(ticket.site))
        .order_by(OptOut.at.desc(), OptOut.id.desc())
    )
    return [Refusal(*row) for row in rows]


def move_by_hand(
    session: DeskSession, reference: str, message_id: int, to: str, *, version: int | None, now: datetime, by: Actor
) -> Ticket:
    """To another live ticket of the same customer. Both are locked, by id. Raises NotFound, Stale, Invalid."""
    require(by, Permission.WORK)
    pair = {each.id: each.reference for each in (_seen(session, reference, by), _target(session, to, by))}
    held = {name: locked_ticket(session, name, by=by) for _, name in sorted(pair.items())}
    source, target = held[reference.upper()], held[to.upper()]
    refuse_stale(session, source, version)
    message = _text_on(session, source, message_id)
    theirs = target.customer.contact_id if target.customer else None
    if target is source or theirs is None or theirs != message.contact_id or not target.is_live:
        raise Invalid.field("to", "Choose another open ticket of the same customer.")
    move_text(session, message, target, found_by=FoundBy.STAFF, now=now, by=by)
    return target


def opt_out_as_asked(session: DeskSession, reference: str, message_id: int, *, now: datetime, by: Actor) -> bool:
    """They asked in words of their own, and a person says that they mean it: from now on it is as if they had written
    STOP. The text is the evidence, and is read by that. False where the number gets no texts already."""
    require(by, Permission.WORK)
    seen = _seen(session, reference, by)
    contact: Contact = consent.lock_contact(session, _text_on(session, seen, message_id).contact_id or 0)
    sender = session.house.sender_of(seen.site)
    done = consent.opt_out(session, contact, sender=sender, how=BY_A_PERSON, message_id=message_id, now=now, by=by)
    ticket = locked_ticket(session, reference, by=by)
    message = _text_on(session, ticket, message_id)
    if message.read_at is None:
        message.read_at = now
        ticket.unread -= 1
        record(session, ticket, Tag.TEXTS_READ, by=by, at=now, count=1)
    return done


def opt_out_stranger(session: DeskSession, stranger_id: int, *, now: datetime, by: Actor) -> None:
    """The same for a number without a ticket: there is nothing else to do about it then. Raises Forbidden, NotFound,
    WrongState."""
    require(by, Permission.WORK)
    row = visible_stranger(session, stranger_id, by=by)
    contact = consent.lock_contact(session, row.contact_id)
    asked = [text for text in unread_texts_of(session, row) if text.understood_as == REFUSAL]
    if not asked:
        raise WrongState("Nothing that it wrote, and nobody has dealt with, asks us to stop.")
    consent.opt_out(session, contact, sender=row.sender, how=BY_A_PERSON, message_id=asked[-1].id, now=now, by=by)
    set_aside(session, stranger_id, reason=WANTS_NO_TEXTS, now=now, by=by)


def _seen(session: DeskSession, reference: str, by: Actor) -> Ticket:
    return visible_ticket(session, reference, by=by)


def _target(session: DeskSession, reference: str, by: Actor) -> Ticket:
    try:
        return visible_ticket(session, reference, by=by)
    except NotFound:
        raise Invalid.field("to", "Choose another open ticket of the same customer.") from None


def _text_on(session: DeskSession, ticket: Ticket, message_id: int) -> Message:
    """Raises NotFound for what is no text of a customer on this ticket."""
    message = session.scalar(
        select(Message)
        .where(
            Message.id == message_id,
            Message.ticket_id == ticket.id,
            Message.direction == Direction.INBOUND,
            Message.contact_id.is_not(None),
        )
        .execution_options(populate_existing=True)
    )
    if message is None:
        raise NotFound("There is no such text on this ticket: somebody may have moved it.")
    return message
