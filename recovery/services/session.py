"""The session that services work with: it carries the house's settings, and it refuses a change without its event.

Transactions belong to the edge: nothing in `services` commits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Table, event, insert, inspect
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction
from sqlalchemy.orm.base import PASSIVE_NO_INITIALIZE

from recovery.domain.policy import Policy
from recovery.domain.senders import SIMULATED
from recovery.models.base import Proven
from recovery.models.event import AwaitingAnchor, Event
from recovery.models.site import Site
from recovery.models.ticket import Ticket
from recovery.services.timing import clocks
from recovery.sms.texts import Texts

EVENTS = cast("Table", Event.__table__)
AWAITING_ANCHOR = cast("Table", AwaitingAnchor.__table__)
TELL, MARK = insert(EVENTS), insert(AWAITING_ANCHOR)
"""Made once, as nearly every commit needs them."""
CLAIMS = {"claims": True}
"""Execution option of the few bulk updates that change a delivery state and nothing of the ticket's."""


class UnprovenChange(RuntimeError):
    """A bug of ours: a row of an aggregate was about to change without an event that tells of it."""


@dataclass(frozen=True, slots=True)
class House:
    """What services need to know beside the rows."""

    policy: Policy
    texts: Texts
    secret_key: str = field(repr=False)
    audit_key: bytes = field(repr=False)
    public_url: str
    sender: str
    """The organisation's number or messaging service; see `sender_of`."""
    voice_number: str | None = None
    """What the organisation calls from, E.164; see `voice_of`. None: people dial themselves."""
    finds_machines: bool = False
    """Whether the provider is asked, for a fee, if a voicemail answered."""
    cheap_hashes: bool = False
    anchor_file: Path | None = None
    """Where anchors of the trail are told; None: to the log."""
    reworded: dict[int, tuple[int, Mapping[tuple[str, str], str]]] = field(default_factory=dict, repr=False)
    """Texts in own words by site, each with the stamp that they were read under: see `wording.rewording`."""

    def sender_of(self, site: Site | None) -> str:
        """What texts about a ticket of this site leave from, and whose opt-outs count for them."""
        return (site.sender if site else None) or self.sender

    def voice_of(self, site: Site) -> str | None:
        return site.voice_number or self.voice_number

    def rate_of(self, sender: str) -> int | None:
        """Segments a second that it may carry; None: no limit."""
        return self.policy.rates.of(sender, simulated=self.sender == SIMULATED)


@dataclass(slots=True)
class Tracking:
    """What this transaction changed, what it told of, and the events it made, by stream."""

    touched: set[int] = field(default_factory=set)
    told: dict[int, list[Event]] = field(default_factory=dict)
    unwritten: list[dict[str, Any]] = field(default_factory=list)
    """Rows of events."""
    raised: set[int] = field(default_factory=set)
    """Tickets whose version has been raised already: once per transaction."""
    tickets: dict[int, Ticket] = field(default_factory=dict)
    """Tickets that were told of: their clocks are folded before the commit."""

    def copy(self) -> "Tracking":
        told = {stream: list(events) for stream, events in self.told.items()}
        return Tracking(set(self.touched), told, list(self.unwritten), set(self.raised), dict(self.tickets))


class DeskSession(Session):
    def __init__(self, *args: Any, house: House, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.house = house
        self.tracking = Tracking()
        self.marks: dict[SessionTransaction, Tracking] = {}
        """What was tracked when a savepoint was set."""


def _note_changes(session: DeskSession, *_: Any) -> None:
    changed = (row for row in session.dirty if isinstance(row, Proven) and _is_changed(row))
    for row in (*session.new, *changed, *session.deleted):
        if isinstance(row, Proven) and row.stream_id is not None:
            session.tracking.touched.add(row.stream_id)


def _is_changed(row: Proven) -> bool:
    """As `is_modified` says it, by a look at what was set alone, not at every column."""
    state = inspect(row)
    return any(state.get_history(name, PASSIVE_NO_INITIALIZE).has_changes() for name in list(state.committed_state))


def _write_events(session: DeskSession, *_: Any) -> None:
    """In one statement, beside the unit of work: a log makes five events, and nothing ever changes one."""
    unwritten = session.tracking.unwritten
    if unwritten:
        session.connection().execute(TELL, list(unwritten))
        unwritten.clear()


def _refuse_untold(session: DeskSession) -> None:
    if session.in_nested_transaction():
        return
    session.flush()
    if untold := session.tracking.touched - session.tracking.told.keys():
        raise UnprovenChange(f"changed without an event: streams {sorted(untold)}")
    clocks.refresh(session, session.tracking.tickets.values(), session.tracking.told)
    _mark_for_anchoring(session, [events[-1] for events in session.tracking.told.values()])


def _mark_for_anchoring(session: DeskSession, heads: Sequence[Event]) -> None:
    """By a row of their own, whose key nobody else writes: a mark on the ticket would make anchors and people wait for one another."""
    if heads:
        rows = [{"stream_id": event.stream_id, "seq": event.seq, "at": event.at} for event in heads]
        session.connection().execute(MARK, rows)


def _refuse_bulk(state: ORMExecuteState) -> None:
    if not (state.is_update or state.is_delete) or state.execution_options.get("claims"):
        return
    mapper = state.bind_mapper
    if mapper is not None and issubclass(mapper.class_, Proven):
        raise UnprovenChange(f"a bulk change of {mapper.class_.__name__} tells nobody")


def _mark(session: DeskSession, transaction: SessionTransaction) -> None:
    if transaction.nested:
        session.marks[transaction] = session.tracking.copy()


def _forget(session: DeskSession) -> None:
    if not session.in_nested_transaction():  # a savepoint that is released keeps all that was tracked
        session.tracking = Tracking()
        session.marks.clear()


def _back_to_mark(session: DeskSession, transaction: SessionTransaction) -> None:
    session.tracking = session.marks.pop(transaction, Tracking())


event.listen(DeskSession, "before_flush", _note_changes)
event.listen(DeskSession, "before_flush", _write_events)
event.listen(DeskSession, "before_commit", _refuse_untold)
event.listen(DeskSession, "do_orm_execute", _refuse_bulk)
event.listen(DeskSession, "after_transaction_create", _mark)
event.listen(DeskSession, "after_commit", _forget)
event.listen(DeskSession, "after_soft_rollback", _back_to_mark)


def instant(moment: datetime | None) -> str | None:
    """As events spell a time."""
    return None if moment is None else moment.isoformat(timespec="microseconds")
