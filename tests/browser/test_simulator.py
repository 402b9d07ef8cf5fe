"""The customer's phone beside the desk: what is saved rings, and what is answered comes in."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from recovery.clock import FrozenClock
from recovery.domain.tickets import TicketStatus
from recovery.models import OptOut, Ticket
from recovery.services.ticketing import tickets
from recovery.worker.sending import Sender
from recovery.worker.ticks import Station, ring_phones
from tests.browser.people import LOOKS, SCREENS, at_the_desk, check_for_everybody
from tests.factories import SAM, Business
from tests.fixtures.live import LiveServer
from tests.fixtures.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SAMS_PHONE = "/simulator?number=%2B447700900123"
A_TICK = 0.2


@pytest.fixture
def sender(live_server: LiveServer) -> Iterator[Sender]:
    """The worker's own sending threads, woken as its tick wakes them."""
    sending, over = Sender(live_server.components), threading.Event()
    sending.start()

    def tick() -> None:
        while not over.wait(A_TICK):
            sending.wake()

    ticking = threading.Thread(target=tick)
    ticking.start()
    yield sending
    over.set()
    ticking.join()
    sending.stop()


@pytest.fixture(params=SCREENS)
def maya(
    request: pytest.FixtureRequest, chromium: Browser, live_server: LiveServer, business: Business
) -> Iterator[Page]:
    with at_the_desk(chromium, live_server.url, "maya", **SCREENS[request.param]) as page:
        yield page


def ticket_of(business: Business, ticket: Ticket) -> Ticket:
    with business.desk.read() as session:
        return session.get_one(Ticket, ticket.id)


def test_what_is_done_now_and_then_is_folded_and_the_page_short(maya: Page, business: Business) -> None:
    maya.goto(SAMS_PHONE)
    height, screen = maya.evaluate("[document.documentElement.scrollHeight, innerHeight]")
    assert height <= 1.3 * screen
    for fold, field in (("Send a photo", "With these words"), ("Another number", "Its number")):
        expect(maya.get_by_label(field)).to_be_hidden()
        maya.get_by_text(fold).click()
        expect(maya.get_by_label(field)).to_be_visible()
    check_for_everybody(maya, SAMS_PHONE)


def test_what_is_saved_rings_and_its_link_opens_sams_page(maya: Page, business: Business, sender: Sender) -> None:
    maya.goto(SAMS_PHONE)
    expect(maya.get_by_text("No text yet.")).to_be_visible()
    business.log(customer=SAM)
    bubble = maya.locator(".bubble-in")
    expect(bubble).to_contain_text("Hello Sam, it's Maya at Harbour St Coffee.")
    with maya.expect_popup() as opened:
        bubble.get_by_role("link").click()
    expect(opened.value.get_by_role("heading", level=1)).to_contain_text("Hello Sam.")


def test_answering_two_reopens(maya: Page, business: Business, sender: Sender, clock: FrozenClock) -> None:
    ticket = business.log(customer=SAM)
    business.on(ticket, lambda session, row, by: tickets.resolve(session, row, how=None, now=business.now, by=by))
    clock.advance(seconds=11)
    maya.goto(SAMS_PHONE)
    expect(maya.locator(".bubble-in").last).to_contain_text("Reply 1 if it is fixed, 2 if not.")
    maya.get_by_role("button", name="2", exact=True).click()
    expect(maya.locator(".bubble-out")).to_contain_text("2")
    expect(maya.locator("#phone-owner")).to_be_in_viewport()
    wait_until(lambda: ticket_of(business, ticket).status is TicketStatus.IN_RECOVERY, what="the ticket was reopened")


def test_answering_stop_stops_the_next_text(maya: Page, business: Business, sender: Sender) -> None:
    ticket = business.log(customer=SAM)
    maya.goto(SAMS_PHONE)
    expect(maya.locator(".bubble-in")).to_have_count(1)
    maya.get_by_label("Answer as Sam Whitfield").fill("stop")
    maya.get_by_role("button", name="Send", exact=True).click()
    expect(maya.locator(".bubble-out")).to_contain_text("stop")
    with business.desk.read() as session:
        assert session.scalars(select(OptOut)).one().lifted_at is None
    expect(maya.locator(".bubble-in")).to_have_count(2)  # that it has stopped
    business.on(
        ticket, lambda session, row, by: tickets.write_to_customer(session, row, "Hello?", now=business.now, by=by)
    )
    maya.reload()
    expect(maya.locator(".bubble-in")).to_have_count(2)
    maya.goto("/log")
    maya.get_by_label("Customer’s phone").press_sequentially("07700 900123")
    expect(maya.locator("#preview")).to_contain_text("This number has asked for no texts.")
    expect(maya.locator("[data-save]")).to_have_text("Save")


def test_what_is_half_typed_survives_a_text_that_rings(maya: Page, business: Business, sender: Sender) -> None:
    maya.goto(SAMS_PHONE)
    maya.get_by_label("Answer as").press_sequentially("I am at the")
    business.log(customer=SAM)
    expect(maya.locator(".bubble-in")).to_be_visible()
    expect(maya.get_by_label("Answer as")).to_have_value("I am at the")
    expect(maya.get_by_label("Answer as")).to_be_focused()


def test_ticks_and_crosses_come_by_themselves(
    maya: Page, business: Business, sender: Sender, clock: FrozenClock
) -> None:
    maya.goto(SAMS_PHONE)
    maya.get_by_text("What happens to texts here").click()
    maya.get_by_label("They do not arrive").check()
    maya.get_by_label("Why they fail").select_option("30006")
    maya.get_by_role("button", name="From now on").click()
    expect(maya.get_by_text("From now on that is what happens")).to_be_visible()
    business.log(customer=SAM)
    bubble = maya.locator(".bubble-in")
    expect(bubble.locator(".bubble-state")).to_have_text("sent")
    clock.advance(seconds=1)
    ring_phones(Station(business.desk, sender, "worker:test"))
    expect(bubble.locator(".bubble-state")).to_have_text("did not arrive")
    expect(bubble).to_contain_text("This is a landline, or its company takes no texts.")


@pytest.mark.parametrize("look", LOOKS)
def test_phones_reports_trail_and_admin_are_for_everybody(
    chromium: Browser, live_server: LiveServer, business: Business, sender: Sender, look: dict[str, Any]
) -> None:
    ticket = business.log(customer=SAM)
    business.on(ticket, lambda session, row, by: tickets.resolve(session, row, how=None, now=business.now, by=by))
    business.log(customer=SAM)
    groupings = [f"/reports?group_by={each}" for each in ("failure", "hour_of_week", "day")]
    admin = [
        "/admin",
        "/admin/sites/new",
        "/admin/sites/harbour-st",
        "/admin/staff/new",
        "/admin/erasure",
        "/admin/texting",
    ]
    person = f"/admin/staff/{business.staff('omar').id}"
    addresses = [SAMS_PHONE, *groupings, "/reports?from=soon", "/reports/tickets", "/audit", *admin, person]
    with at_the_desk(chromium, live_server.url, "ada", **look) as page:
        for address in addresses:
            page.goto(address)
            check_for_everybody(page, address)
