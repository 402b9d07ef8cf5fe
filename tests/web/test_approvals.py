"""Yes or no in seconds: on the page, and by one tap from a text."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from recovery.clock import FrozenClock
from recovery.domain.remedies import RemedyStatus
from recovery.models import Approval, Message, Remedy, Ticket
from recovery.services.people.customers import NewCustomer
from recovery.services.texting.links import approval_url
from tests.factories import SAM, Business, refund
from tests.web.pages import Visitor, words


@pytest.fixture
def asked(business: Business) -> Ticket:
    """Maya asks for a refund of £45.00, above her £20.00."""
    return business.log(remedies=(refund(4500),))


def remedy_of(business: Business, ticket: Ticket) -> Remedy:
    with business.desk.read() as session:
        return session.scalars(select(Remedy).where(Remedy.ticket_id == ticket.id)).one()


def link(business: Business) -> str:
    with business.desk.read() as session:
        approval = session.scalars(select(Approval)).one()
        return approval_url(business.desk.house, approval).removeprefix(business.desk.settings.public_url)


def test_the_page_says_what_why_and_for_whom(business: Business, omar: Visitor, asked: Ticket) -> None:
    page = words(omar.open("/approvals"))
    for part in (
        "One answer is waited for.",
        "Refund £45.00",
        "Maya asks, for Sam Whitfield.",
        "Passes £20.00 for one ticket.",
        "Nothing in 90 days.",
        "Approve £45.00",
    ):
        assert part in page


def test_the_history_of_the_customer_stands_beside_the_question(
    business: Business, omar: Visitor, clock: FrozenClock
) -> None:
    business.log(remedies=(refund(450),))
    clock.advance(minutes=1)
    void = business.log(remedies=())
    omar.act(void.reference, "void", reason="logged twice")
    clock.advance(minutes=1)
    business.log(remedies=(refund(4500),))
    assert "1 time in 90 days, £4.50 given." in words(omar.open("/approvals"))


def test_omar_approves_and_the_question_is_gone(business: Business, omar: Visitor, asked: Ticket) -> None:
    answer = omar.post(f"/approvals/{remedy_of(business, asked).id}/approval")
    assert answer.headers["Location"] == "/approvals"
    page = words(omar.open("/approvals"))
    assert "Approved: £45.00." in page
    assert "Nobody waits for your answer." in page
    assert "Maya asked, Omar approved at 09:30" in words(omar.open(f"/tickets/{asked.reference}"))


def test_a_smaller_amount_is_approved_a_larger_one_refused(business: Business, omar: Visitor, asked: Ticket) -> None:
    address = f"/approvals/{remedy_of(business, asked).id}/approval"
    answer = omar.post(address, amount="60")
    assert answer.status_code == 422
    assert "a smaller amount above zero" in words(answer)
    assert 'value="60"' in answer.text
    assert omar.post(address, amount="30").status_code == 302
    assert remedy_of(business, asked).amount == 3000


def test_declining_needs_a_reason_and_keeps_it(business: Business, omar: Visitor, asked: Ticket) -> None:
    address = f"/approvals/{remedy_of(business, asked).id}/refusal"
    answer = omar.post(address)
    assert answer.status_code == 422
    assert "Say why, in a few words" in words(answer)
    assert omar.post(address, reason="ten times the price").status_code == 302
    assert remedy_of(business, asked).decision_reason == "ten times the price"


def test_a_second_decision_says_who_was_first(business: Business, omar: Visitor, asked: Ticket) -> None:
    address = f"/approvals/{remedy_of(business, asked).id}"
    omar.post(f"{address}/approval")
    answer = omar.post(f"{address}/refusal", reason="too late")
    assert answer.status_code == 409
    assert "Omar has decided this already" in words(answer)
    assert remedy_of(business, asked).status is RemedyStatus.GRANTED


def test_nobody_answers_their_own_question(business: Business, omar: Visitor) -> None:
    own = business.log(by="omar", remedies=(refund(20_000),))
    assert "Nobody waits for your answer." in words(omar.open("/approvals"))
    assert omar.post(f"/approvals/{remedy_of(business, own).id}/approval").status_code == 403


def test_the_counter_and_the_other_site_cannot_answer(business: Business, maya: Visitor, asked: Ticket) -> None:
    address = f"/approvals/{remedy_of(business, asked).id}/approval"
    assert maya.post(address).status_code == 403
    nell = Visitor.signed_in(business, "nell", maya)
    assert nell.post(address).status_code == 404
    assert "Nobody waits for your answer." in words(nell.open("/approvals"))
    assert remedy_of(business, asked).status is RemedyStatus.PENDING_APPROVAL


# --- one tap ---


def test_the_text_to_omar_leads_to_the_question(business: Business, asked: Ticket) -> None:
    with business.desk.read() as session:
        body = session.scalars(select(Message.body).where(Message.template == "staff_approval")).one()
    assert f"{business.desk.settings.public_url}{link(business)}" in (body or "")


def test_reading_the_link_decides_nothing_and_needs_no_sign_in(business: Business, asked: Ticket) -> None:
    phone = Visitor.at(business)
    for _ in range(3):
        page = phone.open(link(business))
        assert page.status_code == 200
    assert "Omar, a question." in words(page)
    assert "Refund £45.00" in words(page)
    assert remedy_of(business, asked).status is RemedyStatus.PENDING_APPROVAL


def test_one_tap_answers_as_the_person_who_was_asked(business: Business, asked: Ticket) -> None:
    phone = Visitor.at(business)
    done = phone.client.post(f"{link(business)}/approval", follow_redirects=True)
    assert "Approved. Thank you." in words(done)
    remedy = remedy_of(business, asked)
    assert (remedy.status, remedy.decided_by_id) == (RemedyStatus.GRANTED, business.staff("omar").id)


def test_one_tap_declines_with_a_reason(business: Business, asked: Ticket) -> None:
    phone, address = Visitor.at(business), link(business)
    assert "Say why, in a few words" in words(phone.client.post(f"{address}/refusal"))
    assert "Declined." in words(
        phone.client.post(f"{address}/refusal", data={"reason": "too much"}, follow_redirects=True)
    )
    assert remedy_of(business, asked).status is RemedyStatus.REFUSED


def test_an_answered_a_passed_on_a_tampered_and_a_made_up_link_look_the_same(
    business: Business, asked: Ticket, clock: FrozenClock
) -> None:
    phone, first = Visitor.at(business), link(business)
    clock.advance(minutes=11)
    business.tick()
    second = link(business)
    assert phone.open(first).status_code == 404
    assert phone.open(second).status_code == 200
    phone.client.post(f"{second}/approval")
    tampered = re.sub(r".$", lambda last: "A" if last[0] != "A" else "B", second)
    answers = [phone.open(address) for address in (first, second, tampered, "/a/made-up")]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({answer.text for answer in answers}) == 1
    assert phone.client.post(f"{first}/refusal", data={"reason": "x"}).status_code == 404


def test_a_question_that_was_taken_back_cannot_be_answered(business: Business, maya: Visitor, asked: Ticket) -> None:
    address, remedy = link(business), remedy_of(business, asked)
    maya.post(f"/remedies/{remedy.id}/cancellation", version="1")
    assert Visitor.at(business).open(address).status_code == 404
    assert remedy_of(business, asked).status is RemedyStatus.CANCELLED


def test_who_left_answers_nothing_any_more(business: Business, asked: Ticket) -> None:
    address = link(business)
    with business.desk.write() as session:
        approval = session.scalars(select(Approval)).one()
        approval.asked_of.deactivated_at = business.now
    assert Visitor.at(business).open(address).status_code == 404


NIGHT = datetime(2026, 3, 10, 22, tzinfo=UTC)
WAYS = [
    (SAM, None, "The customer is told by text."),
    (None, None, "No text can go to the customer: somebody has to tell them."),
    (SAM, NIGHT, "Texts wait for the morning now: the customer is told then."),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("decision", ["approval", "refusal"])
def test_how_the_customer_hears_of_it_is_said_as_it_is(
    business: Business,
    omar: Visitor,
    clock: FrozenClock,
    way: tuple[NewCustomer | None, datetime | None, str],
    decision: str,
) -> None:
    customer, at, sentence = way
    if at:
        clock.advance(seconds=(at - business.now).total_seconds())
        omar.sign_in("omar")
    by_page, by_tap = (business.log(customer=customer, remedies=(refund(4500),)) for _ in range(2))
    with business.desk.read() as session:
        asked = {each.ticket_id: each for each in session.scalars(select(Approval))}
    tap = approval_url(business.desk.house, asked[by_tap.id]).removeprefix(business.desk.settings.public_url)
    omar.post(f"/approvals/{remedy_of(business, by_page).id}/{decision}", reason="too much")
    assert sentence in words(omar.open("/approvals"))
    phone = Visitor.at(business).client
    answer = phone.post(f"{tap}/{decision}", data={"reason": "too much"}, follow_redirects=True)
    assert answer.status_code == 200
    assert sentence in words(answer)


def test_what_is_said_after_one_tap_comes_from_us(business: Business) -> None:
    answer = Visitor.at(business).open("/a/done?answered=approval&told=Your+card+was+stolen")
    assert answer.status_code == 200
    assert "Approved. Thank you." in words(answer)
    assert "stolen" not in answer.text
