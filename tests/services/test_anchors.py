"""The chain of anchors holds whoever makes them, whatever their clocks say, and however old what they cover claims to be."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Connection, delete, select

from config.settings import Settings
from recovery.bootstrap import Components, build
from recovery.clock import FrozenClock
from recovery.models import Anchor, AwaitingAnchor, Event, Ticket, TicketClock
from recovery.services.proving import anchors
from recovery.services.proving.audit import Verdict, verify
from recovery.services.running.doctor import examine
from recovery.services.running.health import BAD, WELL
from tests.factories import NOOR, SAM, Business
from tests.services.tampering import tamper


def verdict_of(business: Business) -> Verdict:
    with business.desk.read() as session:
        return verify(session, business.desk.house.audit_key)


def uncovered(business: Business) -> set[tuple[int, int]]:
    """Heads of chains that no anchor names, found without any of the marks that the product goes by."""
    with business.desk.read() as session:
        named: dict[int, int] = {}
        for anchor in session.scalars(select(Anchor)):
            for stream, (seq, _) in json.loads(anchor.heads).items():
                named[int(stream)] = max(seq, named.get(int(stream), 0))
        events = session.execute(select(Event.stream_id, Event.seq)).all()
    return {(stream, seq) for stream, seq in events if seq > named.get(stream, 0)}


def trail_check(business: Business) -> tuple[str, str]:
    with business.desk.read() as session:
        return next((each.state, each.words) for each in examine(session, now=business.now) if each.what == "Trail")


def test_a_worker_that_took_the_time_before_another_anchored_follows_it(business: Business) -> None:
    business.log()
    earlier = business.now
    business.later(milliseconds=40)
    anchors.anchor(business.desk, business.now)
    business.log(customer=NOOR)
    assert anchors.anchor(business.desk, earlier) == 1
    assert verdict_of(business).ok, verdict_of(business).first_break
    for _ in range(3):
        business.later(minutes=5)
        business.log()
        assert business.tick("anchor") == 1
    assert verdict_of(business).ok, verdict_of(business).first_break
    assert uncovered(business) == set()


def test_a_clock_that_was_set_back_leaves_nothing_unanchored(business: Business, clock: FrozenClock) -> None:
    """And an anchor that is dated in the future holds up none of those after it."""
    clock.advance(days=400)
    business.log()
    assert business.tick("anchor") == 1
    clock.set(clock.now() - timedelta(days=400))
    for customer in (SAM, NOOR):
        business.log(customer=customer)
        assert business.tick("anchor") == 1
        business.later(minutes=5)
    assert uncovered(business) == set()
    assert verdict_of(business).ok, verdict_of(business).first_break
    assert trail_check(business) == (WELL, "Every event is anchored.")


def test_what_is_written_with_an_older_time_is_anchored_like_anything_else(business: Business) -> None:
    business.log()
    business.tick("anchor")
    business.later(days=-30)
    business.log()
    business.later(days=31)
    assert business.tick("anchor") == 1
    assert uncovered(business) == set()


def test_what_was_undone_is_not_waited_for(business: Business) -> None:
    with pytest.raises(ZeroDivisionError):
        business.on(business.log(), lambda *_: 1 / 0)
    business.tick("anchor")
    with business.desk.read() as session:
        assert session.scalars(select(AwaitingAnchor)).all() == []
    assert business.tick("anchor") == 0


def test_workers_that_anchor_at_once_make_one_chain(business: Business, settings: Settings) -> None:
    """Each with a clock of its own, and tickets logged all the while."""
    desks = [build(settings, clock=FrozenClock(business.now - timedelta(seconds=apart))) for apart in (0, 3, 90)]
    enough = threading.Event()

    def keep_anchoring(desk: Components) -> int:
        made = 0
        while not enough.is_set():
            made += anchors.anchor(desk, desk.clock.now())
        return made

    with ThreadPoolExecutor() as workers:
        at_work = [workers.submit(keep_anchoring, desk) for desk in desks]
        try:
            for _ in range(12):
                business.log()
                business.later(seconds=1)
        finally:
            enough.set()
        made = sum(worker.result() for worker in at_work)
    made += anchors.anchor(business.desk, business.now)
    for desk in desks:
        desk.dispose()
    assert made > 2
    assert verdict_of(business).ok, verdict_of(business).first_break
    assert uncovered(business) == set()


def test_more_chains_than_one_anchor_holds_are_spread_over_several(business: Business) -> None:
    for customer in (SAM, NOOR, SAM, NOOR):
        business.log(customer=customer)
    lines = business.desk.transact(lambda session: anchors.make_anchors(session, now=business.now, heads=3))
    assert len(lines) == 3, "four tickets, four people and the settings"
    assert uncovered(business) == set()
    assert verdict_of(business).ok, verdict_of(business).first_break


def test_an_event_deleted_before_an_anchor_saw_it_is_missed(business: Business) -> None:
    """Together with its ticket: nothing else would know that it ever was."""
    ticket = business.log()
    business.tick("anchor")
    later = business.log(customer=NOOR)
    tamper(business, lambda connection: _delete(connection, later))
    business.tick("anchor")
    broken = verdict_of(business).first_break
    assert broken is not None
    assert str(later.id) in broken.where
    assert str(ticket.id) not in broken.where


def test_anchors_that_nothing_leads_to_are_found(business: Business) -> None:
    for _ in range(3):
        business.log()
        business.tick("anchor")
        business.later(minutes=5)
    with business.desk.read() as session:
        middle = session.scalars(select(Anchor.id).order_by(Anchor.id)).all()[1]
    tamper(business, lambda connection: connection.execute(delete(Anchor.__table__).where(Anchor.id == middle)))
    broken = verdict_of(business).first_break
    assert broken is not None
    assert broken.where.startswith("the anchor of ")


def test_doctor_goes_by_what_waits_and_not_by_how_long_it_was_quiet(business: Business) -> None:
    business.tick("anchor")
    business.later(hours=3)
    business.log()
    assert trail_check(business) == (WELL, "The next anchor is due.")
    business.later(minutes=16)
    assert trail_check(business)[0] == BAD
    business.tick("anchor")
    assert trail_check(business) == (WELL, "Every event is anchored.")


def _delete(connection: Connection, ticket: Ticket) -> None:
    """All that the trail and the proof go by."""
    connection.execute(delete(TicketClock.__table__).where(TicketClock.ticket_id == ticket.id))
    connection.execute(delete(Ticket.__table__).where(Ticket.id == ticket.id))
    connection.execute(delete(Event.__table__).where(Event.stream_id == ticket.id))
