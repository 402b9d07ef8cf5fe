"""Recovery times: the same numbers that anybody would get with paper and pencil from the rows."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from recovery.domain.errors import Forbidden, Invalid, NotFound
from recovery.models import TicketClock
from recovery.services.reporting.report_places import slowest_places
from recovery.services.reporting.reports import CLOCKS, causes, recovery_times, tickets_behind, unrecovered
from recovery.services.ticketing.tickets import Change, change, resolve
from tests.factories import NOOR, SAM, Business

KEYS = {
    "failure": lambda row: row["failure"],
    "severity": lambda row: row["severity"],
    "hour_of_week": lambda row: row["hour_of_week"],
    "day": lambda row: row["local_day"],
    "all": lambda _: "all",
}


def resolved_after(business: Business, minutes: int, **more: Any) -> Any:
    ticket = business.log(**more)
    business.later(minutes=minutes)
    business.on(
        ticket,
        lambda session, held, who: resolve(session, held, how=None, now=business.now, by=who),
        by=more.get("by", "maya"),
    )
    business.later(minutes=-minutes)
    return ticket


def report(business: Business, *, by: str = "omar", **wanted: Any) -> dict[str | int, Any]:
    with business.desk.read() as session:
        found = recovery_times(session, by=business.actor(by), **wanted)
    return {group.key: group for group in found.groups}


def test_percentiles_are_times_that_happened(business: Business) -> None:
    for minutes in (5, 10, 20, 40, 300):
        resolved_after(business, minutes)
    (group,) = report(business).values()
    assert (group.key, group.label, group.count) == ("harbour-st", "Harbour St Coffee", 5)
    times = group.clocks["resolved"]
    assert (times.count, times.p50, times.p90, times.p95) == (5, 20 * 60, 300 * 60, 300 * 60)
    assert times.within_target == 4 / 5
    assert group.clocks["auto_response"].within_target is None


def test_a_ticket_that_is_not_resolved_counts_as_a_ticket_and_as_no_time(business: Business) -> None:
    business.log()
    (group,) = report(business).values()
    assert group.count == 1
    assert (group.clocks["resolved"].count, group.clocks["resolved"].p50) == (0, None)
    assert group.promises_kept is None


def test_promises_kept_is_a_share_of_those_that_came_to_their_end(business: Business) -> None:
    resolved_after(business, 5)
    resolved_after(business, 50)
    (group,) = report(business).values()
    assert group.promises_kept == 1 / 2


def test_a_supervisor_reads_their_own_sites_and_an_admin_all(business: Business) -> None:
    business.log()
    business.log(by="nell", site="quay", customer=None)
    assert set(report(business, by="omar")) == {"harbour-st"}
    assert set(report(business, by="nell")) == {"quay"}
    assert set(report(business, by="ada")) == {"harbour-st", "quay"}
    assert set(report(business, by="ada", site="quay")) == {"quay"}


def test_another_site_is_the_same_as_nothing_and_the_frontline_reads_no_reports(business: Business) -> None:
    with pytest.raises(NotFound):
        report(business, by="omar", site="quay")
    with pytest.raises(Forbidden):
        report(business, by="maya")


def test_an_unknown_grouping_is_refused_with_those_that_there_are(business: Business) -> None:
    with pytest.raises(Invalid, match="hour_of_week"):
        report(business, group_by="colour")


def test_days_are_those_of_the_sites_zone_from_the_first_up_to_the_last(business: Business) -> None:
    business.later(hours=-6.5)  # 03:00 in London on the 10th; 23:00 on the 9th in New York
    business.log(by="nell", site="quay", customer=None)
    ninth, tenth = date(2026, 3, 9), date(2026, 3, 10)
    assert set(report(business, by="nell", start=ninth, end=tenth)) == {"quay"}
    assert report(business, by="nell", start=tenth) == {}
    assert report(business, by="nell", end=ninth) == {}


def test_groups_by_person_carry_their_names_and_hours_their_words(business: Business) -> None:
    business.log()
    maya = business.staff("maya")
    (by_person,) = report(business, group_by="staff").values()
    assert (by_person.key, by_person.label) == (str(maya.id), "Maya Okafor")
    (by_hour,) = report(business, group_by="hour_of_week").values()
    assert (by_hour.key, by_hour.label) == (33, "Tue 09:00")


def test_every_number_leads_to_its_tickets_the_slowest_first(business: Business) -> None:
    quick, slow = resolved_after(business, 5), resolved_after(business, 50)
    resolved_after(business, 7, failure="late")
    with business.desk.read() as session:
        omar = business.actor("omar")
        behind = tickets_behind(session, by=omar, group_by="failure", key="wrong_order")
        tail = tickets_behind(session, by=omar, group_by="failure", key="wrong_order", at_least=3000)
        elsewhere = tickets_behind(session, by=business.actor("nell"), group_by="failure", key="wrong_order")
    assert [row.reference for row in behind] == [slow.reference, quick.reference]
    assert [row.reference for row in tail] == [slow.reference]
    assert elsewhere == []


def test_customers_who_still_wait_stand_by_name_the_longest_past_our_promise_first(business: Business) -> None:
    business.log(customer=SAM)
    business.later(minutes=5)
    resolved_after(business, 1, customer=NOOR)
    business.log(customer=NOOR, failure="unsafe")
    with business.desk.read() as session:
        waiting = unrecovered(session, by=business.actor("omar")).items
        elsewhere = unrecovered(session, by=business.actor("nell")).items
    assert [row.customer.name for row in waiting if row.customer] == ["Noor Aziz", "Sam Whitfield"]
    assert elsewhere == []


def test_causes_are_counted_most_frequent_first(business: Business) -> None:
    for cause in ("Sticker machine", "New menu", "Sticker machine"):
        wanted = Change(cause=cause)
        business.on(
            business.log(),
            lambda session, held, maya, wanted=wanted: change(session, held, wanted, now=business.now, by=maya),  # type: ignore[misc]
        )
    with business.desk.read() as session:
        found = causes(session, by=business.actor("omar"))
    assert found == [("Sticker machine", 2), ("New menu", 1)]


SECONDS = st.none() | st.integers(0, 40) | st.integers(0, 10**6)
A_ROW = st.fixed_dictionaries(
    {
        "failure": st.sampled_from(["late", "rude"]),
        "severity": st.sampled_from(["minor", "severe"]),
        "hour_of_week": st.integers(0, 3),
        "local_day": st.sampled_from(["2026-03-08", "2026-03-09", "2026-03-10"]),
        "promises_kept": st.integers(0, 3),
        "promises_broken": st.integers(0, 2),
        **dict.fromkeys(CLOCKS, SECONDS),
    },
)


@given(rows=st.lists(A_ROW, max_size=40), group_by=st.sampled_from(sorted(KEYS)), since=st.booleans())
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_says_what_plain_counting_says(
    business: Business,
    forty: list[int],
    rows: list[dict[str, Any]],
    group_by: str,
    since: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    start = date(2026, 3, 9) if since else None
    _keep(business, forty, rows)
    found = report(business, by="ada", group_by=group_by, start=start)
    counted = [row for row in rows if start is None or row["local_day"] >= start.isoformat()]
    expected = {KEYS[group_by](row) for row in counted}
    assert set(found) == expected
    for key, group in found.items():
        members = [row for row in counted if KEYS[group_by](row) == key]
        assert group.count == len(members)
        assert (group.kept, group.broken) == tuple(
            sum(row[promises] for row in members) for promises in ("promises_kept", "promises_broken")
        )
        for clock in CLOCKS:
            values = sorted(row[clock] for row in members if row[clock] is not None)
            figures = group.clocks[clock]
            assert figures.count == len(values)
            assert (figures.p50, figures.p90, figures.p95) == tuple(_rank(values, p) for p in (50, 90, 95))
            if figures.target is not None:
                assert figures.within == sum(value <= figures.target for value in values)
    _assert_places(business, rows)


def _assert_places(business: Business, rows: list[dict[str, Any]]) -> None:
    with business.desk.read() as session:
        places = {place.failure: place.figures for place in slowest_places(session, by=business.actor("ada"))}
    resolved = {
        failure: sorted(row["resolved"] for row in rows if row["failure"] == failure and row["resolved"] is not None)
        for failure in {row["failure"] for row in rows}
    }
    assert places.keys() == {failure for failure, values in resolved.items() if values}
    for failure, figures in places.items():
        values = resolved[failure]
        assert (figures.count, figures.within) == (len(values), sum(value <= 3600 for value in values))
        assert (figures.p50, figures.p90, figures.p95) == tuple(_rank(values, p) for p in (50, 90, 95))


def test_the_slowest_places_come_first_and_are_the_same_numbers(business: Business) -> None:
    for minutes, failure in ((5, "late"), (9, "late"), (70, "late"), (30, "rude"), (31, "rude")):
        resolved_after(business, minutes, failure=failure, by="omar")
    business.log(failure="late")
    with business.desk.read() as session:
        places = slowest_places(session, by=business.actor("omar"))
        elsewhere = slowest_places(session, by=business.actor("nell"))
    by_failure = report(business, group_by="failure")
    assert [(place.site, place.failure) for place in places] == [("harbour-st", "rude"), ("harbour-st", "late")]
    for place in places:
        assert place.figures == by_failure[place.failure].clocks["resolved"]
    assert elsewhere == []


def _rank(ordered: Sequence[int], percent: int) -> int | None:
    return ordered[math.ceil(percent * len(ordered) / 100) - 1] if ordered else None


@pytest.fixture
def forty(business: Business) -> list[int]:
    """Tickets for rows of clocks to stand on."""
    return [business.log(customer=None, remedies=()).id for _ in range(40)]


def _keep(business: Business, tickets: list[int], rows: list[dict[str, Any]]) -> None:
    site, maya = business.site(), business.staff("maya")
    with business.desk.writing.begin() as connection:
        connection.execute(delete(TicketClock))
        for ticket, row in zip(tickets, rows, strict=False):
            noon = datetime.combine(date.fromisoformat(row["local_day"]), time(12), UTC)
            whole = {"ticket_id": ticket, "site_id": site.id, "staff_id": maya.id, "logged_at": noon, **row}
            connection.execute(insert(TicketClock), whole)
