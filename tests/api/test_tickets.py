"""Logging, listing, reading and changing tickets by API."""

import pytest

from tests.api.calling import Desk, refused

WHOLE = {
    "site": "harbour-st",
    "failure": "wrong_order",
    "severity": "minor",
    "source": "counter",
    "customer": {"phone": "07700 900123", "name": "Sam", "language": "en"},
    "order": {"reference": "A113", "amount": 450, "currency": "GBP", "kept": False},
    "note": "asked for oat milk, got cow's milk",
    "remedies": [{"kind": "remake"}, {"kind": "refund", "amount": 450, "currency": "GBP"}],
    "promise_minutes": 6,
    "apologised_in_person": True,
}


def test_a_mistake_is_logged_with_all_that_the_contract_names(desk: Desk) -> None:
    answer = desk.call("maya", "POST", "/tickets", WHOLE)
    logged = answer.get_json()
    assert answer.status_code == 201
    assert logged["status"] == "in_recovery"
    assert logged["version"] == 1
    assert (logged["site"], logged["failure"], logged["severity"]) == ("harbour-st", "wrong_order", "minor")
    assert logged["owner"] == {"id": str(desk.business.staff("maya").id), "name": "Maya Okafor"}
    sam = {"phone": "+447700900123", "name": "Sam", "language": "en", "timezone": None, "opted_out": False}
    assert logged["customer"] == sam
    assert logged["order"] == {"reference": "A113", "amount": 450, "currency": "GBP", "kept": False}
    assert logged["promise"]["due_at"] == "2026-03-10T09:36:00Z"
    assert logged["promise"]["kept"] is None
    assert [(each["kind"], each["status"], each["amount"]) for each in logged["remedies"]] == [
        ("remake", "granted", None),
        ("refund", "granted", 450),
    ]
    assert logged["remedies"][0]["decided_by"] == str(desk.business.staff("maya").id)
    assert logged["logged_at"] == logged["first_response_at"] == "2026-03-10T09:30:00Z"
    assert logged["auto_response_at"] is logged["resolved_at"] is None
    assert logged["customer_url"].startswith("http://127.0.0.1:8000/c/")
    assert logged["url"] == f"http://127.0.0.1:8000/tickets/{logged['reference']}"
    assert (logged["level"], logged["callbacks"], logged["linked"]) == (1, [], [])
    assert desk.ticket(logged["reference"]) == logged


def test_only_site_and_failure_are_needed(desk: Desk) -> None:
    logged = desk.done("maya", "POST", "/tickets", {"site": "harbour-st", "failure": "late"})
    assert logged["status"] == "open"
    assert logged["customer"] is None
    assert logged["no_text_reason"] == "no_phone"
    assert logged["promise"]["told_by"] == "in_person"


def test_a_refund_above_the_limit_waits_for_approval(desk: Desk) -> None:
    logged = desk.log(remedies=[{"kind": "remake"}, {"kind": "refund", "amount": 4500}])
    assert [each["status"] for each in logged["remedies"]] == ["granted", "pending_approval"]


def test_a_second_problem_is_linked_to_the_first(desk: Desk) -> None:
    first = desk.log()
    second = desk.log(linked_to=first["reference"])
    assert second["linked"] == [first["reference"]]


