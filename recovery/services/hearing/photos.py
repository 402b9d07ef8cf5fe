"""Photos that came with a text: kept as wanted with the text itself, fetched by a worker, shown on the ticket.

Never fetched in the hook: the provider waits for its answer there, and a network call has no place in a transaction.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import undefer

from recovery.domain.actors import MACHINE, Actor
from recovery.domain.errors import NotFound
from recovery.domain.events import Tag, commitment
from recovery.domain.ids import new_id
from recovery.domain.photos import LARGEST, MOST, TRIED_AGAIN_AFTER, Media, PhotoState, WhyNoPhoto, type_of
from recovery.models import Message, Photo, Ticket
from recovery.services.access import lock_ticket, tickets_visible_to
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession

AT_ONCE = 8
"""A tick: each may take its time at the provider."""


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """All but its bytes."""

    id: int
    message_id: int
    state: PhotoState
    reason: WhyNoPhoto | None
    content_type: str
    size: int


def want(session: DeskSession, message: Message, media: Collection[Media], *, now: datetime) -> None:
    if media:
        session.flush()  # the text's own row comes first
    for position, each in enumerate(list(media)[:MOST]):
        session.add(
            Photo(
                id=new_id(now),
                message_id=message.id,
                position=position,
                state=PhotoState.WANTED,
                url=each.url,
                content_type=each.content_type[:64],
                look_at=now,
                arrived_at=now,
            ),
        )


def due(session: DeskSession, *, now: datetime) -> list[int]:
    return list(
        session.scalars(
            select(Photo.id)
            .where(Photo.state == PhotoState.WANTED, Photo.look_at <= now)
            .order_by(Photo.look_at)
            .limit(AT_ONCE),
        ),
    )


def start_fetching(session: DeskSession, photo_id: int, *, now: datetime) -> str | None:
    """Its address, for whoever comes first; None where another worker is at it, or it has been erased. The next try is
    set before this one begins: a worker that dies on the way leaves nothing behind, and a photo that trips every worker is
    given up like one that cannot be reached."""
    mine = select(Photo.tries).where(Photo.id == photo_id, Photo.state == PhotoState.WANTED, Photo.look_at <= now)
    tries = session.scalar(mine.with_for_update())
    if tries is None:
        return None
    if tries > len(TRIED_AGAIN_AFTER):
        refuse(session, photo_id, WhyNoPhoto.GIVEN_UP, now=now)
        return None
    wait = TRIED_AGAIN_AFTER[min(tries, len(TRIED_AGAIN_AFTER) - 1)]
    return session.scalar(
        update(Photo).where(Photo.id == photo_id).values(tries=tries + 1, look_at=now + wait).returning(Photo.url)
    )


def keep(session: DeskSession, photo_id: int, content: bytes, *, now: datetime) -> PhotoState | None:
    """None where it was erased, or another worker has kept it, meanwhile."""
    if len(content) > LARGEST:
        return refuse(session, photo_id, WhyNoPhoto.TOO_LARGE, now=now)
    kind = type_of(content)
    if kind is None:
        return refuse(session, photo_id, WhyNoPhoto.NO_PHOTO, now=now)
    ticket, photo = _locked(session, photo_id)
    if photo is None:
        return None
    photo.state, photo.look_at, photo.final_at = PhotoState.KEPT, None, now
    photo.content, photo.content_type, photo.size = content, kind, len(content)
    if ticket is not None:
        proof = commitment(ticket.salt, hashlib.sha256(content).hexdigest())
        told = {"photo": photo.id, "message": photo.message_id, "content_commitment": proof}
        record(session, ticket, Tag.PHOTO_KEPT, by=MACHINE, at=now, **told)
    return photo.state


def refuse(session: DeskSession, photo_id: int, reason: WhyNoPhoto, *, now: datetime) -> PhotoState | None:
    ticket, photo = _locked(session, photo_id)
    if photo is None:
        return None
    photo.state, photo.reason, photo.look_at, photo.final_at = PhotoState.REFUSED, reason, None, now
    if ticket is not None:
        told = {"photo": photo.id, "message": photo.message_id, "reason": reason.value}
        record(session, ticket, Tag.PHOTO_REFUSED, by=MACHINE, at=now, **told)
    return photo.state


def not_reached(session: DeskSession, photo_id: int, *, now: datetime) -> PhotoState | None:
    """Stays wanted, until it has been tried often enough."""
    tries = session.scalar(select(Photo.tries).where(Photo.id == photo_id))
    if tries is not None and tries > len(TRIED_AGAIN_AFTER):
        return refuse(session, photo_id, WhyNoPhoto.GIVEN_UP, now=now)
    return PhotoState.WANTED


def photos_of(session: DeskSession, message_ids: Collection[int]) -> Mapping[int, Sequence[PhotoRow]]:
    """By text, in its order, without their bytes."""
    found: dict[int, list[PhotoRow]] = defaultdict(list)
    if message_ids:
        columns = (Photo.id, Photo.message_id, Photo.state, Photo.reason, Photo.content_type, Photo.size)
        rows = session.execute(
            select(*columns).where(Photo.message_id.in_(message_ids)).order_by(Photo.message_id, Photo.position)
        )
        for row in rows:
            found[row.message_id].append(PhotoRow(*row))
    return found


def kept_photo(session: DeskSession, photo_id: int, *, by: Actor) -> tuple[Ticket, Photo]:
    """With its bytes. Raises NotFound, also for a photo on a ticket that is not theirs to see."""
    found = session.execute(
        select(Ticket, Photo)
        .join(Message, Message.id == Photo.message_id)
        .join(Ticket, Ticket.id == Message.ticket_id)
        .where(Photo.id == photo_id, Photo.state == PhotoState.KEPT, tickets_visible_to(by))
        .options(undefer(Photo.content)),
    ).first()
    if found is None:
        raise NotFound("There is no such photo at your sites.")
    return found[0], found[1]


def erase_photos(session: DeskSession, message_ids: Collection[int]) -> None:
    session.execute(delete(Photo).where(Photo.message_id.in_(message_ids)))


def _locked(session: DeskSession, photo_id: int) -> tuple[Ticket | None, Photo | None]:
    """The ticket of its text first, as everywhere; the photo None unless it is still wanted."""
    of_text = select(Message.ticket_id).join(Photo, Photo.message_id == Message.id).where(Photo.id == photo_id)
    ticket_id = session.scalar(of_text)
    ticket = lock_ticket(session, ticket_id) if ticket_id is not None else None
    wanted = select(Photo).where(Photo.id == photo_id, Photo.state == PhotoState.WANTED)
    return ticket, session.scalar(wanted.with_for_update().execution_options(populate_existing=True))
