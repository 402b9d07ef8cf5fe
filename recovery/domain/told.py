"""What the trail of a ticket tells of its time: events become the facts that the recovery clock folds, and the few
values that reports group by."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from recovery.domain.actors import ActorKind
from recovery.domain.events import Tag
from recovery.domain.recovery_clock import ClockFact, FactKind
from recovery.domain.tickets import OUTSIDE_THE_NUMBERS, Source

OWN_WORDS = "free"
"""The template of what a person wrote themselves: that is no automatic answer."""


class Told(NamedTuple):
    """One event, as far as time is concerned."""

    tag: Tag
    at: datetime
    kind: ActorKind
    payload: Mapping[str, Any]


class Counted(NamedTuple):
    """What reports group a ticket by, and how its promises went, after all that was told."""

    site: int
    failure: str
    severity: str
    owner: int | None
    promises_kept: int
    promises_broken: int
    in_the_numbers: bool


TELLS_OF_A_TEXT = frozenset({Tag.TEXT_QUEUED, Tag.TEXT_SENT, Tag.TEXT_SETTLED, Tag.TEXT_DELIVERED})
MOVES_A_CLOCK = frozenset(
    {
        Tag.TICKET_LOGGED,
        Tag.TICKET_CHANGED,
        Tag.TICKET_TOUCHED,
        Tag.TICKET_WAITING,
        Tag.TICKET_RESUMED,
        Tag.TICKET_RESOLVED,
        Tag.TICKET_CONFIRMED,
        Tag.TICKET_REOPENED,
        Tag.TICKET_VOIDED,
        Tag.APPROVAL_ASKED,
        Tag.REMEDY_GRANTED,
        Tag.REMEDY_REFUSED,
        Tag.REMEDY_CANCELLED,
        Tag.REMEDY_READY,
        Tag.REMEDY_FULFILLED,
        Tag.PROMISE_KEPT,
        Tag.PROMISE_LAPSED,
    },
)
TELLS_OF_TIME = MOVES_A_CLOCK | TELLS_OF_A_TEXT | {Tag.WAIT_BEGUN}
UNDO = "undo"
"""Why a ticket was reopened that was resolved by mistake a moment before."""
BY_RESOLVING = "resolved"
"""How a promise was kept."""
MAKES_A_MISTAKE = frozenset({Tag.PROMISE_LAPSED, Tag.TICKET_REOPENED, Tag.REMEDY_GRANTED})
"""Of a wait for a free colleague: until one of these was told nothing went wrong, and it is in no report."""


def facts_told(events: Sequence[Told]) -> list[ClockFact]:
    """In the order of the trail. A resolution that was undone was no response to anybody."""
    memory, undone = _Memory(), _undone(events)
    return [
        ClockFact(kind, event.at)
        for number, event in enumerate(events)
        for kind in memory.facts_of(event)
        if not (number in undone and kind is FactKind.TOUCHED_BY_PERSON)
    ]


def counted(events: Sequence[Told]) -> Counted:
    """The first event must be the one that logged the ticket."""
    logged = events[0].payload
    said = {"severity": logged["severity"], "owner": logged.get("owner")}
    for event in events:
        if event.tag is Tag.TICKET_CHANGED and event.payload["field"] in said:
            said[event.payload["field"]] = event.payload["after"]
    tags = [event.tag for event in events]
    return Counted(
        site=logged["site"],
        failure=logged["failure"],
        severity=said["severity"],
        owner=int(said["owner"]) if said["owner"] else None,
        promises_kept=tags.count(Tag.PROMISE_KEPT) - sum(_kept_a_promise(events, each) for each in _undone(events)),
        promises_broken=tags.count(Tag.PROMISE_LAPSED),
        in_the_numbers=Tag.TICKET_VOIDED not in tags
        and Source(logged["source"]) not in OUTSIDE_THE_NUMBERS
        and (Tag.WAIT_BEGUN not in tags or any(map(_makes_a_mistake, events))),
    )


def _undone(events: Sequence[Told]) -> frozenset[int]:
    """Places of the resolutions that were taken back a moment later."""
    found, resolved = set[int](), None
    for place, event in enumerate(events):
        if event.tag is Tag.TICKET_RESOLVED:
            resolved = place
        elif event.tag is Tag.TICKET_REOPENED:
            if resolved is not None and event.payload["why"] == UNDO:
                found.add(resolved)
            resolved = None
    return frozenset(found)


def _kept_a_promise(events: Sequence[Told], resolution: int) -> bool:
    """It says so just before. Undone, it has kept none: the promise stands again."""
    before = events[resolution - 1]
    return before.tag is Tag.PROMISE_KEPT and before.payload["how"] == BY_RESOLVING


def _makes_a_mistake(event: Told) -> bool:
    """Whoever was said to be helped by a slip of the thumb, and was not, waits on as before."""
    is_undone = event.tag is Tag.TICKET_REOPENED and event.payload["why"] == UNDO
    return event.tag in MAKES_A_MISTAKE and not is_undone


_ALWAYS: dict[Tag, FactKind] = {
    Tag.TICKET_WAITING: FactKind.WAITING_STARTED,
    Tag.TICKET_RESUMED: FactKind.WAITING_ENDED,
    Tag.TICKET_CONFIRMED: FactKind.CONFIRMED,
    Tag.TICKET_REOPENED: FactKind.REOPENED,
    Tag.TICKET_VOIDED: FactKind.VOIDED,
    Tag.REMEDY_READY: FactKind.REMEDY_READY,
    Tag.REMEDY_FULFILLED: FactKind.REMEDY_READY,  # handed over without a word that it was ready
}


@dataclass(slots=True)
class _Memory:
    """What earlier events said that later ones refer to by id."""

    asked: set[int] = field(default_factory=set)
    automatic: set[int] = field(default_factory=set)

    def facts_of(self, event: Told) -> Iterator[FactKind]:
        tag, payload = event.tag, event.payload
        if tag in _ALWAYS:
            yield _ALWAYS[tag]
        elif tag is Tag.TICKET_LOGGED:
            yield FactKind.LOGGED
            if payload.get("apologised_in_person"):
                yield FactKind.APOLOGISED_IN_PERSON
        elif tag in {Tag.TICKET_TOUCHED, Tag.TICKET_RESOLVED} and event.kind is ActorKind.STAFF:
            yield FactKind.TOUCHED_BY_PERSON
            if tag is Tag.TICKET_RESOLVED:
                yield FactKind.RESOLVED
        elif tag in TELLS_OF_A_TEXT:
            yield from self._of_text(tag, payload)
        else:
            yield from self._of_approval(tag, payload)

    def _of_text(self, tag: Tag, payload: Mapping[str, Any]) -> Iterator[FactKind]:
        message = payload["message"]
        if tag is Tag.TEXT_QUEUED:
            if payload["audience"] == "customer" and payload["template"] != OWN_WORDS:
                self.automatic.add(message)
        elif message in self.automatic and payload.get("found", True):
            yield FactKind.TOUCHED_AUTOMATICALLY

    def _of_approval(self, tag: Tag, payload: Mapping[str, Any]) -> Iterator[FactKind]:
        if tag is Tag.APPROVAL_ASKED:
            self.asked.add(payload["remedy"])
            yield FactKind.APPROVAL_ASKED
        elif payload.get("remedy") in self.asked:
            self.asked.discard(payload["remedy"])
            yield FactKind.APPROVAL_ANSWERED
