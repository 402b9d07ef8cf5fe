"""What this worker knows of the line to the provider: read from the shared gate, at most ten times a second."""

from collections.abc import Sequence
from dataclasses import dataclass

from recovery.bootstrap import Components
from recovery.services.running import restoring
from recovery.services.sending import gates
from recovery.services.sending.answers import Answer
from recovery.services.sending.gates import Gate
from recovery.sms.gateway import Accepted, SendRefused

READ_EVERY = 0.1
"""Seconds."""


@dataclass(frozen=True, slots=True)
class State:
    is_open: bool
    is_doubtful: bool
    """It was closed a moment ago: one text at a time tries it."""


class Line:
    def __init__(self, desk: Components) -> None:
        self._desk = desk
        self._gate = gates.OPEN
        self._is_held = False
        self._read_at: float | None = None

    def state(self) -> State:
        clock = self._desk.clock
        if self._read_at is None or clock.monotonic() - self._read_at >= READ_EVERY:
            self._read_at = clock.monotonic()
            with self._desk.read() as session:
                self._gate = gates.standing(session, self._desk.house.sender)
                self._is_held = restoring.standing_hold(session) is not None
        closed = self._is_held or self._gate.is_closed(clock.now())
        return State(is_open=not closed, is_doubtful=self._gate.refusals > 0)

    def takes_turn(self) -> bool:
        """Of all workers one at a time tries a line that was closed."""
        now = self._desk.clock.now()
        return self._desk.transact(lambda session: gates.take_turn(session, self._desk.house.sender, now=now))

    def hear(self, answers: Sequence[Answer]) -> None:
        """A refusal closed the gate, an acceptance opens it: both are looked at anew."""
        accepted = any(isinstance(answer.outcome, Accepted) for answer in answers)
        refused = any(isinstance(answer.outcome, SendRefused) for answer in answers)
        if accepted and self._gate.refusals:
            self._desk.transact(lambda session: gates.reopen(session, self._desk.house.sender))
        if refused or (accepted and self._gate.refusals):
            self._gate = Gate(self._gate.closed_until, self._gate.refusals if refused else 0, self._gate.why)
            self._read_at = None
