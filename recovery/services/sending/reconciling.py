"""Texts in doubt: looked for in the provider's list, twice, by one process, before anybody concludes that one is not there.

The receipt's reference settles most doubts earlier (`services.sending.receipts`); this is for the rest.
"""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import or_, select, text, update

from recovery.domain.actors import MACHINE
from recovery.domain.events import Tag
from recovery.domain.messages import MessageClass, MessageStatus, merge_receipt
from recovery.models import Message, Ticket
from recovery.services.proving.trail import record
from recovery.services.sending.departures import outgoing
from recovery.services.sending.outbox import BULK, Terms
from recovery.services.sending.outcomes import fail, lock_tickets_of, requeue
from recovery.services.sending.receipts import adopt, raise_to
from recovery.services.session import DeskSession
from recovery.sms.gateway import Found, OutgoingText

BY_LIST = "list"
NEVER_ARRIVED = "The provider has no trace of this text."
IN_DOUBT = text("messages.status = 'in_doubt'")


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the provider's list: for this text, not earlier than `since`, and not among those `taken`."""

    message_id: int
    looker: str
    outgoing: OutgoingText = field(repr=False)
    since: datetime
    taken: frozenset[str]


def due(session: DeskSession, *, looker: str, terms: Terms, now: datetime, limit: int = 50) -> list[int]:
    """Doubts whose next look is ours: new ones, those we looked for already, and those whose looker is gone."""
    ours = or_(
        Message.looked_by.is_(None),
        Message.looked_by == looker,
        Message.look_at <= now - terms.interval,
    )
    query = select(Message.id).where(IN_DOUBT, Message.look_at <= now, ours).order_by(Message.look_at).limit(limit)
    return list(session.scalars(query))


def start_look(session: DeskSession, message_id: int, *, looker: str, terms: Terms, now: datetime) -> Look | None:
    """Makes the look ours for a while, so that nobody looks at the same time. None where it is no longer wanted."""
    message = session.scalar(
        select(Message)
        .where(Message.id == message_id, Message.status == MessageStatus.IN_DOUBT, Message.look_at <= now)
        .with_for_update(of=Message, skip_locked=True)
        .execution_options(populate_existing=True),
    )
    if message is None:
        return None
    begun_anew = message.looked_by != looker
    _set(
        session,
        message_id,
        looked_by=looker,
        looks=0 if begun_anew else message.looks,
        look_at=now + terms.time_out + terms.interval,
    )
    return Look(
        message_id=message_id,
        looker=looker,
        outgoing=outgoing(session.house, message),
        since=_since(message),
        taken=names_taken(session, message),
    )


def conclude(session: DeskSession, look: Look, found: Found | None, *, terms: Terms, now: datetime) -> str | None:
    """What became of the text: `found`, `absent` (looked for once), `sent_again` or `failed`; None where it was settled meanwhile."""
    ticket = lock_tickets_of(session, [look.message_id]).get(look.message_id)
    message = session.get_one(Message, look.message_id, with_for_update={"of": Message}, populate_existing=True)
    if message.status is not MessageStatus.IN_DOUBT or message.looked_by != look.looker:
        return None
    if found is not None:
        _adopt(session, ticket, message, found, now=now)
        return "found"
    if message.looks == 0:
        _set(session, message.id, looks=1, look_at=now + terms.interval)
        return "absent"
    return _absent(session, ticket, message, now=now)


def put_off(session: DeskSession, look: Look, *, terms: Terms, now: datetime) -> None:
    """The list could not be read: that says nothing about the text."""
    _set(session, look.message_id, look_at=now + terms.interval)


def _adopt(session: DeskSession, ticket: Ticket | None, message: Message, found: Found, *, now: datetime) -> None:
    adopt(session, ticket, message, found.provider_sid, how=BY_LIST, now=now)
    status = merge_receipt(message.status, found.status).status
    raise_to(session, ticket, message, status, str(found.error_code or ""), now=now)


def _absent(session: DeskSession, ticket: Ticket | None, message: Message, *, now: datetime) -> str:
    """Sent once more, if it may be: a security text must not come twice, and a second doubt is for a person."""
    may_again = message.message_class is not MessageClass.SECURITY and not _was_sent_again(message)
    then = "sent_again" if may_again else "failed"
    if ticket is not None:
        trail = {"message": message.id, "found": False, "how": BY_LIST, "then": then}
        record(session, ticket, Tag.TEXT_SETTLED, by=MACHINE, at=now, **trail)
    if may_again:
        message.error = SENT_AGAIN
        requeue(message, not_before=now)
    else:
        fail(session, ticket, message, code=None, words=NEVER_ARRIVED, now=now)
    return then


SENT_AGAIN = "sent again: the provider had no trace of the first sending"


def _was_sent_again(message: Message) -> bool:
    return message.error == SENT_AGAIN


def _since(message: Message) -> datetime:
    """The first of several tries may be the one that arrived."""
    if message.attempts > 1 or message.sending_at is None:
        return message.created_at
    return message.sending_at


def names_taken(session: DeskSession, message: Message) -> frozenset[str]:
    """Names of the other texts to this number: two texts may have the same words."""
    same_phone = (
        Message.contact_id == message.contact_id
        if message.contact_id is not None
        else Message.to_number == message.to_number
    )
    names = session.scalars(
        select(Message.provider_sid).where(same_phone, Message.provider_sid.is_not(None), Message.id != message.id),
    )
    return frozenset(name for name in names if name)


def _set(session: DeskSession, message_id: int, **values: object) -> None:
    session.execute(update(Message).where(Message.id == message_id).values(**values), execution_options=BULK)
