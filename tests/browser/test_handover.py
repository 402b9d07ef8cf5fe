"""The end of a shift, as Maya closes it and Omar finds it, on a phone and on a laptop."""

import pytest
from playwright.sync_api import Browser, Page, expect

from recovery.models import Ticket
from recovery.services.people.leaving import release
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing import tickets
from tests.browser.people import SCREENS, at_the_desk, check_for_everybody
from tests.factories import LEE, NOOR, SAM, Business
from tests.fixtures.live import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def overlooked(business: Business) -> tuple[Ticket, Ticket, Ticket]:
    """Lee wrote and nobody has read it; Sam's and Noor's are nobody's."""
    written, free, other = business.log(customer=LEE), business.log(customer=SAM), business.log(customer=NOOR)
    inbound = Inbound("+447700900125", "simulator", "Hello?", "SM1")
    business.desk.transact(lambda session: receive(session, inbound, now=business.now))
    for ticket in (free, other):
        business.on(ticket, lambda session, held, _: release(session, held, now=business.now), by="omar")
    return written, free, other


def choose(page: Page, customer: str, person: str) -> None:
    page.get_by_label(f"Who takes it, {customer}").select_option(label=person)


@pytest.mark.parametrize("screen", SCREENS)
def test_maya_hands_over_by_name_and_omar_begins_with_the_sheet(
    screen: str, chromium: Browser, live_server: LiveServer, business: Business
) -> None:
    written, *_ = overlooked(business)
    with at_the_desk(chromium, live_server.url, "maya", **SCREENS[screen]) as page:
        page.goto("/undetected")
        page.get_by_role("button", name="Close the shift").click()
        expect(page.get_by_role("heading", name="Three rows to hand over")).to_be_visible()
        choose(page, "Lee Chen", "Omar Haddad")
        choose(page, "Sam Whitfield", "Omar Haddad")
        page.get_by_label("Note for the next shift").fill("The oven is hot until ten.")
        page.get_by_role("button", name="Hand over and close the shift").click()
        expect(page.get_by_role("alert")).to_contain_text("1 row has nobody yet")
        expect(page.get_by_label("Note for the next shift")).to_have_value("The oven is hot until ten.")
        check_for_everybody(page, "/undetected/handover")
        choose(page, "Noor Aziz", "Maya Okafor (you)")
        page.get_by_role("button", name="Hand over and close the shift").click()
        expect(page.get_by_text("The shift is closed. Three rows are handed over.")).to_be_visible()
        check_for_everybody(page, "/undetected")
    with at_the_desk(chromium, live_server.url, "omar", **SCREENS[screen]) as page:
        page.goto("/undetected")
        sheet = page.get_by_role("region", name="Handed over at 09:30 by Maya: three rows")
        expect(sheet).to_contain_text("1 still to do")
        sheet.get_by_role("button", name="I have read it").click()
        expect(sheet.get_by_text("read 09:30")).to_be_visible()
        business.on(
            written, lambda session, held, by: tickets.mark_read(session, held, now=business.now, by=by), by="omar"
        )
        page.reload()
        expect(sheet).to_contain_text("All done")
        check_for_everybody(page, "/undetected")
