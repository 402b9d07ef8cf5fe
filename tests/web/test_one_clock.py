"""One clock, whoever looks and wherever: page, API, report and export read it alike."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from recovery.models import Ticket
from recovery.services.access import visible_site
from recovery.services.people.sites import change_site
from recovery.services.reporting.exporting import HEADS, Wanted, ticket_rows
from recovery.services.ticketing.tickets import resolve
from tests.api.calling import Desk
from tests.factories import HARBOUR, Business, shut
from tests.web.pages import Visitor, words

SHIFTS = "mon-fri 08:00-12:00 13:00-18:00"
VIEWERS = ("maya", "omar", "ada")
COUNTED = (2 * 60 + 30 + 5 * 60 + 30) * 60
"""Seconds: Tuesday from 9:30 without the break, Thursday until 8:30; the Wednesday was a holiday."""
WAITED = 47 * 3600


@pytest.fixture(params=["UTC", "America/Los_Angeles", "Pacific/Auckland"])
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """With its own clock in that zone, as a viewer's or a server's may be."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def ticket(business: Business) -> Ticket:
    """Over a split shift, a holiday and two nights."""
    ada, shifts = business.actor("ada"), replace(HARBOUR, hours=SHIFTS)
    with business.desk.write() as session:
        change_site(session, visible_site(session, "harbour-st", by=ada), shifts, now=business.now, by=ada)
    shut(business, "2026-03-11", "Founders' Day")
    ticket = business.log()
    business.later(hours=47)
    business.on(ticket, lambda session, held, maya: resolve(session, held, how=None, now=business.now, by=maya))
    return ticket


@pytest.mark.usefixtures("machine")
def test_every_viewer_reads_the_same_clock_on_page_api_report_and_export(business: Business, ticket: Ticket) -> None:
    front = Visitor.at(business)
    desk = Desk(business, front.client.application)
    pages, clocks = set(), []
    for who in VIEWERS:
        page = words(Visitor.signed_in(business, who, front).open(f"/tickets/{ticket.reference}"))
        pages.add(page.partition("Made right in")[2].partition("Resolved after")[0])
        clocks.append(desk.done(who, "GET", f"/tickets/{ticket.reference}/clock"))
        with business.desk.read() as session:
            (row,) = ticket_rows(session, Wanted(), by=business.actor(who))
        exported = dict(zip(HEADS, row, strict=True))
        assert (exported["resolved_seconds"], exported["customer_wait_seconds"]) == (COUNTED, WAITED)
    (said,) = pages
    assert said.startswith(" 8 h 00 of opening hours")
    assert "Wed 08:00 to 12:00 shut: Founders' Day 4 h 00 not counted" in said
    resolved = {"at": "2026-03-12T08:30:00Z", "counted_seconds": COUNTED, "wait_seconds": WAITED}
    assert clocks[0]["resolved"] == resolved | {"target_seconds": 3600}
    assert clocks == clocks[:1] * len(VIEWERS)
    for who in ("omar", "ada"):
        (group,) = desk.done(who, "GET", "/reports/recovery-times")["groups"]
        assert (group["key"], group["clocks"]["resolved"]["p50"]) == ("harbour-st", COUNTED)
