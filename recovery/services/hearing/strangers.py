"""Numbers that write to us and have no ticket. They learn nothing: no answer leaves by itself. A person looks, and logs a
mistake or sets it aside; however much such a number writes, it is one row."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, false, func, select, true

from recovery.domain.actors import CUSTOMER, Actor
from recovery.domain.errors import Invalid, NotFound, WrongState
from recovery.domain.events import Tag, commitment
from recovery.domain.ids import new_id
from recovery.domain.permissions import Permission
from recovery.domain.refusals import REFUSAL
from recovery.domain.tickets import TicketStatus
from recovery.models import Contact, Message, Photo, Site, Staff, Stranger, Ticket
from recovery.services.access import require
from recovery.services.cursors import ONE_PAGE
from recovery.services.proving.trail import record, record_of_staff
from recovery.services.session import DeskSession, instant
from recovery.services.texting.senders import known_senders

LOGGED, SET_ASIDE = "logged", "set_aside"
BY_LIST = "list"
SHOWN_TEXTS = 3
LONGEST_REASON = 500
_UNREAD = (Message.ticket_id.is_(None), Message.read_at.is_(None))


@dataclass(frozen=True, slots=True)
class StrangerText:
    body: str
    at: datetime
    photos: int


@dataclass(frozen=True, slots=True)
class StrangerRow:
    id: int
    phone: str
    sender: str
    texts: int
    came_at: datetime
    last_at: datetime
    newest: Sequence[StrangerText]
    """The last few, the newest last."""
    asks_to_stop: bool
    """One of the texts does, in words of their own: for a person to act on."""


def note_stranger(session: DeskSession, contact: Contact, message: Message, *, sender: str, now: datetime) -> None:
    """The contact is locked. So is the row: somebody who sets it aside in this moment has not read this text."""
    row = session.scalar(
        select(Stranger)
        .where(Stranger.contact_id == contact.id, Stranger.sender == sender, Stranger.settled_at.is_(None))
        .with_for_update(of=Stranger)
        .execution_options(populate_existing=True)
    )
    if row is None:
        row = Stranger(id=new_id(now), contact_id=contact.id, sender=sender, texts=0, came_at=message.created_at)
        session.add(row)
    row.texts += 1
    row.came_at = min(row.came_at, message.created_at)
    row.last_at = max(row.last_at or message.created_at, message.created_at)
    message.waits_for = row.id


def how_found(message: Message) -> Mapping[str, str]:
    """For the trail: nothing where the provider brought it at once."""
    written_at = instant(message.created_at) if message.came_late else None
    return {"how": BY_LIST, "written_at": written_at} if written_at else {}


def strangers(session: DeskSession, *, by: Actor, limit: int = ONE_PAGE) -> Sequence[StrangerRow]:
    """Who waits, the longest first."""
    if session.scalar(select(Stranger.id).where(Stranger.settled_at.is_(None)).limit(1)) is None:
        return ()
    asks = exists().where(Message.waits_for == Stranger.id, *_UNREAD, Message.understood_as == REFUSAL)
    found = session.execute(
        select(Stranger, Contact.phone, asks)
        .join(Contact, Contact.id == Stranger.contact_id)
        .where(_waiting(session, by))
        .order_by(Stranger.came_at, Stranger.id)
        .limit(limit)
    ).all()
    texts = _newest_texts(session, [row for row, _, _ in found])
    return [
        StrangerRow(
            row.id, phone or "", row.sender, row.texts, row.came_at, row.last_at, texts.get(row.id, ()), asks_it
        )
        for row, phone, asks_it in found
    ]


def count_strangers(session: DeskSession, *, by: Actor) -> int:
    """Every page asks, and mostly there is none."""
    if session.scalar(select(Stranger.id).where(Stranger.settled_at.is_(None)).limit(1)) is None:
        return 0
    return session.scalar(select(func.count()).select_from(Stranger).where(_waiting(session, by))) or 0


def stranger_phone(session: DeskSession, stranger_id: int, *, by: Actor) -> str | None:
    """For the log page, which begins with it. None for one that is settled, or none of theirs."""
    return session.scalar(
        select(Contact.phone)
        .join(Stranger, Stranger.contact_id == Contact.id)
        .where(Stranger.id == stranger_id, _waiting(session, by))
    )


def set_aside(session: DeskSession, stranger_id: int, *, reason: str, now: datetime, by: Actor) -> Stranger:
    """Nothing to do, and why. Raises Forbidden, NotFound, Invalid, WrongState where a colleague was quicker."""
    require(by, Permission.WORK)
    if not reason.strip():
        raise Invalid.field("reason", "Say in a few words why there is nothing to do.")
    if len(reason) > LONGEST_REASON:
        raise Invalid.field("reason", f"Keep it below {LONGEST_REASON + 1} characters.")
    row = visible_stranger(session, stranger_id, by=by, locked=True)
    if row.settled_at is not None:
        raise WrongState("A colleague has dealt with this already.")
    for message in unread_texts_of(session, row):
        message.read_at = now
    row.settled_at, row.settled_by_id, row.how, row.reason = now, by.id, SET_ASIDE, reason.strip()
    staff = session.get_one(Staff, by.id, with_for_update=True)
    record_of_staff(session, staff, Tag.STRANGER_SETTLED, by=by, at=now, stranger=row.id, how=row.how, texts=row.texts)
    return row


def visible_stranger(session: DeskSession, stranger_id: int, *, by: Actor, locked: bool = False) -> Stranger:
    """Raises NotFound."""
    query = select(Stranger).where(Stranger.id == stranger_id, _visible(session, by))
    query = query.with_for_update(of=Stranger) if locked else query
    row = session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFound("There is no such text at your sites.")
    return row


def take_in(session: DeskSession, ticket: Ticket, contact_id: int, *, now: datetime, by: Actor) -> None:
    """A mistake was logged for a number that had written before: its texts stand on that ticket now, still unread."""
    sender = session.house.sender_of(ticket.site)
    row = session.scalar(
        select(Stranger)
        .where(Stranger.contact_id == contact_id, Stranger.sender == sender, Stranger.settled_at.is_(None))
        .with_for_update()
    )
    if row is None or ticket.status is TicketStatus.VOID:
        return
    for message in unread_texts_of(session, row):
        message.ticket_id, message.site_id, message.is_demo = ticket.id, ticket.site_id, ticket.is_demo
        ticket.unread += 1
        proof = commitment(ticket.salt, message.body)
        understood_as = REFUSAL if message.understood_as == REFUSAL else "words"
        told = {"message": message.id, "understood_as": understood_as, "body_commitment": proof, **how_found(message)}
        record(session, ticket, Tag.TEXT_RECEIVED, by=CUSTOMER, at=now, **told)
    row.settled_at, row.settled_by_id, row.how, row.ticket_id = now, by.id, LOGGED, ticket.id


def follow_sender(session: DeskSession, former: str, to: str) -> None:
    """Nobody looks after a sender that is configured no longer: whoever wrote to it waits with those of the one that has
    taken its place. Asked once the change is made."""
    if former in known_senders(session):
        return
    for row in _standing(session, Stranger.sender == former):
        there = next(iter(_standing(session, Stranger.sender == to, Stranger.contact_id == row.contact_id)), None)
        if there is None:
            row.sender = to
        else:
            _join(session, row, there)


def _standing(session: DeskSession, *which: ColumnElement[bool]) -> Sequence[Stranger]:
    rows = select(Stranger).where(*which, Stranger.settled_at.is_(None)).order_by(Stranger.id)
    return session.scalars(rows.with_for_update(of=Stranger).execution_options(populate_existing=True)).all()


def _join(session: DeskSession, row: Stranger, into: Stranger) -> None:
    """The same number wrote to both."""
    for message in session.scalars(select(Message).where(Message.waits_for == row.id)):
        message.waits_for = into.id
    into.texts += row.texts
    into.came_at, into.last_at = min(into.came_at, row.came_at), max(into.last_at, row.last_at)
    session.delete(row)


def unread_texts_of(session: DeskSession, row: Stranger) -> Sequence[Message]:
    """Those that nobody has read, in order."""
    return session.scalars(
        select(Message).where(Message.waits_for == row.id, *_UNREAD).order_by(Message.created_at, Message.id)
    ).all()


def _newest_texts(session: DeskSession, rows: Collection[Stranger]) -> Mapping[int, Sequence[StrangerText]]:
    if not rows:
        return {}
    place = func.row_number().over(partition_by=Message.waits_for, order_by=Message.id.desc()).label("place")
    photos = select(func.count()).where(Photo.message_id == Message.id).scalar_subquery().label("photos")
    newest = (
        select(Message.waits_for, Message.body, Message.created_at, photos, place)
        .where(
            Message.waits_for.in_([row.id for row in rows]),
            *_UNREAD,
        )
        .subquery()
    )
    found = defaultdict(list)
    for row_id, body, at, count, _ in session.execute(
        select(newest).where(newest.c.place <= SHOWN_TEXTS).order_by(newest.c.place.desc())
    ):
        found[row_id].append(StrangerText(body or "", at, count))
    return found


def _waiting(session: DeskSession, by: Actor) -> ColumnElement[bool]:
    return Stranger.settled_at.is_(None) & _visible(session, by)


def _visible(session: DeskSession, by: Actor) -> ColumnElement[bool]:
    """A sender that one site has alone is that site's business; of one that several share, their supervisors see it."""
    if by.is_admin:
        return true()
    sites: dict[str, set[int]] = defaultdict(set)
    for site_id, sender in session.execute(select(Site.id, Site.sender)):
        sites[sender or session.house.sender].add(site_id)
    leads = by.may(Permission.SUPERVISE)
    theirs = [sender for sender, there in sites.items() if there & set(by.site_ids) and (leads or len(there) == 1)]
    return Stranger.sender.in_(sorted(theirs)) if theirs else false()
