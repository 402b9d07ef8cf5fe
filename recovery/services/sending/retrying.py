"""A text that a phone could not take for the moment, said once more hours later: as a text of its own, beside the call
task that a person has at once, and only where the machine can tell that its words still hold.

Words without a condition (the apology with its time, what a colleague wrote) are not repeated: hours later they may be
false, and nobody would notice. Nor is the question which one they mean: what waits for its answer waits for the first.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from recovery.domain.calendars import local_time
from recovery.domain.messages import MessageStatus
from recovery.domain.provider_codes import TRIED_AGAIN, fault_of
from recovery.domain.threads import WHICH
from recovery.models import Callback, Message, Ticket
from recovery.services.session import DeskSession
from recovery.services.texting.messages import is_heard, leaves_at
from recovery.services.ticketing.withdrawing import queue_twin
from recovery.services.wording.spoken import zone_of

GAPS = (timedelta(hours=2), timedelta(hours=6))
"""After the first failure and after the second; then no more."""
SAYS_A_DAY = ("promise", "callback")
"""Conditions whose texts say "at 15:00" or "tomorrow": the next day that would be another time."""
TELLS_WHEN = ("resolved_again",)
"""Templates that do so whatever they hang on."""
RETRY = ":retry:"


def try_again_later(session: DeskSession, ticket: Ticket, message: Message, task: Callback, *, now: datetime) -> bool:
    """Whether another one was queued; not where no new text would be. It leaves only while the call task stands: who was
    reached needs no text."""
    tries = _tries(message)
    if (
        message.holds_while is None
        or message.asks == WHICH
        or tries >= len(GAPS)
        or fault_of(message.error_code).category not in TRIED_AGAIN
        or not is_heard(session, ticket, now=now, urgent=False)
    ):
        return False
    wanted = now + GAPS[tries]
    leaves = max(wanted, leaves_at(session, ticket, now=wanted))
    holds = message.holds_while.split()[0]
    expires_at = message.expires_at or _call_due(session, holds)
    if (expires_at is not None and expires_at <= leaves) or not _same_day(ticket, message, holds, leaves):
        return False
    queue_twin(
        session,
        ticket,
        message,
        meaning=f"{_first_meaning(message)}{RETRY}{tries + 1}",
        now=now,
        status=MessageStatus.HELD if leaves > wanted else MessageStatus.PENDING,
        not_before=leaves,
        urgent_until=None,
        expires_at=expires_at,
        holds_while=f"{holds} task:{task.id}",
    )
    return True


def _tries(message: Message) -> int:
    _, _, number = (message.meaning or "").partition(RETRY)
    return int(number) if number.isdecimal() else 0


def _first_meaning(message: Message) -> str:
    return (message.meaning or "").partition(RETRY)[0]


def _call_due(session: DeskSession, holds: str) -> datetime | None:
    """Of a text about a call: past its time there is nothing to say."""
    thing, row_id = holds.split(":")[:2]
    if thing != "callback":
        return None
    return session.scalar(select(Callback.due_at).where(Callback.id == int(row_id)))


def _same_day(ticket: Ticket, message: Message, holds: str, leaves: datetime) -> bool:
    if holds.split(":", maxsplit=1)[0] not in SAYS_A_DAY and message.template not in TELLS_WHEN:
        return True
    zone = zone_of(ticket)
    return local_time(leaves, zone).date() == local_time(message.created_at, zone).date()
