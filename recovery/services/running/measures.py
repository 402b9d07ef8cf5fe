"""What a machine may watch: counts and ages, never a name, a number or a text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from recovery.domain.messages import MessageStatus
from recovery.domain.tickets import LIVE
from recovery.models import Heartbeat, Message, Tally, Ticket
from recovery.services.lines.line_trouble import line_trouble
from recovery.services.proving.nightly import last_check
from recovery.services.sending.outbox import oldest_due
from recovery.services.session import DeskSession

OPEN_TEXTS = (
    MessageStatus.PENDING,
    MessageStatus.HELD,
    MessageStatus.CLAIMED,
    MessageStatus.SENDING,
    MessageStatus.IN_DOUBT,
)
"""The partial index of the outbox holds these: counting sent ones would read all history."""


@dataclass(frozen=True, slots=True)
class Measure:
    name: str
    words: str
    labels: tuple[str, ...]
    values: Mapping[tuple[str, ...], float]


def gauges(session: DeskSession, *, now: datetime) -> Sequence[Measure]:
    return (
        Measure("recovery_desk_live_tickets", "Tickets whose customer is still owed something", (), _live(session)),
        Measure("recovery_desk_late_promises", "Live tickets past their promise", (), _late(session, now)),
        Measure("recovery_desk_open_texts", "Texts that have not left, by state", ("status",), _texts(session)),
        Measure(
            "recovery_desk_oldest_due_text_seconds", "How long the oldest due text waits", (), _oldest(session, now)
        ),
        Measure(
            "recovery_desk_stopped_lines",
            "Senders whose texts the provider refuses until an admin mends the account",
            (),
            _stopped(session, now),
        ),
        Measure("recovery_desk_heartbeat_age_seconds", "Since a process was heard of", ("name",), _beats(session, now)),
        Measure("recovery_desk_check_age_seconds", "Since the last nightly check ended", (), _check_age(session, now)),
        Measure(
            "recovery_desk_check_found",
            "What the last nightly check found wrong",
            ("what",),
            _check_found(session, now),
        ),
        Measure(
            "recovery_desk_counted", "What is only counted: refused hooks and their kin", ("name",), _tallies(session)
        ),
    )


def _live(session: DeskSession) -> dict[tuple[str, ...], float]:
    return {(): session.scalar(select(func.count()).where(Ticket.status.in_(LIVE))) or 0}


def _late(session: DeskSession, now: datetime) -> dict[tuple[str, ...], float]:
    late = select(func.count()).where(Ticket.status.in_(LIVE), Ticket.promise_due_at < now)
    return {(): session.scalar(late) or 0}


def _texts(session: DeskSession) -> dict[tuple[str, ...], float]:
    counted = select(Message.status, func.count()).where(Message.status.in_(OPEN_TEXTS)).group_by(Message.status)
    found = {status: float(count) for status, count in session.execute(counted)}
    return {(status.value,): found.get(status, 0.0) for status in OPEN_TEXTS}


def _oldest(session: DeskSession, now: datetime) -> dict[tuple[str, ...], float]:
    oldest = oldest_due(session, now=now)
    return {(): (now - oldest).total_seconds() if oldest else 0.0}


def _stopped(session: DeskSession, now: datetime) -> dict[tuple[str, ...], float]:
    """The age of the queue does not tell it: a refused text is due again only when it is tried next."""
    return {(): float(sum(trouble.stops for trouble in line_trouble(session, now=now)))}


def _beats(session: DeskSession, now: datetime) -> dict[tuple[str, ...], float]:
    rows = session.execute(select(Heartbeat.name, Heartbeat.at))
    return {(name,): (now - at).total_seconds() for name, at in rows}


def _tallies(session: DeskSession) -> dict[tuple[str, ...], float]:
    return {(name,): float(count) for name, count in session.execute(select(Tally.name, Tally.count))}


def _check_age(session: DeskSession, now: datetime) -> dict[tuple[str, ...], float]:
    last = last_check(session, now=now)
    return {(): (now - last.ended_at).total_seconds()} if last else {}


def _check_found(session: DeskSession, now: datetime) -> dict[tuple[str, ...], float]:
    last = last_check(session, now=now)
    if last is None:
        return {}
    found = {"broken_chains": last.found.broken, "wrong_figures": last.found.wrong, "silent_tickets": last.found.silent}
    return {(what,): float(count) for what, count in found.items()}
