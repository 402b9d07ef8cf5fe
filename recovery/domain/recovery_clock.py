"""How long a recovery took, as a fold over what happened: one function behind page, board, report, API and export."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from recovery.domain.calendars import Closure, Opening, as_utc
from recovery.domain.special_days import SpecialDay

ONE_SECOND = timedelta(seconds=1)


class OpenTimes(Protocol):
    """A calendar, or the calendars that a site had one after the other."""

    def open_stretches(self, start: datetime, end: datetime) -> list[Opening]: ...

    def closures(self, start: datetime, end: datetime) -> list[Closure]: ...


class FactKind(StrEnum):
    LOGGED = "logged"
    APOLOGISED_IN_PERSON = "apologised_in_person"
    TOUCHED_BY_PERSON = "touched_by_person"
    TOUCHED_AUTOMATICALLY = "touched_automatically"
    APPROVAL_ASKED = "approval_asked"
    APPROVAL_ANSWERED = "approval_answered"  # granted, refused, or no longer needed
    REMEDY_READY = "remedy_ready"
    WAITING_STARTED = "waiting_started"
    WAITING_ENDED = "waiting_ended"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    CONFIRMED = "confirmed"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class ClockFact:
    kind: FactKind
    at: datetime


class Reason(StrEnum):
    """Why a stretch is counted, or is not."""

    OPEN = "open"
    THOUGHT_RESOLVED = "thought_resolved"
    CLOSED = "closed"
    WAITING_FOR_CUSTOMER = "waiting_for_customer"

    @property
    def counted(self) -> bool:
        return self in {Reason.OPEN, Reason.THOUGHT_RESOLVED}

    @property
    def label(self) -> str:
        return REASON_LABELS[self]


REASON_LABELS = {
    Reason.OPEN: "the site was open",
    Reason.THOUGHT_RESOLVED: "we thought that it was resolved",
    Reason.CLOSED: "the site was closed",
    Reason.WAITING_FOR_CUSTOMER: "we were waiting for the customer",
}


@dataclass(frozen=True, slots=True)
class Stretch:
    start: datetime
    end: datetime
    reason: Reason
    special: SpecialDay | None = None
    """The day that shut the site, where its week says that it is open."""

    @property
    def counted(self) -> bool:
        return self.reason.counted

    @property
    def why(self) -> str:
        return self.special.why if self.special else self.reason.label


@dataclass(frozen=True, slots=True)
class Clock:
    """`at` is None until it is reached; the seconds then stand for the time so far. `wait_seconds` is the customer's, never paused."""

    at: datetime | None
    counted_seconds: int
    wait_seconds: int


@dataclass(frozen=True, slots=True)
class ClockReading:
    """All clocks run from `logged_at`, but `authorisation`, which runs while an approval is asked for and unanswered.

    `ended_at` is the last resolution, or the moment it was voided; `stretches` partition [logged_at, ended_at or now].
    `resolved` is the recovery time.
    """

    logged_at: datetime
    ended_at: datetime | None
    voided: bool
    first_response: Clock
    auto_response: Clock
    authorisation: Clock
    remedy_ready: Clock
    resolved: Clock
    confirmed: Clock
    stretches: tuple[Stretch, ...]


def read_clock(facts: Sequence[ClockFact], calendar: OpenTimes, *, now: datetime) -> ClockReading:
    """Fold the facts in the order of the trail, which outranks their times: none counts as earlier than the one before it.

    Raise ValueError when there is no `logged` among them.
    """
    story = _told(facts)
    ended_at = story.reached.get(FactKind.RESOLVED) or story.voided_at
    until = ended_at or max(as_utc(now), story.latest)
    stretches = tuple(_explained(story.phases_until(max(until, story.latest)), calendar))
    dial = _Dial(story.logged_at, until, stretches)
    return ClockReading(
        logged_at=story.logged_at,
        ended_at=ended_at,
        voided=story.voided_at is not None,
        first_response=dial.since_logged(story.reached.get(FactKind.TOUCHED_BY_PERSON)),
        auto_response=dial.since_logged(story.reached.get(FactKind.TOUCHED_AUTOMATICALLY)),
        authorisation=dial.over(story.authorised_at, story.approvals_until(until)),
        remedy_ready=dial.since_logged(story.reached.get(FactKind.REMEDY_READY)),
        resolved=dial.since_logged(story.reached.get(FactKind.RESOLVED)),
        confirmed=dial.since_logged(story.reached.get(FactKind.CONFIRMED)),
        stretches=tuple(_cut(stretches, story.logged_at, until)),
    )


class _Phase(StrEnum):
    WORKING = "working"
    WAITING = "waiting"
    RESOLVED = "resolved"


# What moves between phases, and from which: a second press, or an end without a start, moves nothing.
_MOVES: dict[FactKind, tuple[frozenset[_Phase], _Phase]] = {
    FactKind.WAITING_STARTED: (frozenset({_Phase.WORKING}), _Phase.WAITING),
    FactKind.WAITING_ENDED: (frozenset({_Phase.WAITING}), _Phase.WORKING),
    FactKind.RESOLVED: (frozenset({_Phase.WORKING, _Phase.WAITING}), _Phase.RESOLVED),
    FactKind.REOPENED: (frozenset({_Phase.RESOLVED}), _Phase.WORKING),
}
# The first of each is what its clock stops at; an apology in person is the first response by a person.
_FIRST_OF = {
    FactKind.APOLOGISED_IN_PERSON: FactKind.TOUCHED_BY_PERSON,
    FactKind.TOUCHED_BY_PERSON: FactKind.TOUCHED_BY_PERSON,
    FactKind.TOUCHED_AUTOMATICALLY: FactKind.TOUCHED_AUTOMATICALLY,
    FactKind.REMEDY_READY: FactKind.REMEDY_READY,
    FactKind.CONFIRMED: FactKind.CONFIRMED,
}


