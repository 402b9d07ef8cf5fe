"""Where photos that came with a text are fetched, and the only two ways in which that may go wrong."""

import importlib
import threading
from typing import Protocol, cast

from recovery.domain.photos import WhyNoPhoto
from recovery.sms.twilio import TwilioAccount


class PhotoRefused(Exception):
    """It will never be kept, however often it is fetched."""

    def __init__(self, reason: WhyNoPhoto) -> None:
        super().__init__(reason.words)
        self.reason = reason


class PhotoUnreachable(Exception):
    """No usable answer: ask again later. `detail` is for the log, and holds no address."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class PhotoSource(Protocol):
    def fetch(self, url: str) -> bytes:
        """At most `domain.photos.LARGEST` bytes. Raises PhotoRefused or PhotoUnreachable, nothing else."""
        ...


class PhotoStore(Protocol):
    """What the simulated phones sent."""

    def photo(self, url: str) -> bytes | None: ...


class SimulatedPhotos:
    def __init__(self, store: PhotoStore) -> None:
        self._store = store

    def fetch(self, url: str) -> bytes:
        content = self._store.photo(url)
        if content is None:
            raise PhotoRefused(WhyNoPhoto.ELSEWHERE)
        return content


class TwilioPhotos:
    """Light, as `twilio.TwilioGateway` is: what speaks HTTP comes with the first photo."""

    def __init__(self, account: TwilioAccount) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._made: PhotoSource | None = None

    def fetch(self, url: str) -> bytes:
        with self._lock:
            if self._made is None:
                module = importlib.import_module("recovery.sms.twilio_photos")
                self._made = cast("PhotoSource", module.PhotoClient(self._account))
        return self._made.fetch(url)
