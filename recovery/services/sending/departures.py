"""The last look before a text leaves, in a commit of its own: may it still go, and is it still true?"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.orm import aliased

from recovery.domain.actors import ActorKind
from recovery.domain.calendars import quiet_until
from recovery.domain.callbacks import LIVE
from recovery.domain.events import Tag
from recovery.domain.links import make_token, open_token
from recovery.domain.messages import Direction, MessageClass, MessageStatus
from recovery.domain.pacing import Slot
from recovery.domain.remedies import conditions_met
from recovery.domain.threads import FoundBy
from recovery.domain.tickets import TicketStatus
from recovery.models import Callback, Contact, Customer, Event, Message, OptOut, Promise, Remedy, Site, Ticket, Wait
from recovery.services.sending.colleagues import not_theirs
from recovery.services.sending.outbox import BULK, give_back
from recovery.services.sending.outcomes import BY_A_PERSON, EXPIRED, drop, fail, lock_tickets_of, locked
from recovery.services.sending.pacing import is_urgent, take_slots
from recovery.services.session import DeskSession, House
from recovery.services.texting.messages import OPTED_OUT
from recovery.services.texting.threads import WITH_CUSTOMER
from recovery.sms.gateway import OutgoingText

REF = "r"
"""What the links of receipts are derived for."""
LONGEST_BODY = 1600
"""The provider's own bound."""
ERASED, DEMO, NO_LONGER_TRUE, NOT_THEIRS = "erased", "demo", "no_longer_true", "not_theirs"
CLAIMED_TEXTS = (
    select(Message, func.coalesce(Customer.timezone, Site.timezone))
    .outerjoin(Site, Site.id == Message.site_id)
    .outerjoin(
        Customer,
        and_(
            Customer.site_id == Message.site_id,
            Customer.contact_id == Message.contact_id,
            Message.audience == WITH_CUSTOMER,
        ),
    )
    .where(
        Message.id.in_(bindparam("ids", expanding=True)),
        Message.claim_token == bindparam("token"),
        Message.status == MessageStatus.CLAIMED,
    )
    .order_by(Message.id)
)
LOCK_CONTACTS = (
    select(Contact.id)
    .where(Contact.id.in_(select(Message.contact_id).where(Message.id.in_(bindparam("ids", expanding=True)))))
    .order_by(Contact.id)
    .with_for_update(key_share=True)
)
OPT_OUTS = select(OptOut.contact_id, OptOut.sender).where(
    OptOut.contact_id.in_(bindparam("contacts", expanding=True)), OptOut.lifted_at.is_(None)
)
"""Made once, as all that is asked of every handful of texts that leaves."""
PARKED = "The text could not be sent as it is; the log says why."


