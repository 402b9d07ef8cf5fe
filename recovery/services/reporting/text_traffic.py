"""How our texts fare, for whoever runs the desk: what waits, what nobody can say, what did not arrive and why."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, Select, case, func, select, text

from recovery.domain.messages import MessageClass
from recovery.domain.provider_codes import Fault, fault_of
from recovery.models import Message, Tally, Ticket
from recovery.models.message import LOST, SILENT, WAITING
from recovery.services.hearing.missed import Listening, listening
from recovery.services.lines.line_trouble import LineTrouble, line_trouble, meant_to_be_gone
from recovery.services.reporting.spending import SPEND, SpendStanding, month_of, spend_report, spend_standing
from recovery.services.running.tallies import FOUND_LATE, HOOKS_REFUSED
from recovery.services.sending.reconciling import IN_DOUBT, was_sent_again
from recovery.services.session import DeskSession
from recovery.services.texting.senders import known_senders

A_WEEK, A_MONTH = timedelta(days=7), timedelta(days=30)
MOST_SHOWN = 20
TICKETS_A_REASON = 3
WHY = func.coalesce(Message.error_code, Message.error)
"""What has no code of the provider's is told apart by our own words."""
LOOKED_THROUGH = 300
"""Newest texts that did not arrive, among which each reason finds its tickets."""


@dataclass(frozen=True, slots=True)
class Line:
    """One sender. `trouble` is None where its texts leave."""

    sender: str
    due: int
    """Texts that would have left by now."""
    oldest: datetime | None
    held: int
    """For the morning, or for a moment in which they can be undone."""
    held_for_money: int
    """Until another month begins, or an admin allows more."""
    trouble: LineTrouble | None


@dataclass(frozen=True, slots=True)
class DoubtRow:
    reference: str | None
    """Of its ticket."""
    since: datetime
    look_at: datetime
    looked_for: bool
    """Once, and it was not in the provider's list."""
    sent_again_next: bool
    """Where it is not there the next time either; else a person calls."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why texts did not arrive."""

    fault: Fault
    week: int
    month: int
    references: tuple[str, ...]
    """Of the newest tickets."""


