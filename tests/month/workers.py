"""Two workers of the month: the product's own ticks and sending, one step after the other, so that the same seed gives the
same month. Time goes from what falls due to what falls due next."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from recovery.bootstrap import Components
from recovery.services.proving import anchors, nightly
from recovery.services.sending import answers, departures
from recovery.services.sending.answers import Answer
from recovery.services.sending.receipts import take
from recovery.services.session import DeskSession
from recovery.services.timing.due_work import TICKET_WORK, of_tickets
from recovery.worker import ticks
from recovery.worker.calling import Ownership, call
from recovery.worker.claims import Claims
from recovery.worker.lines import Lines
from recovery.worker.ticks import Station
from tests.month.provider import Provider

BREATH = timedelta(minutes=5)
"""A worker looks every few seconds; this one lets what falls due gather for so long, and does it together."""
AT_ONCE = 32
ENOUGH_TO_DIE_WITH = 2
DUE = {
    "callbacks come due": "SELECT min(due_at) FROM callbacks WHERE status = 'booked'",
    "callbacks missed": "SELECT min(miss_at) FROM callbacks WHERE status = 'due'",
    "callbacks to remind": "SELECT min(remind_at) FROM callbacks WHERE status = 'booked' AND reminded_at IS NULL",
    "promises to lapse": "SELECT min(due_at) FROM promises WHERE ended_at IS NULL AND lapsed_at IS NULL",
    "promises to warn": "SELECT min(warn_at) FROM promises WHERE ended_at IS NULL AND warned_at IS NULL"
    " AND due_at > :now",
    "approvals overdue": "SELECT min(deadline_at) FROM approvals WHERE answered_at IS NULL AND nobody_left_at IS NULL",
    "tasks to be late": "SELECT min(due_at) FROM tasks WHERE status IN ('taken', 'waiting') AND late_at IS NULL",
    "outbox": "SELECT min(not_before) FROM messages WHERE status IN ('pending', 'held')",
    "reap": "SELECT min(lease_until) FROM messages WHERE status IN ('claimed', 'sending')",
    "reconcile": "SELECT min(look_at) FROM messages WHERE status = 'in_doubt'",
    "calls without a time": "SELECT min(call_wanted_at) FROM tickets WHERE call_wanted_at IS NOT NULL",
    "resolved to close": "SELECT min(resolved_at) FROM tickets WHERE status = 'resolved'",
    "sent and silent": "SELECT min(look_at) FROM messages WHERE status = 'sent' AND look_at IS NOT NULL",
    "waits to go on": "SELECT min(due_at) FROM waits",
    "clocks to look at": "SELECT min(look_at) FROM climbs",
}
"""When each line of work has something to do next. Every line is named here."""
FALLS_DUE_AFTER = {"calls without a time": timedelta(minutes=10), "resolved to close": timedelta(days=7)}
AT_LEISURE = {"resolved to close": timedelta(hours=6), "clocks to look at": timedelta(hours=1)}
"""What may wait: it is done for many at once."""
ALL_DUE = " UNION ALL ".join(f"SELECT '{name}', ({query})" for name, query in DUE.items())
LINES = {work.name: of_tickets(work.find, work.act) for work in TICKET_WORK}


@dataclass
class Hand:
    """One worker: its claims are its own."""

    desk: Components
    name: str
    killed: bool = False

    def __post_init__(self) -> None:
        self.lines = Lines(self.desk)
        self.claims = Claims(self.desk, self.lines)

    def wake(self) -> None:
        """As the sender's: here it is asked to send at every step anyway."""

    def station(self) -> Station:
        return Station(self.desk, self, self.name)  # type: ignore[arg-type]  # a sender, as far as ticks know one

    def send(self) -> int:
        """What a sender's threads do with one handful."""
        claimed = [] if self.claims.is_empty() else self.claims.next(most=AT_ONCE, to_claim=AT_ONCE, busy={})
        if claimed:
            since = self.desk.clock.monotonic()
            leaving = [
                (each, Ownership(each, self.desk.clock, since)) for each in self._begun([c.message_id for c in claimed])
            ]
            self._record([self._called(departure, ownership) for departure, ownership in leaving])
        return len(claimed)

    def die(self) -> int:
        """In the middle of it: of what it had begun one text never left, and one did; the rest was only claimed."""
        claimed = self.claims.next(most=AT_ONCE, to_claim=AT_ONCE, busy={})
        begun = self._begun([c.message_id for c in claimed[:2]])
        for departure in begun[1:]:
            call(self.desk.gateway, departure, Ownership(departure, self.desk.clock, self.desk.clock.monotonic()),
                 time_out=self.desk.terms.time_out)  # fmt: skip
        self.killed = True
        return len(claimed)

    def _begun(self, ids: list[int]) -> list[departures.Departure]:
        desk, now = self.desk, self.desk.clock.now()
        begin = partial(departures.begin, ids=ids, token=self.claims.token, lease=desk.terms.lease, real=False, now=now)
        return desk.transact(begin)

    def _called(self, departure: departures.Departure, ownership: Ownership) -> Answer:
        outcome = call(self.desk.gateway, departure, ownership, time_out=self.desk.terms.time_out)
        return Answer(departure, outcome, lease_lost=ownership.gave_up, chance=0.5, left_at=ownership.left_at)

    def _record(self, batch: list[Answer]) -> None:
        if batch:
            now = self.desk.clock.now()
            self.desk.transact(lambda session: answers.finish(session, batch, terms=self.desk.terms, now=now))
            self.lines.hear(batch)


