"""The simulated phones: what is on them, and answering as the customer."""

import io
import re
import threading

import pytest
from sqlalchemy import select

from recovery.app import create_app
from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.models import Message, OptOut, Photo, Ticket
from recovery.services.simulating import phones
from recovery.services.ticketing.tickets import resolve
from recovery.services.waiting import turns
from recovery.sms.gateway import OutgoingText
from recovery.worker.listening import listen_again
from tests.factories import SAM, Business, NewCustomer
from tests.fixtures.settings import MakeSettings
from tests.services.post import Post
from tests.services.texting_parts import delivered
from tests.services.wait_parts import joined, press
from tests.web.pages import Visitor, words

SAMS = "+447700900123"
NELLS_GUEST = "+12125550123"


def rings(business: Business, number: str, body: str) -> None:
    text = OutgoingText(to=number, body=body, ref="", validity_seconds=60, from_="simulator")
    business.desk.transact(lambda session: phones.keep(session, text, at=business.now))


def test_a_text_stands_on_the_phone_of_its_customer_with_a_link_to_press(business: Business) -> None:
    business.log()
    rings(business, SAMS, "Hello Sam <3, it's all here: http://127.0.0.1:8000/c/abc.")
    page = Visitor.signed_in(business, "maya").open("/simulator").text
    assert "Sam Whitfield" in page
    assert "07700 900123" in page
    assert "Hello Sam &lt;3, it&#39;s all here" in page
    assert '<a href="http://127.0.0.1:8000/c/abc" target="_blank" rel="noopener">' in page


def test_answering_as_the_customer_comes_in_like_a_text(business: Business) -> None:
    ticket = business.log()
    maya = Visitor.signed_in(business, "maya")
    answer = maya.post("/simulator/replies", number=SAMS, body="Still waiting")
    assert answer.status_code == 303
    with business.desk.read() as session:
        assert session.get_one(Ticket, ticket.id).unread == 1
        assert session.scalars(select(Message.body).where(Message.direction == "inbound")).all() == ["Still waiting"]


def test_a_number_as_people_write_it_is_the_same_phone(business: Business) -> None:
    ticket = business.log()
    answer = Visitor.signed_in(business, "maya").post("/simulator/replies", number="07700 900123", body="Hello")
    assert answer.status_code == 303
    assert business.again(ticket).unread == 1


def test_a_quick_stop_opts_out(business: Business) -> None:
    business.log()
    Visitor.signed_in(business, "maya").post("/simulator/replies", number=SAMS, body="half typed", quick="STOP")
    with business.desk.read() as session:
        assert len(session.scalars(select(OptOut)).all()) == 1


def quick_of(visitor: Visitor) -> str:
    return words(visitor.open(f"/simulator/quick?number=%2B{SAMS[1:]}"))


def test_one_press_answers_what_was_asked_last(business: Business) -> None:
    maya, ticket = Visitor.signed_in(business, "maya"), business.log()
    assert quick_of(maya) == "1 2 CALL STOP START"
    business.on(ticket, lambda session, held, by: resolve(session, held, how=None, now=business.now, by=by))
    delivered(business)
    assert quick_of(maya) == "1 2 CALL STOP START"
    maya.post("/simulator/replies", number=SAMS, quick="1")
    delivered(business)
    assert quick_of(maya) == "1 2 3 4 5 CALL STOP START"
    assert 'value="5"' in maya.open("/simulator").text
    maya.post("/simulator/replies", number=SAMS, quick="4")
    assert business.again(ticket).rating == 4
    press(business, joined(business), turns.ready)
    delivered(business)
    assert quick_of(maya) == "1 2 3 CALL STOP START"


def test_an_empty_answer_is_refused_with_a_sentence(business: Business) -> None:
    business.log()
    answer = Visitor.signed_in(business, "maya").post("/simulator/replies", number=SAMS, body=" ")
    assert answer.status_code == 422
    assert "Write something" in answer.text


