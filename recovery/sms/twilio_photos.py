"""Photos from the provider, with our credentials. Heavy to import: `photos` does so when first needed.

The address of a photo comes from outside, so nothing is asked of any host but the provider's own, and our credentials go
nowhere else. The provider sends us on to where it keeps the bytes: there only over HTTPS, without credentials, and never
into a private network.
"""

import socket
from ipaddress import ip_address
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from recovery.domain.photos import LARGEST, WhyNoPhoto
from recovery.sms.gateway import always
from recovery.sms.photos import PhotoRefused, PhotoUnreachable
from recovery.sms.twilio import TwilioAccount
from recovery.sms.twilio_http import CONNECT_SECONDS, DeadlineAdapter, Trip, travelling

MOST_REDIRECTS = 3
PIECE = 64 * 1024
FETCH_SECONDS = 30.0
"""For five megabytes, whatever the line."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})


class PhotoClient:
    def __init__(self, account: TwilioAccount) -> None:
        self._home = urlsplit(account.api_url)
        self._credentials = (account.account_sid, account.auth_token)
        self._seconds = max(account.timeout_seconds, min(FETCH_SECONDS, account.timeout_seconds * 3))
        self._line = requests.Session()
        self._line.trust_env = False  # a .netrc must not add credentials of its own
        for scheme in ("https://", "http://"):
            self._line.mount(scheme, DeadlineAdapter())

    def fetch(self, url: str) -> bytes:
        if not self._is_home(url):
            raise PhotoRefused(WhyNoPhoto.ELSEWHERE)
        try:
            with travelling(Trip(self._seconds, always)) as trip:
                return self._follow(url, trip)
        except (requests.RequestException, HTTPError, OSError, ValueError) as problem:
            raise PhotoUnreachable(f"The provider gave no usable answer ({type(problem).__name__}).") from None

    def _follow(self, url: str, trip: Trip) -> bytes:
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._line.get(
                url,
                auth=self._credentials if self._is_home(url) else None,
                headers={"Accept": "image/*", "Accept-Encoding": "identity"},
                timeout=(min(CONNECT_SECONDS, trip.left()), trip.left()),
                allow_redirects=False,
                stream=True,
            )
            with answer:
                if answer.status_code not in REDIRECTS:
                    return _read(answer)
                url = urljoin(url, answer.headers.get("Location", ""))
            if not (self._is_home(url) or _is_open_to_all(urlsplit(url))):
                raise PhotoRefused(WhyNoPhoto.ELSEWHERE)
        raise PhotoUnreachable("The provider sends us round and round.")

    def _is_home(self, url: str) -> bool:
        """Scheme, host and port together, and no name in front of them."""
        try:
            there = urlsplit(url)
        except ValueError:
            return False
        return (there.scheme, there.netloc.lower()) == (self._home.scheme, self._home.netloc.lower())


def _is_open_to_all(there: SplitResult) -> bool:
    """An address of the public internet, over HTTPS at its usual port."""
    if there.scheme != "https" or there.port not in {None, 443} or "@" in there.netloc or not there.hostname:
        return False
    return all(ip_address(each).is_global for each in _addresses(there.hostname))


def _addresses(host: str) -> list[str]:
    try:
        return [str(ip_address(host))]
    except ValueError:
        return [str(each[4][0]) for each in socket.getaddrinfo(host, 443)]


def _read(answer: requests.Response) -> bytes:
    if answer.status_code != requests.codes.ok:
        raise PhotoUnreachable(f"The provider answered {answer.status_code}.")
    if int(answer.headers.get("Content-Length") or 0) > LARGEST:
        raise PhotoRefused(WhyNoPhoto.TOO_LARGE)
    content = bytearray()
    for piece in answer.iter_content(PIECE):
        content += piece
        if len(content) > LARGEST:
            raise PhotoRefused(WhyNoPhoto.TOO_LARGE)
    return bytes(content)
