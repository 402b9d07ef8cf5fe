"""The list of tickets: narrowed, searched, page by page."""

import re

import pytest

from recovery.clock import FrozenClock
from tests.factories import Business
from tests.web.pages import Visitor, words

# --- what it tells ---


def test_lists_name_nobody_on_a_sensitive_ticket(business: Business, omar: Visitor) -> None:
    business.log(failure="unsafe")
    for address in ("/", "/board", "/tickets"):
        answer = omar.open(address)
        page = words(answer)
        assert answer.status_code == 200
        assert "Sam" not in page
        assert address == "/" or "Kept private" in page


def test_the_list_is_narrowed_and_searched(business: Business, maya: Visitor) -> None:
    business.log()
    late = business.log(failure="late", customer=None)
    assert "Late" in words(maya.open("/tickets?failure=late"))
    assert "Sam Whitfield" not in words(maya.open("/tickets?failure=late"))
    assert "Sam Whitfield" in words(maya.open("/tickets?q=whitfield"))
    assert f"/tickets/{late.reference}" in maya.open(f"/tickets?q={late.reference}").text
    assert "No ticket looks like that." in words(maya.open("/tickets?q=nobody+of+this+name"))


@pytest.mark.parametrize(
    "query",
    [
        "status=lost",
        "failure=x",
        "severity=x",
        "site=quay",
        "owner=x",
        "logged_from=soon",
        "logged_to=2026-99-99",
        "cursor=made-up",
        "undetected=perhaps",
        "logged_from=0001-01-01",
        "logged_to=9999-12-31",
        "owner=" + "9" * 30,
    ],
)
def test_a_senseless_address_is_no_error(business: Business, maya: Visitor, query: str) -> None:
    business.log(by="nell", site="quay", customer=None)
    page = maya.open(f"/tickets?{query}")
    assert page.status_code == 200
    assert "Quay" not in words(page)


def test_the_list_goes_on_page_by_page(business: Business, maya: Visitor, clock: FrozenClock) -> None:
    for _ in range(31):
        clock.advance(seconds=1)
        business.log(customer=None, remedies=())
    first = maya.open("/tickets").text
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following
    second = maya.open(following[1].replace("&amp;", "&")).text
    found = [set(re.findall(r'data-key="(RD-\w+)"', page)) for page in (first, second)]
    assert (len(found[0]), len(found[1]), len(found[0] & found[1])) == (30, 1, 0)
