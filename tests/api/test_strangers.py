"""Numbers without a ticket, by API."""

from tests.api.calling import LOGGED, Desk, refused
from tests.services.texting_parts import says

STRANGERS = "+447700900777"


def test_a_stranger_is_listed_with_what_they_wrote_and_dismissed_with_a_reason(small_desk: Desk) -> None:
    says(small_desk.business, "wrong number, sorry", number=STRANGERS)
    assert small_desk.done("maya", "GET", "/strangers")["items"] == []
    (row,) = small_desk.done("omar", "GET", "/strangers")["items"]
    assert (row["phone"], row["texts"], row["newest"][0]["body"]) == (STRANGERS, 1, "wrong number, sorry")
    path = f"/strangers/{row['id']}/dismissal"
    refused(small_desk.call("omar", "POST", path, {}), 422)
    refused(small_desk.call("omar", "POST", path, {"reason": " "}), 422)
    refused(small_desk.call("maya", "POST", path, {"reason": "none of hers"}), 404)
    done = small_desk.done("omar", "POST", path, {"reason": "a wrong number"})
    assert (done["id"], done["reason"]) == (row["id"], "a wrong number")
    refused(small_desk.call("omar", "POST", path, {"reason": "again"}), 409, "colleague")
    assert small_desk.done("omar", "GET", "/strangers")["items"] == []


def test_logging_with_the_number_takes_the_texts_along(small_desk: Desk) -> None:
    says(small_desk.business, "You sent me the wrong parcel", number=STRANGERS)
    small_desk.business.later(minutes=1)
    logged = small_desk.done("maya", "POST", "/tickets", LOGGED | {"customer": {"phone": STRANGERS}})
    thread = small_desk.done("maya", "GET", f"/tickets/{logged['reference']}/messages")["items"]
    assert "You sent me the wrong parcel" in [each["body"] for each in thread]
