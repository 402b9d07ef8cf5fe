"""The Undetected board to empty, one act a row, and the clock that explains itself; on a phone and on a laptop."""

import pytest
from playwright.sync_api import Browser, expect

from recovery.domain.callbacks import CallReason
from recovery.services.calling.call_tasks import open_call_task
from recovery.services.people.leaving import release
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing.tickets import resolve
from tests.browser.people import SCREENS, at_the_desk, check_for_everybody
from tests.factories import LEE, NOOR, SAM, Business
from tests.fixtures.live import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def overlooked(business: Business) -> None:
    """Lee said thanks after the end, Sam is nobody's, no text reached Noor, and a stranger wrote."""
    thanked, free, unheard = business.log(customer=LEE), business.log(customer=SAM), business.log(customer=NOOR)
    business.on(thanked, lambda session, held, by: resolve(session, held, how=None, now=business.now, by=by))
    for sid, number in (("SM1", "+447700900125"), ("SM2", "+447700900199")):
        inbound = Inbound(number, "simulator", "Thank you all!", sid)
        business.desk.transact(lambda session, said=inbound: receive(session, said, now=business.now))
    business.on(free, lambda session, held, _: release(session, held, now=business.now), by="omar")
    business.on(
        unheard,
        lambda session, held, _: open_call_task(session, held, CallReason.UNDELIVERED, now=business.now),
    )


@pytest.mark.parametrize("screen", SCREENS)
def test_omar_clears_the_board_by_one_act_a_row(
    screen: str, chromium: Browser, live_server: LiveServer, business: Business
) -> None:
    overlooked(business)
    with at_the_desk(chromium, live_server.url, "omar", **SCREENS[screen]) as page:
        page.goto("/undetected")
        expect(page.get_by_role("heading", level=1)).to_have_text("Three customers are overlooked.")
        check_for_everybody(page, "/undetected")
        page.get_by_role("button", name="That's thanks").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Two customers are overlooked.")
        page.get_by_role("button", name="I take it").click()
        expect(page.get_by_text("It is yours now.")).to_be_visible()
        page.goto("/undetected")
        page.get_by_role("link", name="Call instead").click()
        page.get_by_role("button", name="Reached").click()
        expect(page.get_by_text("Well done: you spoke to them.")).to_be_visible()
        page.goto("/undetected")
        expect(page.get_by_role("heading", level=1)).to_have_text("One number without a ticket waits for an answer.")
        page.get_by_text("Nothing to do", exact=True).click()
        page.get_by_label("Why, in a few words").fill("Meant for the bakery.")
        page.get_by_role("button", name="Set it aside").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Nobody is overlooked.")


@pytest.mark.parametrize("screen", SCREENS)
def test_the_clock_explains_each_stretch(
    screen: str, chromium: Browser, live_server: LiveServer, business: Business
) -> None:
    ticket = business.log(customer=SAM)
    with at_the_desk(chromium, live_server.url, "maya", **SCREENS[screen]) as page:
        live_server.clock.advance(minutes=4)
        page.goto(f"/tickets/{ticket.reference}")
        page.get_by_text("Change something").click()
        page.get_by_role("button", name="Wait for the customer").click()
        live_server.clock.advance(minutes=10)
        page.reload()
        page.get_by_text("So far 4 min").click()
        clock = page.locator("#clock")
        expect(clock.get_by_text("we were waiting for the customer")).to_be_visible()
        expect(clock).to_contain_text("it has been 14 min")
        check_for_everybody(page, "the clock")
