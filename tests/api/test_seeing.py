"""Boards, trail, clocks, reports, people and sites by API."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.api.calling import LOGGED, Desk, refused
from tests.factories import shut


def test_the_board_has_the_worst_first(desk: Desk) -> None:
    desk.log(failure="late")
    severe = desk.log(failure="other", severity="severe")["reference"]
    resolved = desk.log()["reference"]
    desk.done("maya", "POST", f"/tickets/{resolved}/resolution")
    desk.business.later(minutes=6)
    board = desk.done("maya", "GET", "/board")
    assert board["waiting"] == {"all": 2, "late": 1}
    assert board["items"][0]["reference"] == severe
    assert len(board["items"]) == 2
    first = desk.done("maya", "GET", "/board?limit=1&site=harbour-st")
    second = desk.done("maya", "GET", f"/board?limit=1&cursor={first['next_cursor']}")
    assert [each["reference"] for each in (*first["items"], *second["items"])] == [
        each["reference"] for each in board["items"]
    ]
    assert desk.done("nell", "GET", "/board") == {"waiting": {"all": 0, "late": 0}, "items": [], "next_cursor": None}


def test_who_nobody_has_stands_on_the_undetected_board_with_why(desk: Desk) -> None:
    missed, seen = desk.log()["reference"], desk.log()["reference"]
    desk.done("maya", "POST", f"/tickets/{missed}/callbacks", {})
    desk.business.later(minutes=11)
    desk.business.tick("callbacks missed")
    (row,) = desk.done("maya", "GET", "/undetected")["items"]
    assert (row["reference"], row["reasons"]) == (missed, ["missed_callback"])
    assert seen != missed
    assert [each["reference"] for each in desk.done("maya", "GET", "/tickets?undetected=true")["items"]] == [missed]


@pytest.mark.parametrize(
    "path", ["/tickets", "/board", "/undetected", "/callbacks", "/staff", "/callbacks/slots", "/reports/recovery-times"]
)
def test_a_list_of_a_site_that_is_not_ones_own_is_not_there(small_desk: Desk, path: str) -> None:
    for slug in ("nowhere", "quay"):
        refused(small_desk.call("omar", "GET", f"{path}?site={slug}"), 404)
    assert small_desk.call("omar", "GET", f"{path}?site=harbour-st").status_code == 200


@pytest.mark.parametrize(
    ("path", "key"), [("/staff", "id"), ("/sites", "slug"), ("/callbacks/slots?site=harbour-st", "due_at")]
)
def test_short_lists_come_in_pages_too(small_desk: Desk, path: str, key: str) -> None:
    def asking(**more: Any) -> str:
        return f"{path}{'&' if '?' in path else '?'}{urlencode(more)}"

    whole = small_desk.done("ada", "GET", asking(limit=200))["items"]
    first = small_desk.done("ada", "GET", asking(limit=1))
    rest = small_desk.done("ada", "GET", asking(limit=199, cursor=first["next_cursor"]))
    assert len(first["items"]) == 1 < len(whole)
    assert [each[key] for each in first["items"] + rest["items"]] == [each[key] for each in whole]
    refused(small_desk.call("ada", "GET", asking(cursor="MDoxMjM")), 422, "none of ours")
    refused(small_desk.call("ada", "GET", asking(limit=201)), 422)


def test_known_customers_come_in_pages_too(small_desk: Desk) -> None:
    small_desk.log()
    small_desk.done("ada", "POST", "/tickets", LOGGED | {"site": "quay", "customer": {"phone": "+447700900123"}})
    first = small_desk.done("ada", "GET", "/customers?phone=%2B447700900123&limit=1")
    rest = small_desk.done("ada", "GET", f"/customers?phone=%2B447700900123&cursor={first['next_cursor']}")
    assert [each["site"] for each in (*first["items"], *rest["items"])] == ["harbour-st", "quay"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("span", ["from=2026-03-11&to=2026-03-10", "from=2026-03-10&to=2026-03-10"])
def test_a_report_over_no_time_at_all_is_refused(small_desk: Desk, span: str) -> None:
    problem = refused(small_desk.call("omar", "GET", f"/reports/recovery-times?{span}"), 422, "span is empty")
    assert list(problem["errors"]) == ["to"]


@pytest.mark.parametrize("span", ["to=9999-12-31", "from=0001-01-01"])
def test_a_report_beyond_the_calendar_is_refused(small_desk: Desk, span: str) -> None:
    problem = refused(small_desk.call("omar", "GET", f"/reports/recovery-times?{span}"), 422, "")
    assert problem["errors"] == {span.partition("=")[0]: ["Send a date of this century."]}


def test_an_approval_that_nobody_is_left_to_answer_is_undetected(desk: Desk) -> None:
    logged = desk.done("maya", "POST", "/tickets", LOGGED | {"remedies": [{"kind": "refund", "amount": 4500}]})
    for _ in range(3):
        desk.business.later(minutes=10)
        desk.business.tick("approvals overdue")
    (row,) = desk.done("maya", "GET", "/undetected")["items"]
    assert (row["reference"], row["reasons"]) == (logged["reference"], ["unanswered_approval"])


def test_the_trail_is_chained(desk: Desk) -> None:
    reference = desk.log()["reference"]
    events = desk.done("maya", "GET", f"/tickets/{reference}/events")["items"]
    assert [each["seq"] for each in events] == list(range(1, len(events) + 1))
    assert events[0]["tag"] == "ticket:ticket:logged"
    assert events[0]["what"] == "ticket logged"
    assert events[0]["by"]["name"] == "Maya Okafor"
    assert events[0]["payload"]["site"] == str(desk.business.site().id)
    (promised,) = [each["payload"] for each in events if each["tag"] == "ticket:promise:made"]
    assert promised["due_at"] == "2026-03-10T09:45:00Z"
    first = desk.done("maya", "GET", f"/tickets/{reference}/events?limit=2")
    rest = desk.done("maya", "GET", f"/tickets/{reference}/events?cursor={first['next_cursor']}")
    assert [*first["items"], *rest["items"]] == events


def test_the_clock_explains_itself(desk: Desk) -> None:
    reference = desk.log(apologised_in_person=True)["reference"]
    desk.business.later(minutes=14)
    desk.done("maya", "POST", f"/tickets/{reference}/resolution")
    clock = desk.done("maya", "GET", f"/tickets/{reference}/clock")
    assert clock["first_response"] == {
        "at": "2026-03-10T09:30:00Z",
        "counted_seconds": 0,
        "wait_seconds": 0,
        "target_seconds": 15 * 60,
    }
    assert clock["resolved"]["counted_seconds"] == 14 * 60
    assert [(each["counted"], each["why"]) for each in clock["stretches"]] == [(True, "the site was open")]


def test_the_clock_names_the_special_day_that_shut_the_site(small_desk: Desk) -> None:
    shut(small_desk.business, "2026-03-11", "Founders' Day")
    reference = small_desk.log()["reference"]
    small_desk.business.later(days=2)
    for who in ("maya", "omar", "ada"):
        clock = small_desk.done(who, "GET", f"/tickets/{reference}/clock")
        assert [(each["reason"], each["counted"], each["why"], each["special_day"]) for each in clock["stretches"]] == [
            ("open", True, "the site was open", None),
            ("closed", False, "shut: Founders' Day", {"day": "2026-03-11", "name": "Founders' Day"}),
            ("open", True, "the site was open", None),
        ]
        counted = {"counted_seconds": 24 * 3600, "wait_seconds": 48 * 3600}
        assert clock["resolved"] == {"at": None, **counted, "target_seconds": 3600}


def test_recovery_times_are_reported_to_supervisors(desk: Desk) -> None:
    for minutes in (10, 20, 30):
        reference = desk.log()["reference"]
        desk.business.later(minutes=minutes)
        desk.done("maya", "POST", f"/tickets/{reference}/resolution")
    refused(desk.call("maya", "GET", "/reports/recovery-times"), 403)
    (group,) = desk.done("omar", "GET", "/reports/recovery-times?from=2026-03-10&to=2026-03-11")["groups"]
    assert (group["key"], group["count"]) == ("harbour-st", 3)
    assert group["clocks"]["resolved"] == {
        "count": 3,
        "p50": 1200,
        "p90": 1800,
        "p95": 1800,
        "within_target": 1.0,
        "target": 3600,
    }
    by_hour = desk.done("omar", "GET", "/reports/recovery-times?group_by=hour_of_week")["groups"]
    assert [each["key"] for each in by_hour] == [33, 34]
    assert desk.done("omar", "GET", "/reports/recovery-times?from=2026-03-11")["groups"] == []
    refused(desk.call("omar", "GET", "/reports/recovery-times?from=soon"), 422, "Send a date")
    refused(desk.call("omar", "GET", "/reports/recovery-times?group_by=colour"), 422, "Choose one of")
    refused(desk.call("omar", "GET", "/reports/recovery-times?site=quay"), 404)


def test_a_token_knows_whose_it_is(small_desk: Desk) -> None:
    me = small_desk.done("maya", "GET", "/staff/me")
    assert me == {
        "id": str(small_desk.business.staff("maya").id),
        "name": "Maya Okafor",
        "email": "maya@example.com",
        "role": "frontline",
        "sites": ["harbour-st"],
        "scopes": ["approve", "read", "write"],
        "permissions": ["log", "see", "signed_in", "work"],
    }


def test_people_and_sites_are_those_of_ones_own_sites(small_desk: Desk) -> None:
    assert [each["slug"] for each in small_desk.done("maya", "GET", "/sites")["items"]] == ["harbour-st"]
    assert [each["slug"] for each in small_desk.done("ada", "GET", "/sites")["items"]] == ["harbour-st", "quay"]
    names = [each["name"] for each in small_desk.done("maya", "GET", "/staff")["items"]]
    assert names == ["Ada Lind", "Maya Okafor", "Omar Haddad"]
    assert [each["name"] for each in small_desk.done("nell", "GET", "/staff")["items"]] == ["Ada Lind", "Nell Ruiz"]


def test_a_known_customer_comes_back_by_number(desk: Desk) -> None:
    reference = desk.log()["reference"]
    (sam,) = desk.done("maya", "GET", "/customers?phone=07700 900123")["items"]
    assert sam == {
        "site": "harbour-st",
        "name": "Sam",
        "phone": "+447700900123",
        "language": "en",
        "opted_out": False,
        "tickets": 1,
        "last_ticket": reference,
        "last_failure": "wrong_order",
        "last_logged_at": "2026-03-10T09:30:00Z",
    }
    twice = desk.log(failure="late")["reference"]
    desk.done("maya", "POST", f"/tickets/{twice}/void", {"reason": "logged twice"})
    (sam,) = desk.done("maya", "GET", "/customers?phone=07700 900123")["items"]
    assert (sam["tickets"], sam["last_ticket"]) == (1, reference)
    assert desk.done("nell", "GET", "/customers?phone=%2B447700900123")["items"] == []
    refused(desk.call("maya", "GET", "/customers?phone=1"), 422, "phone")
    refused(desk.call("maya", "GET", "/customers"), 422, "needed")