def test_the_screen_answers_304_until_a_text_rings(business: Business) -> None:
    business.log()
    maya = Visitor.signed_in(business, "maya")
    address = "/simulator/screen?number=%2B447700900123"
    first = maya.open(address)
    assert maya.open(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    rings(business, SAMS, "Hello again")
    assert maya.open(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_the_phone_of_another_sites_customer_is_as_good_as_none(business: Business) -> None:
    business.log(by="nell", site="quay", customer=NewCustomer(NELLS_GUEST, "Gus Guest"))
    rings(business, NELLS_GUEST, "Hello Gus")
    maya = Visitor.signed_in(business, "maya")
    assert "Gus" not in maya.open("/simulator").text
    for answer in (
        maya.open("/simulator?number=%2B12125550123"),
        maya.open("/simulator/screen?number=%2B12125550123"),
        maya.post("/simulator/replies", number=NELLS_GUEST, body="Hello"),
    ):
        assert answer.status_code == 404
    assert "Gus" in Visitor.signed_in(business, "nell").open("/simulator").text


def test_a_number_that_nobody_knows_can_be_held_and_written_from(business: Business) -> None:
    maya = Visitor.signed_in(business, "maya")
    page = maya.open("/simulator?number=07700+900199")
    assert "Somebody" in page.text
    assert maya.post("/simulator/replies", number="+447700900199", body="Hi").status_code == 303


def test_nobody_sees_a_phone_without_signing_in(business: Business) -> None:
    client = create_app(business.desk.settings, business.desk).test_client()
    for address in ("/simulator", "/simulator/list", "/simulator/screen?number=%2B447700900123"):
        assert client.get(address).status_code == 302
    assert SAM.name not in client.get("/simulator", follow_redirects=True).text


@pytest.mark.parametrize(
    "variables",
    [
        {"PUBLIC_URL": "https://desk.example.com", "RECOVERY_TEST_CHEAP_HASH": "0"},
        {
            "SMS_GATEWAY": "twilio",
            "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "TWILIO_AUTH_TOKEN": "t" * 32,
            "TWILIO_FROM": "+15550100",
        },
    ],
)
def test_there_are_no_phones_elsewhere_than_on_loopback_and_beside_a_real_gateway(
    make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock, variables: dict[str, str]
) -> None:
    desk = build(make_settings(DATABASE_URL=sqlite_url, **variables), clock=clock)
    app = create_app(desk.settings, desk)
    assert app.test_client().get("/simulator", base_url="https://localhost").status_code == 404
    desk.dispose()


USUAL = {"number": SAMS, "fate": "arrives", "seconds": "1", "code": "", "other_code": "", "receipts": "in_order"}


def test_ticks_say_how_far_a_text_has_come(business: Business, clock: FrozenClock) -> None:
    business.log()
    maya = Visitor.signed_in(business, "maya")
    address = "/simulator/screen?number=%2B447700900123"
    rings(business, SAMS, "Hello Sam")
    assert '<span class="bubble-state">sent</span>' in maya.open(address).text
    clock.advance(seconds=1)
    with business.desk.write() as session:
        for text_id in phones.arriving(session, now=business.now):
            phones.arrive(session, text_id, now=business.now)
    assert '<span class="bubble-state">delivered</span>' in maya.open(address).text


def test_what_is_chosen_for_a_phone_happens_and_is_shown_again(business: Business, clock: FrozenClock) -> None:
    business.log()
    maya = Visitor.signed_in(business, "maya")
    answer = maya.post("/simulator/habits", **USUAL | {"fate": "fails", "code": "30006", "seconds": "0"})
    assert answer.status_code == 303
    rings(business, SAMS, "Hello Sam")
    with business.desk.write() as session:
        for text_id in phones.arriving(session, now=business.now):
            phones.arrive(session, text_id, now=business.now)
    page = maya.open("/simulator?number=%2B447700900123").text
    assert '<span class="bubble-state">did not arrive</span>' in page
    assert "This is a landline, or its company takes no texts. (30006)" in page
    assert 'value="fails" checked' in page
    assert 'value="30006" selected' in page
    assert 'id="habits" open' in page


def test_a_code_that_nobody_knows_may_be_typed(business: Business) -> None:
    business.log()
    maya = Visitor.signed_in(business, "maya")
    maya.post("/simulator/habits", **USUAL | {"fate": "refused", "code": "21610", "other_code": "29999"})
    assert 'name="other_code" type="text" value="29999"' in maya.open("/simulator?number=%2B447700900123").text


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"fate": "fails"}, "Choose why, or write one of the provider"),
        ({"fate": "fails", "other_code": "abc"}, "Choose why, or write one of the provider"),
        ({"seconds": "9999"}, "up to 3600"),
        ({"seconds": "soon"}, "up to 3600"),
        ({"fate": "explodes"}, "Choose one of those offered."),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_typed_is_lost(
    business: Business, wrong: dict[str, str], sentence: str
) -> None:
    business.log()
    answer = Visitor.signed_in(business, "maya").post("/simulator/habits", **USUAL | {"receipts": "shuffled"} | wrong)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert re.search(r'value="shuffled"\s+selected', answer.text)


