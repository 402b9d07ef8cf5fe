"""What the provider said to a sending, written down: fenced by the claim's token, so that an answer that comes after
the text was taken from its worker is recorded, may settle a doubt, and changes nothing else."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update

from recovery.domain.actors import MACHINE
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.domain.pacing import Slot
from recovery.domain.provider_codes import OPTED_OUT, FaultCategory
from recovery.models import Message, Ticket
from recovery.services.proving.trail import record
from recovery.services.reporting import spending
from recovery.services.running.tallies import LINE_STOPPED, count
from recovery.services.sending import gates, pacing
from recovery.services.sending.departures import Departure
from recovery.services.sending.outbox import BULK, Terms
from recovery.services.sending.outcomes import accept, doubt, fail, lock_tickets_of, requeue
from recovery.services.sending.receipts import join_waiting
from recovery.services.session import DeskSession
from recovery.services.texting.consent import learn_opt_out, lock_contact
from recovery.sms.gateway import Accepted, SendInDoubt, SendRefused

GIVE_UP_AFTER = timedelta(hours=24)
TRIED_OFTEN = 8
"""A text that was refused for now, again and again, is handed to a person. Its age alone says nothing: a backlog may be
older than a day before it is tried for the first time. A day of refusals makes more tries than these in every category."""
_PERMANENT = {
    FaultCategory.PERMANENT,
    FaultCategory.PERMANENT_NUMBER,
    FaultCategory.CHANGE_TEXT,
    FaultCategory.FEW_RETRIES,
}
# First and longest pause of the one text, in seconds; the pause of the whole line is the gate's.
_BACK_OFF = {
    FaultCategory.RETRY: (1.0, 30.0),
    FaultCategory.RETRY_LATER: (600.0, 7200.0),
    FaultCategory.STOP_LINE: (60.0, 900.0),
    FaultCategory.RESCHEDULE: (3600.0, 3600.0),
}
ANSWERED = (
    select(Message)
    .where(Message.id.in_(bindparam("ids", expanding=True)))
    .order_by(Message.id)
    .with_for_update(of=Message)
    .execution_options(populate_existing=True)
)
_CLOSES_THE_GATE = {FaultCategory.RETRY, FaultCategory.RETRY_LATER, FaultCategory.STOP_LINE}


@dataclass(frozen=True, slots=True)
class Answer:
    departure: Departure
    outcome: Accepted | SendRefused | SendInDoubt
    lease_lost: bool = False
    """We gave up ourselves, before the first byte, because the text was no longer ours: nobody refused anything."""
    chance: float = 0.0
    """0 to 1: spreads the next tries."""
    slot: Slot | None = None
    """The one in which it was to leave."""
    left_at: datetime | None = None
    """Just before the first byte; None where it did not come to that, or nobody looked."""


def finish(session: DeskSession, answers: Sequence[Answer], *, terms: Terms, now: datetime) -> None:
    """All in one transaction. Locks in the house's order: contact, ticket, text."""
    ids = [answer.departure.message_id for answer in answers]
    _learn_opt_outs(session, answers, now=now)
    tickets = lock_tickets_of(session, ids)
    messages = {message.id: message for message in session.scalars(ANSWERED, {"ids": ids})}
    unsent = [message for message in messages.values() if message.sent_at is None]
    for answer in answers:
        message = messages[answer.departure.message_id]
        ticket = tickets.get(message.id)
        if message.claim_token == answer.departure.token:
            _in_time(session, ticket, message, answer, grace=terms.grace, now=now)
        else:
            _late(session, ticket, message, answer, now=now)
    _join_receipts(session, tickets, messages, answers, now=now)
    spending.add(session, [message for message in unsent if message.sent_at is not None], now=now)
    accepted = newest_accepted(answers)
    if accepted:
        gates.heal(session, accepted, now=now)
    _settle_slots(session, answers, now=now)


def _settle_slots(session: DeskSession, answers: Sequence[Answer], *, now: datetime) -> None:
    left = (
        (
            answer.departure.outgoing.sender,
            pacing.Left(answer.slot, answer.left_at, isinstance(answer.outcome, SendRefused)),
        )
        for answer in answers
        if answer.slot is not None
    )
    pacing.settle(session, pacing.by_sender(left), now=now)


def newest_accepted(answers: Sequence[Answer]) -> dict[str, datetime]:
    """By sender when the newest of those began that the provider took."""
    taken = [answer.departure for answer in answers if isinstance(answer.outcome, Accepted)]
    return {each.outgoing.sender: each.began for each in sorted(taken, key=lambda each: each.began)}


def _in_time(
    session: DeskSession, ticket: Ticket | None, message: Message, answer: Answer, *, grace: timedelta, now: datetime
) -> None:
    match answer.outcome:
        case Accepted(sid):
            accept(session, ticket, message, sid=sid, now=now)
        case SendInDoubt() as unclear:
            doubt(session, ticket, message, why=unclear.why, grace=grace, now=now)
        case SendRefused() as refusal:
            _refused(session, ticket, message, refusal, answer, now=now)


