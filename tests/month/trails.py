"""What one ticket went through, read from its events and rows as they stand in the database, by none of our own code."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

TABLES = ("promises", "callbacks", "attempts", "messages", "approvals", "tasks", "remedies")
UNSAID = ("commitment", "meaning")


class Line(NamedTuple):
    """One event. `at` is spelt as the rows spell it, so that the two can be compared."""

    seq: int
    tag: str
    at: str
    who: str
    told: dict[str, Any]


@dataclass
class Trail:
    ticket: sqlite3.Row
    lines: Sequence[Line]
    rows: dict[str, list[sqlite3.Row]] = field(default_factory=lambda: defaultdict(list))

    @property
    def id(self) -> int:
        return int(self.ticket["id"])

    def __getattr__(self, table: str) -> list[sqlite3.Row]:
        """`trail.promises`, in the order in which they were made."""
        if table not in TABLES:
            raise AttributeError(table)
        return self.rows[table]

    def told(self, *tags: str) -> list[Line]:
        return [line for line in self.lines if line.tag in tags]

    def at(self, moment: str) -> list[Line]:
        return [line for line in self.lines if line.at == moment]

    def was_live(self, moment: str) -> bool:
        """Just after it."""
        live = False
        for line in self.lines:
            if line.at > moment:
                break
            if line.tag in {"ticket:ticket:logged", "ticket:ticket:reopened"}:
                live = True
            elif line.tag in {"ticket:ticket:resolved", "ticket:ticket:voided"}:
                live = False
        return live

    def was_over(self, moment: str) -> bool:
        """Closed or void, just after it."""
        over = False
        for line in self.lines:
            if line.at > moment:
                break
            if line.tag in {"ticket:ticket:closed", "ticket:ticket:voided"}:
                over = True
            elif line.tag == "ticket:ticket:reopened":
                over = False
        return over

    def somebody_calls(self, moment: str) -> bool:
        """A call was to be made just then, or calling had been given up, which the board shows."""
        return any(
            call["booked_at"] <= moment and (call["ended_at"] is None or call["ended_at"] >= moment)
            for call in self.callbacks
        ) or any(call["given_up_at"] and call["given_up_at"] <= moment for call in self.callbacks)

    def in_words(self) -> str:
        ticket = self.ticket
        head = f"{ticket['reference']} ({ticket['failure']}, {ticket['source']}), now {ticket['status']}"
        said = [
            f"  {line.at[:19]} {line.who:8} {line.tag.removeprefix('ticket:').replace(':', ' ')}"
            f"  {' '.join(f'{k}={v}' for k, v in line.told.items() if not k.endswith(UNSAID))}"
            for line in self.lines
        ]
        return "\n".join([head, *said])


def trails(look: sqlite3.Connection, only: int | None = None) -> Iterator[Trail]:
    """Of every ticket, by id."""
    which = "" if only is None else f"WHERE ticket_id = {only}"
    rows: dict[int, dict[str, list[sqlite3.Row]]] = defaultdict(lambda: defaultdict(list))
    for table in TABLES:
        order = {"approvals": "remedy_id", "promises": "number"}.get(table, "id")
        for row in look.execute(f"SELECT * FROM {table} {which} ORDER BY {order}"):
            rows[row["ticket_id"]][table].append(row)
    tickets = {row["id"]: row for row in look.execute("SELECT * FROM tickets ORDER BY id")}
    which = "" if only is None else f"WHERE stream_id = {only}"
    events = look.execute(
        f"SELECT stream_id, seq, tag, at, actor_kind, payload FROM events {which} ORDER BY stream_id, seq"
    )
    for stream, chain in groupby(events, key=lambda event: event[0]):
        if stream in tickets:
            lines = [Line(seq, tag, at, who, json.loads(told)) for _, seq, tag, at, who, told in chain]
            yield Trail(tickets[stream], lines, rows[stream])
