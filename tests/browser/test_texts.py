"""Wording a text in Chromium: the phone beside it follows, says what is wrong, and what is saved is what is sent."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from recovery.models import Message
from tests.browser.people import SCREENS, at_the_desk
from tests.factories import SAM, Business
from tests.fixtures.live import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("screen", SCREENS)
def test_ada_words_a_text_and_sees_it_on_the_phone(chromium: Browser, live_server: LiveServer, screen: str) -> None:
    business = Business.opened(live_server.components)
    with at_the_desk(chromium, live_server.url, "ada", **SCREENS[screen]) as page:
        page.goto("/admin/texts?site=harbour-st")
        assert Axe().run(page).response["violations"] == []
        page.get_by_role("link", name="A mistake is logged: English").click()
        box, phone = page.get_by_label("The words"), page.locator("#preview")
        expect(phone).to_contain_text("Hello Sam, it's Maya at Harbour St Coffee.")
        box.fill("Hi {name}, “sorry”: {failure}. Reply YES? {link}")
        expect(phone).to_contain_text('Hi Sam, "sorry": we got your order wrong.')
        expect(phone).to_contain_text("It asks for the answer YES")
        expect(phone).to_contain_text("“ ” go out as plain letters.")
        box.fill("Hi {name}, sorry: {failure}. News {promise}! {link}")
        expect(phone).not_to_contain_text("It asks")
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved. It is sent like this from now on.")).to_be_visible()
        expect(page.get_by_text("sent now")).to_have_count(1)
    ticket = business.log(customer=SAM)
    assert (business.rows(Message, ticket)[0].body or "").startswith("Hi Sam, sorry: we got your order wrong. News in")


def test_the_reply_box_counts_the_signature_and_names_what_changes(chromium: Browser, live_server: LiveServer) -> None:
    business = Business.opened(live_server.components)
    ticket = business.log(customer=SAM)
    with at_the_desk(chromium, live_server.url, "maya", **SCREENS["phone"]) as page:
        page.goto(f"/tickets/{ticket.reference}")
        box, count = page.get_by_label("Text Sam"), page.locator("#f-body-segments [data-count]")
        signature = f" - Maya at Harbour St Coffee, {ticket.reference}"
        box.fill("a" * (160 - len(signature)))
        expect(count).to_have_text("0 letters left · 1 segment · GSM-7 · $0.0524")
        box.fill("a" * (161 - len(signature)))
        expect(count).to_have_text("145 letters left · 2 segments · GSM-7 · $0.1048")
        box.fill("Here it is 👍🏽")
        expect(page.locator("#f-body-segments")).to_contain_text("make it cost more")
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.get_by_text("Your text is on its way.")).to_be_visible()
    (sent,) = [each for each in business.rows(Message, ticket) if each.template == "free"]
    assert sent.body == f"Here it is 👍🏽{signature}"
