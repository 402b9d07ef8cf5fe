"""The log page: three choices, one ticket, whatever is typed wrongly or sent twice."""

from typing import Any

import pytest
from sqlalchemy import func, select

from recovery.models import IdempotencyKey, Message, Remedy, Ticket
from recovery.services.people.customers import contact_for
from recovery.services.texting import consent
from tests.factories import LEE, REMAKE, SAM, Business, NewCustomer
from tests.web.pages import Visitor, reference_in, value_of, words


def count(business: Business, thing: type[Any]) -> int:
    with business.desk.read() as session:
        return session.scalar(select(func.count()).select_from(thing)) or 0


def only_ticket(business: Business) -> Ticket:
    with business.desk.read() as session:
        return session.scalars(select(Ticket)).one()


def test_a_phone_and_a_tile_are_enough(business: Business, maya: Visitor) -> None:
    reference = reference_in(maya.log())
    page = words(maya.open(f"/tickets/{reference}"))
    assert f"Saved as {reference}." in page
    assert "Sam Whitfield" in page
    assert "Hello Sam, it's Maya at Harbour St Coffee." in page


def test_a_remake_and_a_refund_go_on_one_ticket(business: Business, maya: Visitor) -> None:
    maya.log(remedy=["remake", "refund"], amount_refund="£4.50")
    with business.desk.read() as session:
        given = session.execute(select(Remedy.kind, Remedy.amount, Remedy.status).order_by(Remedy.id)).all()
    assert [tuple(str(part) for part in row) for row in given] == [
        ("remake", "None", "granted"),
        ("refund", "450", "granted"),
    ]


def test_what_goes_above_the_limit_is_asked_for(business: Business, maya: Visitor) -> None:
    page = words(maya.open(f"/tickets/{reference_in(maya.log(remedy=['refund'], amount_refund='45'))}"))
    assert "Refund £45.00 waiting for approval" in page
    assert "asked Omar for approval" in page


def test_two_taps_on_save_make_one_ticket(business: Business, maya: Visitor) -> None:
    submission = value_of(maya.open("/log").text, "submission")
    first, second = (maya.log(submission=submission, remedy=["remake"]) for _ in range(2))
    assert reference_in(first) == reference_in(second)
    assert (count(business, Ticket), count(business, Message), count(business, IdempotencyKey)) == (1, 1, 1)


def test_the_same_form_with_other_words_is_asked_about_and_then_saved(business: Business, maya: Visitor) -> None:
    submission = value_of(maya.open("/log").text, "submission")
    reference = reference_in(maya.log(submission=submission))
    answer = maya.log(submission=submission, failure="late", note="and late too")
    assert answer.status_code == 422
    assert f"This form was saved already, as {reference}." in words(answer)
    assert "and late too" in answer.text
    maya.log(submission=value_of(answer.text, "submission"), failure="late")
    assert count(business, Ticket) == 2


def test_a_key_of_maya_means_nothing_to_omar(business: Business, maya: Visitor, omar: Visitor) -> None:
    submission = value_of(maya.open("/log").text, "submission")
    assert reference_in(maya.log(submission=submission)) != reference_in(omar.log(submission=submission))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"failure": None}, "Choose what went wrong."),
        ({"failure": "bad mood"}, "“bad mood” is not one of"),
        ({"site": "elsewhere"}, "There is no site “elsewhere” that you work at."),
        ({"phone": "0770"}, "That phone number lacks its area code: write all of it."),
        ({"phone": "07700 900123456789"}, "That phone number is too long: check the digits."),
        ({"phone": "call me maybe"}, "That is not a phone number"),
        ({"remedy": ["refund"]}, "A refund needs an amount: enter how much."),
        ({"remedy": ["refund"], "amount_refund": "0"}, "The amount cannot be zero"),
        ({"remedy": ["refund"], "amount_refund": "-4"}, "The amount cannot be negative."),
        ({"remedy": ["refund"], "amount_refund": "1e400"}, "“1e400” is not an amount: write it as 4.50."),
        ({"remedy": ["refund"], "amount_refund": "4.505"}, "GBP has no unit that small"),
        ({"remedy": ["refund"], "amount_refund": "9" * 30}, "The amount is larger than any remedy"),
        ({"remedy": ["pony"]}, "Choose one of those offered."),
        ({"order_amount": "free"}, "“free” is not an amount"),
        ({"severity": "awful"}, "Choose one of those offered."),
        ({"promise_minutes": "0"}, "Promise whole minutes, from 1 on."),
        ({"promise_minutes": "-5"}, "Promise whole minutes, from 1 on."),
        ({"promise_minutes": "2.9"}, "Promise whole minutes, from 1 on."),
        ({"note": "x" * 4001}, "Keep it below 4001 characters."),
        ({"name": "x" * 201, "note": "oat latte"}, "Keep it below 201 characters."),
        ({"note": "nul \0 byte"}, "This holds a character that cannot be kept"),
        ({"colour": "red"}, "This form has no such field."),
    ],
)
def test_what_cannot_be_taken_is_said_in_one_sentence_and_nothing_typed_is_lost(
    business: Business, maya: Visitor, typed: dict[str, Any], sentence: str
) -> None:
    answer = maya.log(**{"name": "Sam of table 6", "note": "oat latte", **typed})
    assert answer.status_code == (404 if "site" in typed else 422)
    assert sentence in words(answer)
    assert f'value="{typed.get("name", "Sam of table 6")}"' in answer.text
    assert "note" in typed or "oat latte</textarea>" in answer.text
    assert count(business, Ticket) == 0


