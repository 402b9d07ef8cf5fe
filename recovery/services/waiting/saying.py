"""What somebody who waits is texted: at any hour, for they stand there or walk around nearby."""

from datetime import datetime

from recovery.domain.actors import Actor
from recovery.models import Message, Ticket, Wait
from recovery.services.session import DeskSession
from recovery.services.texting.messages import Saying, tell_customer
from recovery.services.timing.promises import words_for


def say(
    session: DeskSession,
    ticket: Ticket,
    wait: Wait,
    template: str,
    *,
    now: datetime,
    by: Actor,
    until: datetime | None = None,
) -> Message | None:
    """Not sent any more once the wait stands otherwise, nor past the time that it tells, which is `until`."""
    saying = Saying(
        template,
        f"wait:{wait.id}:{wait.changes}:{template}",
        {"promise": words_for(ticket, until, now=now)} if until else {},
        holds_while=f"wait:{wait.id}:{wait.changes}",
        expires_at=until,
    )
    return tell_customer(session, ticket, saying, now=now, by=by, urgent=True)