def _refused(
    session: DeskSession,
    ticket: Ticket | None,
    message: Message,
    refusal: SendRefused,
    answer: Answer,
    *,
    now: datetime,
) -> None:
    if refusal.category in _PERMANENT:
        fail(session, ticket, message, code=refusal.code, words=refusal.detail, now=now)
        return
    if not answer.lease_lost and refusal.category in _CLOSES_THE_GATE:
        _slow_down(session, refusal, answer, now=now)
    if not answer.lease_lost and _is_hopeless(message, now=now):
        fail(session, ticket, message, code=refusal.code, words=refusal.detail, now=now)
        return
    session.execute(
        update(Message)
        .where(Message.id == message.id)
        .values(
            status=MessageStatus.PENDING,
            claim_token=None,
            lease_until=None,
            not_before=now if answer.lease_lost else now + _pause(refusal.category, message.attempts, answer.chance),
        ),
        execution_options=BULK,
    )


def _is_hopeless(message: Message, *, now: datetime) -> bool:
    return message.attempts >= TRIED_OFTEN and now - message.created_at > GIVE_UP_AFTER


def _slow_down(session: DeskSession, refusal: SendRefused, answer: Answer, *, now: datetime) -> None:
    gates.close(
        session,
        answer.departure.outgoing.sender,
        refusal.category,
        why=refusal.detail,
        code=refusal.code,
        asked=refusal.retry_after,
        began=answer.departure.began,
        now=now,
        chance=answer.chance,
    )
    if refusal.category is FaultCategory.STOP_LINE:
        count(session, LINE_STOPPED, now=now)


def _pause(category: FaultCategory, attempts: int, chance: float) -> timedelta:
    first, longest = _BACK_OFF[category]
    return timedelta(seconds=min(first * 2 ** min(attempts - 1, 20), longest) * (0.5 + chance / 2))


def _late(session: DeskSession, ticket: Ticket | None, message: Message, answer: Answer, *, now: datetime) -> None:
    """The text was taken from us: its lease ran out, or its receipt came before this answer."""
    match answer.outcome:
        case Accepted(sid) if sid == message.provider_sid and message.doubted_at is None:
            return  # the receipt was faster, which is nothing to tell
        case Accepted(sid):
            applied = message.provider_sid is None and _doubted(message)
            _tell_late(session, ticket, message, "accepted", applied=applied, now=now)
            if applied:
                accept(session, ticket, message, sid=sid, now=now)
                _tell_settled(session, ticket, message, found=True, then="sent", now=now)
        case SendRefused() as refusal:
            applied = message.status is MessageStatus.IN_DOUBT and message.attempts == answer.departure.attempt
            _tell_late(session, ticket, message, f"refused {refusal.code or ''}".strip(), applied=applied, now=now)
            if applied:
                _tell_settled(session, ticket, message, found=False, then="queued", now=now)
                requeue(message, not_before=now)
        case SendInDoubt():
            _tell_late(session, ticket, message, "unclear", applied=False, now=now)


def _doubted(message: Message) -> bool:
    """In doubt, or in the queue again after two looks that did not find it."""
    waiting = {MessageStatus.PENDING, MessageStatus.HELD, MessageStatus.CLAIMED}
    return message.status is MessageStatus.IN_DOUBT or (message.doubted_at is not None and message.status in waiting)


def _tell_late(
    session: DeskSession, ticket: Ticket | None, message: Message, said: str, *, applied: bool, now: datetime
) -> None:
    if ticket is not None:
        trail = {"message": message.id, "answer": said, "applied": applied}
        record(session, ticket, Tag.TEXT_LATE_ANSWER, by=MACHINE, at=now, **trail)


def _tell_settled(
    session: DeskSession, ticket: Ticket | None, message: Message, *, found: bool, then: str, now: datetime
) -> None:
    if ticket is not None:
        trail = {"message": message.id, "found": found, "how": "late_answer", "then": then}
        record(session, ticket, Tag.TEXT_SETTLED, by=MACHINE, at=now, **trail)


def _learn_opt_outs(session: DeskSession, answers: Sequence[Answer], *, now: datetime) -> None:
    """The provider knows of a STOP that we do not. All contacts are locked, by id, before any ticket is."""
    refused = {
        answer.departure.message_id: answer.departure.began
        for answer in answers
        if isinstance(answer.outcome, SendRefused) and answer.outcome.code == OPTED_OUT
    }
    left_at: dict[tuple[int, str], datetime] = {}
    for message_id, contact_id, sender in _contacts_of(session, refused):
        known = left_at.get((contact_id, sender), refused[message_id])
        left_at[contact_id, sender] = max(refused[message_id], known)
    contacts = {contact_id: lock_contact(session, contact_id) for contact_id in sorted({each for each, _ in left_at})}
    for contact_id, sender in sorted(left_at):
        learn_opt_out(session, contacts[contact_id], sender=sender, left_at=left_at[contact_id, sender], now=now)


def _contacts_of(session: DeskSession, message_ids: Collection[int]) -> list[tuple[int, int, str]]:
    """With the text's id first and its sender last. A text to staff has no contact."""
    if not message_ids:
        return []
    whose = select(Message.id, Message.contact_id, Message.sender).where(Message.id.in_(message_ids))
    return [(message, contact, sender) for message, contact, sender in session.execute(whose) if contact is not None]


def _join_receipts(
    session: DeskSession,
    tickets: dict[int, Ticket],
    messages: dict[int, Message],
    answers: Sequence[Answer],
    *,
    now: datetime,
) -> None:
    """Receipts may have come before the answer that names the text."""
    named = {
        message.provider_sid: (tickets.get(message.id), message)
        for answer in answers
        if isinstance(answer.outcome, Accepted) and (message := messages[answer.departure.message_id]).provider_sid
    }
    join_waiting(session, named, now=now)
