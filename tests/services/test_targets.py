"""What a ticket is measured by: the most specific target that its site had when it was logged."""

from typing import Any

import pytest
from sqlalchemy import select

from recovery.domain.errors import Forbidden, Invalid
from recovery.domain.targets import EVERYTHING, Kind
from recovery.domain.tickets import Severity
from recovery.models import Event, Site, TargetRow
from recovery.services.reporting.report_places import slowest_places
from recovery.services.reporting.reports import recovery_times, tickets_behind
from recovery.services.ticketing.tickets import Change, change
from recovery.services.timing.targets import own_targets, set_target, targets_of
from tests.factories import Business
from tests.services.test_reports import resolved_after

RESOLVED = "resolved"
BOTH, ORDER, SEVERE = Kind("wrong_order", "severe"), Kind("wrong_order"), Kind(severity="severe")


def put(
    business: Business,
    kind: Kind,
    minutes: int | None,
    *,
    clock: str = RESOLVED,
    site: str = "harbour-st",
    by: str = "ada",
) -> bool:
    business.later(seconds=1)
    return business.desk.transact(
        lambda session: set_target(
            session,
            session.get_one(Site, business.site(site).id),
            kind,
            clock,
            minutes,
            now=business.now,
            by=business.actor(by),
        )
    )


def minutes_of(business: Business, ticket: Any, clock: str = RESOLVED) -> int:
    with business.desk.read() as session:
        return targets_of(session, business.again(ticket))[clock] // 60


def test_the_most_specific_wins_and_a_site_comes_before_the_house(business: Business) -> None:
    for kind, minutes in ((EVERYTHING, 50), (SEVERE, 40), (ORDER, 30), (BOTH, 20)):
        put(business, kind, minutes)
    logged = {
        (failure, severity): business.log(failure=failure, severity=severity)
        for failure in ("wrong_order", "late")
        for severity in (Severity.MINOR, Severity.SEVERE)
    }
    assert {kind: minutes_of(business, ticket) for kind, ticket in logged.items()} == {
        ("wrong_order", "severe"): 20,
        ("wrong_order", "minor"): 30,
        ("late", "severe"): 40,
        ("late", "minor"): 50,
    }
    elsewhere = business.log(site="quay", by="nell", customer=None)
    assert minutes_of(business, elsewhere) == 60
    assert minutes_of(business, elsewhere, "first_response") == 15


def test_the_house_may_say_it_for_a_failure_and_the_site_only_in_general(business: Business) -> None:
    house = business.desk.house.policy.targets
    more = {ORDER: {RESOLVED: 10}, SEVERE: {RESOLVED: 25}}
    business.set_policy(targets=type(house)({**house.by_kind, **more}))
    put(business, EVERYTHING, 90)
    assert minutes_of(business, business.log(severity=Severity.SEVERE)) == 10
    assert minutes_of(business, business.log(failure="late", severity=Severity.SEVERE)) == 25
    assert minutes_of(business, business.log(failure="late")) == 90


def test_a_change_measures_nothing_that_was_logged_before_it(business: Business) -> None:
    before = business.log()
    put(business, EVERYTHING, 5)
    between = business.log()
    put(business, EVERYTHING, None)
    after = business.log()
    assert [minutes_of(business, each) for each in (before, between, after)] == [60, 5, 60]


def test_a_ticket_that_turns_out_severe_is_measured_as_severe(business: Business) -> None:
    put(business, SEVERE, 10)
    ticket = business.log()
    assert minutes_of(business, ticket) == 60
    wanted = Change(severity=Severity.SEVERE)
    business.on(ticket, lambda session, held, maya: change(session, held, wanted, now=business.now, by=maya))
    assert minutes_of(business, ticket) == 10


def test_reports_count_each_ticket_against_its_own_target(business: Business) -> None:
    resolved_after(business, 50)
    put(business, ORDER, 10)
    put(business, SEVERE, 45)
    within = resolved_after(business, 9)
    passed = resolved_after(business, 30)
    severe = resolved_after(business, 50, failure="late", severity=Severity.SEVERE)
    resolved_after(business, 50, failure="late")
    resolved_after(business, 50, by="nell", site="quay", customer=None)
    put(business, ORDER, None)
    resolved_after(business, 30)
    with business.desk.read() as session:
        ada = business.actor("ada")
        found = {group.key: group.clocks[RESOLVED] for group in recovery_times(session, by=ada).groups}
        (total,) = recovery_times(session, by=ada, group_by="all").groups
        by_failure = {each.key: each for each in recovery_times(session, by=ada, group_by="failure").groups}
        behind = tickets_behind(session, by=ada, beyond=True)
        places = {(place.site, place.failure): place.figures for place in slowest_places(session, by=ada)}
    assert (found["harbour-st"].within, found["harbour-st"].count) == (4, 6)
    assert found["harbour-st"].target is None
    assert (found["quay"].within, found["quay"].target) == (1, 3600)
    assert (total.clocks[RESOLVED].within, total.clocks[RESOLVED].within_target) == (5, 5 / 7)
    assert by_failure["late"].clocks[RESOLVED].within == 1
    assert (by_failure["late"].clocks["first_response"].target, by_failure["late"].clocks["auto_response"].target) == (
        900,
        None,
    )
    assert [row.reference for row in behind] == [severe.reference, passed.reference]
    assert within.reference not in {row.reference for row in behind}
    assert {place: figures.within for place, figures in places.items()} == {
        ("harbour-st", "wrong_order"): 3,
        ("harbour-st", "late"): 1,
        ("quay", "wrong_order"): 1,
    }


def test_one_target_for_all_is_told_as_one(business: Business) -> None:
    put(business, EVERYTHING, 60)
    resolved_after(business, 5)
    with business.desk.read() as session:
        (group,) = recovery_times(session, by=business.actor("omar")).groups
    assert (group.clocks[RESOLVED].target, group.clocks[RESOLVED].within_target) == (3600, 1)


def test_each_change_is_told_once_and_what_is_so_already_is_none(business: Business) -> None:
    assert put(business, BOTH, 20)
    assert not put(business, BOTH, 20)
    assert put(business, BOTH, 25)
    assert put(business, BOTH, None)
    assert not put(business, BOTH, None)
    with business.desk.read() as session:
        told = session.scalars(select(Event).where(Event.tag == "settings:target:changed").order_by(Event.seq)).all()
        assert len(session.scalars(select(TargetRow)).all()) == 3
        assert own_targets(session, business.site(), now=business.now) == {}
    assert {(event.actor_id, event.site_id) for event in told} == {(business.staff("ada").id, business.site().id)}
    assert '"clock":"resolved","failure":"wrong_order","minutes":25,"severity":"severe"' in told[1].payload
    assert '"was":20' in told[1].payload


def test_only_an_admin_sets_one_and_only_what_there_is(business: Business) -> None:
    with pytest.raises(Forbidden):
        put(business, BOTH, 20, by="omar")
    for kind, clock, minutes in (
        (Kind("colour"), RESOLVED, 5),
        (Kind(severity="mild"), RESOLVED, 5),
        (EVERYTHING, "solved", 5),
        (EVERYTHING, RESOLVED, 0),
        (EVERYTHING, RESOLVED, 10**9),
    ):
        with pytest.raises(Invalid):
            put(business, kind, minutes, clock=clock)
