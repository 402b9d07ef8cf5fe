from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from recovery.app import create_app
from recovery.bootstrap import build
from recovery.clock import FrozenClock
from tests.factories import Business
from tests.fixtures.settings import MakeSettings
from tests.web.pages import Visitor


@pytest.fixture
def business(make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock) -> Iterator[Business]:
    desk = build(make_settings(DATABASE_URL=sqlite_url), clock=clock)
    yield Business.opened(desk)
    desk.dispose()


@pytest.fixture
def maya(business: Business) -> Visitor:
    return Visitor.signed_in(business, "maya")


@pytest.fixture
def omar(business: Business, maya: Visitor) -> Visitor:
    """In a browser of his own, before the same app."""
    return Visitor.signed_in(business, "omar", maya)


@pytest.fixture
def client(business: Business) -> FlaskClient:
    return create_app(business.desk.settings, business.desk).test_client()
