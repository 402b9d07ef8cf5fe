from collections.abc import Iterator

import pytest

from recovery.bootstrap import build
from recovery.clock import FrozenClock
from tests.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from tests.fixtures.settings import MakeSettings
from tests.telephony.parties import OURS, Desk, Simulated, calling, over_http

PUBLIC = "https://desk.example.com"


@pytest.fixture
def simulated(make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock) -> Iterator[Desk]:
    desk = build(make_settings(DATABASE_URL=sqlite_url), clock=clock)
    business = calling(desk)
    yield Desk(business, Simulated(business))
    desk.dispose()


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio() as twilio:
        yield twilio


@pytest.fixture
def http(make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock, twilio: FakeTwilio) -> Iterator[Desk]:
    settings = make_settings(
        DATABASE_URL=sqlite_url,
        PUBLIC_URL=PUBLIC,
        RECOVERY_TEST_CHEAP_HASH=0,
        SMS_GATEWAY="twilio",
        TWILIO_ACCOUNT_SID=ACCOUNT_SID,
        TWILIO_AUTH_TOKEN=AUTH_TOKEN,
        TWILIO_FROM="+447700900001",
        TWILIO_VOICE_FROM=OURS,
        TWILIO_API_URL=twilio.url,
        TWILIO_TIMEOUT_SECONDS=30,
    )
    desk = build(settings, clock=clock)
    with over_http(desk, twilio) as served:
        yield served
    desk.dispose()


@pytest.fixture(params=["simulated", "http"])
def desk(request: pytest.FixtureRequest) -> Desk:
    """The same tests for both providers."""
    found: Desk = request.getfixturevalue(request.param)
    return found
