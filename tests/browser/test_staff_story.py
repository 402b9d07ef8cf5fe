"""The main job, as Maya and Omar do it: on a phone at the counter, and on a laptop in the back."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from recovery.domain.callbacks import Outcome
from recovery.domain.tasks import TaskList
from recovery.domain.tickets import TicketStatus
from recovery.models import Ticket
from recovery.services.backstage import tasks
from recovery.services.calling.attempts import attempt
from recovery.services.calling.booking import book
from recovery.services.texting.replies import Inbound, receive
from tests.browser.people import LOOKS, NARROW, SCREENS, at_the_desk, check_for_everybody
from tests.factories import LEE, NOOR, PASSWORD, SAM, Business, refund
from tests.fixtures.live import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(params=SCREENS)
def maya(
    request: pytest.FixtureRequest, chromium: Browser, live_server: LiveServer, business: Business
) -> Iterator[Page]:
    with at_the_desk(chromium, live_server.url, "maya", **SCREENS[request.param]) as page:
        yield page


@pytest.fixture
def omar(chromium: Browser, live_server: LiveServer, business: Business) -> Iterator[Page]:
    with at_the_desk(chromium, live_server.url, "omar", **SCREENS["phone"]) as page:
        yield page


def log_wrong_order(page: Page) -> None:
    page.get_by_role("link", name="Log a mistake").click()
    page.get_by_label("Customer’s phone").press_sequentially("07700900123")
    page.get_by_label("Name").fill("Sam Whitfield")
    page.get_by_role("radio", name="Wrong order").check()
    page.get_by_role("checkbox", name="Remake").check()
    page.get_by_role("checkbox", name="Refund").check()
    page.get_by_label("Refund, how much").fill("45")


def only_ticket(business: Business) -> Ticket:
    with business.desk.read() as session:
        return session.query(Ticket).one()


def test_a_wrong_order_from_the_counter_to_the_end(maya: Page, omar: Page, business: Business) -> None:
    log_wrong_order(maya)
    expect(maya.locator("#preview")).to_contain_text("Hello Sam, it's Maya at Harbour St Coffee.")
    expect(maya.locator("#preview")).to_contain_text("2 segments")
    maya.get_by_role("button", name="Save and text Sam").click()
    expect(maya.get_by_role("heading", level=1)).to_have_text("Sam Whitfield")
    expect(maya.locator("#remedies")).to_contain_text("Maya granted it at 09:30")
    expect(maya.locator("#remedies")).to_contain_text("waiting for approval")
    expect(maya.locator(".conversation")).to_contain_text("Hello Sam, it's Maya at Harbour St Coffee.")

    omar.goto("/")
    omar.get_by_role("link", name="Answer").click()
    expect(omar.get_by_role("heading", name="Refund £45.00")).to_be_visible()
    omar.get_by_role("button", name="Approve £45.00").click()
    expect(omar.get_by_role("status").filter(has_text="Approved: £45.00.")).to_be_visible()

    maya.goto("/")
    expect(maya.get_by_role("region", name="mine")).to_contain_text("Refund £45.00 · granted")
    maya.get_by_role("link", name="Sam Whitfield").click()
    expect(maya.locator("#remedies")).to_contain_text("Maya asked, Omar approved at 09:30")
    maya.get_by_text("Promise a call").click()
    maya.get_by_label("When").select_option(label="Today 10:00")
    maya.get_by_role("button", name="Book it").click()
    expect(maya.locator("#calls")).to_contain_text("at 10:00")

    maya.get_by_role("button", name="Resolve").click()
    expect(maya.get_by_text("Resolved. In a moment they are asked whether it is fixed.")).to_be_visible()
    assert only_ticket(business).status is TicketStatus.RESOLVED
    maya.get_by_role("button", name="Undo").click()
    expect(maya.get_by_text("Undone: it is open again, and no text went.")).to_be_visible()
    assert only_ticket(business).status is TicketStatus.IN_RECOVERY
    maya.get_by_role("button", name="Resolve").click()
    expect(maya.get_by_text("Resolved. In a moment")).to_be_visible()


def test_a_known_customer_comes_back_and_enter_fills(maya: Page, business: Business) -> None:
    business.log(customer=SAM)
    maya.goto("/log")
    phone = maya.get_by_label("Customer’s phone")
    expect(phone).to_be_focused()
    phone.press_sequentially("0770090")
    expect(maya.locator("#known")).to_contain_text("Last time: wrong order")
    phone.press("Enter")
    expect(maya.get_by_label("Name")).to_have_value("Sam Whitfield")
    expect(phone).to_have_value("07700 900 123")


def test_a_phone_a_tile_and_save_are_three_interactions(maya: Page, business: Business) -> None:
    maya.goto("/log")
    maya.get_by_label("Customer’s phone").fill("07700 900 125")
    maya.get_by_role("radio", name="Missing item").check()
    maya.get_by_role("button", name="Save").last.click()
    expect(maya.get_by_text(re.compile("Saved as RD-"))).to_be_visible()


def test_two_quick_taps_on_save_are_one_ticket(maya: Page, business: Business) -> None:
    maya.goto("/log")
    maya.get_by_role("radio", name="Late").check()
    maya.get_by_role("button", name="Save").last.dblclick()
    expect(maya.get_by_text(re.compile("Saved"))).to_be_visible()
    assert only_ticket(business).failure == "late"


def test_what_was_typed_is_still_there_when_something_is_missing(maya: Page, business: Business) -> None:
    maya.goto("/log")
    maya.get_by_role("radio", name="Late").check()
    maya.get_by_role("checkbox", name="Voucher").check()
    maya.get_by_label("Note, only for us").fill("an hour in the rain")
    maya.get_by_role("button", name="Save").last.click()
    expect(maya.get_by_text("A voucher needs an amount: enter how much.").first).to_be_visible()
    expect(maya.get_by_label("Note, only for us")).to_have_value("an hour in the rain")
    expect(maya.get_by_role("radio", name="Late")).to_be_checked()


def test_a_new_ticket_comes_onto_the_desk_by_itself(maya: Page, business: Business) -> None:
    """Within six seconds: one for the answer, and no more than five until it is asked for."""
    expect(maya.get_by_text("All is well.")).to_be_visible()
    assert float(maya.locator("[data-poll]").get_attribute("data-poll-seconds") or 5) <= 5
    business.log(customer=LEE)
    expect(maya.get_by_role("link", name="Lee Chen")).to_be_visible()


def test_the_outcome_of_a_call_is_one_tap(maya: Page, business: Business) -> None:
    ticket = business.log(customer=NOOR)
    business.on(ticket, lambda session, row, by: book(session, row, due_at=None, now=business.now, by=by))
    maya.goto("/")
    maya.get_by_role("region", name="call to make").get_by_role("link", name="Noor Aziz").click()
    maya.get_by_role("button", name="Cut off").click()
    expect(maya.get_by_text("Call straight back: they have been told that you do.")).to_be_visible()
    expect(maya.locator("#calls")).to_contain_text("2nd try")


def test_undo_is_gone_when_it_is_too_late(maya: Page, business: Business) -> None:
    ticket = business.log()
    maya.goto(f"/tickets/{ticket.reference}")
    maya.get_by_role("button", name="Resolve").click()
    expect(maya.get_by_role("button", name="Undo")).to_be_visible()
    expect(maya.get_by_role("button", name="Undo")).to_be_hidden()


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_for_everybody(
    chromium: Browser, live_server: LiveServer, business: Business, look: dict[str, Any]
) -> None:
    pages = living_business(business)
    with at_the_desk(chromium, live_server.url, "omar", **look) as page:
        for address in pages:
            page.goto(address)
            check_for_everybody(page, address)


def living_business(business: Business) -> list[str]:
    """Something of everything, and the addresses where it shows."""
    asked = business.log(customer=SAM, remedies=(refund(4500),))
    private = business.log(failure="unsafe", customer=LEE)
    called = business.log(customer=NOOR)
    business.on(called, lambda session, row, by: cut_off(session, row, business, by))
    business.on(called, lambda session, row, by: ask_backstage(session, row, business, by))
    inbound = Inbound("+447700900124", "simulator", "Hello? Are you there?", "SM1")
    business.desk.transact(lambda session: receive(session, inbound, now=business.now))
    tickets = [f"/tickets/{ticket.reference}" for ticket in (asked, private, called)]
    return [
        "/",
        "/log",
        *tickets,
        "/tickets",
        "/approvals",
        "/board",
        "/board?wall=1",
        "/undetected",
        "/tasks",
        "/team",
        "/tickets/RD-222222",
    ]


def ask_backstage(session: object, row: Ticket, business: Business, by: object) -> None:
    for of in (TaskList.KITCHEN, TaskList.IT):
        task = tasks.ask(session, row, of=of, words="One latte", now=business.now, by=by)  # type: ignore[arg-type]
    tasks.take(session, row, task, now=business.now, by=by)  # type: ignore[arg-type]


def cut_off(session: object, row: Ticket, business: Business, by: object) -> None:
    call = book(session, row, due_at=None, now=business.now, by=by)  # type: ignore[arg-type]
    attempt(session, row, call, outcome=Outcome.DISCONNECTED, note=None, now=business.now, by=by)  # type: ignore[arg-type]


def test_the_door_is_for_everybody_too(chromium: Browser, live_server: LiveServer, business: Business) -> None:
    from_nowhere = chromium.new_context(base_url=live_server.url, **NARROW)
    page = from_nowhere.new_page()
    page.goto("/sign-in")
    assert Axe().run(page).response["violations"] == []
    page.get_by_label("E-mail").fill("maya@example.com")
    page.get_by_label("Password").fill("not hers")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("That e-mail and password do not belong together.")
    expect(page.get_by_label("E-mail")).to_have_value("maya@example.com")
    from_nowhere.close()


def test_what_was_typed_outlives_a_sign_out_in_another_tab(
    chromium: Browser, live_server: LiveServer, business: Business
) -> None:
    with at_the_desk(chromium, live_server.url, "maya", **SCREENS["phone"]) as maya:
        log_wrong_order(maya)
        other = maya.context.new_page()
        other.goto("/")
        other.locator("#person summary").click()
        other.get_by_role("button", name="Sign out").click()
        expect(other.get_by_role("button", name="Sign in")).to_be_visible()
        maya.get_by_role("button", name="Save and text Sam").click()
        maya.get_by_label("E-mail").fill("maya@example.com")
        maya.get_by_label("Password").fill(PASSWORD)
        maya.get_by_role("button", name="Sign in").click()
        expect(maya.get_by_role("heading", level=1)).to_have_text("You were signed out meanwhile.")
        expect(maya.locator("dl")).to_contain_text("Sam Whitfield")
        maya.get_by_role("button", name="Send it now").click()
        expect(maya.get_by_role("heading", level=1)).to_have_text("Sam Whitfield")
