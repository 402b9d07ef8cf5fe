"""What fell due between a backup and its return: done and counted, and told to nobody by text.

Nobody knows any more whom the desk has told meanwhile, so that a second "we are late" would be as likely as a first. A
person calls instead.
"""

from datetime import datetime

import structlog
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from recovery.domain.callbacks import CallReason
from recovery.domain.tickets import ToldBy
from recovery.models import Message, Promise, Ticket
from recovery.models.message import WAITING
from recovery.services.access import lock_ticket
from recovery.services.calling.call_rows import live_with_customer
from recovery.services.calling.call_tasks import open_call_task
from recovery.services.sending.outcomes import drop
from recovery.services.session import DeskSession
from recovery.services.timing.due_work import TICKET_WORK, TicketWork

RESTORED = "restored"
"""Why such a text is dropped."""

log = structlog.get_logger(__name__)


def catch_up(session: DeskSession, *, now: datetime) -> int:
    """In the transaction that puts a backup back, so that no worker is faster. Gives how many texts were withheld."""
    queued = select(Message.id).where(text(f"messages.{WAITING}")).order_by(Message.id)
    before = set(session.scalars(queued))
    for work in TICKET_WORK:
        for ticket_id, row_id in session.execute(work.find(session, now)).all():
            _act(session, work, ticket_id, row_id, now=now)
    session.flush()
    withheld = [message_id for message_id in session.scalars(queued) if message_id not in before]
    for message_id in withheld:
        _leave_to_a_person(session, session.get_one(Message, message_id), now=now)
    return len(withheld)


def _act(session: DeskSession, work: TicketWork, ticket_id: int, row_id: int, *, now: datetime) -> None:
    """One row that trips us is no reason to have no backup: a worker tries it again."""
    try:
        with session.begin_nested():
            work.act(session, lock_ticket(session, ticket_id), row_id, now)
    except DBAPIError:
        raise
    except Exception:
        log.exception("restore:row_failed", work=work.name, ticket=ticket_id, row=row_id)


def _leave_to_a_person(session: DeskSession, message: Message, *, now: datetime) -> None:
    ticket = session.get_one(Ticket, message.ticket_id)
    drop(session, ticket, message, reason=RESTORED, now=now)
    if message.audience != "customer":
        return
    what, _, promise_id = (message.holds_while or "").partition(" ")[0].partition(":")
    if what == "promise":
        session.get_one(Promise, int(promise_id)).told_by = ToldBy.NOBODY
    if live_with_customer(session, ticket) is None:
        open_call_task(session, ticket, CallReason.LAPSED, now=now)
