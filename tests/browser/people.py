"""People at a browser: they sign in, tap what they see, and read what the page says."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page

from tests.factories import PASSWORD
from tests.fixtures.browser import LAPTOP, PHONE, watched_page

SCREENS: dict[str, dict[str, Any]] = {"phone": PHONE, "laptop": LAPTOP}
NARROW: dict[str, Any] = {"viewport": {"width": 320, "height": 640}}


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
