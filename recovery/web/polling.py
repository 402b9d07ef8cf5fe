"""Fresh rows for a page that asks every few seconds: most answers are a 304 without a body."""

import hashlib
import json
from typing import Any

from flask import Response, g, render_template, request

from recovery.web.session import now


def etag_of(values: dict[str, Any]) -> str:
    """Changes with what is shown, not with the passing of time: the page counts by itself."""
    spelt = json.dumps(values, sort_keys=True, default=str)
    return f'"{hashlib.sha256(spelt.encode()).hexdigest()[:32]}"'


def answer(template: str, values: dict[str, Any]) -> Response:
    etag = etag_of(values)
    headers = {"ETag": etag, "Cache-Control": "no-store", "X-Server-Now": f"{now():%Y-%m-%dT%H:%M:%SZ}"}
    if request.headers.get("If-None-Match") == etag:
        return Response(status=304, headers=headers)
    return Response(fragment(template, values), headers=headers)


def fragment(template: str, values: dict[str, Any]) -> str:
    """A part of a page, without asking for what stands around pages."""
    g.is_fragment = True
    return render_template(template, **values)