def test_every_amount_that_is_wrong_is_named(business: Business, maya: Visitor) -> None:
    answer = maya.log(remedy=["refund", "voucher"], amount_refund="much", amount_voucher="")
    assert "“much” is not an amount" in words(answer)
    assert "A voucher needs an amount" in words(answer)


def test_what_was_chosen_stays_chosen_after_a_mistake(business: Business, maya: Visitor) -> None:
    page = maya.log(remedy=["remake", "refund"], amount_refund="much", phone="+44 7700 900 123").text
    assert 'value="remake" checked' in page
    assert 'value="wrong_order" checked' in page
    assert 'value="much"' in page
    assert 'value="+44 7700 900 123"' in page


def test_without_a_phone_it_is_a_ticket_that_says_why_no_text_goes(business: Business, maya: Visitor) -> None:
    reference = reference_in(maya.log(phone="", name=""))
    assert "No texts: there is no number." in words(maya.open(f"/tickets/{reference}"))
    assert count(business, Message) == 0


def test_another_site_is_no_choice_and_no_way_in(business: Business, maya: Visitor) -> None:
    assert "The Quay Hotel" not in words(maya.open("/log"))
    assert maya.log(site="quay").status_code == 404
    assert count(business, Ticket) == 0


def test_an_admin_chooses_the_site_and_the_browser_remembers_it(business: Business, maya: Visitor) -> None:
    ada = Visitor.signed_in(business, "ada", maya)
    assert "Where Harbour St Coffee The Quay Hotel" in words(ada.open("/log"))
    ada.log(site="quay", phone="212 555 0123")
    assert '<option value="quay" data-country="US" selected>' in ada.open("/log").text


@pytest.mark.parametrize("amount", ["4.50", "45"])
def test_undo_right_after_saving_takes_the_ticket_out(business: Business, maya: Visitor, amount: str) -> None:
    reference = reference_in(maya.log(remedy=["refund"], amount_refund=amount))
    page = maya.open(f"/tickets/{reference}").text
    reason = value_of(page, "reason")
    assert maya.post(f"/tickets/{reference}/void", version="1", reason=reason).status_code == 302
    assert only_ticket(business).status.value == "void"


# --- recall ---


def test_from_the_seventh_digit_a_known_customer_comes_back(business: Business, maya: Visitor) -> None:
    business.log(customer=SAM)
    assert "Sam" not in words(maya.post("/log/recall", site="harbour-st", phone="07700 9"))
    found = maya.post("/log/recall", site="harbour-st", phone="07700 90")
    assert "Sam Whitfield" in words(found)
    assert "Last time: wrong order, just now" in words(found)


def test_what_was_logged_in_error_is_no_last_time(business: Business, maya: Visitor) -> None:
    business.log(customer=SAM, failure="late")
    business.later(minutes=5)
    void = business.log(customer=SAM, failure="overcharged")
    maya.act(void.reference, "void", reason="the wrong table")
    assert "Last time: late, just now" in words(maya.post("/log/recall", site="harbour-st", phone="07700 900123"))


def test_a_private_ticket_is_a_last_time_only_to_whom_it_is_there(
    business: Business, maya: Visitor, omar: Visitor
) -> None:
    """That there was something private, and when, is more than a colleague may know."""
    private = business.log(customer=SAM, failure="unsafe", by="omar")
    assert maya.open(f"/tickets/{private.reference}").status_code == 404
    recalled = words(maya.post("/log/recall", site="harbour-st", phone="07700 900123"))
    assert "Sam Whitfield" in recalled
    assert "Last time" not in recalled
    recalled = words(omar.post("/log/recall", site="harbour-st", phone="07700 900123"))
    assert "Last time: something private, just now" in recalled


def test_the_last_four_digits_find_somebody_too(business: Business, maya: Visitor) -> None:
    business.log(customer=SAM)
    assert "Sam Whitfield" in words(maya.post("/log/recall", site="harbour-st", phone="0123"))


def test_where_two_would_fit_nobody_is_shown(business: Business, maya: Visitor) -> None:
    business.log(customer=SAM)
    business.log(customer=LEE)
    assert words(maya.post("/log/recall", site="harbour-st", phone="07700 9001")) == ""
    assert "Lee Chen" in words(maya.post("/log/recall", site="harbour-st", phone="07700 900125"))


