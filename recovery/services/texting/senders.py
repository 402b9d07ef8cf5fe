"""Which of our numbers and services texts leave from, and which one somebody has written to."""

from collections.abc import Collection

from sqlalchemy import select

from recovery.domain.messages import Direction
from recovery.models import Contact, Message, Site
from recovery.services.session import DeskSession

SENDERS_OF_SITES = select(Site.sender).where(Site.sender.is_not(None)).distinct()


def known_senders(session: DeskSession) -> frozenset[str]:
    """All that texts may leave from today: the organisation's, and those of its sites."""
    own = session.scalars(SENDERS_OF_SITES)
    return frozenset((session.house.sender, *(sender for sender in own if sender)))


def senders_named(session: DeskSession, contact: Contact | None, *spoken: str) -> tuple[str, ...]:
    """Of what somebody wrote to (a number, the service that it belongs to) what is ours today, in this order. Where none of
    it is, so that a STOP to a number that we gave up is heard as well: what the sites leave from now that wrote to them from
    there, else the organisation's."""
    known = known_senders(session)
    named = tuple(dict.fromkeys(each for each in spoken if each in known))
    return named or _in_their_place(session, contact, spoken) or (session.house.sender,)


def _in_their_place(session: DeskSession, contact: Contact | None, given_up: Collection[str]) -> tuple[str, ...]:
    if contact is None:
        return ()
    wrote = select(Message.site_id).where(
        Message.contact_id == contact.id, Message.sender.in_(given_up), Message.direction == Direction.OUTBOUND
    )
    sites = session.scalars(select(Site).where(Site.id.in_(wrote)).order_by(Site.id))
    return tuple(dict.fromkeys(session.house.sender_of(site) for site in sites))


def todays_sender(session: DeskSession, message: Message) -> str:
    """Its own, with which it was queued, as long as that is configured; else its site's."""
    if message.sender in known_senders(session):
        return message.sender
    site = session.get(Site, message.site_id) if message.site_id is not None else None
    return session.house.sender_of(site)
