"""Is this webhook really from the provider?

`twilio.request_validator` imports in a few milliseconds, without the rest of the library: web can afford it.
"""

import hmac
import logging
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from twilio.request_validator import RequestValidator, add_port, remove_port

_FORM = "application/x-www-form-urlencoded"

log = logging.getLogger(__name__)


def genuine(
    url: str, params: Mapping[str, Any], header: str | None, tokens: Iterable[str], *, content_type: str | None
) -> bool:
    """Check a webhook's signature against every token that is in force (there are two while one is replaced).

    `url` is the configured public address plus the raw path and raw query, as the provider called it. `params` is the
    form as parsed, repeated keys kept (a MultiDict). Never raises. Anything but a form is refused: the signature of a
    JSON body covers an empty form, and so would fit every body.
    """
    if not header or (content_type or "").partition(";")[0].strip().lower() != _FORM:
        return False
    try:
        return _signed_by_any(url, params, header, tokens)
    except Exception as problem:  # noqa: BLE001 - what a stranger sends must not become a 500, whatever it trips over
        log.warning("A webhook's signature could not be checked: %s", type(problem).__name__)
        return False


def _signed_by_any(url: str, params: Mapping[str, Any], header: str, tokens: Iterable[str]) -> bool:
    """All candidates are computed and compared in constant time. The provider signs with or without the port."""
    parsed = urlsplit(url)
    spellings = {url, add_port(parsed), remove_port(parsed)}
    given = header.encode()
    matches = [
        hmac.compare_digest(RequestValidator(token).compute_signature(spelling, params).encode(), given)
        for token in tokens
        if token
        for spelling in sorted(spellings)
    ]
    return any(matches)
