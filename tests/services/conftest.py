from collections.abc import Iterator

import pytest

from config.settings import Settings
from recovery.bootstrap import build
from recovery.clock import FrozenClock
from tests.factories import Business
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
