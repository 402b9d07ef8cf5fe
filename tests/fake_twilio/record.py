"""What the provider accepted, in order, and what it would say about each text."""

import threading
import time
import uuid
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

INBOUND = "inbound"
A_DAY = 86_400


@dataclass
class AcceptedText:
    to: str
    body: str
    from_: str | None = None
    service: str | None = None
    status_callback: str | None = None
    validity: int | None = None
    direction: str = "outbound-api"
    status: str = "queued"
    error_code: int | None = None
    media: list[str] = field(default_factory=list)
    """The types of the photos that came with it."""
    at: float = field(default_factory=time.time)
    sid: str = field(default_factory=lambda: "SM" + uuid.uuid4().hex)

    @property
    def ref(self) -> str | None:
        return ref_in(self.status_callback)

    def as_twilio(self, account_sid: str) -> dict[str, Any]:
        created = format_datetime(datetime.fromtimestamp(self.at, UTC))
        return {
            "sid": self.sid,
            "account_sid": account_sid,
            "api_version": "2010-04-01",
            "body": self.body,
            "num_segments": "0" if self.service else "1",
            "num_media": str(len(self.media)),
            "direction": self.direction,
            "from": self.from_,
            "to": self.to,
            "messaging_service_sid": self.service,
            "date_created": created,
            "date_updated": created,
            "date_sent": created if self.direction == INBOUND else None,
            "price": None,
            "price_unit": "USD",
            "status": self.status,
            "error_code": self.error_code,
            "error_message": None,
            "uri": f"/2010-04-01/Accounts/{account_sid}/Messages/{self.sid}.json",
            "subresource_uris": {},
        }

    def media_as_twilio(self, account_sid: str) -> list[dict[str, Any]]:
        created = format_datetime(datetime.fromtimestamp(self.at, UTC))
        home = f"/2010-04-01/Accounts/{account_sid}/Messages/{self.sid}/Media"
        return [
            {
                "sid": f"ME{self.sid[2:-2]}{number:02}",
                "account_sid": account_sid,
                "parent_sid": self.sid,
                "content_type": kind,
                "date_created": created,
                "date_updated": created,
                "uri": f"{home}/ME{self.sid[2:-2]}{number:02}.json",
            }
            for number, kind in enumerate(self.media)
        ]

    def as_record(self) -> dict[str, Any]:
        return {**asdict(self), "ref": self.ref}


def ref_in(status_callback: str | None) -> str | None:
    return parse_qs(urlsplit(status_callback or "").query).get("ref", [None])[0]


class Record:
    """`listing_delay`: how many seconds an accepted text takes to appear in the provider's list; `page_size` at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: dict[str, AcceptedText] = {}
        self.requests = 0
        self.refused: set[str] = set()
        """References of texts that were told no, for good."""
        self.left_unclear: Counter[str] = Counter()
        """How often a text got no usable answer, and was not accepted."""
        self.listing_delay = 0.0
        self.page_size = 1000
        self.filters_by_day = False
        """As the provider promises; it has been seen to filter by the second."""

    def count_request(self) -> None:
        with self._lock:
            self.requests += 1

    def refuse(self, ref: str) -> None:
        with self._lock:
            self.refused.add(ref)

    def leave_unclear(self, ref: str) -> None:
        with self._lock:
            self.left_unclear[ref] += 1

    def accept(self, text: AcceptedText) -> AcceptedText:
        with self._lock:
            self._texts[text.sid] = text
        return text

    def texts(self) -> list[AcceptedText]:
        with self._lock:
            return list(self._texts.values())

    def get(self, sid: str) -> AcceptedText | None:
        with self._lock:
            return self._texts.get(sid)

    def listed(self, to: str | None, from_: str | None, since: str | None = None) -> list[AcceptedText]:
        """Newest first, as the provider lists them; `since` is to the second, and leaves out what was never sent."""
        visible = time.time() - self.listing_delay
        earliest = datetime.fromisoformat(since).timestamp() if since else 0.0
        if self.filters_by_day:
            earliest -= earliest % A_DAY
        return [
            text
            for text in sorted(self.texts(), key=lambda text: text.at)[::-1]
            if to in (None, text.to)
            and from_ in (None, text.from_)
            and text.at <= visible
            and int(text.at) >= earliest
            and (since is None or text.status != "queued")
        ]
