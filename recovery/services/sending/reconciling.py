"""Texts in doubt: looked for in the provider's list, twice, by one process, before anybody concludes that one is not there.

The receipt's reference settles most doubts earlier (`services.sending.receipts`); this is for the rest.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import or_, select, text, update

from recovery.domain.actors import MACHINE
from recovery.domain.events import Tag
from recovery.domain.messages import MessageClass, MessageStatus, merge_receipt
from recovery.models import Message, Ticket
from recovery.services.proving.trail import record
from recovery.services.sending.departures import outgoing
from recovery.services.sending.outbox import BULK, Terms
from recovery.services.sending.outcomes import fail, locked, requeue
from recovery.services.sending.receipts import adopt, learn_from, raise_to
from recovery.services.session import DeskSession
from recovery.services.texting.senders import todays_sender
from recovery.sms.gateway import Found, OutgoingText

BY_LIST = "list"
NEVER_ARRIVED = "The provider has no trace of this text."
NOT_TOLD = "The provider did not tell us whether it has this text: it may have arrived."
WAS_ERASED = "Number and words were erased before we knew whether it had left."
LOOKED_FOR_WITHIN = timedelta(hours=2)
"""So long may the list be unreadable; then a person asks the customer, which is better than to wait for a machine."""
IN_DOUBT = text("messages.status = 'in_doubt'")


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the provider's list: for this text, not earlier than `since`, and not among those `taken`."""

    message_id: int
    looker: str
    texts: tuple[OutgoingText, ...] = field(repr=False)
    """The same text from each sender that it may have left from."""
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
    """Makes the look ours for a while, so that nobody looks at the same time. None where it is no longer wanted; what
    nobody can look for is settled at once."""
    try:
        texts = texts_to_look_for(session, session.get_one(Message, message_id))
    except ValueError as why:
        hand_over(session, message_id, words=str(why), now=now)
        return None
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
    return Look(message_id, looker, texts, _since(message), names_taken(session, message))


def texts_to_look_for(session: DeskSession, message: Message) -> tuple[OutgoingText, ...]:
    """From the sender that it bears, and from today's: a text that comes out of a backup may have been given that one
    since. Raises ValueError for what was erased, and for what no provider would have taken."""
    if message.body is None or message.to_number is None:
        raise ValueError(WAS_ERASED)
    senders = dict.fromkeys((message.sender, todays_sender(session, message)))
    return tuple(outgoing(session.house, message, sender=sender) for sender in senders)


def conclude(session: DeskSession, look: Look, found: Found | None, *, terms: Terms, now: datetime) -> str | None:
    """What became of the text: `found`, `absent` (looked for once), `sent_again` or `failed`; None where it was settled meanwhile."""
    if found is not None:
        learn_from(session, look.message_id, found.error_code, now=now)
    ticket, message = locked(session, look.message_id, wordless=True)
    if not _is_ours(message, look):
        return None
    if found is not None:
        adopt_found(session, ticket, message, found, now=now)
        return "found"
    if message.looks == 0:
        _set(session, message.id, looks=1, look_at=now + terms.interval)
        return "absent"
    return _absent(session, ticket, message, now=now)


def put_off(session: DeskSession, look: Look, *, terms: Terms, now: datetime) -> str | None:
    """The list could not be read, which says nothing about the text: `put_off`, or in the end `failed`, with the doubt
    said to a person; None where it was settled meanwhile."""
    _, message = locked(session, look.message_id, wordless=True)
    if not _is_ours(message, look):
        return None
    since = max(moment for moment in (message.doubted_at, message.sending_at, message.created_at) if moment)
    if now - since < LOOKED_FOR_WITHIN:
        _set(session, message.id, look_at=now + terms.interval)
        return "put_off"
    hand_over(session, message.id, words=NOT_TOLD, now=now)
    return "failed"


def hand_over(session: DeskSession, message_id: int, *, words: str, now: datetime) -> None:
    """Nobody will ever know more than that."""
    ticket, message = locked(session, message_id, wordless=True)
    if message.status is MessageStatus.IN_DOUBT:
        _tell_settled(session, ticket, message, then="failed", now=now)
        fail(session, ticket, message, code=None, words=words, now=now)


def _is_ours(message: Message, look: Look) -> bool:
    return message.status is MessageStatus.IN_DOUBT and message.looked_by == look.looker


def adopt_found(session: DeskSession, ticket: Ticket | None, message: Message, found: Found, *, now: datetime) -> None:
    """It left after all, and has come as far as the list says."""
    adopt(session, ticket, message, found.provider_sid, how=BY_LIST, now=now)
    status = merge_receipt(message.status, found.status).status
    raise_to(session, ticket, message, status, str(found.error_code or ""), now=now)


def _absent(session: DeskSession, ticket: Ticket | None, message: Message, *, now: datetime) -> str:
    """Sent once more, if it may be: a security text must not come twice, and a second doubt is for a person."""
    may_again = message.message_class is not MessageClass.SECURITY and not was_sent_again(message)
    then = "sent_again" if may_again else "failed"
    _tell_settled(session, ticket, message, then=then, now=now)
    if may_again:
        message.error = SENT_AGAIN
        requeue(message, not_before=now)
    else:
        fail(session, ticket, message, code=None, words=NEVER_ARRIVED, now=now)
    return then


def _tell_settled(session: DeskSession, ticket: Ticket | None, message: Message, *, then: str, now: datetime) -> None:
    if ticket is not None:
        trail = {"message": message.id, "found": False, "how": BY_LIST, "then": then}
        record(session, ticket, Tag.TEXT_SETTLED, by=MACHINE, at=now, **trail)


SENT_AGAIN = "sent again: the provider had no trace of the first sending"


def was_sent_again(message: Message) -> bool:
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
