"""A call in real browsers: the counter presses, two simulated phones ring, and the ticket tells by itself how it goes."""

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from recovery.worker.sending import Sender
from recovery.worker.ticks import Station, ring_simulated_calls
from tests.browser.people import SCREENS, at_the_desk, check_for_everybody
from tests.factories import Business
from tests.fixtures.live import LiveServer
from tests.services.calls import book
from tests.telephony.parties import MAYAS, OURS, SAMS
from tests.web.ticket_parts import call_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def phone(number: str) -> str:
    return f"/simulator?number=%2B{number[1:]}"


def test_a_call_is_placed_answered_cut_off_and_corrected(chromium: Browser, live_server: LiveServer) -> None:
    components = live_server.components
    components.house = replace(components.house, voice_number=OURS)
    business = Business.opened(components)
    ticket = business.log()
    book(business, ticket)
    address = f"/tickets/{ticket.reference}"
    station = Station(components, Sender(components), "worker:test")
    station.dialler.start()
    with (
        at_the_desk(chromium, live_server.url, "maya", **SCREENS["phone"]) as counter,
        at_the_desk(chromium, live_server.url, "maya", **SCREENS["laptop"]) as phones,
    ):
        counter.goto(address)
        check_for_everybody(counter, address)
        counter.get_by_role("button", name="Call: my phone first").click()
        station.dialler.wake()
        expect(counter.locator(".line-state")).to_have_text("Ringing your phone…")
        ring_simulated_calls(station)
        phones.goto(phone(MAYAS))
        phones.get_by_role("button", name="Answer").click()
        expect(phones.locator(".phone-call")).to_contain_text("A call to Sam about wrong order")
        check_for_everybody(phones, phone(MAYAS))
        phones.get_by_role("button", name="Press a key").click()
        expect(counter.locator(".line-state")).to_have_text("Ringing Sam…")
        phones.goto(phone(SAMS))
        phones.get_by_role("button", name="Answer").click()
        live_server.clock.advance(seconds=38)
        expect(counter.locator(".line-state")).to_have_text("Talking 0:38")
        phones.get_by_role("button", name="Hang up").click()
        expect(counter.locator(".line-said")).to_contain_text("we got cut off after 38 s (inferred)")
        expect(counter.get_by_text("How did it go?")).to_be_hidden()  # one question at a time
        check_for_everybody(counter, address)
        counter.get_by_text("It went otherwise").click()
        counter.get_by_role("button", name="Reached").first.click()
        expect(counter.get_by_text("Noted: reached.")).to_be_visible()
        expect(counter.locator("#calls")).to_contain_text("Maya, reached after 38 s")
    station.dialler.stop()
    assert call_of(business, ticket).ended_at is not None
