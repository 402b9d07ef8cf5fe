"""The kitchen's tablet and the counter's phone: what one asks stands on the other's screen by itself."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import SCREENS, at_the_desk, check_for_everybody
from tests.factories import Business
from tests.fixtures.live import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_counter_asks_the_kitchen_has_it_and_does_it(chromium: Browser, live_server: LiveServer) -> None:
    business = Business.opened(live_server.components)
    address = f"/tickets/{business.log().reference}"
    with (
        at_the_desk(chromium, live_server.url, "omar", **SCREENS["laptop"]) as tablet,
        at_the_desk(chromium, live_server.url, "maya", **SCREENS["phone"]) as counter,
    ):
        tablet.goto("/tasks?list=kitchen")
        expect(tablet.get_by_role("heading", level=1)).to_have_text("Kitchen: nothing to do.")
        counter.goto(address)
        counter.get_by_text("Ask the kitchen, stock or IT").click()
        counter.get_by_label("What is needed").fill("One latte with oat milk")
        counter.get_by_role("button", name="Ask", exact=True).click()
        expect(counter.locator("#tasks")).to_contain_text("Kitchen: Nobody has it yet")
        expect(tablet.locator(".task-words")).to_have_text("One latte with oat milk")  # by itself
        check_for_everybody(tablet, "/tasks")
        tablet.get_by_role("button", name="I have it").click()
        tablet.get_by_role("button", name="Done").click()
        expect(tablet.get_by_role("heading", level=1)).to_have_text("Kitchen: nothing to do.")
        counter.goto(address)
        expect(counter.locator("#tasks")).to_contain_text("One latte with oat milk · Omar did it")
