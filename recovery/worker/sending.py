"""Sends what waits in the outbox: one feeder claims and begins, some threads call, one recorder writes the answers.

No transaction is open while a thread calls the provider.
"""

import threading
from collections import Counter
from functools import partial
from queue import Empty, SimpleQueue
from random import SystemRandom

import structlog

from recovery.bootstrap import Components
from recovery.domain.pacing import Slot
from recovery.services.running.ground import is_a_lock
from recovery.services.sending import answers, departures
from recovery.services.sending.answers import Answer
from recovery.services.sending.departures import Departure
from recovery.services.sending.outbox import Claimed
from recovery.worker.away import AWAY, is_the_databases, is_the_rows
from recovery.worker.boarding import Boarding
from recovery.worker.calling import Ownership, call
from recovery.worker.claims import Claims
from recovery.worker.feeding import WAIT_FOR_DATABASE, feed_until
from recovery.worker.lines import Lines
from recovery.worker.pace import Pace

WRITTEN_AT_ONCE = 50
GATHERED = 0.05
"""Seconds: answers to the texts of a fast sender, which come one by one in its pace, are written several at a time."""
TRIPS = 3
"""So often, a lease apart, does a text trip us before a person has it."""
LET_PASS = 0.005
"""Seconds for another worker, which was faster or has something urgent, to take the slot that we looked for."""
TO_LEAVE = 1.0
"""Seconds that the threads have beside the provider's time-out when we stop."""

log = structlog.get_logger(__name__)
chance = SystemRandom().random


