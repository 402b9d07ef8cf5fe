"""What those say who were told that we are ready for them."""

from collections.abc import Collection
from datetime import datetime

from recovery.domain.actors import CUSTOMER
from recovery.domain.events import Tag
from recovery.domain.messages import Digit, Reply, Words
from recovery.domain.threads import COMING
from recovery.domain.waits import DIGITS, answer_in_words
from recovery.models import Contact, Message, Ticket
from recovery.services.hearing.routing import open_question
from recovery.services.hearing.strangers import how_found
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession
from recovery.services.waiting import turns
from recovery.services.waiting.wait_rows import live_wait_of


def said_in_words(
    session: DeskSession,
    contact: Contact,
    reply: Reply,
    spoken_to: Collection[str],
    *,
    written_at: datetime | None,
    now: datetime,
) -> Reply:
    """Words such as “on my way” are the digit, where that was asked."""
    said = answer_in_words(reply.text) if isinstance(reply, Words) else None
    question = open_question(session, contact, spoken_to, written_at=written_at, now=now) if said else None
    return Digit(said.digit) if said and question is not None and question.asks == COMING else reply


def about_the_wait(
    session: DeskSession, ticket: Ticket, reply: Digit, question: Message, message: Message, *, now: datetime
) -> bool:
    """The question stays open, for they may say another thing in a minute. False once they wait no more: a person reads
    it."""
    wait = live_wait_of(session, ticket)
    if wait is None:
        return False
    said = DIGITS[reply.value]
    message.read_at = now
    told = {"message": message.id, "understood_as": said.value, "answers": question.id, **how_found(message)}
    record(session, ticket, Tag.TEXT_RECEIVED, by=CUSTOMER, at=now, **told)
    turns.answer(session, ticket, wait, said, now=now)
    return True
