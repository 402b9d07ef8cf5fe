"""What becomes of a text: each state after the call to the provider is set here, and told on the ticket.

Everything takes the text's ticket, locked, or None for a text that belongs to none.
"""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import defer

from recovery.domain import provider_codes
from recovery.domain.actors import MACHINE
from recovery.domain.callbacks import CallReason, Outcome
from recovery.domain.events import Tag
from recovery.domain.messages import Direction, Doubt, MessageStatus, move
from recovery.domain.provider_codes import fault_for
from recovery.domain.tickets import OVER
from recovery.models import Attempt, Message, Promise, Ticket
from recovery.services.calling.call_tasks import open_call_task
from recovery.services.proving.trail import record
from recovery.services.sending.retrying import try_again_later
from recovery.services.session import DeskSession
from recovery.services.texting.messages import APOLOGIES, OPTED_OUT, why_no_text

EXPIRED = "expired"
SILENT = "The provider never told us whether it arrived."
TELLS_A_NEW_TIME = ("late", "promised", "reopened")
BY_A_PERSON = "free"
"""The template whose words a person wrote: no automatic answer."""
TICKET_IDS_OF = select(Message.id, Message.ticket_id).where(
    Message.id.in_(bindparam("ids", expanding=True)), Message.ticket_id.is_not(None)
)
LOCKED = (
    select(Ticket)
    .where(Ticket.id.in_(bindparam("ids", expanding=True)))
    .order_by(Ticket.id)
    .with_for_update(of=Ticket)
    .execution_options(populate_existing=True)
)
ASK_AFTER = timedelta(minutes=15)
"""A text of which no receipt has told the end by then is asked for (`services.sending.asking`)."""


def lock_tickets_of(session: DeskSession, message_ids: list[int]) -> dict[int, Ticket]:
    """By message id, locked in the order of their own ids; those without a ticket are missing."""
    pairs = session.execute(TICKET_IDS_OF, {"ids": message_ids}).all()
    tickets = session.scalars(LOCKED, {"ids": list({ticket_id for _, ticket_id in pairs})})
    by_id = {ticket.id: ticket for ticket in tickets}
    return {message_id: by_id[ticket_id] for message_id, ticket_id in pairs if ticket_id is not None}


def locked(session: DeskSession, message_id: int, *, wordless: bool = False) -> tuple[Ticket | None, Message]:
    """The ticket first. `wordless`: without its words, which may be what is wrong."""
    ticket = lock_tickets_of(session, [message_id]).get(message_id)
    without, lock = [defer(Message.body)] if wordless else (), {"of": Message}
    return ticket, session.get_one(Message, message_id, options=without, with_for_update=lock, populate_existing=True)


def accept(session: DeskSession, ticket: Ticket | None, message: Message, *, sid: str, now: datetime) -> None:
    """The provider has it."""
    _settle(message, MessageStatus.SENT)
    message.provider_sid = sid
    message.sent_at = now
    message.look_at = now + ASK_AFTER
    message.error = None
    if ticket is None:
        return
    if message.audience == "customer" and message.template != BY_A_PERSON and ticket.auto_response_at is None:
        ticket.auto_response_at = now
    record(
        session,
        ticket,
        Tag.TEXT_SENT,
        by=MACHINE,
        at=now,
        message=message.id,
        provider_sid=sid,
        attempt=message.attempts,
    )


def deliver(session: DeskSession, ticket: Ticket | None, message: Message, *, now: datetime) -> None:
    _settle(message, MessageStatus.DELIVERED)
    message.final_at = now
    message.error = None
    if ticket is not None:
        record(session, ticket, Tag.TEXT_DELIVERED, by=MACHINE, at=now, message=message.id)


def stay_silent(session: DeskSession, ticket: Ticket | None, message: Message, *, now: datetime) -> None:
    """It was accepted, and nobody will ever tell whether it arrived. A person calls, unless the customer has been heard of
    since: where phone companies send no receipts, every text would be a call."""
    message.look_at, message.error = None, SILENT
    if ticket is None:
        return
    record(session, ticket, Tag.TEXT_SILENT, by=MACHINE, at=now, message=message.id)
    if _reaches_a_customer(ticket, message) and not _heard_of_since(session, ticket, message):
        open_call_task(session, ticket, CallReason.UNDELIVERED, now=now)


def miss(
    session: DeskSession,
    ticket: Ticket | None,
    message: Message,
    *,
    code: int | None,
    words: str = "",
    now: datetime,
) -> None:
    """The phone company could not deliver it: a person calls."""
    _settle(message, MessageStatus.UNDELIVERED)
    _explain(message, code, words, now=now)
    _tell_trouble(session, ticket, message, Tag.TEXT_UNDELIVERED, now=now)


def fail(
    session: DeskSession,
    ticket: Ticket | None,
    message: Message,
    *,
    code: int | None,
    words: str = "",
    now: datetime,
) -> None:
    """It will not be sent: a person calls. `words` stand where the code says nothing that we know."""
    _settle(message, MessageStatus.FAILED)
    _explain(message, code, words, now=now)
    _tell_trouble(session, ticket, message, Tag.TEXT_FAILED, now=now)


