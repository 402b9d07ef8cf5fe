"""What a text costs stands on every place where one is written, where the price table names the country."""

import re

import pytest

from recovery.domain.text_limits import Prices
from tests.factories import Business
from tests.web.pages import Visitor, words

POUNDS = Prices("GBP", {"GB": 40_000}, 90_000)


@pytest.fixture(autouse=True)
def prices(business: Business) -> None:
    business.set_policy(prices=POUNDS)


def preview(maya: Visitor, **fields: str) -> str:
    usual = {"site": "harbour-st", "phone": "07700 900123", "name": "Sam", "failure": "wrong_order"}
    return words(maya.post("/log/preview", **usual | fields))


def test_the_first_text_says_what_it_costs(maya: Visitor) -> None:
    assert "2 segments · GSM-7 · £0.08" in preview(maya)  # with its link


def test_a_country_that_the_table_does_not_name_has_no_price(business: Business, maya: Visitor) -> None:
    business.set_policy(countries=frozenset({"GB", "FR"}))
    page = preview(maya, phone="+33 6 39 98 01 23")
    assert "segment" in page
    assert "£" not in page


def test_the_reply_box_knows_the_price_of_a_segment(business: Business, maya: Visitor) -> None:
    page = maya.open(f"/tickets/{business.log().reference}").text
    assert 'data-price="40000" data-sign="£" data-digits="2"' in page
    business.set_policy(prices=Prices("GBP", {}, 90_000))
    assert "data-price" not in maya.open(f"/tickets/{business.log().reference}").text


def test_the_editor_of_texts_says_what_one_costs_at_that_site(business: Business, maya: Visitor) -> None:
    ada = Visitor.signed_in(business, "ada", maya)
    said = re.search(
        r"(\d) segments? · GSM-7 · £0\.(\d\d)", words(ada.open("/admin/texts/en/resolved?site=harbour-st"))
    )
    assert said is not None
    assert int(said[2]) == 4 * int(said[1])
    assert "£" not in words(ada.open("/admin/texts/en/resolved"))  # of which country, nobody can say
    typed = words(ada.post("/admin/texts/en/resolved/preview", site="harbour-st", body="x" * 161))
    assert "2 segments" in typed
    assert "£0.08" in typed
