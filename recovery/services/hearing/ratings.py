"""How well we put it right, in the customer's own digit: asked once they say that it is right, and never before."""

from datetime import datetime

from recovery.domain import threads
from recovery.domain.actors import CUSTOMER, MACHINE
from recovery.domain.events import Tag
from recovery.domain.messages import Digit
from recovery.domain.ratings import SCALE, is_low
from recovery.domain.threads import RATING, WHICH
from recovery.domain.tickets import FINISHED
from recovery.models import Contact, Message, Ticket
from recovery.services.hearing.routing import open_questions
from recovery.services.hearing.strangers import how_found
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession
from recovery.services.texting.messages import Saying, tell_customer, why_no_text
from recovery.services.waiting.wait_rows import live_wait_of


def may_rate(session: DeskSession, ticket: Ticket) -> bool:
    """They said that it is right, and have not said how well. Where policy asks nobody, not on their page either."""
    return session.house.policy.asks_rating and ticket.confirmed_at is not None and ticket.rating is None


def ask_rating(session: DeskSession, ticket: Ticket, *, now: datetime) -> Message | None:
    """By text, once for each time that they say it is right. Nobody calls to ask it: where no text may go it is not asked,
    nor where another question of ours is open, for a digit would answer the newer one."""
    contact = ticket.customer.contact if ticket.customer else None
    if contact is None or not may_rate(session, ticket) or why_no_text(session, ticket) is not None:
        return None
    if _another_is_open(session, ticket, contact, now=now):
        return None
    saying = Saying("rating", f"ticket:{ticket.id}:rating:{ticket.event_seq}", {}, holds_while=f"unrated:{ticket.id}")
    return tell_customer(session, ticket, saying, now=now, by=MACHINE)


def _another_is_open(session: DeskSession, ticket: Ticket, contact: Contact, *, now: datetime) -> bool:
    """Of this ticket only the question which one they mean still is: who says that it is right has nothing else to answer."""
    asked = open_questions(session, contact, [session.house.sender_of(ticket.site)], now=now)
    return any(
        question.asks == WHICH or (question.ticket_id != ticket.id and _still_asks(session, question))
        for question in asked
    )


def _still_asks(session: DeskSession, question: Message) -> bool:
    """Whether anybody waits for the digit: not once it was said on the page, reopened, or the wait is over."""
    about = session.get_one(Ticket, question.ticket_id)
    match question.asks:
        case threads.FIXED:
            return about.status in FINISHED and about.confirmed_at is None
        case threads.COMING:
            return live_wait_of(session, about) is not None
        case _:
            return may_rate(session, about)


def rate(session: DeskSession, ticket: Ticket, rating: int, *, message_id: int | None, now: datetime) -> bool:
    """Kept as they first said it: False, and nothing changes, where they have said it or it is no digit of the scale."""
    if ticket.rating is not None or rating not in SCALE:
        return False
    ticket.rating = rating
    record(session, ticket, Tag.RATING_GIVEN, by=CUSTOMER, at=now, rating=rating, message=message_id)
    return True


def about_the_rating(
    session: DeskSession, ticket: Ticket, reply: Digit, question: Message, message: Message, *, now: datetime
) -> bool:
    """False for what a person has to read: a low one, and one that comes when they have said it already."""
    question.answered_at = now
    if not rate(session, ticket, reply.value, message_id=message.id, now=now) or is_low(reply.value):
        return False
    message.read_at = now
    told = {"message": message.id, "understood_as": RATING, "answers": question.id, **how_found(message)}
    record(session, ticket, Tag.TEXT_RECEIVED, by=CUSTOMER, at=now, **told)
    return True
