"""What somebody who waits is texted: at any hour, for they stand there or walk around nearby."""

from datetime import datetime

from recovery.domain.actors import Actor
from recovery.domain.wording import by_words
from recovery.models import Message, Ticket, Wait
from recovery.services.session import DeskSession
from recovery.services.texting.messages import Saying, tell_customer
from recovery.services.timing.promises import words_for
from recovery.services.wording.spoken import speech_with_customer, zone_of


def say(
    session: DeskSession,
    ticket: Ticket,
    wait: Wait,
    template: str,
    *,
    now: datetime,
    by: Actor,
    until: datetime | None = None,
    by_clock: bool = False,
) -> Message | None:
    """Not sent any more once the wait stands otherwise, nor past the time that it tells, which is `until`: as it fits,
    or `by_clock`, where "in about 10 minutes" would ask them to come then and not before."""
    words = _by_clock if by_clock else words_for
    saying = Saying(
        template,
        f"wait:{wait.id}:{wait.changes}:{template}",
        {"promise": words(ticket, until, now=now)} if until else {},
        holds_while=f"wait:{wait.id}:{wait.changes}",
        expires_at=until,
    )
    return tell_customer(session, ticket, saying, now=now, by=by, urgent=True)


def _by_clock(ticket: Ticket, until: datetime, *, now: datetime) -> str:
    """Give "by 14:32", however near it is, in the customer's zone and language."""
    return by_words(until, now=now, timezone=zone_of(ticket), speech=speech_with_customer(ticket))