def test_nobody_plays_with_the_phone_of_another_sites_customer(business: Business) -> None:
    business.log(by="nell", site="quay", customer=NewCustomer(NELLS_GUEST, "Gus Guest"))
    maya = Visitor.signed_in(business, "maya")
    assert maya.post("/simulator/habits", **USUAL | {"number": NELLS_GUEST}).status_code == 404


def photos_sent(business: Business) -> list[bytes | None]:
    """What a worker gets that fetches what came."""
    with business.desk.read() as session:
        urls = session.scalars(select(Photo.url).order_by(Photo.id)).all()
    return [business.desk.photos.fetch(url) for url in urls]


def test_a_photo_that_lies_ready_comes_in_as_a_picture_message(business: Business) -> None:
    ticket = business.log()
    maya = Visitor.signed_in(business, "maya")
    assert maya.post("/simulator/photos", number=SAMS, words="Look at this", ready="spilled").status_code == 303
    (content,) = photos_sent(business)
    assert content is not None
    assert content.startswith(b"\xff\xd8\xff")
    with business.desk.read() as session:
        assert session.get_one(Ticket, ticket.id).unread == 1
    assert "Look at this" in maya.open("/simulator/screen?number=%2B447700900123").text


def test_a_photo_of_ones_own_needs_no_words(business: Business) -> None:
    business.log()
    maya = Visitor.signed_in(business, "maya")
    own = (io.BytesIO(b"\x89PNG\r\n\x1a\n and so on"), "cup.png")
    assert maya.post("/simulator/photos", number=SAMS, photo=own).status_code == 303
    assert photos_sent(business) == [b"\x89PNG\r\n\x1a\n and so on"]
    assert "(a photo)" in maya.open("/simulator/screen?number=%2B447700900123").text


def test_no_photo_is_refused_with_a_sentence_and_the_words_stay(business: Business) -> None:
    business.log()
    answer = Visitor.signed_in(business, "maya").post("/simulator/photos", number=SAMS, words="Look at this")
    assert answer.status_code == 422
    assert "Choose a photo first" in answer.text
    assert '<details class="fold" id="photo" open>' in answer.text
    assert 'value="Look at this"' in answer.text


def test_what_was_written_while_the_desk_was_away_is_found_and_says_that_it_came_late(
    business: Business, clock: FrozenClock
) -> None:
    ticket = business.log()
    Post(business).send_all()
    maya = Visitor.signed_in(business, "maya")
    clock.advance(minutes=2)
    told = maya.post("/simulator/replies", number=SAMS, body="Is anybody there?", desk_is_away="yes")
    assert "The desk was away." in maya.open(told.headers["Location"]).text
    maya.post("/simulator/photos", number=SAMS, words="", ready="spilled", desk_is_away="yes")
    with business.desk.read() as session:
        assert session.get_one(Ticket, ticket.id).unread == 0
    clock.advance(minutes=8)
    assert listen_again(business.desk, thorough=True, stopping=threading.Event())
    page = words(maya.open(f"/tickets/{ticket.reference}"))
    assert page.count("Their text reached us late: it was written at 09:32.") == 2
    assert "Is anybody there?" in page
    assert len(photos_sent(business)) == 1
    with business.desk.read() as session:
        assert session.get_one(Ticket, ticket.id).unread == 2
        assert session.scalars(select(Message.body).where(Message.direction == "inbound")).all() == [
            "Is anybody there?",
            "",
        ]
