"""What every test with a browser stands on."""

import pytest

from tests.factories import Business
from tests.fixtures.live import LiveServer


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What a browser sees does not depend on the database."""
    return sqlite_url


@pytest.fixture
def business(live_server: LiveServer) -> Business:
    return Business.opened(live_server.components)
