"""Photos in the conversation, by API."""

from sqlalchemy import select

from recovery.domain.photos import Media
from recovery.models import Photo
from recovery.services.hearing import photos
from recovery.services.session import DeskSession
from recovery.services.texting.replies import Inbound, receive
from tests.api.calling import Desk
from tests.photos import png


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
