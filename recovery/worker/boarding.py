"""Texts that have begun, and the slots that they were given: in each slot leaves what is most urgent at the moment."""

import threading
from collections import defaultdict, deque
from collections.abc import Sequence
from queue import SimpleQueue

from recovery.domain.pacing import Slot
from recovery.services.sending.departures import Departure
from recovery.worker.calling import Ownership

Leaving = tuple[Departure, Ownership]
Kind = tuple[str, int]
"""Texts of one sender that are equally long may take one another's slots."""


class Boarding:
    def __init__(self) -> None:
        self._slots: SimpleQueue[tuple[Kind, Slot | None] | None] = SimpleQueue()
        self._waiting: dict[Kind, deque[Leaving]] = defaultdict(deque)
        self._urgent: dict[Kind, deque[Leaving]] = defaultdict(deque)
        self._lock = threading.Lock()

    def add(self, leaving: Sequence[Leaving]) -> None:
        with self._lock:
            for departure, ownership in leaving:
                queue = self._urgent if departure.is_urgent else self._waiting
                queue[_kind(departure)].append((departure, ownership))
        for departure, _ in leaving:
            self._slots.put((_kind(departure), departure.slot))

    def next_slot(self) -> tuple[Kind, Slot | None] | None:
        """Waits for one; None where no more come."""
        return self._slots.get()

    def board(self, kind: Kind, slot: Slot | None) -> Leaving:
        """Whoever leaves in this slot, now that it has come: there are as many texts as slots."""
        with self._lock:
            departure, ownership = (self._urgent[kind] or self._waiting[kind]).popleft()
        ownership.slot = slot
        return departure, ownership

    def close(self, callers: int) -> None:
        for _ in range(callers):
            self._slots.put(None)


def _kind(departure: Departure) -> Kind:
    return departure.outgoing.sender, departure.slot.segments if departure.slot else 0
