"""Recovery times on a page: names before averages, figures that open what they count, a table for spreadsheets."""

import csv
import io
import re

import pytest

from recovery.clock import FrozenClock
from recovery.domain.actors import MACHINE
from recovery.models import Ticket
from recovery.services.people.sites import NewSite, add_site
from recovery.services.ticketing import tickets
from tests.factories import LEE, NOOR, SAM, Business, NewCustomer
from tests.web.pages import Visitor


def recovered(business: Business, clock: FrozenClock, *, minutes: int, **options: object) -> Ticket:
    """Logged now, and resolved so many minutes later; the clock of the test has moved by them."""
    ticket = business.log(**{"remedies": ()} | options)  # type: ignore[arg-type]  # as `Business.log` takes them
    clock.advance(minutes=minutes)
    by = str(options.get("by", "maya"))
    business.on(
        ticket, lambda session, row, who: tickets.resolve(session, row, how=None, now=business.now, by=who), by=by
    )
    return ticket


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_maya_reads_no_reports(business: Business) -> None:
    maya = Visitor.signed_in(business, "maya")
    for address in ("/reports", "/reports.csv", "/reports/tickets"):
        assert maya.open(address).status_code == 403


def test_who_is_not_recovered_comes_by_name_before_any_average(business: Business, clock: FrozenClock) -> None:
    recovered(business, clock, minutes=10, customer=NOOR)
    business.log(customer=SAM)
    clock.advance(minutes=20)
    page = words_of(Visitor.signed_in(business, "omar").open("/reports").text)
    assert "Sam Whitfield Wrong order waits 20 min , past our promise Maya" in page
    assert page.index("Sam Whitfield") < page.index("Half are recovered within")
    assert "Noor" not in page.partition("Half are recovered within")[0]


def test_median_slow_tenth_target_and_promises(business: Business, clock: FrozenClock) -> None:
    for minutes in (5, 7, 90):
        recovered(business, clock, minutes=minutes)
    page = words_of(Visitor.signed_in(business, "omar").open("/reports").text)
    assert "Half are recovered within 7 min The target is 1 h 00." in page
    assert "Nine in ten within 1 h 30" in page
    assert "Within the target 66 % 2 of 3 recovered." in page
    assert "Promises kept 66 % 2 kept, 1 broken." in page


def test_every_number_opens_its_tickets(business: Business, clock: FrozenClock) -> None:
    recovered(business, clock, minutes=5, customer=SAM)
    recovered(business, clock, minutes=90, customer=NOOR, failure="late")
    omar = Visitor.signed_in(business, "omar")
    page = omar.open("/reports").text
    links = set(re.findall(r'href="(/reports/tickets\?[^"]+)"', page))
    assert len(links) > 10
    for address in links:
        assert omar.open(address.replace("&amp;", "&")).status_code == 200
    slow = omar.open("/reports/tickets?clock=resolved&at_least=5400").text
    assert "Noor Aziz" in slow
    assert "Sam Whitfield" not in slow
    late = omar.open("/reports/tickets?group_by=failure&key=late").text
    assert "Noor Aziz" in late
    assert "Sam Whitfield" not in late


def test_a_count_opens_all_that_it_counts_those_last_that_are_not_recovered(
    business: Business, clock: FrozenClock
) -> None:
    recovered(business, clock, minutes=5, customer=SAM)
    business.log(customer=NOOR)
    omar = Visitor.signed_in(business, "omar")
    address = re.search(r'href="([^"]+)">2</a>', omar.open("/reports?group_by=failure").text)
    assert address is not None
    behind = words_of(omar.open(address[1].replace("&amp;", "&")).text)
    assert "the slowest first, those not there yet behind them." in behind
    assert behind.index("Sam Whitfield") < behind.index("Noor Aziz")
    assert "Noor Aziz" not in omar.open("/reports/tickets").text


def test_where_it_is_tomorrow_already_todays_tickets_are_in_the_span(business: Business, clock: FrozenClock) -> None:
    with business.desk.write() as session:
        add_site(session, NewSite("Zealand Bar", "Pacific/Auckland", "NZD", "NZ"), now=business.now, by=MACHINE)
    clock.advance(hours=5)  # Tuesday afternoon in London, and three in the morning of Wednesday in Auckland
    business.log(by="ada", site="zealand-bar", customer=NewCustomer(None, "Kiri Tui"), remedies=())
    business.log(customer=SAM)
    ada = Visitor.signed_in(business, "ada")
    assert "The last 30 days, all sites: 2 tickets." in words_of(ada.open("/reports").text)
    assert "The last 30 days, Zealand Bar: 1 ticket." in words_of(ada.open("/reports?site=zealand-bar").text)
    today = re.search(r'href="([^"]+)"[^>]*>Today<', ada.open("/reports?site=zealand-bar").text)
    assert today is not None
    assert "from=2026-03-11" in today[1]
    assert "until=2026-03-11" in today[1]


@pytest.mark.parametrize("group_by", ["failure", "site", "staff", "severity", "hour_of_week", "day"])
def test_each_grouping_has_its_chart_and_the_same_as_a_table(
    business: Business, clock: FrozenClock, group_by: str
) -> None:
    recovered(business, clock, minutes=5)
    answer = Visitor.signed_in(business, "omar").open(f"/reports?group_by={group_by}")
    assert answer.status_code == 200
    assert "<svg" in answer.text
    assert "5 min</a>" in answer.text


