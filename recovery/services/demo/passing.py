"""Time passing over one ticket: texts leave and arrive, promises are warned of and lapse, calls come due."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any

from sqlalchemy import event

from recovery.domain.callbacks import LIVE, CallbackStatus
from recovery.domain.messages import Direction, MessageStatus
from recovery.domain.remedies import conditions_met
from recovery.domain.tickets import FINISHED, TicketStatus
from recovery.models import Approval, Callback, Message, Promise, Remedy, SimulatedText, Ticket
from recovery.services.calling import falling_due
from recovery.services.deciding import approvals
from recovery.services.sending import outcomes
from recovery.services.sending.departures import Facts, outgoing, still_true, why_dropped
from recovery.services.session import DeskSession
from recovery.services.simulating import phones
from recovery.services.ticketing import tickets
from recovery.services.timing import lapses

LEAVES_AFTER = timedelta(seconds=2)
ARRIVES_AFTER = timedelta(seconds=4)
UNREACHABLE = 30003
"""The provider's code for a phone that is switched off."""
Step = tuple[datetime, Callable[[datetime], None]]


@dataclass(slots=True)
class Rows:
    """What the services added for the ticket being told; looking here spares a query after every step."""

    messages: list[Message] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    callbacks: list[Callback] = field(default_factory=list)
    approvals: list[Approval] = field(default_factory=list)
    remedies: list[Remedy] = field(default_factory=list)
    phones: list[SimulatedText] = field(default_factory=list)

    def listen_to(self, session: DeskSession) -> None:
        kept: dict[type, list[Any]] = {
            Message: self.messages,
            Promise: self.promises,
            Callback: self.callbacks,
            Approval: self.approvals,
            Remedy: self.remedies,
            SimulatedText: self.phones,
        }

        @event.listens_for(session, "after_attach")
        def keep(_: DeskSession, row: Any) -> None:
            rows = kept.get(type(row))
            if rows is not None and row not in rows:
                rows.append(row)

    def clear(self) -> None:
        for rows in (self.messages, self.promises, self.callbacks, self.approvals, self.remedies, self.phones):
            rows.clear()


