"""Remedies and approvals by API."""

from typing import Any

import pytest

from tests.api.calling import Desk, refused


def asked(desk: Desk, amount: int = 4500) -> tuple[str, str]:
    """A ticket of Maya's with a refund above her limit: its reference, and the remedy's id."""
    reference = desk.log(remedies=[])["reference"]
    remedy = desk.done("maya", "POST", f"/tickets/{reference}/remedies", {"kind": "refund", "amount": amount})
    assert remedy["status"] == "pending_approval"
    return reference, remedy["id"]


def test_inside_her_authority_maya_asks_nobody(desk: Desk) -> None:
    reference = desk.log(remedies=[])["reference"]
    answer = desk.call(
        "maya", "POST", f"/tickets/{reference}/remedies", {"kind": "refund", "amount": 450, "version": 1}
    )
    remedy = answer.get_json()
    assert answer.status_code == 201
    assert (remedy["status"], remedy["amount"], remedy["currency"]) == ("granted", 450, "GBP")
    assert remedy["needed_approval"] is False
    assert remedy["decided_by_name"] == "Maya Okafor"
    assert remedy["ticket"] == {"reference": reference, "status": "in_recovery", "version": 2}


def test_omar_approves_what_maya_may_not(desk: Desk) -> None:
    reference, remedy_id = asked(desk)
    (waiting,) = desk.done("omar", "GET", "/approvals")["items"]
    assert waiting["id"] == remedy_id
    assert waiting["ticket"]["reference"] == reference
    assert (waiting["limit_passed"], waiting["limit"]) == ("ticket", 2000)
    assert waiting["deadline_at"] == "2026-03-10T09:40:00Z"
    assert waiting["asked_of"]["name"] == "Omar Haddad"
    approved = desk.done("omar", "POST", f"/remedies/{remedy_id}/approval")
    assert (approved["status"], approved["decided_by_name"]) == ("granted", "Omar Haddad")
    assert desk.done("omar", "GET", "/approvals")["items"] == []


def test_a_smaller_amount_may_be_approved(desk: Desk) -> None:
    _, remedy_id = asked(desk)
    refused(desk.call("omar", "POST", f"/remedies/{remedy_id}/approval", {"amount": 9000}), 422, "smaller")
    approved = desk.done("omar", "POST", f"/remedies/{remedy_id}/approval", {"amount": 3000})
    assert (approved["amount"], approved["proposed_amount"]) == (3000, 4500)


def test_a_refusal_needs_its_reason(desk: Desk) -> None:
    _, remedy_id = asked(desk)
    for body in ({}, {"reason": ""}, {"reason": "   "}):
        refused(desk.call("omar", "POST", f"/remedies/{remedy_id}/refusal", body), 422, "reason")
    refusal = desk.done("omar", "POST", f"/remedies/{remedy_id}/refusal", {"reason": "already replaced"})
    assert (refusal["status"], refusal["decision_reason"]) == ("refused", "already replaced")


def test_nobody_decides_twice_or_for_themselves(desk: Desk) -> None:
    _, remedy_id = asked(desk)
    refused(desk.call("maya", "POST", f"/remedies/{remedy_id}/approval"), 403, "role")
    desk.done("omar", "POST", f"/remedies/{remedy_id}/approval")
    refused(desk.call("ada", "POST", f"/remedies/{remedy_id}/approval"), 409, "Omar has decided this already")
    refused(desk.call("ada", "POST", f"/remedies/{remedy_id}/refusal", {"reason": "no"}), 409)


def test_what_only_an_admin_may_decide_does_not_wait_for_a_supervisor(desk: Desk) -> None:
    _, remedy_id = asked(desk, amount=20_000)
    assert desk.done("omar", "GET", "/approvals")["items"] == []
    assert [each["id"] for each in desk.done("ada", "GET", "/approvals")["items"]] == [remedy_id]
    refused(desk.call("omar", "POST", f"/remedies/{remedy_id}/approval"), 403, "admin has to decide")


def test_a_remedy_is_made_ready_and_handed_over(desk: Desk) -> None:
    (remake,) = desk.log()["remedies"]
    ready = desk.done("maya", "POST", f"/remedies/{remake['id']}/readiness")
    assert (ready["status"], ready["ready_at"]) == ("ready", "2026-03-10T09:30:00Z")
    done = desk.done("omar", "POST", f"/remedies/{remake['id']}/fulfilment", {})
    assert (done["status"], done["fulfilled_by_name"]) == ("fulfilled", "Omar Haddad")
    refused(desk.call("omar", "POST", f"/remedies/{remake['id']}/fulfilment"), 409, "fulfilled")


@pytest.mark.parametrize(("noun", "status"), [("cancellation", "cancelled"), ("failure", "failed")])
def test_a_remedy_may_end_otherwise(desk: Desk, noun: str, status: str) -> None:
    (remake,) = desk.log()["remedies"]
    ended = desk.done("maya", "POST", f"/remedies/{remake['id']}/{noun}", {"reason": "no more oat milk"})
    assert (ended["status"], ended["end_reason"]) == (status, "no more oat milk")


@pytest.mark.parametrize(
    ("noun", "body"),
    [
        ("approval", {}),
        ("refusal", {"reason": "no"}),
        ("readiness", {}),
        ("fulfilment", {}),
        ("cancellation", {}),
        ("failure", {}),
    ],
)
def test_a_stale_version_decides_nothing(small_desk: Desk, noun: str, body: dict[str, Any]) -> None:
    reference, remedy_id = asked(small_desk)
    small_desk.done("maya", "PATCH", f"/tickets/{reference}", {"note": "newer"})
    refused(small_desk.call("omar", "POST", f"/remedies/{remedy_id}/{noun}", body | {"version": 1}), 409, "changed")
    assert small_desk.ticket(reference)["remedies"][0]["status"] == "pending_approval"


def test_another_sites_remedy_is_the_same_as_none(small_desk: Desk) -> None:
    _, remedy_id = asked(small_desk)
    theirs = small_desk.call("nell", "POST", f"/remedies/{remedy_id}/approval")
    nothing = [
        small_desk.call("nell", "POST", f"/remedies/{other}/approval")
        for other in ("1", "9223372036854775807", "9" * 40, "0")
    ]
    refused(theirs, 404)
    assert {each.get_data() for each in nothing} == {theirs.get_data()}


def test_nothing_is_granted_on_a_ticket_that_is_over(small_desk: Desk) -> None:
    reference = small_desk.log()["reference"]
    small_desk.done("maya", "POST", f"/tickets/{reference}/resolution")
    refused(small_desk.call("maya", "POST", f"/tickets/{reference}/remedies", {"kind": "remake"}), 409, "reopen")