def test_the_list_is_cut_into_pages_that_join(desk: Desk) -> None:
    logged = []
    for _ in range(5):
        logged.append(desk.log()["reference"])
        desk.business.later(seconds=1)
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = desk.done("maya", "GET", f"/tickets?limit=2{cursor and '&cursor='}{cursor}")
        seen += [each["reference"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert seen == logged[::-1]


def test_the_list_is_filtered(desk: Desk) -> None:
    wrong = desk.log(note="a hair in the soup")
    desk.business.later(minutes=5)
    late = desk.log(failure="late", severity="severe", customer={"phone": "07700 900124", "name": "Noor Aziz"})
    desk.done("omar", "PATCH", f"/tickets/{late['reference']}", {"owner": str(desk.business.staff("omar").id)})

    def found(query: str) -> list[str]:
        return [each["reference"] for each in desk.done("maya", "GET", f"/tickets?{query}")["items"]]

    first, second = wrong["reference"], late["reference"]
    assert found("site=harbour-st") == [second, first]
    assert found("status=in_recovery") == [second, first]
    assert found("status=resolved") == []
    assert found("failure=late") == [second]
    assert found("severity=minor") == [first]
    assert found("owner=me") == [first]
    assert found(f"owner={desk.business.staff('omar').id}") == [second]
    assert found("owner=nobody") == []
    assert found("customer_phone=07700 900124") == [second]
    assert found("customer_phone=%2B447700900124") == [second]
    assert found(f"q={first.lower()}") == [first]
    assert found("q=hair") == [first]
    assert found("q=noor") == [second]
    assert found("q=100%25") == []
    assert found("logged_to=2026-03-10T09:35:00Z") == [first]
    assert found("logged_from=2026-03-10T09:35:00Z") == [second]
    assert found("undetected=true") == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limit=0", "Choose a number from 1 to 200"),
        ("limit=201", "Choose a number from 1 to 200"),
        ("limit=2.5", "Choose a whole number"),
        ("limit=%D9%A3", "Choose a whole number"),
        ("cursor=nonsense", "none of ours"),
        ("cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OjE", "none of ours"),
        ("status=lost", "Choose one of"),
        ("owner=maya", "id of a colleague"),
        ("customer_phone=abc", "not a phone number"),
        ("logged_from=today", "Send a time"),
        ("undetected=maybe", "true or false"),
        ("colour=red", "no such field"),
        ("q=%00", "control character"),
        ("site=harbour-st&site=quay", "more than once"),
        ("failure=bad", "failure: Choose one of"),
        ("logged_from=2026-03-11T00:00:00Z&logged_to=2026-03-10T00:00:00Z", "logged_to: The span is empty"),
    ],
)
def test_a_senseless_filter_is_refused(small_desk: Desk, query: str, words: str) -> None:
    refused(small_desk.call("maya", "GET", f"/tickets?{query}"), 422, words)


def test_somebody_elses_newer_change_is_not_overwritten(desk: Desk) -> None:
    reference = desk.log()["reference"]
    desk.done("omar", "PATCH", f"/tickets/{reference}", {"severity": "serious", "version": 1})
    problem = refused(
        desk.call("maya", "PATCH", f"/tickets/{reference}", {"severity": "severe", "version": 1}), 409, "changed"
    )
    assert problem["current"] == 2
    (severity,) = [each for each in problem["changed"] if each["field"] == "severity"]
    assert (severity["yours"], severity["theirs"]) == ("severe", "serious")
    assert severity["by"].isdecimal()
    assert severity["at"].endswith("Z")
    assert desk.ticket(reference)["severity"] == "serious"
    assert desk.done("maya", "PATCH", f"/tickets/{reference}", {"severity": "severe", "version": 2})["version"] == 3


def test_a_newer_promise_is_told_in_utc_with_z(small_desk: Desk) -> None:
    reference = small_desk.log()["reference"]
    small_desk.done("omar", "POST", f"/tickets/{reference}/promise", {"minutes": 20})
    late = small_desk.call("maya", "POST", f"/tickets/{reference}/promise", {"minutes": 30, "version": 1})
    (promise,) = [each for each in refused(late, 409)["changed"] if each["field"] == "promise"]
    assert promise["theirs"] == "2026-03-10T09:50:00Z"


def test_a_resolution_that_is_taken_back_at_once_leaves_the_ticket_as_it_was(small_desk: Desk) -> None:
    path = f"/tickets/{small_desk.log(remedies=[])['reference']}"
    small_desk.done("maya", "POST", f"{path}/resolution")
    small_desk.business.later(seconds=0.1)
    again = small_desk.done("maya", "POST", f"{path}/reopening")
    assert (again["status"], again["level"]) == ("open", 1)
    spec = small_desk.app.test_client().get("/api/openapi.json").get_json()
    assert "undo" in spec["paths"]["/api/v1/tickets/{reference}/reopening"]["post"]["description"]


