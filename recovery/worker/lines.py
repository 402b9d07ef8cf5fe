"""What this worker knows of the lines to the provider, one per sender: read from the shared gates, at most ten times a
second."""

from collections.abc import Iterable, Mapping, Sequence

from recovery.bootstrap import Components
from recovery.services.running import restoring
from recovery.services.sending import gates
from recovery.services.sending.answers import Answer
from recovery.services.sending.gates import Gate
from recovery.sms.gateway import Accepted, SendRefused

READ_EVERY = 0.1
"""Seconds."""


class Lines:
    def __init__(self, desk: Components) -> None:
        self._desk = desk
        self._gates: Mapping[str, Gate] = {}
        self._is_held = False
        self._read_at: float | None = None

    @property
    def is_held(self) -> bool:
        """Nothing leaves by any of them: a backup was put back."""
        self._read()
        return self._is_held

    def room(self, senders: Iterable[str], *, most: int, busy: Mapping[str, int]) -> dict[str, int]:
        """How many texts of each may be on their way; `busy` are so many already. One that was refused a moment ago is
        tried by one text at a time, of all workers."""
        self._read()
        return {sender: self._room(sender, most, busy.get(sender, 0)) for sender in senders}

    def hear(self, answers: Sequence[Answer]) -> None:
        """A refusal closed a gate, an acceptance opens it: both are looked at anew."""
        accepted = {each.departure.outgoing.sender for each in answers if isinstance(each.outcome, Accepted)}
        refused = any(isinstance(answer.outcome, SendRefused) for answer in answers)
        reopened = sorted(accepted & {sender for sender, gate in self._gates.items() if gate.refusals})
        for sender in reopened:
            self._desk.transact(lambda session: gates.reopen(session, sender))  # noqa: B023  # called at once
        if refused or reopened:
            self._read_at = None

    def _room(self, sender: str, most: int, busy: int) -> int:
        gate, now = self._gates.get(sender, gates.OPEN), self._desk.clock.now()
        if gate.is_closed(now):
            return 0
        if not gate.refusals:
            return most
        return int(not busy and self._desk.transact(lambda session: gates.take_turn(session, sender, now=now)))

    def _read(self) -> None:
        clock = self._desk.clock
        if self._read_at is None or clock.monotonic() - self._read_at >= READ_EVERY:
            self._read_at = clock.monotonic()
            with self._desk.read() as session:
                self._gates = gates.all_standing(session)
                self._is_held = restoring.standing_hold(session) is not None
