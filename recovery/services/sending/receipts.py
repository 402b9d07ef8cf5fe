"""Delivery receipts: in any order, more than once, before the provider's own answer, or for texts we do not know."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from recovery.domain.actors import MACHINE
from recovery.domain.events import Tag
from recovery.domain.ids import new_id
from recovery.domain.messages import Direction, MessageStatus, merge_receipt
from recovery.domain.phones import without_numbers
from recovery.domain.provider_codes import OPTED_OUT, FaultCategory, fault_for
from recovery.models import Contact, Message, Receipt, Ticket
from recovery.services.proving.trail import record
from recovery.services.reporting import spending
from recovery.services.sending import gates
from recovery.services.sending.departures import message_id_of
from recovery.services.sending.outcomes import accept, deliver, fail, locked, miss
from recovery.services.session import DeskSession
from recovery.services.texting.consent import learn_opt_out, lock_contact

BY_RECEIPT = "receipt"
EARLY = (
    select(Receipt)
    .where(Receipt.provider_sid.in_(bindparam("sids", expanding=True)), Receipt.message_id.is_(None))
    .order_by(Receipt.id)
)
BY_REF = select(Message.id).where(Message.id == bindparam("named"), Message.direction == Direction.OUTBOUND)
BY_SID = select(Message.id).where(Message.provider_sid == bindparam("named"), Message.direction == Direction.OUTBOUND)


@dataclass(frozen=True, slots=True)
class Told:
    """One status callback. `status` is the provider's own word, `ref` ours, from the signed address."""

    provider_sid: str
    status: str
    error_code: str = ""
    ref: str | None = None
    error_words: str = ""
    """The provider's own, said where we have none for the code."""


def take(session: DeskSession, told: Told, *, now: datetime) -> bool:
    """Kept once and laid upon its text, if we know which. False for one that we had already, which teaches nothing."""
    message_id = _text_spoken_of(session, told)
    contact = _who_opted_out(session, told.error_code, message_id)
    receipt = _kept(session, told, message_id, now=now)
    if receipt is None:
        return False
    if contact is not None and message_id is not None:
        _learn_opt_out(session, contact, message_id, now=now)
    if message_id is not None:
        ticket, message = locked(session, message_id)
        lay(session, ticket, message, receipt, words=without_numbers(told.error_words), now=now)
    return True


def learn_from(session: DeskSession, message_id: int, code: int | None, *, now: datetime) -> None:
    """Of a text that we asked for, or found in the list: its receipt may never have come. Before anything else is locked."""
    contact = _who_opted_out(session, str(code or ""), message_id)
    if contact is not None:
        _learn_opt_out(session, contact, message_id, now=now)


def join_waiting(session: DeskSession, named: Mapping[str, tuple[Ticket | None, Message]], *, now: datetime) -> None:
    """Lays receipts that came too early upon texts whose name is known since; tickets and texts are locked."""
    if not named:
        return
    for receipt in session.scalars(EARLY, {"sids": list(named)}).all():
        ticket, message = named[receipt.provider_sid]
        receipt.message_id = message.id
        lay(session, ticket, message, receipt, now=now)


def strays(session: DeskSession, *, limit: int = 200) -> list[int]:
    """Receipts whose text got its name in the very moment in which they came: by id."""
    return list(
        session.scalars(
            select(Receipt.id)
            .join(Message, Message.provider_sid == Receipt.provider_sid)
            .where(Receipt.message_id.is_(None))
            .limit(limit),
        ),
    )


def join_stray(session: DeskSession, receipt_id: int, *, now: datetime) -> None:
    sid = session.get_one(Receipt, receipt_id).provider_sid
    message_id = session.scalars(select(Message.id).where(Message.provider_sid == sid)).one()
    ticket, message = locked(session, message_id)
    join_waiting(session, {sid: (ticket, message)}, now=now)


def lay(
    session: DeskSession, ticket: Ticket | None, message: Message, receipt: Receipt, *, words: str = "", now: datetime
) -> None:
    """Raises the text's rank, never lowers it; an end sticks, and what contradicts it is recorded."""
    if message.provider_sid not in {None, receipt.provider_sid}:
        _contradict(session, ticket, message, receipt.status, now=now)
        return
    merged = merge_receipt(message.status, receipt.status)
    if merged.contradiction:
        _contradict(session, ticket, message, receipt.status, now=now)
    if not merged.changed:
        return
    receipt.applied = True
    if message.provider_sid is None:
        _adopt(session, ticket, message, receipt.provider_sid, how=BY_RECEIPT, now=now)
    raise_to(session, ticket, message, merged.status, receipt.error_code, words=words, now=now)


