"""What `doctor` says of calling: off, simulated, or what the provider says of each number."""

from dataclasses import replace
from typing import cast

import pytest
from sqlalchemy import update

from recovery.bootstrap import build
from recovery.cli.health import voice
from recovery.clock import FrozenClock
from recovery.models import Site
from tests.factories import Business
from tests.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from tests.fixtures.settings import MakeSettings

OURS = "+442079460123"
HOOK = "https://desk.example.com/hooks/twilio/calls/inbound"


def said(business: Business) -> list[tuple[str, str]]:
    return [(check.state, check.words) for check in voice(business.desk)]


def test_without_a_number_people_dial(make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock) -> None:
    business = Business.opened(build(make_settings(DATABASE_URL=sqlite_url), clock=clock))
    assert said(business) == [("ok", "Off: people dial by themselves and say how it went.")]
    business.desk.house = replace(business.desk.house, voice_number=OURS)
    first, second = said(business)
    assert first == ("ok", f"{OURS}: simulated phones, nothing leaves this machine.")
    assert "1 colleague has no phone of their own here" in second[1], "Nell has none"
    business.desk.dispose()


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (None, ("late", "is no number of this account")),
        ((False, HOOK), ("late", "cannot call")),
        ((True, "https://elsewhere.example.com"), ("soon", f"set its voice address to {HOOK}")),
        ((True, HOOK), ("ok", "can call and be called")),
        ("gone", ("late", "cannot be asked for")),
    ],
)
def test_the_provider_is_asked_about_each_number(
    make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock, number: object, told: tuple[str, str]
) -> None:
    with FakeTwilio() as twilio:
        settings = make_settings(
            DATABASE_URL=sqlite_url,
            PUBLIC_URL="https://desk.example.com",
            RECOVERY_TEST_CHEAP_HASH=0,
            SMS_GATEWAY="twilio",
            TWILIO_ACCOUNT_SID=ACCOUNT_SID,
            TWILIO_AUTH_TOKEN="another" if number == "gone" else AUTH_TOKEN,
            TWILIO_FROM="+447700900001",
            TWILIO_API_URL=twilio.url,
        )
        if isinstance(number, tuple):
            twilio.numbers[OURS] = cast("tuple[bool, str]", number)
        business = Business.opened(build(settings, clock=clock))
        with business.desk.write() as session:
            session.execute(update(Site).where(Site.slug == "harbour-st").values(voice_number=OURS))
        found, (state, words) = said(business)[0], told
        assert (found[0], words in found[1], "Harbour St Coffee" in found[1]) == (state, True, True), found
        business.desk.dispose()