@dataclass(frozen=True, slots=True)
class Departure:
    """A text that this worker alone may send, until `lease_until`."""

    message_id: int
    token: str
    attempt: int
    began: datetime
    lease_until: datetime
    slot: Slot | None
    """In the pace of its sender, if that has one."""
    is_urgent: bool
    outgoing: OutgoingText = field(repr=False)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the last look needs to know about all the texts that leave together."""

    real: bool
    opted_out: Collection[tuple[int, str]]
    """Contacts, each with the sender of ours from whom they want no texts."""
    true: Collection[str]
    """Those `holds_while` of theirs that are so."""
    now: datetime
    not_theirs: Collection[int] = ()
    """Texts to colleagues who are not to read them any more."""


def begin(
    session: DeskSession,
    ids: Sequence[int],
    *,
    token: str,
    lease: timedelta,
    real: bool,
    now: datetime,
) -> list[Departure]:
    """Those of the claimed texts that leave now, in the order given. The others are dropped with their reason, held till
    morning, or given back because their sender carries no more at the moment. Raises ValueError where one of them cannot be
    sent as it is.

    The contacts' rows are locked, so a STOP is either seen here or comes after the text has begun to leave.
    """
    opted_out = _opted_out(session, ids)
    rows = _claimed(session, ids, token)  # after the lock: what was erased before it is not sent
    true = still_true(session, [message.holds_while for message, _ in rows if message.holds_while])
    facts = Facts(real, opted_out, true, now, not_theirs(session, [message for message, _ in rows]))
    quiet = {message.id: until for message, zone in rows if (until := _quiet(session.house, message, zone, now))}
    drops = {message.id: why for message, _ in rows if (why := why_dropped(message, facts, quiet.get(message.id)))}
    held = {message_id: until for message_id, until in quiet.items() if message_id not in drops}
    _drop_all(session, [message for message, _ in rows if message.id in drops], drops, token, now=now)
    for message_id, until in held.items():
        _hold(session, message_id, token, until)
    leaving = [message for message, _ in rows if message.id not in drops and message.id not in held]
    texts = {message.id: outgoing(session.house, message) for message in leaving}  # before any slot is taken
    slots = take_slots(session, leaving, lease=lease, now=now)
    give_back(session, token, sorted(texts.keys() - slots.keys()))
    urgent = {message.id for message in leaving if is_urgent(message, now)}
    return _leave(session, texts, slots, urgent, token=token, until=now + lease, now=now)


def why_dropped(message: Message, facts: Facts, held_until: datetime | None = None) -> str | None:
    """What would only be held past its time is past it now, so that a person who has to act knows it now."""
    if message.is_demo and facts.real:
        return DEMO
    if message.body is None or message.to_number is None:
        return ERASED
    if message.id in facts.not_theirs:
        return NOT_THEIRS
    if message.expires_at is not None and message.expires_at <= (held_until or facts.now):
        return EXPIRED
    if not set((message.holds_while or "").split()) <= set(facts.true):
        return NO_LONGER_TRUE
    opted_out = (message.contact_id, message.sender) in facts.opted_out
    return OPTED_OUT if opted_out and message.message_class is not MessageClass.SECURITY else None


def park(session: DeskSession, message_id: int, *, now: datetime) -> None:
    """A text that makes the sending itself fail: put aside with its reason and handed to a person. Its words are not
    even read, for they may be what is wrong."""
    ticket, message = locked(session, message_id, wordless=True)
    if message.status in {MessageStatus.CLAIMED, MessageStatus.PENDING, MessageStatus.HELD, MessageStatus.SENDING}:
        fail(session, ticket, message, code=None, words=PARKED, now=now)


def ref_of(house: House, message_id: int) -> str:
    return make_token(house.secret_key, REF, message_id)


def message_id_of(house: House, ref: str) -> int | None:
    opened = open_token(house.secret_key, REF, ref)
    return opened.id if opened else None


def outgoing(house: House, message: Message, *, sender: str | None = None) -> OutgoingText:
    """From its own sender, or from another that it may have left from. Raises ValueError for what no provider takes."""
    body = message.body or ""
    if len(body) > LONGEST_BODY or "\0" in body:
        raise ValueError("A text is at most 1600 characters long, none of them NUL.")
    body.encode()  # raises UnicodeEncodeError, a ValueError, for half a character
    sender = sender or message.sender
    service = sender.startswith("MG")
    return OutgoingText(
        to=message.to_number or "",
        body=body,
        ref=ref_of(house, message.id),
        validity_seconds=message.validity_seconds,
        messaging_service=sender if service else None,
        from_=None if service else sender,
    )


def _claimed(session: DeskSession, ids: Sequence[int], token: str) -> Sequence[tuple[Message, str | None]]:
    rows = session.execute(CLAIMED_TEXTS, {"ids": ids, "token": token})
    in_turn = {message_id: place for place, message_id in enumerate(ids)}
    return sorted(((message, zone) for message, zone in rows), key=lambda row: in_turn[row[0].id])


def _opted_out(session: DeskSession, ids: Sequence[int]) -> set[tuple[int, str]]:
    """Locks the contacts of these texts, in the order of their ids; rows that point to them may be added meanwhile."""
    contacts = session.scalars(LOCK_CONTACTS, {"ids": ids}).all()
    if not contacts:
        return set()
    return {(contact_id, sender) for contact_id, sender in session.execute(OPT_OUTS, {"contacts": contacts})}


def still_true(session: DeskSession, conditions: Sequence[str]) -> set[str]:
    """`promise:ID` is the current promise; `callback:ID:MOVES` is live and not moved since; `task:ID` is a call still to
    make; `remedy:ID:SAID` is as it was said; `wait:ID:CHANGES` stands as it stood; `resolved:TICKET`, and the
    customer has not confirmed it; `unrated:TICKET`: they have, and have not said how well; `unsorted:TEXT`: to this
    question of ours, which one they mean, somebody still needs the answer; `untouched:TEXT`: since this alert nobody has
    seen to its ticket. A text may have several."""
    ids: dict[str, list[int]] = defaultdict(list)
    for condition in " ".join(conditions).split():
        thing, row_id = condition.split(":")[:2]
        ids[thing].append(int(row_id))
    return {true for thing, facts in FACTS.items() if ids[thing] for true in facts(session, ids[thing])}


def _current_promises(session: DeskSession, ids: list[int]) -> list[str]:
    current = select(Promise.id).where(Promise.id.in_(ids), Promise.ended_at.is_(None))
    return [f"promise:{promise_id}" for promise_id in session.scalars(current)]


def _live_calls(session: DeskSession, ids: list[int]) -> list[str]:
    live = select(Callback.id, Callback.moves).where(Callback.id.in_(ids), Callback.status.in_(LIVE))
    return [f"callback:{callback_id}:{moves}" for callback_id, moves in session.execute(live)]


def _calls_to_make(session: DeskSession, ids: list[int]) -> list[str]:
    live = select(Callback.id).where(Callback.id.in_(ids), Callback.status.in_(LIVE))
    return [f"task:{callback_id}" for callback_id in session.scalars(live)]


def _states_of_remedies(session: DeskSession, ids: list[int]) -> list[str]:
    remedies = session.execute(select(Remedy.id, Remedy.status).where(Remedy.id.in_(ids)))
    return [condition for remedy_id, status in remedies for condition in conditions_met(remedy_id, status)]


def _resolved(session: DeskSession, ids: list[int]) -> list[str]:
    """Closed by hand while the text waited for the morning: the customer has still to hear of it, and to say whether it is
    right."""
    unasked = and_(Ticket.status == TicketStatus.CLOSED, Ticket.confirmed_at.is_(None))
    still = select(Ticket.id).where(Ticket.id.in_(ids), or_(Ticket.status == TicketStatus.RESOLVED, unasked))
    return [f"resolved:{ticket_id}" for ticket_id in session.scalars(still)]


def _unrated(session: DeskSession, ids: list[int]) -> list[str]:
    still = select(Ticket.id).where(Ticket.id.in_(ids), Ticket.confirmed_at.is_not(None), Ticket.rating.is_(None))
    return [f"unrated:{ticket_id}" for ticket_id in session.scalars(still)]


def _unsorted(session: DeskSession, ids: list[int]) -> list[str]:
    """Not once staff have moved, read or answered all that they wrote."""
    reply = aliased(Message)
    answered = select(reply.id).where(
        reply.ticket_id == Message.ticket_id,
        reply.direction == Direction.OUTBOUND,
        reply.template == BY_A_PERSON,
        reply.created_at >= Message.created_at,
    )
    still = select(Message.waits_for).where(
        Message.waits_for.in_(ids),
        Message.found_by == FoundBy.GUESS,
        Message.read_at.is_(None),
        ~answered.exists(),
    )
    return [f"unsorted:{question_id}" for question_id in session.scalars(still.distinct())]


def _untouched(session: DeskSession, ids: list[int]) -> list[str]:
    seen_to = select(Event.seq).where(
        Event.stream_id == Message.ticket_id,
        Event.tag.in_((Tag.TICKET_TOUCHED, Tag.PROMISE_MADE)),
        Event.actor_kind == ActorKind.STAFF,
        Event.at > Message.created_at,
    )
    still = select(Message.id).where(Message.id.in_(ids), ~seen_to.exists())
    return [f"untouched:{message_id}" for message_id in session.scalars(still)]


def _states_of_waits(session: DeskSession, ids: list[int]) -> list[str]:
    waits = session.execute(select(Wait.id, Wait.changes).where(Wait.id.in_(ids)))
    return [f"wait:{wait_id}:{changes}" for wait_id, changes in waits]


FACTS: Mapping[str, Callable[[DeskSession, list[int]], list[str]]] = {
    "promise": _current_promises,
    "callback": _live_calls,
    "task": _calls_to_make,
    "remedy": _states_of_remedies,
    "resolved": _resolved,
    "unrated": _unrated,
    "unsorted": _unsorted,
    "untouched": _untouched,
    "wait": _states_of_waits,
}
"""By what a condition begins with: those that are so, of rows with these ids."""


def _quiet(house: House, message: Message, timezone: str | None, now: datetime) -> datetime | None:
    """When the quiet hours end that hold it; None for what may go. A text without a site answers somebody who wrote."""
    if timezone is None or (message.urgent_until is not None and message.urgent_until > now):
        return None
    return quiet_until(now, timezone, house.policy.quiet_from, house.policy.quiet_until)


def _drop_all(
    session: DeskSession, messages: list[Message], reasons: dict[int, str], token: str, *, now: datetime
) -> None:
    tickets = lock_tickets_of(session, [message.id for message in messages]) if messages else {}
    for message in messages:
        session.refresh(message, with_for_update={"of": Message})
        if message.claim_token == token and message.status is MessageStatus.CLAIMED:
            drop(session, tickets.get(message.id), message, reason=reasons[message.id], now=now)


def _hold(session: DeskSession, message_id: int, token: str, until: datetime) -> None:
    session.execute(
        update(Message)
        .where(Message.id == message_id, Message.claim_token == token, Message.status == MessageStatus.CLAIMED)
        .values(status=MessageStatus.HELD, claim_token=None, lease_until=None, not_before=until, held_for=None),
        execution_options=BULK,
    )


def _leave(
    session: DeskSession,
    texts: Mapping[int, OutgoingText],
    slots: Mapping[int, Slot | None],
    urgent: Collection[int],
    *,
    token: str,
    until: datetime,
    now: datetime,
) -> list[Departure]:
    begun = session.execute(
        update(Message)
        .where(
            Message.id.in_(slots),
            Message.claim_token == token,
            Message.status == MessageStatus.CLAIMED,
            Message.lease_until > now,
        )
        .values(
            status=MessageStatus.SENDING,
            held_for=None,
            sending_at=now,
            lease_until=until,
            attempts=Message.attempts + 1,
        )
        .returning(Message.id, Message.attempts),
        execution_options=BULK,
    )
    attempts = dict(begun.all())
    return [
        Departure(message_id, token, attempts[message_id], now, until, slots[message_id], message_id in urgent, text)
        for message_id, text in texts.items()
        if message_id in attempts
    ]
