"""The page on which an admin says how soon it ought to be, at one site."""

import re

from recovery.clock import FrozenClock
from recovery.domain.tickets import Severity
from tests.factories import Business
from tests.web.pages import Visitor
from tests.web.test_reports import recovered, words_of

PAGE = "/admin/sites/harbour-st/targets"


def test_a_target_is_set_seen_and_taken_back(business: Business) -> None:
    ada = Visitor.signed_in(business, "ada")
    assert "Nothing: the house's targets hold." in words_of(ada.open(PAGE).text)
    aim = {"failure": "wrong_order", "severity": "severe", "clock": "resolved"}
    answer = ada.post(PAGE, **aim, minutes="20")
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert "Wrong order, severe Recovered: 20 min" in words_of(ada.open(PAGE).text)
    ticket = business.log(severity=Severity.SEVERE)
    page = words_of(ada.open(f"/tickets/{ticket.reference}").text)
    assert "Resolved not yet, target 20 min" in page
    assert ada.post(f"{PAGE}/removal", **aim).status_code == 303
    assert "Nothing: the house's targets hold." in words_of(ada.open(PAGE).text)


def test_what_cannot_be_is_said_and_nothing_typed_is_lost(business: Business) -> None:
    ada = Visitor.signed_in(business, "ada")
    answer = ada.post(PAGE, failure="late", severity="", clock="resolved", minutes="soon")
    assert answer.status_code == 422
    assert "Write whole minutes" in answer.text
    assert 'value="soon"' in answer.text
    assert re.search(r'value="late"[^>]*selected', answer.text)
    assert ada.post(PAGE, failure="colour", severity="", clock="resolved", minutes="5").status_code == 422


def test_the_report_says_that_targets_differ_and_opens_those_past_theirs(
    business: Business, clock: FrozenClock
) -> None:
    ada = Visitor.signed_in(business, "ada")
    ada.post(PAGE, failure="late", severity="", clock="resolved", minutes="5")
    recovered(business, clock, minutes=10)
    recovered(business, clock, minutes=10, failure="late")
    page = ada.open("/reports")
    assert "Targets differ by what went wrong." in page.text
    (beyond,) = set(re.findall(r'href="(/reports/tickets\?[^"]*group_by=all[^"]*beyond=1[^"]*)"', page.text))
    behind = words_of(ada.open(beyond.replace("&amp;", "&")).text)
    assert "past their target, the slowest first" in behind
    assert "Late" in behind
