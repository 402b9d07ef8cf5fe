"""HTTP for the official client: one deadline for a whole request, and no doubt about whether it left.

The library's own transport waits for ever by default, counts its time-out from one received byte to the next (so that a
byte a second holds a worker for minutes), and hides Retry-After. Imported by `twilio_client` only.
"""

import http.client
import io
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from logging import getLogger
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from twilio.http import HttpClient
from twilio.http.response import Response
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from recovery.clock import SystemClock

CONNECT_SECONDS = 3.0
# More than any sensible SEND_CONCURRENCY, so that no connection is thrown away for want of a place in the pool.
POOL_SIZE = 64

_SCHEMES = ("https://", "http://")
# A line to another machine takes real seconds, whatever hour a test plays.
_clock = SystemClock()


class LeaseLost(Exception):
    """The sender stopped owning the text after it had begun to connect."""


class Trip:
    """One request on its way: when it must be back, whether a byte of it has left, how long the provider asks to wait."""

    def __init__(self, seconds: float, still_ours: Callable[[], bool]) -> None:
        self._until = _clock.monotonic() + seconds
        self._still_ours = still_ours
        self.departed = False
        self.retry_after: str | None = None

    def left(self) -> float:
        """Seconds to go; raises TimeoutError when there are none."""
        seconds = self._until - _clock.monotonic()
        if seconds <= 0:
            raise TimeoutError("The provider took too long.")
        return seconds

    def depart(self) -> None:
        """Called with the connection open, just before the first byte."""
        self.left()
        if not self._still_ours():
            raise LeaseLost
        self.departed = True


_current: ContextVar[Trip | None] = ContextVar("trip", default=None)


@contextmanager
def travelling(trip: Trip) -> Iterator[Trip]:
    """Every request of this thread inside the block is part of the trip."""
    token = _current.set(trip)
    try:
        yield trip
    finally:
        _current.reset(token)


class _ReadInTime(io.RawIOBase):
    """Reads from a socket, and gives each read no more than what is left of the whole trip."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, trip: Trip) -> None:
        self._raw = raw
        self._sock = sock
        self._trip = trip

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._trip.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _ResponseInTime(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        trip = _current.get()
        if trip is not None:
            self.fp = io.BufferedReader(_ReadInTime(self.fp.detach(), sock, trip))


class _PlainConnection(HTTPConnection):
    """Connects first, looks once more at the lease, then sends."""

    response_class = _ResponseInTime

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()
        trip = _current.get()
        if trip is not None:
            trip.depart()
        super().request(*args, **kwargs)


class _SecureConnection(_PlainConnection, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class DeadlineAdapter(HTTPAdapter):
    """No retries: only the outbox decides whether a text is tried again."""

    def __init__(self) -> None:
        super().__init__(pool_maxsize=POOL_SIZE, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
        return manager


class DeadlineHttpClient(HttpClient):  # type: ignore[misc]  # twilio ships no types
    """Logs nothing: the library's own would write customers' numbers and words into the log."""

    def __init__(self, *, timeout: float) -> None:
        super().__init__(getLogger(__name__), is_async=False, timeout=timeout)
        self._session = requests.Session()
        adapter = DeadlineAdapter()
        for scheme in _SCHEMES:
            self._session.mount(scheme, adapter)

    def request(  # noqa: PLR0917 - the library's signature
        self,
        method: str,
        uri: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,  # noqa: ARG002, FBT001, FBT002 - the library's signature; a redirect is never followed
    ) -> Response:
        trip = _current.get() or Trip(timeout or self.timeout, lambda: True)
        with travelling(trip):
            answer = self._session.request(
                method,
                uri,
                params=params,
                data=data,
                headers=headers,
                auth=auth,
                timeout=(min(CONNECT_SECONDS, trip.left()), trip.left()),
                allow_redirects=False,
            )
        trip.retry_after = answer.headers.get("Retry-After")
        return Response(answer.status_code, answer.text, answer.headers)
