"""A ticket that is open, on nobody's list, and that no machine will touch again: there is none, and this looks for it."""

from collections.abc import Sequence

from sqlalchemy import exists, select

from recovery.domain.callbacks import LIVE as LIVE_CALLBACKS
from recovery.domain.tickets import WITHOUT_PROMISE
from recovery.domain.waits import LIVE as LIVE_WAITS
from recovery.models import Approval, Callback, Promise, Ticket, Wait
from recovery.services.session import DeskSession
from recovery.services.ticketing.ticket_statements import is_live, literally
from recovery.services.ticketing.undetected import is_undetected

MOST_NAMED = 100


def silent(session: DeskSession) -> Sequence[str]:
    """References, the oldest first, at most `MOST_NAMED`.

    Whoever is not among them has a promise that is yet to lapse, a call to be made, an approval that goes on to the next,
    or stands on the Undetected board. Whoever is still in line has such a ticket: one that is over would leave them there.
    """
    promised = exists().where(Promise.ticket_id == Ticket.id, Promise.ended_at.is_(None), Promise.lapsed_at.is_(None))
    called = exists().where(Callback.ticket_id == Ticket.id, literally(Callback.status, LIVE_CALLBACKS))
    asked = exists().where(
        Approval.ticket_id == Ticket.id, Approval.answered_at.is_(None), Approval.nobody_left_at.is_(None)
    )
    left = (
        select(Ticket.reference)
        .where(is_live(), Ticket.source.not_in(WITHOUT_PROMISE), ~promised, ~called, ~asked, ~is_undetected())
        .order_by(Ticket.id)
        .limit(MOST_NAMED)
    )
    in_line = (
        select(Ticket.reference)
        .join(Wait, Wait.ticket_id == Ticket.id)
        .where(literally(Wait.status, LIVE_WAITS), ~is_live())
        .order_by(Ticket.id)
        .limit(MOST_NAMED)
    )
    return [*session.scalars(left), *session.scalars(in_line)][:MOST_NAMED]
