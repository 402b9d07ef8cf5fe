"""The call that the desk makes, on its ticket's page and on the simulated phones."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from recovery.domain.callbacks import CallbackStatus, Outcome
from recovery.models import Attempt, Staff, Ticket
from recovery.services.simulating import calls
from recovery.services.telephony import dialling
from recovery.services.texting.links import customer_url
from tests.factories import Business
from tests.services.calls import book
from tests.telephony.parties import MAYAS, OURS, SAMS
from tests.web.pages import Visitor, value_of, words
from tests.web.ticket_parts import call_of


@pytest.fixture
def calling(business: Business) -> Business:
    business.desk.house = replace(business.desk.house, voice_number=OURS)
    return business


def promised(business: Business) -> Ticket:
    ticket = business.log()
    book(business, ticket)
    return ticket


def page_of(maya: Visitor, ticket: Ticket) -> str:
    return words(maya.open(f"/tickets/{ticket.reference}"))


def place(business: Business, maya: Visitor, ticket: Ticket) -> None:
    """The button, then a worker, then a phone that begins to ring."""
    answer = maya.post(f"/callbacks/{call_of(business, ticket).id}/calls")
    assert answer.status_code == 302, words(answer)
    desk, now = business.desk, business.now
    departure = desk.transact(
        lambda session: dialling.begin(session, token="t", lease=desk.terms.lease, real=False, now=now)
    )
    assert departure is not None
    accepted = desk.telephone.dial(departure.outgoing, now=now)
    desk.transact(lambda session: dialling.finish(session, departure, accepted, now=now))
    tick(business)


def tick(business: Business) -> None:
    with business.desk.read() as session:
        ids = calls.waiting(session, now=business.now)
    for each in ids:
        business.desk.transact(lambda session, leg=each: calls.go_on(session, leg, now=business.now))  # type: ignore[misc]


def press(maya: Visitor, number: str, label: str) -> str:
    """A button on the call screen of that phone; what the screen says then."""
    phone = number.replace("+", "%2B")
    screen = maya.open(f"/simulator/calls?number={phone}")
    act = {"Answer": "pick_up", "Press a key": "press_key", "Decline": "put_down", "Hang up": "put_down"}[label]
    assert f">{label}</button>" in screen.text, words(screen)
    answer = maya.post("/simulator/calls/acts", number=number, leg=value_of(screen.text, "leg"), act=act)
    assert answer.status_code == 303
    return words(maya.open(f"/simulator/calls?number={phone}"))


def line_of(business: Business, maya: Visitor, ticket: Ticket) -> str:
    return words(maya.open(f"/callbacks/{call_of(business, ticket).id}/line"))


def test_a_call_is_made_and_told_as_it_goes_on(calling: Business, maya: Visitor) -> None:
    ticket = promised(calling)
    assert "Call: my phone first" in page_of(maya, ticket)
    place(calling, maya, ticket)
    page = maya.open(f"/tickets/{ticket.reference}")
    assert "Ringing your phone…" in words(page)
    assert f'data-poll="/callbacks/{call_of(calling, ticket).id}/line"' in page.text
    assert "Call: my phone first" not in words(page), "one call at a time"
    assert "A voice says" in press(maya, MAYAS, "Answer")
    assert "You picked up: listen, then press any key." in line_of(calling, maya, ticket)
    assert "Ringing there…" in press(maya, MAYAS, "Press a key")
    assert "Ringing Sam…" in line_of(calling, maya, ticket)
    assert "Talking 0:00" in press(maya, SAMS, "Answer")
    calling.later(seconds=42)
    assert "Talking 0:42" in line_of(calling, maya, ticket)
    assert "Call ended" in press(maya, SAMS, "Hang up")
    over = line_of(calling, maya, ticket)
    assert "Maya, we got cut off after 42 s (inferred)" in over
    assert "It was so" in over
    page_words = page_of(maya, ticket)
    assert "called: we got cut off after 42 s (inferred)" in page_words
    assert "The line was cut. Please call straight back." in words(maya.open(f"/simulator/calls?number=%2B{MAYAS[1:]}"))


def test_what_was_inferred_is_corrected_with_one_press(calling: Business, maya: Visitor) -> None:
    ticket = promised(calling)
    place(calling, maya, ticket)
    press(maya, MAYAS, "Answer")
    press(maya, MAYAS, "Press a key")
    press(maya, SAMS, "Answer")
    calling.later(seconds=30)
    press(maya, SAMS, "Hang up")
    answer = maya.post(f"/callbacks/{call_of(calling, ticket).id}/attempts/1/correction", outcome="reached")
    assert answer.status_code == 302
    (attempt,) = calling.rows(Attempt, ticket)
    assert (attempt.outcome, attempt.inferred) == (Outcome.REACHED, False)
    assert call_of(calling, ticket).status is CallbackStatus.REACHED
    page = page_of(maya, ticket)
    assert "corrected how the call went: reached, not we got cut off" in page
    again = maya.post(f"/callbacks/{call_of(calling, ticket).id}/attempts/1/correction", outcome="busy")
    assert (again.status_code, "Somebody has said already" in words(again)) == (409, True)


def test_a_declined_call_is_said_to_be_busy(calling: Business, maya: Visitor) -> None:
    ticket = promised(calling)
    place(calling, maya, ticket)
    press(maya, MAYAS, "Answer")
    press(maya, MAYAS, "Press a key")
    press(maya, SAMS, "Decline")
    assert "Maya, busy (inferred)" in page_of(maya, ticket)


def test_where_the_phone_of_a_colleague_is_not_known_the_page_says_why(calling: Business, maya: Visitor) -> None:
    ticket = promised(calling)
    with calling.desk.write() as session:
        session.execute(update(Staff).where(Staff.email == "maya@example.com").values(phone=None))
    page = page_of(maya, ticket)
    assert "once your own number is known here" in page
    assert "Call: my phone first" not in page
    assert "How did it go?" in page, "dialling by hand stays as it is"


def test_without_voice_the_page_is_as_it_ever_was(business: Business, maya: Visitor) -> None:
    ticket = promised(business)
    page = page_of(maya, ticket)
    assert "Call: my phone first" not in page
    assert "How did it go?" in page
    refused = maya.post(f"/callbacks/{call_of(business, ticket).id}/calls")
    assert (refused.status_code, "dial yourself" in words(refused)) == (409, True)


def test_a_colleague_sees_who_is_on_the_phone(calling: Business, maya: Visitor, omar: Visitor) -> None:
    ticket = promised(calling)
    place(calling, maya, ticket)
    press(maya, MAYAS, "Answer")
    press(maya, MAYAS, "Press a key")
    press(maya, SAMS, "Answer")
    calling.later(seconds=65)
    assert "Maya is on the phone with them: 1:05" in page_of(omar, ticket)


def test_a_sensitive_ticket_that_was_not_opened_tells_nothing_of_its_call(
    calling: Business, maya: Visitor, omar: Visitor
) -> None:
    ticket = calling.log(failure="unsafe", remedies=())
    book(calling, ticket)
    assert omar.open(f"/callbacks/{call_of(calling, ticket).id}/line").status_code == 404


def test_what_the_telephone_company_told_is_not_told_to_the_customer(calling: Business, maya: Visitor) -> None:
    ticket = promised(calling)
    place(calling, maya, ticket)
    press(maya, MAYAS, "Answer")
    press(maya, MAYAS, "Press a key")
    press(maya, SAMS, "Decline")
    with calling.desk.read() as session:
        held = session.get_one(Ticket, ticket.id)
        link = customer_url(session.house, held).removeprefix(session.house.public_url)
    page = words(maya.open(link))
    assert "busy" not in page.lower()
    assert "14:" in page or "09:" in page, "the next try is theirs to know"


def test_a_phone_calls_our_line_and_nobody_is_there(calling: Business, maya: Visitor) -> None:
    assert "Call from this phone" in words(maya.open("/simulator?number=%2B447700900177"))
    answer = maya.post("/simulator/calls", number="+447700900177", called=OURS)
    assert answer.status_code == 303
    assert "nobody could take your call" in words(maya.open("/simulator?number=%2B447700900177"))
    assert "Called us and did not get through" in words(maya.open("/desk/lanes"))


def test_only_our_lines_are_called_and_only_what_rings_is_answered(calling: Business, maya: Visitor) -> None:
    maya.post("/simulator/calls", number="+447700900177", called="+447700900999")
    assert "Choose one of our lines." in words(maya.open("/simulator?number=%2B447700900177"))
    maya.post("/simulator/calls/acts", number="+447700900177", leg="12", act="pick_up")
    assert maya.post("/simulator/calls/acts", number="+447700900177", leg="12", act="pick_up").status_code == 404
    assert maya.post("/simulator/calls/acts", number="+447700900177", leg="x" * 30, act="pick_up").status_code == 303


def test_an_admin_gives_a_site_its_line(business: Business, maya: Visitor) -> None:
    ada = Visitor.signed_in(business, "ada", maya)
    assert "Calls through the desk" in words(ada.open("/admin/sites/harbour-st"))
    wrong = ada.post("/admin/sites/harbour-st/line", voice_number="12", line_number="")
    assert wrong.status_code == 422
    assert 'value="12"' in wrong.text, "what was typed is still there"
    saved = ada.post("/admin/sites/harbour-st/line", voice_number="020 7946 0123", line_number="07700 900150")
    assert saved.status_code == 303
    site = business.site()
    assert (site.voice_number, site.line_number) == (OURS, "+447700900150")
