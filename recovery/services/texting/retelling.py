"""Texts that wait for the morning, said anew once their customer is told times by another clock, or in another language."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from recovery.domain.actors import MACHINE
from recovery.domain.messages import QUEUED, MessageStatus
from recovery.models import Message, Ticket
from recovery.services.calling.call_rows import live_with_customer
from recovery.services.calling.callback_times import when_words
from recovery.services.reporting.spending import cost_of
from recovery.services.sending.departures import NO_LONGER_TRUE
from recovery.services.session import DeskSession
from recovery.services.texting.messages import leaves_at, render
from recovery.services.texting.queued import drop_queued
from recovery.services.ticketing.withdrawing import queue_twin
from recovery.services.timing.promises import current_promise, words_for

WITH_PROMISE = ("promised", "late", "reopened", "asked")
WITH_CALL = ("callback_reminder",)
"""What tells a time and may wait for hours; answers to what the customer just did leave at once."""


def retell(session: DeskSession, ticket: Ticket, *, now: datetime) -> None:
    """Those of this ticket, whose row is locked. What tells of a time that holds no more is left to the last look."""
    waiting = select(Message).where(
        Message.ticket_id == ticket.id,
        Message.audience == "customer",
        Message.status.in_(QUEUED),
        Message.template.in_((*WITH_PROMISE, *WITH_CALL)),
    )
    for message in session.scalars(waiting.order_by(Message.id).with_for_update()).all():
        leaves = now if message.urgent_until else leaves_at(session, ticket, now=now)
        if message.held_for:
            leaves = max(leaves, message.not_before)
        values = _values_now(session, ticket, message, leaves=leaves)
        if values:
            _say_anew(session, ticket, message, values, leaves=leaves, now=now)


def _values_now(session: DeskSession, ticket: Ticket, message: Message, *, leaves: datetime) -> Mapping[str, str]:
    promise, call = current_promise(session, ticket), live_with_customer(session, ticket)
    if promise is not None and message.holds_while == f"promise:{promise.id}":
        return {"promise": words_for(ticket, promise.due_at, now=leaves)}
    if call is not None and message.holds_while == f"callback:{call.id}:{call.moves}":
        return {"when": when_words(ticket, call, now=leaves)}
    return {}


def _say_anew(
    session: DeskSession,
    ticket: Ticket,
    message: Message,
    values: Mapping[str, str],
    *,
    leaves: datetime,
    now: datetime,
) -> None:
    template, holds_while = message.template or "", message.holds_while or ""
    text = render(session, ticket, template, values, by=MACHINE)
    if text.body == message.body:
        return
    drop_queued(session, ticket, reason=NO_LONGER_TRUE, templates=(template,), holds_while=(holds_while,), now=now)
    queue_twin(
        session,
        ticket,
        message,
        meaning=f"{message.meaning}:{ticket.event_seq}",
        now=now,
        body=text.body,
        segments=text.segments.count,
        cost_micros=cost_of(session, message.to_number or "", text.segments.count),
        status=MessageStatus.HELD if leaves > now else MessageStatus.PENDING,
        not_before=leaves,
    )
