"""Waiting for a free colleague on the pages: the line, three taps to join it, and the customer's own page."""

import re

import pytest
from flask.testing import FlaskClient

from recovery.clock import FrozenClock
from recovery.domain.waits import WaitAnswer, WaitStatus
from recovery.models import Ticket, Wait
from recovery.services.people.customers import NewCustomer
from recovery.services.texting.links import customer_token
from recovery.services.ticketing.customer_page import MOST_ACTS
from recovery.services.waiting import turns
from tests.factories import NOOR, SAM, Business
from tests.services.texting_parts import delivered
from tests.services.wait_parts import again, joined, press, says_on_page
from tests.web.pages import Visitor, value_of, words
from tests.web.test_tasks import press as press_button


def put_in_line(visitor: Visitor, **fields: str) -> object:
    page = visitor.open("/waiting/new").text
    usual = {"submission": value_of(page, "submission"), "site": "harbour-st"}
    return visitor.post("/waiting", **usual | fields)


def page_of(client: FlaskClient, business: Business, wait: Wait) -> str:
    return f"/c/{_token(business, wait)}"


def _token(business: Business, wait: Wait) -> str:
    with business.desk.read() as session:
        return customer_token(session.house, session.get_one(Ticket, wait.ticket_id))


def test_the_line_is_empty_filled_called_and_empty_again(business: Business, maya: Visitor, omar: Visitor) -> None:
    assert "Nobody waits. Whoever comes is helped at once." in words(maya.open("/waiting"))
    maya.open("/waiting/new")
    put_in_line(maya, phone="07700 900123", name="Sam Whitfield", note="returns a kettle")
    put_in_line(maya, name="Lady in the green coat")
    page = words(maya.open("/waiting"))
    assert "2 customers wait." in page or "Two customers wait." in page
    assert "Sam Whitfield 1st in line returns a kettle · since 09:30" in page
    assert "Lady in the green coat 2nd in line No phone: call them by name." in page
    assert "wait for a free colleague" in words(maya.open("/"))
    assert "They are called." in press_button(omar, omar.open("/waiting").text, "We are ready for you")
    page = words(maya.open("/waiting"))
    assert "Sam Whitfield Omar called at 09:30: not here yet" in page
    assert "Lady in the green coat 1st in line" in page
    assert "Helped." in press_button(maya, maya.open("/waiting").text, "Helped")
    assert "Sam Whitfield" not in words(maya.open("/waiting"))


@pytest.mark.parametrize("act", ["help", "departure"])
def test_what_was_pressed_on_the_wrong_row_is_undone(business: Business, maya: Visitor, act: str) -> None:
    maya.post(f"/waiting/{joined(business).id}/{act}")
    page = maya.open("/waiting")
    assert "Nobody waits." in words(page)
    undo = re.search(r'action="(/tickets/RD-\w+/resolution/undo)"', page.text)
    assert undo
    fields = {name: value_of(page.text, name) for name in ("version", "back")}
    assert maya.post(undo[1], **fields).headers["Location"] == "/waiting"
    assert "Sam Whitfield 1st in line" in words(maya.open("/waiting"))


def test_a_known_customer_comes_back_by_their_number(business: Business, maya: Visitor) -> None:
    business.log(customer=SAM)
    put_in_line(maya, phone="07700 900123")
    assert "Sam Whitfield 1st in line" in words(maya.open("/waiting"))


def test_what_does_not_work_is_one_sentence_and_nothing_typed_is_lost(business: Business, maya: Visitor) -> None:
    joined(business)
    for fields, sentence in (
        ({"note": "a kettle"}, "Enter a phone number, or a name to call out."),
        ({"phone": "07700 900123", "note": "a kettle"}, "This number is in line already: see Waiting."),
        ({"phone": "12", "note": "a kettle"}, "phone number"),
        ({"phone": "07700 900124", "note": "a kettle", "site": "nowhere"}, "nowhere"),
    ):
        answer = put_in_line(maya, **fields)
        assert sentence in words(answer), fields
        assert 'value="a kettle"' in answer.text
        assert answer.status_code in {404, 422}


def test_the_same_form_twice_is_one_place_in_line(business: Business, maya: Visitor) -> None:
    page = maya.open("/waiting/new").text
    form = {"submission": value_of(page, "submission"), "site": "harbour-st", "name": "Kim"}
    for _ in range(2):
        maya.post("/waiting", **form)
    assert words(maya.open("/waiting")).count("Kim") > 0
    with business.desk.read() as session:
        assert session.query(Wait).count() == 1


def test_a_press_that_comes_too_late_says_why(business: Business, maya: Visitor) -> None:
    wait = press(business, joined(business), turns.helped)
    answer = maya.post(f"/waiting/{wait.id}/readiness")
    assert answer.status_code == 409
    assert "This wait is helped, so it cannot become called." in words(answer)