def adopt(session: DeskSession, ticket: Ticket | None, message: Message, sid: str, *, how: str, now: datetime) -> None:
    """The provider has it after all: under this name. `how` we know: by a receipt, from the list."""
    _adopt(session, ticket, message, sid, how=how, now=now)
    join_waiting(session, {sid: (ticket, message)}, now=now)


def raise_to(
    session: DeskSession,
    ticket: Ticket | None,
    message: Message,
    to: MessageStatus,
    code: str,
    *,
    words: str = "",
    now: datetime,
) -> None:
    """From accepted to its end; nothing where there is no end yet."""
    number = int(code) if code.isdecimal() else None
    if message.status is to:
        return
    match to:
        case MessageStatus.DELIVERED:
            deliver(session, ticket, message, now=now)
            gates.heal(session, {message.sender: _began(message)}, arrived=True, now=now)
        case MessageStatus.UNDELIVERED:
            miss(session, ticket, message, code=number, words=words, now=now)
            _stop_line(session, message, number, now=now)
        case MessageStatus.FAILED:
            fail(session, ticket, message, code=number, words=words, now=now)
            _stop_line(session, message, number, now=now)


def _stop_line(session: DeskSession, message: Message, code: int | None, *, now: datetime) -> None:
    """What is wrong with our account shows only now: the texts behind this one wait, and it was told to a person."""
    fault = fault_for(code)
    if fault.category is FaultCategory.STOP_LINE:
        gates.close(
            session,
            message.sender,
            fault.category,
            why=fault.words,
            code=code,
            by_receipt=True,
            began=_began(message),
            now=now,
        )


def _began(message: Message) -> datetime:
    return message.sending_at or message.created_at


def _adopt(session: DeskSession, ticket: Ticket | None, message: Message, sid: str, *, how: str, now: datetime) -> None:
    doubted = message.doubted_at is not None
    accept(session, ticket, message, sid=sid, now=now)
    spending.add(session, [message], now=now)
    if doubted and ticket is not None:
        trail = {"message": message.id, "found": True, "how": how, "then": "sent"}
        record(session, ticket, Tag.TEXT_SETTLED, by=MACHINE, at=now, **trail)


def _text_spoken_of(session: DeskSession, told: Told) -> int | None:
    """The reference is proof, also where the provider's answer was lost; else the name that the provider gave."""
    by_ref = message_id_of(session.house, told.ref) if told.ref else None
    if by_ref is not None:
        return session.scalar(BY_REF, {"named": by_ref})
    return session.scalar(BY_SID, {"named": told.provider_sid})


def _kept(session: DeskSession, told: Told, message_id: int | None, *, now: datetime) -> Receipt | None:
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = make(Receipt).values(
        id=new_id(now),
        message_id=message_id,
        provider_sid=told.provider_sid,
        status=told.status,
        error_code=told.error_code,
        received_at=now,
        applied=False,
    )
    return session.scalar(row.on_conflict_do_nothing().returning(Receipt))


def _who_opted_out(session: DeskSession, code: str, message_id: int | None) -> Contact | None:
    """Locked before anything else is, in the house's order: contact, ticket, text."""
    if code != str(OPTED_OUT) or message_id is None:
        return None
    contact_id = session.scalar(select(Message.contact_id).where(Message.id == message_id))
    return None if contact_id is None else lock_contact(session, contact_id)


def _learn_opt_out(session: DeskSession, contact: Contact, message_id: int, *, now: datetime) -> None:
    text = session.execute(
        select(Message.sender, Message.sending_at, Message.created_at).where(Message.id == message_id)
    ).one()
    learn_opt_out(session, contact, sender=text.sender, left_at=text.sending_at or text.created_at, now=now)


def _contradict(session: DeskSession, ticket: Ticket | None, message: Message, status: str, *, now: datetime) -> None:
    if ticket is not None:
        trail = {"message": message.id, "status": status, "standing": message.status.value}
        record(session, ticket, Tag.TEXT_CONTRADICTED, by=MACHINE, at=now, **trail)
