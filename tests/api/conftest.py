"""The app over a small business, called by token as a script would."""

from collections.abc import Iterator

import pytest

from config.settings import Settings
from recovery.app import create_app
from recovery.bootstrap import build
from recovery.clock import FrozenClock
from tests.api.calling import Desk
from tests.factories import Business
from tests.fixtures.settings import MakeSettings


@pytest.fixture
def business(settings: Settings, clock: FrozenClock) -> Iterator[Business]:
    """On SQLite and on PostgreSQL."""
    desk = build(settings, clock=clock)
    yield Business.opened(desk)
    desk.dispose()


@pytest.fixture
def desk(business: Business) -> Desk:
    return Desk(business, create_app(business.desk.settings, business.desk))


@pytest.fixture
def small_desk(make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock) -> Iterator[Desk]:
    """On SQLite alone: for what no database has a say in."""
    components = build(make_settings(DATABASE_URL=sqlite_url), clock=clock)
    yield Desk(Business.opened(components), create_app(components.settings, components))
    components.dispose()