def test_a_version_that_never_was_is_refused(small_desk: Desk) -> None:
    logged = small_desk.log(remedies=[{"kind": "refund", "amount": 4500}])
    path, remedy = f"/tickets/{logged['reference']}", f"/remedies/{logged['remedies'][0]['id']}"
    for method, where, body in (
        ("PATCH", path, {"severity": "severe"}),
        ("POST", f"{path}/resolution", {}),
        ("POST", f"{path}/viewings", {}),
        ("POST", f"{remedy}/approval", {}),
    ):
        problem = refused(
            small_desk.call("omar", method, where, body | {"version": 999}), 422, "never had a version 999"
        )
        assert list(problem["errors"]) == ["version"]
    assert small_desk.ticket(logged["reference"])["version"] == 1


def test_a_ticket_goes_through_its_states(desk: Desk) -> None:
    reference = desk.log()["reference"]
    path = f"/tickets/{reference}"
    assert desk.done("maya", "POST", f"{path}/waiting")["status"] == "waiting_for_customer"
    resolved = desk.done("maya", "POST", f"{path}/resolution", {"how": "made again, and a smile"})
    assert (resolved["status"], resolved["resolved_at"]) == ("resolved", "2026-03-10T09:30:00Z")
    desk.business.later(minutes=1)
    reopened = desk.done("omar", "POST", f"{path}/reopening", {})
    assert (reopened["status"], reopened["level"], reopened["resolved_at"]) == ("in_recovery", 2, None)
    desk.done("maya", "POST", f"{path}/resolution")
    closed = desk.done("omar", "POST", f"{path}/closure", {"cause": "two milks alike", "action": "new labels"})
    assert (closed["status"], closed["cause"], closed["action"]) == ("closed", "two milks alike", "new labels")
    refused(desk.call("maya", "POST", f"{path}/resolution"), 409, "closed")


def test_after_the_window_a_reopening_is_a_linked_ticket(desk: Desk) -> None:
    reference = desk.log()["reference"]
    desk.done("maya", "POST", f"/tickets/{reference}/resolution")
    desk.business.later(days=8)
    new = desk.done("maya", "POST", f"/tickets/{reference}/reopening")
    assert new["reference"] != reference
    assert (new["linked"], new["level"], new["status"]) == ([reference], 2, "open")
    assert new["note"] == "It was still not right, a while after it was resolved."
    assert desk.ticket(reference)["status"] == "resolved"


def test_what_was_logged_in_error_is_void(desk: Desk) -> None:
    right, wrong = desk.log()["reference"], desk.log()["reference"]
    refused(desk.call("maya", "POST", f"/tickets/{wrong}/void", {"reason": "  "}), 422, "cannot be empty")
    void = desk.done("maya", "POST", f"/tickets/{wrong}/void", {"reason": "logged twice", "duplicate_of": right})
    assert (void["status"], void["void_reason"], void["promise"]["kept"]) == ("void", "logged twice", None)


def test_resolving_waits_for_an_approval(desk: Desk) -> None:
    reference = desk.log(remedies=[{"kind": "refund", "amount": 4500}])["reference"]
    refused(desk.call("maya", "POST", f"/tickets/{reference}/resolution"), 409, "waits for approval")


