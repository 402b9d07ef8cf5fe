"""A form that is sent twice at once makes one thing, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sqlalchemy import func, select

from recovery.models import IdempotencyKey, Ticket
from recovery.services.running.submissions import Submission, earlier, keep
from recovery.services.session import DeskSession
from recovery.services.ticketing.logging_mistakes import NewTicket, log
from tests.factories import Business

TWINS = 6


def test_twins_in_flight_are_one_ticket_and_all_learn_which(business: Business) -> None:
    maya, start = business.actor("maya"), Barrier(TWINS)
    submission = Submission(maya.id or 0, "a hidden key", "of these words")

    def save(session: DeskSession) -> int | None:
        known = earlier(session, submission, thing="ticket", now=business.now)
        if known is not None:
            return known.thing_id
        ticket = log(session, NewTicket(site="harbour-st", failure="late"), now=business.now, by=maya)
        keep(session, submission, thing_id=ticket.id)
        return ticket.id

    def tap(_: int) -> int | None:
        start.wait()
        return business.desk.transact(save)

    with ThreadPoolExecutor(TWINS) as taps:
        answers = set(taps.map(tap, range(TWINS)))
    with business.desk.read() as session:
        tickets = session.scalars(select(Ticket.id)).all()
        keys = session.scalar(select(func.count()).select_from(IdempotencyKey))
    assert answers == set(tickets)
    assert (len(tickets), keys) == (1, 1)


def test_what_was_rolled_back_leaves_the_key_free(business: Business) -> None:
    submission = Submission(1, "a hidden key", "of these words")
    with business.desk.write() as session:
        assert earlier(session, submission, thing="ticket", now=business.now) is None
        session.rollback()
    with business.desk.write() as session:
        assert earlier(session, submission, thing="ticket", now=business.now) is None