def _told(facts: Sequence[ClockFact]) -> "_Story":
    logged = next((fact for fact in facts if fact.kind is FactKind.LOGGED), None)
    if logged is None:
        raise ValueError("A clock starts when the ticket is logged, and nothing says when that was.")
    logged_at = as_utc(logged.at)
    story = _Story(logged_at=logged_at, latest=logged_at, phases=[(logged_at, _Phase.WORKING)])
    for fact in facts:
        if story.voided_at is None:
            story.take(fact.kind, max(as_utc(fact.at), story.latest))
    return story


@dataclass(slots=True)
class _Story:
    logged_at: datetime
    latest: datetime
    phases: list[tuple[datetime, _Phase]]
    reached: dict[FactKind, datetime] = field(default_factory=dict)
    approvals_asked: int = 0
    approval_since: datetime | None = None
    approvals: list[tuple[datetime, datetime]] = field(default_factory=list)
    voided_at: datetime | None = None

    def take(self, kind: FactKind, at: datetime) -> None:
        self.latest = at
        if kind in _FIRST_OF:
            self.reached.setdefault(_FIRST_OF[kind], at)
        elif kind in _MOVES:
            self._move(kind, at)
        elif kind is FactKind.APPROVAL_ASKED:
            self.approvals_asked += 1
            self.approval_since = self.approval_since or at
        elif kind is FactKind.APPROVAL_ANSWERED:
            self._answer_approval(at)
        elif kind is FactKind.VOIDED:
            self.voided_at = at

    def _move(self, kind: FactKind, at: datetime) -> None:
        sources, target = _MOVES[kind]
        if self.phases[-1][1] not in sources:
            return
        self.phases.append((at, target))
        if target is _Phase.RESOLVED:
            self.reached[FactKind.RESOLVED] = at
        elif kind is FactKind.REOPENED:
            self.reached.pop(FactKind.RESOLVED, None)
            self.reached.pop(FactKind.CONFIRMED, None)

    def _answer_approval(self, at: datetime) -> None:
        self.approvals_asked = max(self.approvals_asked - 1, 0)
        if self.approval_since and not self.approvals_asked:
            self.approvals.append((self.approval_since, at))
            self.approval_since = None

    @property
    def authorised_at(self) -> datetime | None:
        return self.approvals[-1][1] if self.approvals and not self.approval_since else None

    def approvals_until(self, until: datetime) -> list[tuple[datetime, datetime]]:
        pending = [(self.approval_since, max(until, self.approval_since))] if self.approval_since else []
        return self.approvals + pending

    def phases_until(self, end: datetime) -> Iterator[tuple[datetime, datetime, _Phase]]:
        ends = [start for start, _ in self.phases[1:]] + [end]
        for (start, phase), phase_end in zip(self.phases, ends, strict=True):
            yield start, phase_end, phase


_REASON_WHILE_OPEN = {
    _Phase.WORKING: Reason.OPEN,
    _Phase.WAITING: Reason.WAITING_FOR_CUSTOMER,
    _Phase.RESOLVED: Reason.THOUGHT_RESOLVED,
}


def _explained(phases: Iterable[tuple[datetime, datetime, _Phase]], calendar: OpenTimes) -> list[Stretch]:
    stretches: list[Stretch] = []
    for start, end, phase in phases:
        closures = calendar.closures(start, end)
        at = start
        for opens, closes in calendar.open_stretches(start, end):
            _extend_shut(stretches, at, opens, closures)
            _extend(stretches, opens, closes, _REASON_WHILE_OPEN[phase])
            at = closes
        _extend_shut(stretches, at, end, closures)
    return stretches


def _extend_shut(stretches: list[Stretch], start: datetime, end: datetime, closures: Iterable[Closure]) -> None:
    for shuts, opens, day in closures:
        if start <= shuts and opens <= end:  # whatever a special day shuts lies between two openings
            _extend(stretches, start, shuts, Reason.CLOSED)
            _extend(stretches, shuts, opens, Reason.CLOSED, day)
            start = opens
    _extend(stretches, start, end, Reason.CLOSED)


def _extend(
    stretches: list[Stretch], start: datetime, end: datetime, reason: Reason, special: SpecialDay | None = None
) -> None:
    if start >= end:
        return
    if stretches and (stretches[-1].reason, stretches[-1].special) == (reason, special):
        start = stretches.pop().start
    stretches.append(Stretch(start, end, reason, special))


@dataclass(frozen=True, slots=True)
class _Dial:
    logged_at: datetime
    until: datetime
    stretches: tuple[Stretch, ...]

    def since_logged(self, at: datetime | None) -> Clock:
        return self.over(at, [(self.logged_at, at or self.until)])

    def over(self, at: datetime | None, spans: Iterable[tuple[datetime, datetime]]) -> Clock:
        wait = counted = timedelta()
        for start, end in spans:
            wait += end - start
            counted += sum(
                (part.end - part.start for part in _cut(self.stretches, start, end) if part.counted), timedelta()
            )
        return Clock(at, counted // ONE_SECOND, wait // ONE_SECOND)


def _cut(stretches: Iterable[Stretch], start: datetime, end: datetime) -> Iterator[Stretch]:
    for part in stretches:
        if part.start < end and part.end > start:
            yield replace(part, start=max(part.start, start), end=min(part.end, end))