@dataclass
class Raced:
    """A desk at which another worker does the same work, between our looking for it and our doing it."""

    desk: Components
    other: Callable[[], object]
    has_run: bool = False

    def read(self) -> AbstractContextManager[DeskSession]:
        return self.desk.read()

    def transact(self, work: Callable[[DeskSession], Any]) -> Any:
        if not self.has_run:
            self.has_run = True
            self.other()
        return self.desk.transact(work)


@dataclass
class Workers:
    desk: Components
    provider: Provider
    look: sqlite3.Connection
    chance: Random
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.hands = [Hand(self.desk, "worker:one"), Hand(self.desk, "worker:two")]
        self.are_up, self.is_doomed = True, False
        self.ticked_at = self.desk.clock.now()

    def next_step(self) -> datetime | None:
        """None: nothing is due, ever, or nobody is there to do it."""
        if not self.are_up:
            return None
        moments = [moment + AT_LEISURE.get(name, timedelta()) for name, moment in self.due()]
        moments += [at for at, _ in self.provider.receipts[:1]]
        return max(min(moments), self.ticked_at + BREATH) if moments else None

    def due(self) -> list[tuple[str, datetime]]:
        rows = self.look.execute(ALL_DUE, {"now": spelt(self.desk.clock.now())})
        return [
            (name, read_instant(moment) + FALLS_DUE_AFTER.get(name, timedelta()))
            for name, moment in rows
            if moment is not None
        ]

    def step(self) -> None:
        now = self.ticked_at = self.desk.clock.now()
        self.counts["steps of the workers"] += 1
        self._receipts(now)
        due = {name for name, moment in self.due() if moment <= now}
        if self.is_doomed and self._texts_due(now) >= ENOUGH_TO_DIE_WITH:
            self.go_down()
            return
        for name, line in LINES.items():
            if name in due:
                self._run(line, now)
        self._machines(due)
        if self._texts_due(now):
            self.send()

    def _texts_due(self, now: datetime) -> int:
        waiting = "SELECT count(*) FROM messages WHERE status IN ('pending', 'held') AND not_before <= :now"
        return int(self.look.execute(waiting, {"now": spelt(now)}).fetchone()[0])

    def anchor(self) -> None:
        anchors.anchor(self.desk, self.desk.clock.now())

    def nightly_check(self) -> None:
        """All of its pieces, as the ticks of a night would."""
        for _ in range(200):
            nightly.check(self.desk, self.desk.clock.now())
            with self.desk.read() as session:
                found = nightly.last_check(session, now=self.desk.clock.now())
            if found is not None and found.ended_at == self.desk.clock.now():
                assert (found.found.wrong, found.found.broken, found.found.silent) == (0, 0, 0), found
                return
        raise AssertionError("the nightly check does not come to its end")

    def send(self) -> None:
        """In turns, until nothing more may go."""
        now = self.desk.clock.now()
        for turn in range(1000):
            hands = (self.hands[turn % 2], self.hands[1 - turn % 2])
            if not self._texts_due(now) or not any(hand.send() for hand in hands):
                return
        raise AssertionError("texts come back to the queue for ever")

    def go_down(self) -> None:
        self.counts["texts that a worker died with"] += self.hands[0].die()
        self.are_up = self.is_doomed = False

    def come_back(self) -> None:
        """Two other processes."""
        self.hands = [Hand(self.desk, "worker:three"), Hand(self.desk, "worker:four")]
        self.are_up = True

    def _run(self, line: Callable[[Any, datetime], int], now: datetime) -> None:
        if self.chance.random() < 0.2:
            race = Raced(self.desk, lambda: line(self.desk, now))
            again = line(race, now)
            assert again == 0, "both workers did the same work"
            self.counts["races between the workers"] += race.has_run
        else:
            line(self.desk, now)

    def _machines(self, due: set[str]) -> None:
        station = self.hands[self.chance.randrange(2)].station()
        for name, tick in (("reap", ticks.reap), ("reconcile", ticks.reconcile), ("sent and silent", ticks.ask)):
            if name in due:
                tick(station)

    def _receipts(self, now: datetime) -> None:
        told = list(self._arrived(now))
        if told:
            self.desk.transact(lambda session: [take(session, each, now=now) for each in told])

    def _arrived(self, now: datetime) -> Iterator[Any]:
        while self.provider.receipts and self.provider.receipts[0][0] <= now:
            yield self.provider.receipts.pop(0)[1]


def spelt(moment: datetime) -> str:
    """As SQLite keeps it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def read_instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
