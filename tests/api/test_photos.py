"""Photos in the conversation, by API."""

import pytest
from sqlalchemy import select

from recovery.domain.photos import Media
from recovery.models import Photo
from recovery.services.hearing import photos
from recovery.services.session import DeskSession
from recovery.services.texting.replies import Inbound, receive
from tests.api.calling import Desk, photo_on, refused
from tests.photos import HEIC, png


def test_a_photo_is_listed_with_its_text(small_desk: Desk) -> None:
    business = small_desk.business
    reference = small_desk.log()["reference"]

    def come(session: DeskSession) -> None:
        media = (Media("simulator:photo:1"), Media("simulator:photo:2", "image/jpeg"))
        receive(session, Inbound("+447700900123", "simulator", "Look", "MM1", media=media), now=business.now)
        first = session.scalars(select(Photo.id).order_by(Photo.position)).first()
        photos.keep(session, first or 0, png(), now=business.now)

    business.desk.transact(come)
    apology, reply = small_desk.done("maya", "GET", f"/tickets/{reference}/messages")["items"]
    assert apology["photos"] == []
    shown = [{name: each[name] for name in ("state", "reason", "content_type", "size")} for each in reply["photos"]]
    assert shown == [
        {"state": "kept", "reason": None, "content_type": "image/png", "size": len(png())},
        {"state": "wanted", "reason": None, "content_type": "image/jpeg", "size": 0},
    ]


@pytest.mark.parametrize(
    ("content", "kind", "how"), [(png(), "image/png", "inline"), (HEIC, "image/heic", "attachment")]
)
def test_a_photo_is_given_as_it_came(small_desk: Desk, content: bytes, kind: str, how: str) -> None:
    small_desk.log()
    answer = small_desk.call("maya", "GET", f"/photos/{photo_on(small_desk, content)}")
    assert (answer.status_code, answer.data, answer.content_type) == (200, content, kind)
    assert answer.headers["Content-Disposition"].startswith(how)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_photo_of_another_site_is_nothing(small_desk: Desk) -> None:
    small_desk.log()
    photo_id = photo_on(small_desk)
    theirs, none = (small_desk.call("nell", "GET", f"/photos/{each}") for each in (photo_id, "4444"))
    refused(theirs, 404)
    assert theirs.data == none.data
    refused(small_desk.call(None, "GET", f"/photos/{photo_id}"), 401)


def test_a_photo_on_a_sensitive_ticket_is_seen_on_the_record(small_desk: Desk) -> None:
    """As the texts that it came with."""
    reference = small_desk.log(failure="unsafe")["reference"]
    photo_id = photo_on(small_desk)
    refused(small_desk.call("omar", "GET", f"/photos/{photo_id}"), 403, "recorded")
    refused(small_desk.call("omar", "GET", f"/tickets/{reference}/messages"), 403, "recorded")
    small_desk.done("omar", "POST", f"/tickets/{reference}/viewings")
    assert small_desk.call("omar", "GET", f"/photos/{photo_id}").data == png()