class Passing:
    """`on_phones`: the texts can be read on the simulated phones too. `undelivered`: the first one does not arrive."""

    def __init__(self, session: DeskSession, rows: Rows, *, on_phones: bool, undelivered: bool) -> None:
        self._session = session
        self._rows = rows
        self._on_phones = on_phones
        self._undelivered = undelivered
        self.ticket: Ticket
        self.now: datetime

    def until(self, moment: datetime) -> None:
        """Everything that is due on the way happens at its own time."""
        while (step := min(self._due(), key=itemgetter(0), default=None)) and step[0] <= moment:
            self.now = max(self.now, step[0])
            step[1](self.now)
        self.now = max(self.now, moment)

    def promise(self) -> Promise | None:
        """The one that stands."""
        return next((promise for promise in self._rows.promises if promise.ended_at is None), None)

    def _due(self) -> Iterator[Step]:
        for message in self._rows.messages:
            yield from self._due_of_text(message)
        for promise in self._rows.promises:
            if promise.ended_at is None and promise.lapsed_at is None:
                yield from self._due_of_promise(promise)
        for callback in self._rows.callbacks:
            if callback.status in LIVE:
                yield from self._due_of_call(callback)
        for approval in self._rows.approvals:
            if approval.answered_at is None and approval.nobody_left_at is None:
                yield approval.deadline_at, partial(self._pass_on, approval)
        if self.ticket.status is TicketStatus.RESOLVED and self.ticket.resolved_at:
            closing = self.ticket.resolved_at + self._session.house.policy.close_after
            yield closing, lambda now: tickets.close_quietly(self._session, self.ticket, now=now)

    def _due_of_text(self, message: Message) -> Iterator[Step]:
        if message.status in {MessageStatus.PENDING, MessageStatus.HELD}:
            yield message.not_before + LEAVES_AFTER, lambda now: self._leave(message, now)
        elif message.status is MessageStatus.SENT and message.sent_at:
            yield message.sent_at + ARRIVES_AFTER, lambda now: self._arrive(message, now)

    def _due_of_promise(self, promise: Promise) -> Iterator[Step]:
        if promise.warned_at is None:
            yield promise.warn_at, lambda now: lapses.warn(self._session, self.ticket, promise, now=now)
        yield promise.due_at, partial(self._lapse, promise)

    def _due_of_call(self, callback: Callback) -> Iterator[Step]:
        if callback.status is CallbackStatus.BOOKED:
            if callback.remind_at is not None and callback.reminded_at is None:
                yield callback.remind_at, lambda now: falling_due.remind(self._session, self.ticket, callback, now=now)
            yield callback.due_at, lambda now: falling_due.come_due(self._session, self.ticket, callback, now=now)
        elif callback.status is CallbackStatus.DUE:
            yield callback.miss_at, partial(self._miss, callback)

    def _lapse(self, promise: Promise, now: datetime) -> None:
        self._session.flush()
        lapses.lapse(self._session, self.ticket, promise, now=now)

    def _miss(self, callback: Callback, now: datetime) -> None:
        self._session.flush()
        falling_due.miss(self._session, self.ticket, callback, now=now)

    def _pass_on(self, approval: Approval, now: datetime) -> None:
        self._session.flush()
        approvals.pass_on(self._session, self.ticket, approval, now=now)

    def _leave(self, message: Message, now: datetime) -> None:
        facts = Facts(real=False, opted_out=(), true={self._true(message)}, now=now)
        reason = why_dropped(message, facts)
        if reason:
            self._session.flush()
            outcomes.drop(self._session, self.ticket, message, reason=reason, now=now)
            return
        message.attempts, message.sending_at = 1, now
        sid = self._ring(message, now) if self._on_phones else f"SM{secrets.token_hex(16)}"
        outcomes.accept(self._session, self.ticket, message, sid=sid, now=now)

    def _ring(self, message: Message, now: datetime) -> str:
        return phones.keep(self._session, outgoing(self._session.house, message), at=now)

    def _arrive(self, message: Message, now: datetime) -> None:
        lost = self._undelivered and message.audience == "customer"
        for text in self._rows.phones:
            if text.sid == message.provider_sid:
                text.status = "undelivered" if lost else phones.DELIVERED
        if lost:
            self._undelivered = False
            self._session.flush()
            outcomes.miss(self._session, self.ticket, message, code=UNREACHABLE, now=now)
        else:
            outcomes.deliver(self._session, self.ticket, message, now=now)

    def _true(self, message: Message) -> str:
        """What the text says of itself, if it still is so."""
        what, *rest = (message.holds_while or "").split(":")
        current = {f"promise:{promise.id}" for promise in self._rows.promises if promise.ended_at is None}
        calls = {f"callback:{call.id}:{call.moves}" for call in self._rows.callbacks if call.status in LIVE}
        said = {each for r in self._rows.remedies for each in conditions_met(r.id, r.status)}
        unasked = self.ticket.status in FINISHED and self.ticket.confirmed_at is None
        resolved = {f"resolved:{self.ticket.id}"} if unasked else set[str]()
        if self.ticket.confirmed_at is not None and self.ticket.rating is None:
            resolved = {f"unrated:{self.ticket.id}"}
        if what in {"unsorted", "untouched"}:  # few; nothing of it is kept here
            self._session.flush()
            return "".join(still_true(self._session, [message.holds_while or ""]))
        if what == "wait":  # whoever waits in the demo has not moved on yet
            return message.holds_while or ""
        return ":".join((what, *rest)) if message.holds_while in current | calls | said | resolved else ""

    def outbound(self) -> list[Message]:
        return [message for message in self._rows.messages if message.direction is Direction.OUTBOUND]
