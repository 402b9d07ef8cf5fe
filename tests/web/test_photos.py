"""A customer's photo on the ticket: drawn for whoever may see the ticket, and harmless to their browser."""

import re

import pytest
from sqlalchemy import select

from recovery.domain.photos import Media, WhyNoPhoto
from recovery.models import Photo
from recovery.services.hearing import photos
from recovery.services.session import DeskSession
from recovery.services.texting.replies import Inbound, receive
from tests.factories import Business
from tests.photos import HEIC, JPEG, png
from tests.web.pages import Visitor, words
from tests.web.ticket_parts import tell

SAMS = "+447700900123"


def photo_came(business: Business, content: bytes = b"", *, body: str = "Look at this") -> int:
    """Kept, unless it has no content: then it is still wanted."""

    def come(session: DeskSession) -> int:
        inbound = Inbound(SAMS, session.house.sender, body, "MM1", media=(Media("simulator:photo:1"),))
        receive(session, inbound, now=business.now)
        photo_id = session.scalars(select(Photo.id)).one()
        if content:
            photos.keep(session, photo_id, content, now=business.now)
        return photo_id

    return business.desk.transact(come)


def test_a_photo_stands_with_the_text_that_it_came_with(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    photo_id = photo_came(business, png())
    page = maya.open(f"/tickets/{ticket.reference}").text
    assert re.search(rf'<img src="/photos/{photo_id}" alt="Photo from the customer, 09:30"', page)
    answer = maya.open(f"/photos/{photo_id}")
    assert (answer.status_code, answer.data, answer.mimetype) == (200, png(), "image/png")


def test_a_photo_can_do_nothing_but_be_drawn(business: Business, maya: Visitor) -> None:
    business.log()
    headers = maya.open(f"/photos/{photo_came(business, JPEG)}").headers
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"].startswith("inline; filename=")
    assert headers["Cache-Control"] == "private, no-store"


def test_one_that_browsers_do_not_draw_is_offered_as_a_file(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    photo_id = photo_came(business, HEIC)
    page = maya.open(f"/tickets/{ticket.reference}").text
    assert f'<img src="/photos/{photo_id}"' not in page
    assert "Save the photo (HEIC)" in page
    assert maya.open(f"/photos/{photo_id}").headers["Content-Disposition"].startswith("attachment;")


def test_one_without_words_is_no_erased_text(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    photo_came(business, png(), body="")
    assert "This text has been erased" not in tell(business, maya, ticket)


def test_while_it_is_on_its_way_the_page_says_so(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    photo_id = photo_came(business)
    assert "A photo came too. It is being fetched." in tell(business, maya, ticket)
    assert maya.open(f"/photos/{photo_id}").status_code == 404


@pytest.mark.parametrize("reason", WhyNoPhoto)
def test_one_that_is_not_kept_says_why_and_what_to_do(business: Business, maya: Visitor, reason: WhyNoPhoto) -> None:
    ticket = business.log()
    photo_id = photo_came(business)
    business.desk.transact(lambda session: photos.refuse(session, photo_id, reason, now=business.now))
    page = tell(business, maya, ticket)
    assert reason.words in page
    assert "ask them" in page


def test_another_site_sees_no_photo_and_a_stranger_the_door(business: Business, maya: Visitor) -> None:
    business.log()
    photo_id = photo_came(business, png())
    nell = Visitor.signed_in(business, "nell", maya)
    theirs, none = nell.open(f"/photos/{photo_id}"), nell.open("/photos/4444")
    assert (theirs.status_code, words(theirs)) == (404, words(none))
    assert Visitor.at(business).open(f"/photos/{photo_id}").status_code == 302


def test_a_sensitive_tickets_photo_opens_with_the_ticket(business: Business, omar: Visitor) -> None:
    """Opening such a ticket is recorded, and a photo must not be a way around it."""
    ticket = business.log(failure="unsafe")
    photo_id = photo_came(business, png())
    assert omar.open(f"/photos/{photo_id}").status_code == 404
    omar.post(f"/tickets/{ticket.reference}/viewings")
    assert omar.open(f"/photos/{photo_id}").status_code == 200
