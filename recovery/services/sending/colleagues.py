"""Texts to colleagues are for a person, not for a number: whoever has left, or works there no more, is told nothing that was
written for them before, and a new number takes over what has not left yet."""

from collections.abc import Sequence

from sqlalchemy import select, update

from recovery.domain.messages import MessageStatus
from recovery.models import Message, Staff
from recovery.services.sending.outbox import BULK
from recovery.services.session import DeskSession

WITH_STAFF = "staff"
NOT_LEFT = (MessageStatus.PENDING, MessageStatus.HELD, MessageStatus.CLAIMED)


def not_theirs(session: DeskSession, texts: Sequence[Message]) -> set[int]:
    """Those that their colleague is not to read any more, by id. A test of the line is nobody's: whoever asked typed its
    number."""
    staff_of = {text.id: text.staff_id for text in texts if text.audience == WITH_STAFF and text.staff_id is not None}
    if not staff_of:
        return set()
    people = {person.id: person for person in session.scalars(select(Staff).where(Staff.id.in_(staff_of.values())))}
    return {text.id for text in texts if text.id in staff_of and not _reads(people[staff_of[text.id]], text)}


def move_to_new_number(session: DeskSession, person: Staff) -> None:
    """Call it with the new number set. Without one, what waits is dropped when it was to leave."""
    if person.phone is not None:
        theirs = (Message.staff_id == person.id, Message.audience == WITH_STAFF, Message.status.in_(NOT_LEFT))
        session.execute(update(Message).where(*theirs).values(to_number=person.phone), execution_options=BULK)


def _reads(person: Staff, text: Message) -> bool:
    at_work = person.deactivated_at is None if text.site_id is None else person.works_at(text.site_id)
    return at_work and person.phone == text.to_number
