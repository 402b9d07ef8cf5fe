from collections.abc import Iterator

import pytest

from config.settings import Settings
from recovery.bootstrap import build
from recovery.clock import FrozenClock
from tests.factories import Business
from tests.fixtures.settings import MakeSettings
from tests.services.ladder_parts import staffed
from tests.services.post import Post


@pytest.fixture
def business(settings: Settings, clock: FrozenClock) -> Iterator[Business]:
    """Open for business on a Tuesday morning, on SQLite and on PostgreSQL."""
    desk = build(settings, clock=clock)
    yield Business.opened(desk)
    desk.dispose()


@pytest.fixture
def post(business: Business) -> Post:
    return Post(business)


@pytest.fixture
def shop(make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock) -> Iterator[Business]:
    """Harbour St with Rita, a second supervisor, and Tom at the counter beside Maya."""
    desk = build(make_settings(DATABASE_URL=sqlite_url), clock=clock)
    yield staffed(Business.opened(desk))
    desk.dispose()
