"""The ground under the other tests: that their databases are fresh, and that no test can leave this machine."""

import socket

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.fixtures.network import OtherMachine


def leave_a_mark(url: str) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE left_by_a_test (id integer)"))
    engine.dispose()


@pytest.mark.parametrize("which", ["first", "second"])
def test_each_test_has_a_database_of_its_own(database_url: str, which: str) -> None:
    leave_a_mark(database_url)


@pytest.mark.parametrize("address", [("192.0.2.1", 443), ("2001:db8::1", 443), ("api.twilio.com", 443)])
def test_a_connection_to_another_machine_is_refused(address: tuple[str, int]) -> None:
    with pytest.raises(OtherMachine):
        socket.create_connection(address, timeout=1)


def test_loopback_is_allowed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()[:2]):
        pass
