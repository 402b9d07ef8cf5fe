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


def test_days_are_those_of_each_site_and_the_last_one_counts(
    business: Business, maya: Visitor, clock: FrozenClock
) -> None:
    """At three in the morning in London it is the evening before in New York: as the reports have it."""
    clock.advance(hours=17.5)
    here = business.log(customer=None).reference
    there = business.log(by="nell", site="quay", customer=None).reference
    ada = Visitor.signed_in(business, "ada", maya)

    def found(days: str) -> set[str]:
        return set(re.findall(r'data-key="(RD-\w+)"', ada.open(f"/tickets?{days}").text))

    assert found("logged_from=2026-03-10&logged_to=2026-03-10") == {there}
    assert found("logged_from=2026-03-11&logged_to=2026-03-11") == {here}
    assert found("logged_to=2026-03-09") == found("logged_from=2026-03-12") == set()
    report = words(ada.open("/reports?from=2026-03-10&until=2026-03-10&group_by=site"))
    assert "10 March 2026 to 10 March 2026, all sites: 1 ticket." in report


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
