"""What this worker knows of the lines to the provider, one per sender: read from the shared gates, at most ten times a
second."""

import threading
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from random import SystemRandom

from recovery.bootstrap import Components
from recovery.domain.pacing import Pace, Slot, begins_at, room
from recovery.services.running import restoring
from recovery.services.sending import gates, pacing
from recovery.services.sending.answers import Answer, newest_accepted
from recovery.services.sending.gates import Gate
from recovery.sms.gateway import SendRefused
from recovery.worker.away import AWAY

READ_EVERY = 0.1
"""Seconds."""
MOVES = 3
"""So often is a text late for its slot before it goes back: on a machine that has no time for us."""
APART = 0.02
"""Seconds, by chance: workers that wait for the same slot shall not all look for it at once."""


chance = SystemRandom().random


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
        return max(0.0, (self._next_at - self._desk.clock.now()).total_seconds()) + chance() * APART

    def turn(self, sender: str, slot: Slot, stopping: threading.Event) -> Slot | None:
        """Waits until the slot has come, or another where it was missed: nobody's place is lost by being late. None where
        the text has to go back unsent, because to send it now would pass the rate."""
        clock = self._desk.clock
        for _ in range(MOVES):
            stopping.wait(max(0.0, (slot.at - clock.now()).total_seconds()))
            if not slot.is_missed(clock.now()):
                return slot
            later = self._moved(sender, slot)
            if later is None:
                return None
            slot = later
        return None

    def _moved(self, sender: str, slot: Slot) -> Slot | None:
        try:
            return self._desk.transact(
                lambda session: pacing.move_slot(session, sender, slot, now=self._desk.clock.now())
            )
        except AWAY:
            return None

    def _paces(self, senders: Collection[str]) -> dict[str, int]:
        rates = {sender: rate for sender in senders if (rate := self._desk.house.rate_of(sender))}
        self._next_at = None
        if not rates:
            return {}
        with self._desk.read() as session:
            found, now = pacing.paces(session, rates), self._desk.clock.now()
        paces = {sender: found.get(sender, Pace()) for sender in rates}
        begins = {sender: begins_at(paces[sender], rate=rate, now=now) for sender, rate in rates.items()}
        self._next_at = min((at for at in begins.values() if at > now), default=None)
        return {
            sender: room(paces[sender], rate=rate, now=now) if begins[sender] <= now else 0
            for sender, rate in rates.items()
        }

    def hear(self, answers: Sequence[Answer]) -> bool:
        """A refusal closed a gate, an acceptance opens it: both are looked at anew. True where a gate moved."""
        accepted = newest_accepted(answers)
        refused = any(isinstance(answer.outcome, SendRefused) for answer in answers)
        reopened = sorted(accepted.keys() & {sender for sender, gate in self._gates.items() if gate.refusals})
        for sender in reopened:
            self._desk.transact(partial(gates.reopen, sender=sender, began=accepted[sender]))
        if refused or reopened:
            self._read_at = None
        return bool(refused or reopened)

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
