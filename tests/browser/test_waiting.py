"""The greeter's phone, a colleague's laptop and the customer's own page, which works without a script."""

import pytest
from playwright.sync_api import Browser, expect

from recovery.models import Ticket, Wait
from recovery.services.texting.links import customer_url
from tests.browser.people import SCREENS, at_the_desk, check_for_everybody
from tests.factories import SAM, Business
from tests.fixtures.browser import PHONE, watched_page
from tests.fixtures.live import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_sam_is_put_in_line_called_and_comes_without_a_script(chromium: Browser, live_server: LiveServer) -> None:
    business = Business.opened(live_server.components)
    business.log(customer=SAM)
    with (
        at_the_desk(chromium, live_server.url, "omar", **SCREENS["laptop"]) as colleague,
        at_the_desk(chromium, live_server.url, "maya", **SCREENS["phone"]) as greeter,
        watched_page(chromium, java_script_enabled=False, **PHONE) as sam,
    ):
        colleague.goto("/waiting")
        expect(colleague.get_by_role("heading", level=1)).to_have_text("Nobody waits.")
        greeter.goto("/waiting/new")
        greeter.get_by_label("Customer’s phone").fill("07700 900123")
        greeter.locator("#known").get_by_text("Sam Whitfield").click()  # known by the number
        expect(greeter.get_by_label("Name")).to_have_value("Sam Whitfield")
        check_for_everybody(greeter, "/waiting/new")
        greeter.get_by_label("Customer’s phone").fill("07700 900123")
        greeter.get_by_role("button", name="Put in line").click()
        expect(greeter.locator(".waiting-who")).to_have_text("Sam Whitfield")
        check_for_everybody(greeter, "/waiting")
        expect(colleague.locator(".waiting-who")).to_have_text("Sam Whitfield")  # by itself
        with business.desk.read() as session:
            ticket = session.get_one(Ticket, session.query(Wait).one().ticket_id)
            address = customer_url(session.house, ticket)
        sam.goto(address)
        expect(sam.get_by_label("Your place in line")).to_contain_text("It is your turn in about 5 minutes.")
        colleague.get_by_role("button", name="We are ready for you").click()
        sam.reload()
        expect(sam.get_by_label("We are ready for you")).to_contain_text("Now")
        sam.get_by_role("button", name="I am on my way").click()
        expect(sam.get_by_label("See you in a moment")).to_be_visible()
        greeter.goto(address)  # the check of a page needs a script
        check_for_everybody(greeter, address)
        colleague.goto("/waiting")
        expect(colleague.locator(".waiting-row")).to_contain_text("On the way")
        check_for_everybody(colleague, "/waiting")
        colleague.get_by_role("button", name="Helped").click()
        expect(colleague.get_by_role("heading", level=1)).to_have_text("Nobody waits.")
        sam.reload()
        expect(sam.get_by_role("heading", level=1)).to_have_text("Hello Sam. Thank you for waiting.")