def test_nobody_learns_that_another_site_knows_the_number(business: Business, maya: Visitor) -> None:
    business.log(by="nell", site="quay", customer=NewCustomer("+447700900123", "Sam of the hotel"))
    assert words(maya.post("/log/recall", site="harbour-st", phone="07700 900123")) == ""
    assert words(maya.post("/log/recall", site="quay", phone="+44 7700 900123")) == ""


def test_reading_out_the_customers_of_a_site_is_slow_work(business: Business, maya: Visitor) -> None:
    business.log(customer=SAM)
    token = maya.token()
    answers = [maya.post("/log/recall", token=token, phone="07700 900123").text for _ in range(61)]
    assert "Sam Whitfield" in answers[0]
    assert "Sam Whitfield" not in answers[-1]


def test_a_number_that_wants_no_texts_says_so_before_anybody_types(business: Business, maya: Visitor) -> None:
    business.log(customer=SAM)
    with business.desk.write() as session:
        contact = contact_for(session, "+447700900123", now=business.now)
        consent.opt_out(session, contact, sender="simulator", how="keyword", message_id=None, now=business.now)
    assert "asked for no texts" in words(maya.post("/log/recall", phone="07700 900123"))
    preview = words(maya.post("/log/preview", phone="07700 900123", failure="late"))
    assert "This number has asked for no texts." in preview


def test_so_does_one_that_has_no_ticket_as_soon_as_it_is_typed(business: Business, maya: Visitor) -> None:
    with business.desk.write() as session:
        contact = contact_for(session, "+447700900123", now=business.now)
        consent.opt_out(session, contact, sender="simulator", how="keyword", message_id=None, now=business.now)
    assert "This number has asked for no texts." in words(maya.post("/log/preview", phone="07700 900123"))
    assert "of a country that we do not text" in words(maya.post("/log/preview", phone="+353 85 012 3456"))
    for half in ("", "07700", "07700 900124"):
        assert "Choose what went wrong" in words(maya.post("/log/preview", phone=half))


# --- the text that will go ---


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"remedy": ["remake"]},
        {"remedy": ["remake", "refund"], "amount_refund": "4.50"},
        {"remedy": ["refund"], "amount_refund": "45"},
        {"remedy": ["voucher", "refund"], "amount_refund": "15", "amount_voucher": "10"},
        {"promise_minutes": "6", "severity": "severe"},
        {"failure": "unsafe"},
        {"name": "", "failure": "late"},
    ],
)
def test_the_text_shown_is_the_text_that_goes(business: Business, maya: Visitor, choices: dict[str, Any]) -> None:
    typed = {"site": "harbour-st", "phone": "07700 900123", "name": "Sam", "failure": "wrong_order"} | choices
    shown = words(maya.post("/log/preview", **typed))
    maya.log(**typed)
    with business.desk.read() as session:
        sent = session.scalars(select(Message).where(Message.audience == "customer")).one()
    beginning, _, _ = (sent.body or "").partition("http")
    assert beginning in shown
    assert f"{sent.segments} segment" in shown


def test_a_known_name_is_in_the_text_without_being_typed(business: Business, maya: Visitor) -> None:
    business.log(customer=SAM)
    assert "Hello Sam," in words(maya.post("/log/preview", phone="07700 900123", failure="late"))


def test_while_a_number_is_half_typed_no_text_is_shown(business: Business, maya: Visitor) -> None:
    assert "it is written here" in words(maya.post("/log/preview", phone="0770", failure="late"))


def test_without_a_script_the_page_looks_up_and_previews_as_well(business: Business, maya: Visitor) -> None:
    business.log(customer=SAM)
    found = maya.log(do="find", name="", failure=None)
    assert 'value="Sam Whitfield"' in found.text
    assert "Hello Sam," in words(maya.log(do="preview", failure="late"))
    assert count(business, Ticket) == 1


def test_a_second_matter_is_logged_beside_the_first(business: Business, maya: Visitor) -> None:
    first = business.log(customer=SAM)
    page = maya.open(f"/log?beside={first.reference}")
    assert f"A second matter of Sam Whitfield, beside {first.reference}" in words(page)
    reference = reference_in(maya.log(linked_to=first.reference, failure="late"))
    assert f"Follows {first.reference}" in words(maya.open(f"/tickets/{reference}"))


def test_a_ticket_of_another_site_is_nothing_to_link_to(business: Business, maya: Visitor) -> None:
    theirs = business.log(by="nell", site="quay", customer=None, remedies=(REMAKE,))
    assert "A second matter" not in words(maya.open(f"/log?beside={theirs.reference}"))
    answer = maya.log(linked_to=theirs.reference)
    assert answer.status_code == 422
    assert f"There is no ticket {theirs.reference} at your sites" in words(answer)
