"""People at a browser: they sign in, tap what they see, and read what the page says."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.factories import PASSWORD
from tests.fixtures.browser import LAPTOP, PHONE, watched_page

SCREENS: dict[str, dict[str, Any]] = {"phone": PHONE, "laptop": LAPTOP}
NARROW: dict[str, Any] = {"viewport": {"width": 320, "height": 640}}
LOOKS = [
    pytest.param({**options, "color_scheme": scheme}, id=f"{screen}-{scheme}")
    for screen, options, schemes in (
        ("phone", PHONE, ("light", "dark")),
        ("laptop", LAPTOP, ("light", "dark")),
        ("narrow", NARROW, ("light",)),  # how wide a screen is changes no colour that the phone has not
    )
    for scheme in schemes
]


@contextmanager
def at_the_desk(browser: Browser, url: str, name: str, **options: Any) -> Iterator[Page]:
    """Signed in, on the desk; the page must not complain to its end."""
    with watched_page(browser, base_url=url, **options) as page:
        page.goto("/sign-in")
        page.get_by_label("E-mail").fill(f"{name}@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("/")
        yield page


def check_for_everybody(page: Page, address: str) -> None:
    """No violation that axe knows, and nothing to scroll sideways."""
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["target"]) for each in found] == [], address
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert sideways <= 0, f"{address} scrolls sideways by {sideways} px"
