"""Which ticket a text belongs to: by the thread of (our sender, the customer's number) and what it last spoke of.

With several live tickets the customer is asked once, by number. Until they say, the text stands on the ticket that we
last wrote about, unread and marked as a guess: nothing waits where nobody sees it. Their answer moves it, and so may staff.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select, true

from recovery.domain.actors import CUSTOMER, Actor
from recovery.domain.events import Tag, commitment
from recovery.domain.messages import Direction, MessageStatus
from recovery.domain.speech.parts import Speech
from recovery.domain.threads import WHICH, FoundBy, options_for, read_options
from recovery.domain.tickets import LIVE, WITHOUT_PROMISE, TicketStatus
from recovery.domain.wording import subject_words
from recovery.models import Contact, Customer, Message, Site, Ticket
from recovery.services.access import lock_ticket
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession

NEVER_READ = (MessageStatus.DROPPED, MessageStatus.FAILED, MessageStatus.UNDELIVERED)


@dataclass(frozen=True, slots=True)
class Place:
    """`ticket` is locked; None: this number has none that they may mean. `choices` are ids, the newest first: ask."""

    ticket: Ticket | None
    found_by: FoundBy | None = None
    choices: tuple[int, ...] = ()
    waits_for: int | None = None


def place_of(
    session: DeskSession,
    contact: Contact,
    senders: Sequence[str],
    spoken_to: Collection[str],
    *,
    written_at: datetime | None = None,
    now: datetime,
) -> Place:
    """The contact is locked. `senders` are those of ours that they wrote to, `spoken_to` also what they called them;
    `written_at` where it comes late: nothing that we wrote after it can have been meant."""
    thread = (Message.contact_id == contact.id) & Message.sender.in_({*senders, *spoken_to})
    live = _live(session, contact, senders, thread)
    before = true() if written_at is None else Message.created_at <= written_at
    last = _last_spoken_of(session, thread & before, live)
    if len(live) < 2:  # noqa: PLR2004  # two are several
        found = live[0] if live else last or _newest(session, contact, senders)
        return Place(lock_ticket(session, found) if found is not None else None)
    guess = last if last in live else live[0]
    asked = _asked_lately(session, thread, now=now)
    if asked is None:
        return Place(lock_ticket(session, guess), FoundBy.GUESS, tuple(options_for(live)))
    if asked.answered_at is None:
        return Place(lock_ticket(session, guess), FoundBy.GUESS, waits_for=asked.id)
    meant = _answered(session, thread, asked)
    if meant in live:
        return Place(lock_ticket(session, meant), FoundBy.ANSWER)
    return Place(lock_ticket(session, guess), FoundBy.GUESS)


def ask_which(session: DeskSession, place: Place, speech: Speech) -> str:
    """The choices as the customer reads them: "1 the wait (RD-…), 2 wrong order (RD-…)"."""
    rows = session.scalars(select(Ticket).where(Ticket.id.in_(place.choices))).all()
    named = {ticket.id: f"{subject_words(ticket.failure, speech)} ({ticket.reference})" for ticket in rows}
    return ", ".join(
        f"{digit} {named.get(each, speech.something_else)}" for digit, each in enumerate(place.choices, start=1)
    )


def open_question(
    session: DeskSession,
    contact: Contact,
    senders: Collection[str],
    *,
    written_at: datetime | None = None,
    now: datetime,
) -> Message | None:
    """The newest unanswered one on this (sender, number), while it is still open: what a digit answers."""
    return session.scalar(_open_questions(session, contact, senders, written_at=written_at, now=now).limit(1))


def open_questions(
    session: DeskSession, contact: Contact, senders: Collection[str], *, now: datetime
) -> Sequence[Message]:
    """All of them, the newest first."""
    return session.scalars(_open_questions(session, contact, senders, written_at=None, now=now)).all()


def _open_questions(
    session: DeskSession,
    contact: Contact,
    senders: Collection[str],
    *,
    written_at: datetime | None,
    now: datetime,
) -> Select[Message]:
    """Open from when it was asked, not from when it was written, for the night may lie between.

    For an answer that comes late, those that were open when it was written, also where one was answered since.
    """
    is_open: ColumnElement[bool] = Message.answered_at.is_(None)
    if written_at is not None:
        is_open = (is_open | (Message.answered_at > written_at)) & (Message.sending_at <= written_at)
    return (
        select(Message)
        .where(
            Message.contact_id == contact.id,
            Message.sender.in_(senders),
            Message.asks.is_not(None),
            is_open,
            Message.sending_at > (written_at or now) - session.house.policy.question_open_for,
            Message.status.in_(
                (MessageStatus.SENDING, MessageStatus.IN_DOUBT, MessageStatus.SENT, MessageStatus.DELIVERED)
            ),
        )
        .order_by(Message.sending_at.desc(), Message.id.desc())
    )


def chosen_place(session: DeskSession, question: Message, digit: int) -> Place:
    """The ticket that they say; the one that it was guessed to be where they mean none of those. What was logged in error,
    as somebody has found out since, gives way to the others. All are locked, by id, also those with a text that waited."""
    options = read_options(question.options)
    meant = options[digit - 1] or question.ticket_id
    waited = session.scalars(select(Message.ticket_id).where(Message.waits_for == question.id)).all()
    tickets = {}
    for ticket_id in sorted(each for each in {question.ticket_id, *options, *waited} if each):
        tickets[ticket_id] = lock_ticket(session, ticket_id)
    named = [tickets[each] for each in (meant, question.ticket_id) if each]
    others = sorted(tickets.values(), key=lambda ticket: not ticket.is_live)
    standing = (ticket for ticket in (*named, *others) if ticket.status is not TicketStatus.VOID)
    return Place(next(standing, named[0]), FoundBy.ANSWER, waits_for=question.id)


def route_what_waited(session: DeskSession, question: Message, ticket: Ticket, *, now: datetime) -> None:
    """In the order in which it came; `chosen_place` holds the locks."""
    question.answered_at = now
    waited = session.scalars(
        select(Message)
        .where(Message.waits_for == question.id, Message.found_by == FoundBy.GUESS)
        .order_by(Message.created_at, Message.id),
    ).all()
    for message in waited:
        move_text(session, message, ticket, found_by=FoundBy.ANSWER, now=now, by=CUSTOMER)


def move_text(
    session: DeskSession, message: Message, to: Ticket, *, found_by: FoundBy, now: datetime, by: Actor
) -> None:
    """Both tickets are locked. Whoever has the ticket that it comes to has not read it yet, whoever else has."""
    if message.ticket_id == to.id:
        message.found_by = found_by
        record(session, to, Tag.TEXT_MOVED, by=by, at=now, **_told(message, to, to))
        return
    source = session.get_one(Ticket, message.ticket_id)
    if message.read_at is None:
        source.unread -= 1
    message.read_at = None
    to.unread += 1
    told = _told(message, source, to)
    record(session, source, Tag.TEXT_MOVED, by=by, at=now, **{**told, "body_commitment": None})
    message.ticket_id, message.site_id, message.found_by = to.id, to.site_id, found_by
    record(session, to, Tag.TEXT_MOVED, by=by, at=now, **told)


def _told(message: Message, source: Ticket, to: Ticket) -> dict[str, int | str | None]:
    proof = commitment(to.salt, message.body)
    return {"message": message.id, "from_ticket": source.id, "to_ticket": to.id, "body_commitment": proof}


def _live(session: DeskSession, contact: Contact, senders: Sequence[str], thread: ColumnElement[bool]) -> list[int]:
    """Of the sites of that sender, or written about in that thread; the newest first."""
    spoken = select(Message.ticket_id).where(thread, Message.direction == Direction.OUTBOUND)
    return list(
        session.scalars(
            _theirs(contact)
            .where(
                Ticket.status.in_(LIVE),
                Ticket.source.not_in(WITHOUT_PROMISE),
                _at_sites_of(session, senders) | Ticket.id.in_(spoken),
            )
            .order_by(Ticket.logged_at.desc(), Ticket.id.desc())
        )
    )


def _last_spoken_of(session: DeskSession, thread: ColumnElement[bool], live: Sequence[int]) -> int | None:
    """Not by asking which one they mean. A live one before all others."""
    return session.scalar(
        select(Message.ticket_id)
        .join(Ticket, Ticket.id == Message.ticket_id)
        .where(
            thread,
            Message.direction == Direction.OUTBOUND,
            or_(Message.asks.is_(None), Message.asks != WHICH),
            Ticket.status != TicketStatus.VOID,
        )
        .order_by(Ticket.id.not_in(live), Message.created_at.desc(), Message.id.desc())
        .limit(1)
    )


def _newest(session: DeskSession, contact: Contact, senders: Sequence[str]) -> int | None:
    return session.scalar(
        _theirs(contact)
        .where(Ticket.status != TicketStatus.VOID, _at_sites_of(session, senders))
        .order_by(Ticket.logged_at.desc(), Ticket.id.desc())
        .limit(1)
    )


def _theirs(contact: Contact) -> Select[int]:
    return select(Ticket.id).join(Customer, Customer.id == Ticket.customer_id).where(Customer.contact_id == contact.id)


def _at_sites_of(session: DeskSession, senders: Sequence[str]) -> ColumnElement[bool]:
    return Ticket.site_id.in_(select(Site.id).where(func.coalesce(Site.sender, session.house.sender).in_(senders)))


def _asked_lately(session: DeskSession, thread: ColumnElement[bool], *, now: datetime) -> Message | None:
    return session.scalar(
        select(Message)
        .where(
            thread,
            Message.asks == WHICH,
            Message.created_at > now - session.house.policy.question_open_for,
            Message.status.not_in(NEVER_READ),
        )
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(1)
    )


def _answered(session: DeskSession, thread: ColumnElement[bool], asked: Message) -> int | None:
    """What they said, unless we have written about another since."""
    meant = session.scalar(
        select(Message.ticket_id)
        .where(Message.waits_for == asked.id, Message.direction == Direction.INBOUND)
        .where(Message.not_before >= asked.answered_at, Message.found_by == FoundBy.ANSWER)
        .limit(1)
    )
    other = select(Message.id).where(
        thread,
        Message.direction == Direction.OUTBOUND,
        Message.created_at > asked.answered_at,
        Message.ticket_id != meant,
    )
    return None if session.scalar(other.limit(1)) is not None else meant