def test_an_unchanged_line_is_answered_without_a_body(business: Business, maya: Visitor) -> None:
    joined(business)
    first = maya.open("/waiting/rows")
    second = maya.open("/waiting/rows", headers={"If-None-Match": first.headers["ETag"]})
    assert (second.status_code, second.data) == (304, b"")
    joined(business, NOOR)
    assert maya.open("/waiting/rows", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_the_desk_and_lists_call_it_waiting_and_not_a_mistake(
    business: Business, maya: Visitor, clock: FrozenClock
) -> None:
    joined(business, NewCustomer(None, "Kim"))
    assert "Nothing rests with you." in words(maya.open("/"))
    assert "Waiting for help" in words(maya.open("/tickets"))
    clock.advance(minutes=16)
    business.tick()
    assert "Kept waiting" in words(maya.open("/board"))
    page = maya.open("/undetected")
    assert "in line still, longer than we promised" in words(page)
    assert 'href="/waiting"' in page.text


def test_the_ticket_tells_the_story_of_the_wait(business: Business, maya: Visitor) -> None:
    wait = press(business, joined(business), turns.ready)
    says_on_page(business, wait, WaitAnswer.LATER)
    with business.desk.read() as session:
        reference = session.get_one(Ticket, wait.ticket_id).reference
    story = words(maya.open(f"/tickets/{reference}"))
    assert "Sam Whitfield Waiting for help" in story
    assert "They are in line: call or help them there" in story
    assert "Maya put them in line as number 1" in story
    assert "Maya was ready for them" in story
    assert "The customer asked for ten minutes" in story
    assert "Wait for the customer" not in story


def test_the_customers_page_shows_their_place_and_takes_the_three_answers(
    business: Business, client: FlaskClient
) -> None:
    joined(business, NOOR)
    wait = joined(business)
    address = page_of(client, business, wait)
    page = words(client.get(address))
    assert (
        "Hello Sam. You are in line at Harbour St Coffee. Your place in line 2 It is your turn in about 10 minutes."
        in page
    )
    assert "I am on my way" not in page
    assert "Still not right" not in page
    press(business, wait, turns.ready)
    page = words(client.get(address))
    assert "We are ready for you Now We keep it free for you until 09:40." in page
    client.post(f"{address}/wait", data={"said": "coming"})
    assert again(business, wait).status is WaitStatus.COMING
    client.post(f"{address}/wait", data={"said": "later"})
    assert again(business, wait).status is WaitStatus.LATER
    assert "You have until 09:40 The next one goes first, and you keep your place." in words(client.get(address))
    answer = client.post(f"{address}/wait", data={"said": "not_coming"}, follow_redirects=True)
    assert "Hello Sam. Thank you for telling us. You are out of the line" in words(answer)
    assert again(business, wait).status is WaitStatus.GONE
    client.post(f"{address}/wait", data={"said": "coming"})
    assert again(business, wait).status is WaitStatus.GONE


def test_what_is_no_answer_changes_nothing(business: Business, client: FlaskClient) -> None:
    wait = press(business, joined(business), turns.ready)
    address = page_of(client, business, wait)
    for said in ("", "helped", "\0", "x" * 5000):
        assert client.post(f"{address}/wait", data={"said": said}).status_code == 303
    assert again(business, wait).status is WaitStatus.CALLED
    assert client.post(f"/c/{'A' * 34}/wait", data={"said": "coming"}).status_code == 404


def test_nobody_sends_a_hundred_texts_by_pressing(business: Business, client: FlaskClient) -> None:
    wait = press(business, joined(business), turns.ready)
    address = page_of(client, business, wait)
    said = [client.post(f"{address}/wait", data={"said": ("later", "coming")[n % 2]}).status_code for n in range(20)]
    assert said.count(303) == MOST_ACTS
    assert said[-1] == 429


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("es", "Está en la cola de Harbour St Coffee. Su lugar en la cola 1"), ("fr", "Votre place dans la file 1")],
)
def test_it_speaks_their_language(business: Business, client: FlaskClient, language: str, sentence: str) -> None:
    wait = joined(business, NewCustomer("07700 900123", "Sam", language))
    assert sentence in words(client.get(page_of(client, business, wait)))


def test_once_our_promise_is_broken_the_page_says_so_beside_the_place(
    business: Business, client: FlaskClient, clock: FrozenClock
) -> None:
    wait = joined(business)
    delivered(business)
    clock.advance(hours=1)
    business.tick()
    page = words(client.get(page_of(client, business, wait)))
    assert (
        "Hello Sam. We kept you waiting, and we are sorry. Your place in line 1 It takes longer than we promised"
        in page
    )
    assert "Still not right" in page
