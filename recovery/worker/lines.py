"""What this worker knows of the lines to the provider, one per sender: read from the shared gates, at most ten times a
second."""

import threading
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial

from recovery.bootstrap import Components
from recovery.domain.pacing import Slot, at_once, begins_at
from recovery.services.running import restoring
from recovery.services.sending import gates, pacing
from recovery.services.sending.answers import Answer, newest_accepted
from recovery.services.sending.departures import Departure
from recovery.services.sending.gates import Gate
from recovery.sms.gateway import SendRefused
from recovery.worker.away import AWAY

READ_EVERY = 0.1
"""Seconds."""


class Lines:
    def __init__(self, desk: Components) -> None:
        self._desk = desk
        self._gates: Mapping[str, Gate] = {}
        self._is_held = False
        self._read_at: float | None = None
        self._next_at: datetime | None = None

    @property
    def is_held(self) -> bool:
        """Nothing leaves by any of them: a backup was put back."""
        self._read()
        return self._is_held

    def room(self, senders: Collection[str], *, most: int, busy: Mapping[str, int]) -> dict[str, int]:
        """How many texts of each may begin; `busy` are on their way already. One that was refused a moment ago is tried by
        one text at a time, of all workers; a paced one takes what it carries now."""
        self._read()
        paces = self._paces(senders)
        return {
            sender: self._room(sender, min(most, paces.get(sender, most)), busy.get(sender, 0)) for sender in senders
        }

    def seconds_to_next(self) -> float | None:
        """Until a paced sender whose texts wait takes the next one; None where none has to be waited for."""
        if self._next_at is None:
            return None
        return max(0.0, (self._next_at - self._desk.clock.now()).total_seconds())

    def waits_for(self, departure: Departure, stopping: threading.Event) -> bool:
        """Until the slot of its sender has come. A slot that was missed is moved, where none was given out after it; False
        where it is lost, and the text goes back unsent: to send it now would pass the rate."""
        slot, clock = departure.slot, self._desk.clock
        if slot is None:
            return True
        if slot.is_missed(clock.now()):
            missed, slot = slot, slot.moved(clock.now())
            if not self._moves(departure.outgoing.sender, missed, slot):
                return False
        stopping.wait(max(0.0, (slot.at - clock.now()).total_seconds()))
        return not slot.is_missed(clock.now())

    def _moves(self, sender: str, slot: Slot, to: Slot) -> bool:
        try:
            return self._desk.transact(lambda session: pacing.move_slot(session, sender, slot, to))
        except AWAY:
            return False

    def _paces(self, senders: Collection[str]) -> dict[str, int]:
        rates = {sender: rate for sender in senders if (rate := self._desk.house.rate_of(sender))}
        self._next_at = None
        if not rates:
            return {}
        with self._desk.read() as session:
            free_at, now = pacing.free_at(session, rates), self._desk.clock.now()
        begins = {sender: begins_at(free_at.get(sender), rate=rate, now=now) for sender, rate in rates.items()}
        self._next_at = min((at for at in begins.values() if at > now), default=None)
        return {sender: at_once(rate) if begins[sender] <= now else 0 for sender, rate in rates.items()}

    def hear(self, answers: Sequence[Answer]) -> None:
        """A refusal closed a gate, an acceptance opens it: both are looked at anew."""
        accepted = newest_accepted(answers)
        refused = any(isinstance(answer.outcome, SendRefused) for answer in answers)
        reopened = sorted(accepted.keys() & {sender for sender, gate in self._gates.items() if gate.refusals})
        for sender in reopened:
            self._desk.transact(partial(gates.reopen, sender=sender, began=accepted[sender]))
        if refused or reopened:
            self._read_at = None

    def _room(self, sender: str, most: int, busy: int) -> int:
        gate, now = self._gates.get(sender, gates.OPEN), self._desk.clock.now()
        if gate.is_closed(now):
            return 0
        if not gate.refusals or not most:
            return most
        return int(not busy and self._desk.transact(lambda session: gates.take_turn(session, sender, now=now)))

    def _read(self) -> None:
        clock = self._desk.clock
        if self._read_at is None or clock.monotonic() - self._read_at >= READ_EVERY:
            self._read_at = clock.monotonic()
            with self._desk.read() as session:
                self._gates = gates.all_standing(session)
                self._is_held = restoring.standing_hold(session) is not None
