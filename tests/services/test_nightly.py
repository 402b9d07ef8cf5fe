"""Once a day the figures are counted anew and the changed chains are proved, a piece at a time; what is found is seen."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select, text, update

from config.settings import Settings
from recovery.bootstrap import Components, build
from recovery.clock import FrozenClock
from recovery.models import JobRun, Promise, Ticket
from recovery.services.access import visible_site
from recovery.services.people.sites import change_site
from recovery.services.proving import nightly
from recovery.services.proving.nightly import Check, last_check
from recovery.services.running import measures
from recovery.services.running.doctor import examine
from recovery.services.running.health import BAD, LOOK, WELL
from recovery.services.ticketing.tickets import resolve
from tests.factories import HARBOUR, LEE, NOOR, SAM, Business
from tests.services.tampering import tamper


def a_night(business: Business) -> Check:
    """All pieces of the check that is due."""
    for _ in range(50):
        nightly.check(business.desk, business.now)
    with business.desk.read() as session:
        found = last_check(session, now=business.now)
    assert found is not None
    return found


def seen(business: Business) -> tuple[str, str]:
    with business.desk.read() as session:
        return next((c.state, c.words) for c in examine(session, now=business.now) if c.what == "Nightly check")


def metric(business: Business) -> dict[tuple[str, ...], float]:
    with business.desk.read() as session:
        gauges = measures.gauges(session, now=business.now)
    return dict(next(gauge.values for gauge in gauges if gauge.name == "recovery_desk_check_found"))


def spoil(business: Business, statement: str, ticket: Ticket) -> None:
    tamper(business, lambda connection: connection.execute(text(statement), {"id": ticket.id}))


@pytest.fixture
def tickets(business: Business) -> list[Ticket]:
    made = [business.log(customer=customer) for customer in (SAM, NOOR, LEE)]
    business.tick("anchor")
    return made


def test_a_sound_desk_is_found_sound_once_a_day(business: Business, tickets: list[Ticket], clock: FrozenClock) -> None:
    assert metric(business) == {}
    found = a_night(business).found
    assert (found.tickets, found.wrong, found.broken) == (3, 0, 0)
    assert found.chains == 3 + 4 + 1, "tickets, people, settings"
    assert seen(business)[0] == WELL
    assert metric(business) == {("broken_chains",): 0.0, ("wrong_figures",): 0.0, ("silent_tickets",): 0.0}
    for _ in range(3):
        clock.advance(hours=5)
        assert nightly.check(business.desk, business.now) == 0, "the day ends at three in the morning"
    with business.desk.read() as session:
        assert session.scalars(select(JobRun.period)).all() == ["2026-03-10"]
    clock.advance(hours=3)
    a_night(business)
    with business.desk.read() as session:
        assert session.scalars(select(JobRun.period).order_by(JobRun.period)).all() == ["2026-03-10", "2026-03-11"]


def test_a_figure_that_the_events_do_not_give_is_found(business: Business, tickets: list[Ticket]) -> None:
    spoil(business, "UPDATE ticket_clocks SET promises_kept = 7 WHERE ticket_id = :id", tickets[1])
    found = a_night(business).found
    assert (found.wrong, found.broken, found.where) == (1, 0, tickets[1].reference)
    state, words = seen(business)
    assert state == BAD
    assert "promises kept 7" in words
    assert tickets[1].reference in words
    assert metric(business)[("wrong_figures",)] == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET payload = replace(payload, 'wrong_order', 'rude') WHERE stream_id = :id AND seq = 1",
        "DELETE FROM events WHERE stream_id = :id AND seq = 3",
        "UPDATE tickets SET event_seq = event_seq + 1 WHERE id = :id",
    ],
)
def test_a_chain_that_was_tampered_with_is_found_and_stays_found(
    business: Business, tickets: list[Ticket], clock: FrozenClock, statement: str
) -> None:
    spoil(business, statement, tickets[0])
    assert a_night(business).found.broken > 0
    assert seen(business)[0] == BAD
    clock.advance(days=1)
    assert a_night(business).found.broken > 0, "nothing was mended overnight"
    assert metric(business)[("broken_chains",)] > 0


def test_a_chain_is_proved_again_when_it_has_changed(
    business: Business, tickets: list[Ticket], clock: FrozenClock
) -> None:
    a_night(business)
    clock.advance(days=1)
    business.log(customer=SAM)
    business.tick("anchor")
    found = a_night(business).found
    assert found.tickets == 4
    assert found.chains == 1, "the others have not changed since"


def test_a_ticket_that_went_with_its_events_is_missed_by_the_anchor(business: Business, tickets: list[Ticket]) -> None:
    for statement in (
        "DELETE FROM ticket_clocks WHERE ticket_id = :id",
        "DELETE FROM tickets WHERE id = :id",
        "DELETE FROM events WHERE stream_id = :id",
    ):
        spoil(business, statement, tickets[2])
    assert a_night(business).found.where.startswith("the anchor of ")


def test_it_goes_a_piece_at_a_time_and_another_worker_goes_on(business: Business, tickets: list[Ticket]) -> None:
    states = []
    while True:
        nightly.check(business.desk, business.now)
        with business.desk.read() as session:
            row = session.scalars(select(JobRun)).one()
        states.append(row.state)
        if row.ended_at is not None:
            break
    assert len(states) == len(set(states)) > 3, "begun, tickets, chains, over"


def test_two_workers_at_the_same_piece_count_it_once(
    business: Business, tickets: list[Ticket], settings: Settings
) -> None:
    desks = [build(settings, clock=business.desk.clock) for _ in range(2)]

    def check(desk: Components) -> int:
        return sum(nightly.check(desk, desk.clock.now()) for _ in range(20))

    with ThreadPoolExecutor() as workers:
        looked_at = sum(workers.map(check, desks))
    for desk in desks:
        desk.dispose()
    assert looked_at == 3 + 8
    found = a_night(business).found
    assert (found.tickets, found.chains) == (3, 8)


def test_a_night_without_a_check_is_seen(business: Business, clock: FrozenClock) -> None:
    assert seen(business)[0] == WELL
    a_night(business)
    clock.advance(days=2, seconds=1)
    assert seen(business)[0] == LOOK


def test_new_opening_hours_make_no_old_figure_wrong(business: Business, tickets: list[Ticket]) -> None:
    ada = business.actor("ada")
    business.later(hours=1)
    business.on(tickets[0], lambda session, mine, by: resolve(session, mine, how=None, now=business.now, by=by))
    business.later(days=1)
    with business.desk.write() as session:
        afternoons = replace(HARBOUR, hours="mon-sun 14:00-15:00")
        change_site(session, visible_site(session, "harbour-st", by=ada), afternoons, now=business.now, by=ada)
    assert a_night(business).found.wrong == 0


def test_an_open_ticket_that_is_left_to_itself_is_found(business: Business) -> None:
    ticket = business.log()
    assert a_night(business).found.silent == 0
    with business.desk.writing.begin() as connection:  # as no service would
        connection.execute(
            update(Promise.__table__)
            .where(Promise.ticket_id == ticket.id)
            .values(outcome="replaced", ended_at=business.now)
        )
    business.later(days=1)
    found = a_night(business).found
    assert (found.silent, found.where) == (1, ticket.reference)
    assert seen(business)[0] == BAD
