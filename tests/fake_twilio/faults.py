"""What happens to a request, one after another: the fault plan."""

import random
import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

FAULT_KINDS = {
    "ok": "nothing; with `seconds`, the answer comes that much later",
    "error": "refused with `status`, `code`, `message`, and Retry-After if `retry_after` is given; nothing accepted",
    "broken": "500 in Twilio's own form; nothing accepted",
    "broken_after": "500, and yet the text was accepted",
    "html_502": "a proxy's page; nothing accepted",
    "hang": "silence for `seconds`, then the line is dropped; nothing accepted",
    "hang_after": "accepted, then silence for `seconds`",
    "drop_before": "the line is dropped; nothing accepted",
    "accept_then_drop": "accepted, then the line is dropped without an answer",
    "drip": "accepted; the answer comes one byte per `seconds` (1 if not given)",
    "drip_head": "accepted; even the status line comes one byte per `seconds`",
    "empty_201": "accepted; 201 without a body",
    "callback_first": "accepted; the first receipt is there before the answer",
}


TOO_MANY = 429


@dataclass(frozen=True)
class Fault:
    kind: str
    seconds: float = 0.0
    status: int = 400
    code: int = 21211
    message: str = "The provider says no."
    retry_after: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in FAULT_KINDS:
            raise ValueError(f"No fault is called {self.kind}.")

    @property
    def is_for_good(self) -> bool:
        return self.kind == "error" and 400 <= self.status < 500 and self.status != TOO_MANY

    @classmethod
    def too_many(cls, retry_after: str | None = "1") -> "Fault":
        return cls("error", status=TOO_MANY, code=20429, message="Too Many Requests", retry_after=retry_after)


OK = Fault("ok")


class FaultPlan:
    """Asked once per request to send. First the queue for that number, then the common queue, then the standing rule.

    The standing rule is one fault for all (`always`), or a mix drawn by weight from a seeded generator (`mix`).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self._queue: deque[Fault] = deque()
            self._by_number: dict[str, deque[Fault]] = {}
            self._mix: list[tuple[Fault, float]] = [(OK, 1.0)]
            self._random = random.Random(0)

    def add(self, *faults: Fault, number: str | None = None) -> None:
        with self._lock:
            queue = self._queue if number is None else self._by_number.setdefault(number, deque())
            queue.extend(faults)

    def always(self, fault: Fault) -> None:
        self.mix([(fault, 1.0)])

    def mix(self, weighted: list[tuple[Fault, float]], seed: int = 0) -> None:
        with self._lock:
            self._mix = weighted
            self._random = random.Random(seed)

    def next(self, number: str) -> Fault:
        with self._lock:
            for queue in (self._by_number.get(number), self._queue):
                if queue:
                    return queue.popleft()
            faults, weights = zip(*self._mix, strict=True)
            return self._random.choices(faults, weights)[0]

    def take_over(self, told: dict[str, Any]) -> None:
        """The same over HTTP: {"clear": true, "queue": [fault…], "number": "+44…", "always": fault, "mix": [[fault, weight]…]}."""
        if told.get("clear"):
            self.clear()
        self.add(*(Fault(**fault) for fault in told.get("queue", [])), number=told.get("number"))
        if "always" in told:
            self.always(Fault(**told["always"]))
        if "mix" in told:
            self.mix([(Fault(**fault), weight) for fault, weight in told["mix"]], told.get("seed", 0))
