"""The customer's page in Chromium: without script, in both themes, down to 320 px."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from recovery.models import Ticket
from recovery.services.calling import booking
from recovery.services.texting.links import customer_url
from recovery.services.ticketing import tickets
from tests.browser.people import LOOKS, SCREENS, check_for_everybody
from tests.factories import LEE, NOOR, REMAKE, SAM, Business, refund
from tests.fixtures.browser import PHONE, watched_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def sams_phone(chromium: Browser) -> Iterator[Page]:
    """With no script at all: what works here works in every browser inside an app."""
    with watched_page(chromium, java_script_enabled=False, **PHONE) as page:
        yield page


@pytest.fixture(params=SCREENS)
def sams_screen(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """His phone or his laptop, without a script as well."""
    with watched_page(chromium, java_script_enabled=False, **SCREENS[request.param]) as page:
        yield page


def link(business: Business, ticket: Ticket) -> str:
    return customer_url(business.desk.house, ticket)


def test_sam_books_a_call_moves_it_and_calls_it_off_without_a_script(sams_screen: Page, business: Business) -> None:
    sams_screen.goto(link(business, business.log(customer=SAM, remedies=(REMAKE, refund(450)))))
    expect(sams_screen.get_by_role("heading", level=1)).to_have_text(
        "Hello Sam. We got your order wrong, and we are sorry."
    )
    expect(sams_screen.get_by_label("Our promise")).to_contain_text("09:45")
    sams_screen.get_by_text("Call me", exact=True).click()
    sams_screen.get_by_role("button", name="10:00").click()
    expect(sams_screen.get_by_role("status")).to_have_text("Good: we call you at 10:00.")
    sams_screen.get_by_text("Choose another time").click()
    sams_screen.get_by_label("Another time").select_option(label="09:15")
    sams_screen.get_by_role("button", name="Call me then").click()
    expect(sams_screen.get_by_role("status")).to_have_text("Good: we call you tomorrow at 09:15.")
    day = sams_screen.get_by_label("Our promise").get_by_text("tomorrow", exact=True)
    assert day.evaluate("day => day.getClientRects().length") == 1  # a word that is broken in two has two
    sams_screen.get_by_role("button", name="Cancel the call").click()
    expect(sams_screen.get_by_role("status")).to_have_text("The call is cancelled.")
    expect(sams_screen.get_by_text("Call me", exact=True)).to_be_visible()


def test_where_no_time_is_left_sam_is_called_as_soon_as_someone_is_free(sams_screen: Page, business: Business) -> None:
    """One goes while he looks at it; then none is left to offer."""
    business.set_policy(calls_at_once=1)
    sams, noors = business.log(customer=SAM), business.log(customer=NOOR)
    sams_screen.goto(link(business, sams))
    sams_screen.get_by_text("Call me", exact=True).click()
    at_ten = business.now.replace(hour=10, minute=0)
    business.on(noors, lambda session, row, by: booking.book(session, row, due_at=at_ten, now=business.now, by=by))
    sams_screen.get_by_role("button", name="10:00").click()
    expect(sams_screen.get_by_role("status")).to_contain_text("as soon as someone is free")
    expect(sams_screen.get_by_label("Our promise")).to_contain_text("09:40")
    business.set_policy(callback_days_ahead=0)
    sams_screen.get_by_role("button", name="Cancel the call").click()
    sams_screen.get_by_text("Call me", exact=True).click()
    expect(sams_screen.get_by_text("Another time")).to_have_count(0)
    sams_screen.get_by_role("button", name="As soon as someone is free").click()
    expect(sams_screen.get_by_role("status")).to_have_text("Good: we call you as soon as someone is free.")


def test_sam_writes_to_maya_and_says_that_it_is_not_right(sams_phone: Page, business: Business) -> None:
    ticket = business.log(customer=SAM)
    sams_phone.goto(link(business, ticket))
    sams_phone.get_by_text("Write to Maya").click()
    sams_phone.get_by_label("Your message").fill("I sit at the window.")
    sams_phone.get_by_role("button", name="Send", exact=True).click()
    expect(sams_phone.get_by_role("status")).to_have_text("We have it. Someone reads it and answers you.")
    business.on(ticket, lambda session, row, maya: tickets.resolve(session, row, how=None, now=business.now, by=maya))
    sams_phone.reload()
    expect(sams_phone.get_by_role("button", name="Yes, it is right")).to_be_visible()
    sams_phone.get_by_text("Still not right").click()
    sams_phone.get_by_role("button", name="Tell Maya").click()
    expect(sams_phone.get_by_role("status")).to_contain_text("It is open again, and we are on it.")


def test_sam_chooses_his_language_without_a_script(sams_phone: Page, business: Business) -> None:
    sams_phone.goto(link(business, business.log(customer=SAM)))
    sams_phone.get_by_role("button", name="Français").click()
    expect(sams_phone.get_by_role("status")).to_have_text("Désormais, nous vous écrivons en français.")
    expect(sams_phone.locator("html")).to_have_attribute("lang", "fr")
    expect(sams_phone.get_by_role("heading", level=1)).to_contain_text("Bonjour Sam.")
    sams_phone.reload()
    expect(sams_phone.get_by_text("Appelez-moi", exact=True)).to_be_visible()


@pytest.mark.parametrize("look", LOOKS)
def test_the_page_is_for_everybody(chromium: Browser, business: Business, look: dict[str, Any]) -> None:
    """And every control is a finger wide."""
    with watched_page(chromium, **look) as page:
        for address in _every_state(business):
            page.goto(address)
            for act in page.locator("summary").all():
                act.click()
            check_for_everybody(page, address)
            low = page.evaluate(
                "[...document.querySelectorAll('button, summary, select, textarea')]"
                ".filter(it => it.checkVisibility() && it.getBoundingClientRect().height < 48).map(it => it.outerHTML)"
            )
            assert low == [], address


def _every_state(business: Business) -> list[str]:
    live = business.log(customer=SAM, remedies=(REMAKE, refund(4500)))
    french, spanish = replace(NOOR, language="fr"), replace(LEE, language="es")
    called, resolved, void = (business.log(customer=who) for who in (french, spanish, spanish))
    now = business.now
    business.on(called, lambda session, row, maya: booking.book(session, row, due_at=None, now=now, by=maya))
    business.on(resolved, lambda session, row, maya: tickets.resolve(session, row, how=None, now=now, by=maya))
    business.on(
        void,
        lambda session, row, maya: tickets.void(session, row, reason="Not ours", duplicate_of=None, now=now, by=maya),
    )
    links = [link(business, ticket) for ticket in (live, called, resolved, void)]
    return [*links, f"{links[0]}x"]
