"""Texts by API: to another ticket, and what a held one waits for."""

from datetime import UTC, datetime
from typing import Any

from recovery.clock import FrozenClock
from recovery.domain.text_limits import Spending
from recovery.models import Message, Ticket
from recovery.services.texting.replies import Inbound, receive
from tests.api.calling import Desk, refused


def reply(desk: Desk, body: str = "And the muffin?") -> Message:
    inbound = Inbound("+447700900123", "simulator", body, f"SM-{body}")
    return desk.business.desk.transact(lambda session: receive(session, inbound, now=desk.business.now))


def two_tickets(desk: Desk) -> tuple[str, str, str]:
    """The id of Sam's text, the reference of the ticket that it stands on, and that of the other."""
    first, second = desk.log()["reference"], desk.log(failure="late")["reference"]
    message = reply(desk)
    with desk.business.desk.read() as session:
        here = session.get_one(Ticket, message.ticket_id or 0).reference
    return str(message.id), here, second if here == first else first


def bodies(desk: Desk, reference: str) -> list[str]:
    thread = desk.done("maya", "GET", f"/tickets/{reference}/messages")["items"]
    return [each["body"] for each in thread if each["direction"] == "inbound"]


def test_a_text_is_moved_to_the_ticket_that_it_is_about(desk: Desk) -> None:
    message_id, here, there = two_tickets(desk)
    version = desk.ticket(here)["version"]
    answer = desk.done(
        "maya", "POST", f"/tickets/{here}/messages/{message_id}/move", {"to": there, "version": version}, key="once"
    )
    assert (answer["id"], answer["ticket"]["reference"], answer["moved_from"]["reference"]) == (message_id, there, here)
    assert (bodies(desk, here), bodies(desk, there)) == ([], ["And the muffin?"])
    assert (desk.ticket(here)["unread"], desk.ticket(there)["unread"]) == (0, 1)
    again = desk.call(
        "maya", "POST", f"/tickets/{here}/messages/{message_id}/move", {"to": there, "version": version}, key="once"
    )
    assert (again.get_json(), again.headers["Idempotency-Replayed"]) == (answer, "true")
    assert desk.ticket(there)["unread"] == 1


def test_a_text_goes_to_an_open_ticket_of_the_same_customer_alone(small_desk: Desk) -> None:
    message_id, here, there = two_tickets(small_desk)
    others = small_desk.log(customer={"phone": "07700 900456", "name": "Lee"})["reference"]
    small_desk.done("maya", "POST", f"/tickets/{there}/resolution", {})
    for target in (others, there, here, "RD-222222"):
        answer = small_desk.call("maya", "POST", f"/tickets/{here}/messages/{message_id}/move", {"to": target})
        problem = refused(answer, 422, "open ticket of the same customer")
        assert list(problem["errors"]) == ["to"]
    assert bodies(small_desk, here) == ["And the muffin?"]


def test_a_move_from_what_somebody_changed_meanwhile_is_refused(small_desk: Desk) -> None:
    message_id, here, there = two_tickets(small_desk)
    version = small_desk.ticket(here)["version"]
    small_desk.done("omar", "PATCH", f"/tickets/{here}", {"note": "she called"})
    body = {"to": there, "version": version}
    refused(small_desk.call("maya", "POST", f"/tickets/{here}/messages/{message_id}/move", body), 409)


def test_what_is_no_text_of_the_customers_is_not_moved(small_desk: Desk) -> None:
    _, here, there = two_tickets(small_desk)
    ours = small_desk.done("maya", "GET", f"/tickets/{here}/messages")["items"][0]
    assert ours["direction"] == "outbound"
    refused(small_desk.call("maya", "POST", f"/tickets/{here}/messages/{ours['id']}/move", {"to": there}), 404)


def test_a_text_says_what_it_waits_for(small_desk: Desk, clock: FrozenClock) -> None:
    reference = small_desk.log()["reference"]

    def held_for(body: str) -> Any:
        text = small_desk.done("maya", "POST", f"/tickets/{reference}/messages", {"body": body})
        return text["status"], text["held_for"]

    assert held_for("By day") == ("pending", None)
    clock.set(datetime(2026, 3, 10, 22, 0, tzinfo=UTC))
    assert held_for("By night") == ("held", "quiet_hours")
    small_desk.business.set_policy(spending=Spending(month_limit_micros=0, warn_at_percent=80))
    assert held_for("Without money") == ("held", "spend")
    thread = small_desk.done("maya", "GET", f"/tickets/{reference}/messages")["items"]
    assert [each["held_for"] for each in thread] == [None, None, "quiet_hours", "spend"]