def drop(session: DeskSession, ticket: Ticket | None, message: Message, *, reason: str, now: datetime) -> None:
    """We decided not to send it, with a reason. Who opted out is called instead, and so is who was to hear of a new time
    and did not until it had gone by."""
    _settle(message, MessageStatus.DROPPED)
    message.drop_reason = reason
    message.final_at = now
    if ticket is None:
        return
    record(session, ticket, Tag.TEXT_DROPPED, by=MACHINE, at=now, message=message.id, reason=reason)
    if reason == OPTED_OUT and ticket.is_live:
        open_call_task(session, ticket, CallReason.OPTED_OUT, now=now)
    elif reason == EXPIRED and tells_a_new_time(message) and _waits_still(session, ticket, message):
        open_call_task(session, ticket, CallReason.LAPSED, now=now)


def doubt(
    session: DeskSession,
    ticket: Ticket | None,
    message: Message,
    *,
    why: Doubt,
    grace: timedelta,
    now: datetime,
) -> None:
    """Nobody can say whether the provider has it; `services.sending.reconciling` looks after `grace`.

    `doubted_at` keeps the first doubt: one sending more is all that a text gets after it.
    """
    _settle(message, MessageStatus.IN_DOUBT)
    message.doubted_at = message.doubted_at or now
    message.look_at = now + grace
    message.looks, message.looked_by = 0, None
    if ticket is not None:
        record(
            session,
            ticket,
            Tag.TEXT_DOUBTED,
            by=MACHINE,
            at=now,
            message=message.id,
            attempt=message.attempts,
            why=why.value,
        )


def requeue(message: Message, *, not_before: datetime) -> None:
    """Back in the queue, in the transaction of an event that says why, or of a text without a ticket."""
    _settle(message, MessageStatus.PENDING)
    message.not_before = not_before


def tells_a_new_time(message: Message) -> bool:
    """Also the apology that is said anew; the first one is followed by the lapse of what it promised."""
    return message.template in TELLS_A_NEW_TIME or (message.template in APOLOGIES and bool(message.holds_while))


def _waits_still(session: DeskSession, ticket: Ticket, message: Message) -> bool:
    """Nothing else was said by the time that the text was to tell."""
    promise = session.get(Promise, int((message.holds_while or "promise:0").split()[0].split(":")[1]))
    return ticket.is_live and (promise is None or promise.outcome != "kept")


def _settle(message: Message, to: MessageStatus) -> None:
    message.status = move(message.status, to)
    message.claim_token = message.lease_until = message.look_at = None


def _explain(message: Message, code: int | None, words: str, *, now: datetime) -> None:
    message.final_at = now
    message.error_code = str(code) if code else None
    message.error = _in_words(code, words)


def _in_words(code: int | None, words: str) -> str:
    """Ours where we know the code, the provider's own beside a code that we do not know."""
    if code is None and words:
        return words
    fault = fault_for(code)
    return fault.words if fault.is_known else f"{fault.words} {words}".strip()


def _tell_trouble(session: DeskSession, ticket: Ticket | None, message: Message, tag: Tag, *, now: datetime) -> None:
    """A text to staff that fails makes no call to the customer, and nobody can call a number that was erased."""
    if ticket is None:
        return
    record(session, ticket, tag, by=MACHINE, at=now, message=message.id, code=message.error_code)
    if _reaches_a_customer(ticket, message):
        task = open_call_task(session, ticket, _why_called(session, ticket, message), now=now)
        if task is not None:
            try_again_later(session, ticket, message, task, now=now)


def _why_called(session: DeskSession, ticket: Ticket, message: Message) -> CallReason:
    """Refused for an opt-out that stands, it is that, and one call; where START came since, the text is still missing."""
    refused = message.error_code == str(provider_codes.OPTED_OUT)
    stands = refused and why_no_text(session, ticket) == OPTED_OUT
    return CallReason.OPTED_OUT if stands else CallReason.UNDELIVERED


def _reaches_a_customer(ticket: Ticket, message: Message) -> bool:
    return message.audience == "customer" and message.to_number is not None and ticket.status not in OVER


def _heard_of_since(session: DeskSession, ticket: Ticket, message: Message) -> bool:
    """They wrote, a later text arrived, or a call reached them."""
    since = message.sent_at or message.created_at
    texts = select(Message.id).where(
        Message.contact_id == message.contact_id,
        Message.created_at > since,
        or_(Message.direction == Direction.INBOUND, Message.status == MessageStatus.DELIVERED),
    )
    calls = select(Attempt.id).where(
        Attempt.ticket_id == ticket.id, Attempt.outcome == Outcome.REACHED, Attempt.at > since
    )
    return any(session.scalar(query.limit(1)) is not None for query in (texts, calls))