class Sender:
    def __init__(self, desk: Components) -> None:
        self._desk = desk
        self._lines = Lines(desk)
        self._pace = Pace(desk.settings.send_concurrency)
        self._claims = Claims(desk, self._lines)
        self._tripped: Counter[int] = Counter()
        self._busy: Counter[str] = Counter()
        self._rest: float | None = None
        """Seconds until a sender takes its next text; None: until something happens."""
        self._crowded = False
        """Texts wait for threads."""
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._boarding = Boarding()
        self._answers: SimpleQueue[Answer | None] = SimpleQueue()
        self._feeder = threading.Thread(target=self._feed_until_stopped, name="outbox-feeder")
        self._recorder = threading.Thread(target=self._record_until_told, name="outbox-recorder", daemon=True)
        self._callers = [
            threading.Thread(target=self._call_until_told, name=f"outbox-caller-{number}", daemon=True)
            for number in range(desk.settings.send_concurrency)
        ]

    def start(self) -> None:
        for thread in (self._recorder, *self._callers, self._feeder):
            thread.start()

    def wake(self) -> None:
        """There may be something to send."""
        self._woken.set()

    def stop(self) -> None:
        """Claims nothing more, gives back what is only claimed, and lets what is in flight come to its end."""
        self._stopping.set()
        self.wake()
        self._feeder.join()
        until = self._desk.clock.monotonic() + self._desk.settings.twilio_timeout_seconds + TO_LEAVE
        self._boarding.close(len(self._callers))
        for caller in self._callers:
            caller.join(timeout=max(0.0, until - self._desk.clock.monotonic()))
        self._answers.put(None)
        self._recorder.join(timeout=TO_LEAVE)

    def _feed_until_stopped(self) -> None:
        feed_until(self._stopping, self._woken, self._feed, what="outbox", rest=lambda: self._rest)
        self._claims.give_back()

    def _feed(self) -> bool:
        """True where there may be more to do at once."""
        self._rest = None
        with self._lock:
            busy = Counter(self._busy)
        free = self._pace.to_begin - busy.total()
        self._crowded = free <= 0
        if self._crowded or self._claims.is_empty():
            return False
        claimed = self._claims.next(most=free, to_claim=self._pace.to_claim, busy=busy)
        if not claimed:
            self._rest = self._lines.seconds_to_next()
            return False
        self._begin(claimed)
        return True

    def _begin(self, claimed: list[Claimed]) -> None:
        """One text that cannot be read or sent, or whose customer's row somebody holds, must not hold up the others:
        then each goes alone."""
        try:
            self._depart(self._begun(claimed))
        except Exception as problem:
            if is_the_databases(problem) and not is_a_lock(problem):
                self._claims.put_back(claimed)
                raise
            self._begin_each(claimed)

    def _begin_each(self, claimed: list[Claimed]) -> None:
        for position, each in enumerate(claimed):
            try:
                self._begin_alone(each)
            except Exception:
                self._claims.put_back(claimed[position:])
                raise

    def _begin_alone(self, claimed: Claimed) -> None:
        """A text is given up for what is wrong with itself, or for a fault of ours that comes back; never for a database
        in trouble. Meanwhile its claim runs out, and gives it back."""
        message_id = claimed.message_id
        try:
            self._depart(self._begun([claimed]))
        except Exception as problem:
            if is_the_databases(problem):
                if not is_a_lock(problem):
                    raise
                log.warning("outbox:row_is_held", message=message_id)
                return
            self._tripped[message_id] += 1
            log.exception("outbox:tripped", message=message_id, times=self._tripped[message_id])
            if is_the_rows(problem) or self._tripped[message_id] >= TRIPS:
                self._desk.transact(partial(departures.park, message_id=message_id, now=self._desk.clock.now()))
                del self._tripped[message_id]

    def _begun(self, claimed: list[Claimed]) -> list[tuple[Departure, Ownership]]:
        ids = [each.message_id for each in claimed]
        desk, token, now = self._desk, self._claims.token, self._desk.clock.now()
        since = desk.clock.monotonic()
        begun = desk.transact(
            lambda session: departures.begin(
                session, ids, token=token, lease=desk.terms.lease, real=desk.gateway.real, now=now
            )
        )
        return [(departure, Ownership(departure, desk.clock, since, turn=self._turn)) for departure in begun]

    def _depart(self, leaving: list[tuple[Departure, Ownership]]) -> None:
        if not leaving:
            self._stopping.wait(LET_PASS)
        with self._lock:
            self._busy.update(departure.outgoing.sender for departure, _ in leaving)
        self._boarding.add(leaving)

    def _turn(self, sender: str, slot: Slot) -> Slot | None:
        """None when we stop: what has begun a moment ahead goes back unsent."""
        later = self._lines.turn(sender, slot, self._stopping)
        return None if self._stopping.is_set() else later

    def _call_until_told(self) -> None:
        while (place := self._boarding.next_slot()) is not None:
            kind, slot = place
            if slot is not None:
                self._stopping.wait(max(0.0, (slot.at - self._desk.clock.now()).total_seconds()))
            departure, ownership = self._boarding.board(kind, slot)
            ownership.gave_up |= self._stopping.is_set()
            began = self._desk.clock.monotonic()
            outcome = call(self._desk.gateway, departure, ownership, time_out=self._desk.terms.time_out)
            self._pace.took(self._desk.clock.monotonic() - began)
            with self._lock:
                self._busy[departure.outgoing.sender] -= 1
            self._answers.put(
                Answer(
                    departure,
                    outcome,
                    lease_lost=ownership.gave_up,
                    chance=chance(),
                    slot=ownership.slot,
                    left_at=ownership.left_at,
                )
            )

    def _record_until_told(self) -> None:
        while (first := self._answers.get()) is not None:
            if _is_one_of_many(first):
                self._stopping.wait(GATHERED)
            batch, more = [first], True
            while more and len(batch) < WRITTEN_AT_ONCE:
                try:
                    answer = self._answers.get_nowait()
                except Empty:
                    break
                if answer is None:
                    self._answers.put(None)
                    more = False
                else:
                    batch.append(answer)
            self._record(batch)
            if self._hear(batch) or self._crowded or not all(_is_one_of_many(answer) for answer in batch):
                self.wake()  # else all that waits does so for the next slots

    def _hear(self, batch: list[Answer]) -> bool:
        try:
            return self._lines.hear(batch)
        except AWAY as error:  # the next answer says the same
            log.warning("outbox:line_unheard", why=type(error).__name__)
            return False

    def _record(self, batch: list[Answer]) -> None:
        """An answer is not lost while we live: it is written as soon as the database is back."""
        while True:
            try:
                now = self._desk.clock.now()
                self._desk.transact(
                    lambda session: answers.finish(session, batch, terms=self._desk.terms, now=now)  # noqa: B023 - called at once
                )
            except AWAY as error:
                log.warning("outbox:answer_waits", why=type(error).__name__, answers=len(batch))
                self._stopping.wait(WAIT_FOR_DATABASE)
            except Exception:
                if len(batch) == 1:
                    log.exception("outbox:answer_lost", message=batch[0].departure.message_id)
                    return
                for answer in batch:
                    self._record([answer])
                return
            else:
                return


def _is_one_of_many(answer: Answer) -> bool:
    return answer.slot is not None and answer.slot.is_one_of_many