def test_a_sensitive_ticket_is_read_on_the_record_alone(desk: Desk) -> None:
    logged = desk.log(failure="unsafe", note="an allergy")
    reference = logged["reference"]
    assert logged["note"] == "an allergy"
    refused(desk.call("omar", "GET", f"/tickets/{reference}"), 403, f"POST /tickets/{reference}/viewings")
    refused(desk.call("omar", "GET", f"/tickets/{reference}/messages"), 403)
    refused(desk.call("omar", "GET", f"/tickets/{reference}/events"), 403)
    (listed,) = desk.done("omar", "GET", "/tickets")["items"]
    assert listed["restricted"] is True
    assert listed["note"] is listed["customer"] is listed["customer_url"] is None
    assert desk.done("omar", "POST", f"/tickets/{reference}/viewings")["note"] == "an allergy"
    assert desk.ticket(reference, "omar")["note"] == "an allergy"
    tags = [each["tag"] for each in desk.done("omar", "GET", f"/tickets/{reference}/events")["items"]]
    assert tags[-1] == "ticket:ticket:viewed"
    desk.business.later(minutes=16)
    refused(desk.call("omar", "GET", f"/tickets/{reference}"), 403)


def test_acting_on_a_sensitive_ticket_is_no_way_around_the_record(desk: Desk) -> None:
    """What others wrote on it is not told to whoever calls, moves or decides without having opened it."""
    gesture = {"kind": "gesture", "detail": "flowers to the ward"}
    reference = desk.log(failure="unsafe", remedies=[gesture, {"kind": "refund", "amount": 4500}])["reference"]
    call = desk.done("maya", "POST", f"/tickets/{reference}/callbacks", {})["id"]
    tried = {"outcome": "no_answer", "note": "her mother is in the ward"}
    assert desk.done("maya", "POST", f"/callbacks/{call}/attempts", tried)["attempts"][0]["note"] == tried["note"]
    refused(desk.call("omar", "GET", f"/tickets/{reference}/clock"), 403, "viewings")
    (gift, asked) = desk.done("omar", "GET", "/tickets")["items"][0]["remedies"]
    assert gift["detail"] is None
    answers = [
        desk.done("omar", "POST", f"/callbacks/{call}/attempts", {"outcome": "no_answer"}),
        desk.done("omar", "PATCH", f"/callbacks/{call}", {}),
        desk.done("omar", "DELETE", f"/callbacks/{call}"),
    ]
    assert [answer["attempts"][0]["note"] for answer in answers] == [None, None, None]
    given = desk.done("omar", "POST", f"/remedies/{gift['id']}/fulfilment", {})
    assert given["detail"] is None
    assert desk.done("omar", "GET", "/approvals")["items"][0]["id"] == asked["id"]
    reason = {"reason": "the ward says no"}
    assert desk.done("omar", "POST", f"/remedies/{asked['id']}/refusal", reason)["decision_reason"] is None
    seen = desk.done("omar", "POST", f"/tickets/{reference}/viewings")
    assert [each["detail"] for each in seen["remedies"]] == ["flowers to the ward", None]
    assert seen["remedies"][1]["decision_reason"] == "the ward says no"
    assert seen["callbacks"][0]["attempts"][0]["note"] == tried["note"]
    assert desk.done("omar", "GET", f"/tickets/{reference}/clock")["resolved"]["at"] is None


def test_looking_at_a_ticket_costs_nobody_their_form(desk: Desk) -> None:
    reference = desk.log(failure="unsafe")["reference"]
    desk.done("omar", "POST", f"/tickets/{reference}/viewings")
    assert desk.done("maya", "PATCH", f"/tickets/{reference}", {"note": "more", "version": 1})["version"] == 2


def test_a_sensitive_ticket_of_another_is_nothing_to_the_counter(desk: Desk) -> None:
    reference = desk.log("omar", failure="rude")["reference"]
    refused(desk.call("maya", "GET", f"/tickets/{reference}"), 404)
    refused(desk.call("maya", "POST", f"/tickets/{reference}/viewings"), 404)
    assert desk.done("maya", "GET", "/tickets")["items"] == []


def test_another_sites_ticket_is_the_same_as_none(desk: Desk) -> None:
    reference = desk.log()["reference"]
    theirs = desk.call("nell", "GET", f"/tickets/{reference}")
    nothing = desk.call("nell", "GET", "/tickets/RD-222222")
    no_reference = desk.call("nell", "GET", "/tickets/%00")
    refused(theirs, 404)
    assert theirs.get_data() == nothing.get_data() == no_reference.get_data()
