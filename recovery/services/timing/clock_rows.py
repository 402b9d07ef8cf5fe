"""What the rows behind the reports say of single tickets."""

from collections.abc import Collection, Mapping

from sqlalchemy import select

from recovery.models import TicketClock
from recovery.services.session import DeskSession


def seconds_of(session: DeskSession, ticket_ids: Collection[int], clock: str) -> Mapping[int, int]:
    """By ticket, for those whose `clock` (one of `services.timing.clocks.CLOCKS`) has come to its end. Ask for tickets that may be seen."""
    column = getattr(TicketClock, clock)
    rows = session.execute(
        select(TicketClock.ticket_id, column).where(TicketClock.ticket_id.in_(ticket_ids), column.is_not(None)),
    )
    return dict(rows.all())