@dataclass(frozen=True, slots=True)
class SilentRow:
    reference: str | None
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one month's texts at one site; `micros` in millionths of the policy's currency."""

    month: str
    site: str | None
    texts: int
    segments: int
    micros: int


@dataclass(frozen=True, slots=True)
class Traffic:
    lines: Sequence[Line]
    doubts: Sequence[DoubtRow]
    reasons: Sequence[Reason]
    silent: Sequence[SilentRow]
    hooks_refused: int
    hook_refused_at: datetime | None
    found_late: int
    """Replies that the provider could not bring, and that we found in its list."""
    found_late_at: datetime | None
    listening: Listening | None
    spend: SpendStanding
    costs: Sequence[Cost]


def traffic(session: DeskSession, *, now: datetime) -> Traffic:
    tallies = session.scalars(select(Tally).where(Tally.name.in_((HOOKS_REFUSED, FOUND_LATE))))
    counted = {tally.name: tally for tally in tallies}
    tally, late = counted.get(HOOKS_REFUSED), counted.get(FOUND_LATE)
    return Traffic(
        lines=_lines(session, now=now),
        doubts=_doubts(session),
        reasons=_reasons(session, now=now),
        silent=_silent(session, now=now),
        hooks_refused=tally.count if tally else 0,
        hook_refused_at=tally.last_at if tally else None,
        found_late=late.count if late else 0,
        found_late_at=late.last_at if late else None,
        listening=listening(session),
        spend=spend_standing(session, now=now),
        costs=_costs(session, now=now),
    )


def _lines(session: DeskSession, *, now: datetime) -> list[Line]:
    due = meant_to_be_gone(now) & (Message.held_for.is_distinct_from(SPEND))
    since = case((Message.attempts > 0, Message.created_at), else_=Message.not_before)
    waiting = select(
        Message.sender,
        func.sum(case((due, 1), else_=0)),
        func.min(case((due, since))),
        func.sum(case((due | (Message.held_for == SPEND), 0), else_=1)),
        func.sum(case((Message.held_for == SPEND, 1), else_=0)),
    ).where(text(f"messages.{WAITING}"))
    queued = {row[0]: row for row in session.execute(waiting.group_by(Message.sender))}
    troubles = {trouble.sender: trouble for trouble in line_trouble(session, now=now)}
    senders = dict.fromkeys((session.house.sender, *sorted(known_senders(session) | queued.keys() | troubles.keys())))
    return [_line(sender, queued.get(sender), troubles.get(sender)) for sender in senders]


def _line(sender: str, queued: Row[str, int, datetime, int, int] | None, trouble: LineTrouble | None) -> Line:
    if queued is None:
        return Line(sender, 0, None, 0, 0, trouble)
    return Line(sender, int(queued[1]), queued[2], int(queued[3]), int(queued[4]), trouble)


def _doubts(session: DeskSession) -> list[DoubtRow]:
    query = select(Message, Ticket.reference).outerjoin(Ticket, Ticket.id == Message.ticket_id).where(IN_DOUBT)
    found = session.execute(query.order_by(Message.doubted_at).limit(MOST_SHOWN))
    return [
        DoubtRow(
            reference,
            message.doubted_at or message.created_at,
            message.look_at or message.created_at,
            message.looks > 0,
            message.message_class is not MessageClass.SECURITY and not was_sent_again(message),
        )
        for message, reference in found
    ]


def _reasons(session: DeskSession, *, now: datetime) -> list[Reason]:
    lost = (text(f"messages.{LOST}"), Message.final_at > now - A_MONTH)
    lately = func.sum(case((Message.final_at > now - A_WEEK, 1), else_=0))
    counted = select(WHY, Message.error_code, func.max(Message.error), lately, func.count()).where(*lost)
    rows = session.execute(counted.group_by(WHY, Message.error_code).order_by(func.count().desc(), WHY))
    newest = select(WHY, Ticket.reference).join(Ticket, Ticket.id == Message.ticket_id).where(*lost)
    references = _newest_of_each(
        session, newest.order_by(Message.final_at.desc(), Message.id.desc()).limit(LOOKED_THROUGH)
    )
    return [
        Reason(fault_of(code, words), int(week), month, references.get(why, ()))
        for why, code, words, week, month in rows
    ]


def _newest_of_each(session: DeskSession, newest: Select[str, str]) -> Mapping[str | None, tuple[str, ...]]:
    found: dict[str | None, dict[str, None]] = defaultdict(dict)
    for why, reference in session.execute(newest):
        if len(found[why]) < TICKETS_A_REASON:
            found[why][reference] = None
    return {why: tuple(references) for why, references in found.items()}


def _silent(session: DeskSession, *, now: datetime) -> list[SilentRow]:
    query = (
        select(Ticket.reference, Message.sent_at)
        .select_from(Message)
        .outerjoin(Ticket, Ticket.id == Message.ticket_id)
        .where(text(f"messages.{SILENT}"), Message.sent_at > now - A_MONTH)
    )
    rows = session.execute(query.order_by(Message.sent_at.desc()).limit(MOST_SHOWN))
    return [SilentRow(reference, sent_at or now) for reference, sent_at in rows]


def _costs(session: DeskSession, *, now: datetime) -> list[Cost]:
    """Of this month and the one before, site by site."""
    months = (month_of(now), month_of(now.replace(day=1) - timedelta(days=1)))
    sums: dict[tuple[str, str | None], list[int]] = {}
    for row in spend_report(session, since=months[1], until=months[0]):
        total = sums.setdefault((row.month, row.site), [0, 0, 0])
        for place, more in enumerate((row.texts, row.segments, row.micros)):
            total[place] += more
    return [Cost(month, site, *total) for (month, site), total in sums.items()]
