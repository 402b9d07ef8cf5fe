"""Who works when, and how each wishes to be told: planned and wished on a phone and on a laptop."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import SCREENS, at_the_desk, check_for_everybody
from tests.factories import Business
from tests.fixtures.live import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("screen", SCREENS)
def test_omar_plans_the_week_and_says_when_he_sleeps(screen: str, chromium: Browser, live_server: LiveServer) -> None:
    Business.opened(live_server.components)
    with at_the_desk(chromium, live_server.url, "omar", **SCREENS[screen]) as page:
        page.goto("/rota")
        page.get_by_label("Shifts of Maya Okafor").fill("weekdays, early")
        page.get_by_label("Shifts of Omar Haddad").fill("sat 9-12")
        page.get_by_role("button", name="Save the rota").click()
        expect(page.get_by_role("alert")).to_contain_text("Maya Okafor")
        expect(page.get_by_label("Shifts of Maya Okafor")).to_have_value("weekdays, early")
        check_for_everybody(page, "/rota")
        page.get_by_label("Shifts of Maya Okafor").fill("mon-fri 8:00-12:00 13:00-16:00")
        page.get_by_label("Shifts of Omar Haddad").fill("")
        page.get_by_role("button", name="Save the rota").click()
        expect(page.get_by_role("region", name="On shift now")).to_contain_text("Maya.")
        expect(page.get_by_text("On shift until 12:00")).to_be_visible()
        page.goto("/")
        expect(page.get_by_text("On shift now: Maya.")).to_be_visible()

        page.locator("#person summary").click()
        page.get_by_role("link", name="How you are told").click()
        wish = page.get_by_label("Text me when a customer waits too long")
        expect(wish).to_be_checked()
        page.get_by_text("Text me when a customer waits too long").click()
        page.get_by_label("From").fill("22:00")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.get_by_label("From")).to_have_value("22:00")
        expect(wish).not_to_be_checked()
        page.get_by_label("Until").fill("06:30")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved.")).to_be_visible()
        expect(page.get_by_label("Until")).to_have_value("06:30")
        expect(wish).not_to_be_checked()
        check_for_everybody(page, "/me")
