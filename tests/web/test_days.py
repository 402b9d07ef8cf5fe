"""Holidays and special days, as an admin sets them."""

import pytest

from tests.factories import Business
from tests.services.calls import book
from tests.web.pages import Visitor, words

DAYS = "/admin/sites/harbour-st/days"


@pytest.fixture
def ada(business: Business) -> Visitor:
    return Visitor.signed_in(business, "ada")


def test_a_special_day_is_set_shown_and_taken_away(ada: Visitor) -> None:
    assert "Every day is as the week says." in words(ada.open(DAYS))
    saved = ada.post(DAYS, day="2026-03-12", times="10:00-12:00 13:00-14:00", name="Founders’ day")
    assert saved.status_code == 303
    assert "Thursday 12 March 2026 10:00–12:00, 13:00–14:00, Founders’ day" in words(ada.open(DAYS))
    assert "Thursday 12 March 2026 10:00–12:00, 13:00–14:00, Founders’ day" in words(
        ada.open("/admin/sites/harbour-st")
    )
    ada.post(f"{DAYS}/removal", day="2026-03-12")
    assert "Every day is as the week says." in words(ada.open(DAYS))


@pytest.mark.parametrize(
    ("day", "times", "name", "sentence"),
    [
        ("", "shut", "", "“” is no day: write it as 2026-03-10."),
        (
            "2026-03-09",
            "shut",
            "",
            "That day has gone by, and what happened on it stays as it was: choose today or later.",
        ),
        ("2026-03-12", "", "", "Say when you are open that day, as in 10:00-14:00, or write shut."),
        ("2026-03-12", "ten to two", "", "“ten” is not a span of time"),
        ("2026-03-12", "shut", "x" * 61, "Name the day in at most 60 letters."),
    ],
)
def test_what_cannot_be_kept_is_said_and_stays_typed(
    ada: Visitor, day: str, times: str, name: str, sentence: str
) -> None:
    answer = ada.post(DAYS, day=day, times=times, name=name)
    assert answer.status_code == 422
    assert sentence in words(answer)
    for kept in (day, times, name):
        assert f'value="{kept}"' in answer.text
    assert "Every day is as the week says." in words(ada.open(DAYS))


def test_the_holidays_of_a_region_are_offered_and_those_chosen_are_kept(ada: Visitor) -> None:
    offered = words(ada.open(f"{DAYS}?region=SCT"))
    assert "Monday 30 November 2026, Saint Andrew's Day" in offered
    assert "Saint Andrew" not in words(ada.open(f"{DAYS}?region=ENG"))
    ada.post(f"{DAYS}/holidays", region="SCT", days=["2026-11-30", "2026-12-25", "2026-12-24"])
    page = words(ada.open(DAYS))
    assert "Monday 30 November 2026 shut, Saint Andrew's Day" in page
    assert "Friday 25 December 2026 shut, Christmas Day" in page
    assert "24 December" not in page
    again = ada.post(f"{DAYS}/holidays", region="SCT", days=["2026-12-25"])
    assert "No day was chosen" in words(ada.open(again.headers["Location"]))


SHUT_OUT = "One call is booked for when it is shut now: move what nobody will be there for."


def test_an_admin_who_shuts_a_day_hears_of_the_calls_that_are_booked_then(business: Business, ada: Visitor) -> None:
    """Tomorrow at half past ten; once it is known, nothing is said of it again."""
    ticket = business.log()
    book(business, ticket, hours=25)
    ada.post(DAYS, day="2026-03-11", times="09:00-12:00", name="")
    assert SHUT_OUT not in words(ada.open(DAYS))
    ada.post(DAYS, day="2026-03-11", times="14:00-18:00", name="")
    page = ada.open(DAYS)
    assert f"{SHUT_OUT} {ticket.reference}, Wed 11 Mar 10:30" in words(page)
    assert f'href="/tickets/{ticket.reference}"' in page.text
    ada.post(DAYS, day="2026-03-11", times="15:00-18:00", name="")
    assert SHUT_OUT not in words(ada.open(DAYS))


def test_shorter_hours_tell_of_them_too(business: Business, ada: Visitor) -> None:
    book(business, business.log(), hours=25)
    fields = {"name": "Harbour St Coffee", "timezone": "Europe/London", "currency": "GBP", "country": "GB"}
    page = "/admin/sites/harbour-st"
    assert ada.post(page, **fields, sender="", calls_at_once="", hours="mon-sun 12:00-19:00").status_code == 303
    assert SHUT_OUT in words(ada.open(page))


def test_only_an_admin_opens_it(business: Business) -> None:
    omar = Visitor.signed_in(business, "omar")
    assert omar.open(DAYS).status_code == 403
    assert omar.post(DAYS, day="2026-03-12", times="shut").status_code == 403