def test_a_supervisor_sees_their_own_sites_alone(business: Business, clock: FrozenClock) -> None:
    recovered(business, clock, minutes=5, customer=SAM)
    recovered(business, clock, minutes=7, by="nell", site="quay", customer=NewCustomer("+1 212 555 0123", "Gus Guest"))
    omar, ada = Visitor.signed_in(business, "omar"), Visitor.signed_in(business, "ada")
    assert "Harbour St Coffee: 1 ticket." in words_of(omar.open("/reports").text)
    assert "all sites: 2 tickets." in words_of(ada.open("/reports").text)
    assert "Gus" not in omar.open("/reports/tickets").text
    assert "Gus" in ada.open("/reports/tickets").text
    for address in ("/reports?site=quay", "/reports.csv?site=quay", "/reports/tickets?site=quay"):
        assert omar.open(address).status_code == 404
        assert ada.open(address).status_code == 200


def test_the_table_for_spreadsheets_has_the_same_figures_in_seconds(business: Business, clock: FrozenClock) -> None:
    recovered(business, clock, minutes=5)
    answer = Visitor.signed_in(business, "omar").open("/reports.csv?group_by=failure")
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert [(row["group"], row["tickets"], row["resolved_p50"], row["resolved_within_target"]) for row in rows] == [
        ("Wrong order", "1", "300", "1.0")
    ]


def test_a_name_that_is_a_formula_is_only_a_name_in_the_spreadsheet(business: Business, clock: FrozenClock) -> None:
    recovered(business, clock, minutes=5)
    with business.desk.write() as session:
        maya = business.staff("maya")
        session.add(maya)
        maya.name = "=HYPERLINK(1)"
    answer = Visitor.signed_in(business, "omar").open("/reports.csv?group_by=staff")
    assert "\r\n'=HYPERLINK(1)," in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("from=yesterday", "is no day"),
        ("from=2026-02-30", "is no day"),
        ("from=2026-03-10&until=2026-03-01", "The last day comes before the first"),
        ("group_by=mood", "Choose one of the groups offered."),
        ("from=0001-01-01", "Choose a day of this century."),
        ("until=9999-12-31", "Choose a day of this century."),
    ],
)
def test_a_span_that_cannot_be_gets_one_sentence_and_stays_as_typed(
    business: Business, query: str, sentence: str
) -> None:
    answer = Visitor.signed_in(business, "omar").open(f"/reports?{query}")
    assert answer.status_code == 422
    assert sentence in answer.text
    typed = query.partition("=")[2].partition("&")[0]
    assert typed in answer.text or typed == "mood"


@pytest.mark.parametrize(
    "query",
    [
        "at_least=1e400",
        "at_least=-1",
        "at_least=99999999999999999999",
        "clock=mood",
        "group_by=mood",
    ],
)
def test_nonsense_in_a_drill_down_is_left_out(business: Business, query: str) -> None:
    assert Visitor.signed_in(business, "omar").open(f"/reports/tickets?{query}").status_code == 200


def test_a_group_that_is_none_gets_one_sentence(business: Business) -> None:
    assert Visitor.signed_in(business, "omar").open("/reports/tickets?group_by=staff&key=mood").status_code == 422


def test_an_empty_span_teaches(business: Business) -> None:
    page = words_of(Visitor.signed_in(business, "omar").open("/reports").text)
    assert "Nobody is waiting for us." in page
    assert "Nothing was logged in this span." in page


def test_a_sensitive_ticket_names_nobody_on_the_report(business: Business, clock: FrozenClock) -> None:
    business.log(customer=LEE, failure="rude", by="omar")
    clock.advance(minutes=1)
    page = Visitor.signed_in(business, "omar").open("/reports").text
    assert "Kept private" in page
    assert "Lee Chen" not in page


@pytest.mark.parametrize("key", ["staff&key=" + "9" * 30, "hour_of_week&key=" + "9" * 5000, "staff&key=-1"])
def test_a_group_that_cannot_be_is_said_in_one_sentence(business: Business, key: str) -> None:
    answer = Visitor.signed_in(business, "omar").open(f"/reports/tickets?group_by={key}")
    assert answer.status_code == 422
    assert "There is no such group: go back to the report and choose one." in answer.text


def test_the_slowest_places_of_all_time_come_first_and_each_opens_its_tickets(
    business: Business, clock: FrozenClock
) -> None:
    for minutes in (5, 6, 90):
        recovered(business, clock, minutes=minutes, customer=SAM, failure="late")
    recovered(business, clock, minutes=30, customer=NOOR)
    clock.advance(days=60)
    omar = Visitor.signed_in(business, "omar")
    page = omar.open("/reports").text
    assert "Nothing was logged in this span." in page
    places = page.partition('aria-labelledby="places"')[2].partition("</section>")[0]
    told = words_of(places)
    assert "Wrong order 1 30 min 30 min 30 min 100 %" in told
    assert "Late 3 6 min 1 h 30 1 h 30 66 %" in told
    assert told.index("Wrong order") < told.index("Late")
    address = re.search(r'href="([^"]+)">Late', places)
    assert address is not None
    behind = words_of(omar.open(address[1].replace("&amp;", "&")).text)
    assert "Sam Whitfield" in behind
    assert "Noor Aziz" not in behind
    ada = Visitor.signed_in(business, "ada", omar)
    assert "Late Harbour St Coffee 3 6 min" in words_of(ada.open("/reports").text)
    nell = Visitor.signed_in(business, "nell", omar)
    assert "Where recovery takes longest" not in nell.open("/reports").text
