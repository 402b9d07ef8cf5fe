"""What a bare digit says: by the question that it answers."""

from datetime import datetime

from recovery.domain import threads
from recovery.domain.actors import CUSTOMER
from recovery.domain.events import Tag
from recovery.domain.messages import Digit
from recovery.models import Message, Ticket
from recovery.services.hearing.ratings import about_the_rating, ask_rating
from recovery.services.hearing.strangers import how_found
from recovery.services.hearing.wait_answers import about_the_wait
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession
from recovery.services.ticketing.reopening import reopen
from recovery.services.ticketing.tickets import confirm

FIXED = 1


def digit_answered(
    session: DeskSession,
    ticket: Ticket,
    reply: Digit,
    question: Message,
    message: Message,
    *,
    is_over: bool,
    now: datetime,
) -> bool:
    """False for what a person has to read."""
    match question.asks:
        case threads.COMING:
            return about_the_wait(session, ticket, reply, question, message, now=now)
        case threads.RATING:
            return about_the_rating(session, ticket, reply, question, message, now=now)
    if is_over:
        _after_resolution(session, ticket, reply.value, question, message, now=now)
    return is_over


def _after_resolution(
    session: DeskSession, ticket: Ticket, digit: int, question: Message, message: Message, *, now: datetime
) -> None:
    question.answered_at = message.read_at = now
    understood_as = "fixed" if digit == FIXED else "not_fixed"
    told = {"message": message.id, "understood_as": understood_as, "answers": question.id, **how_found(message)}
    record(session, ticket, Tag.TEXT_RECEIVED, by=CUSTOMER, at=now, **told)
    if digit == FIXED:
        confirm(session, ticket, message_id=message.id, now=now, by=CUSTOMER)
        ask_rating(session, ticket, now=now)
    else:
        reopen(session, ticket, why="not_fixed", asked_at=message.created_at, now=now, by=CUSTOMER)
