"""Fresh rows for a page that asks every few seconds: most answers are a 304 without a body."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Response, g, render_template, request

from recovery.edge import actor, components
from recovery.services.reporting.pulse import pulse
from recovery.web.session import now

CALLS_AHEAD = timedelta(hours=4)
"""Calls that are due later do not stand on the desk yet."""


def etag_of(values: dict[str, Any]) -> str:
    """Changes with what is shown, not with the passing of time: the page counts by itself."""
    spelt = json.dumps(values, sort_keys=True, default=str)
    return f'"{hashlib.sha256(spelt.encode()).hexdigest()[:32]}"'


def beat_of(screen: str) -> str:
    """An ETag of what goes on at this person's sites, for a screen known by its address. Read it before what is shown: a
    change in between is then shown twice, never not at all."""
    by = actor()
    with components().read() as reading:
        beat = pulse(reading, by=by, now=now(), ahead=CALLS_AHEAD)
    return etag_of({"screen": screen, "who": [by.id, by.role, *sorted(by.site_ids)], "beat": beat})


def answer_beat(template: str, screen: str, values: Callable[[], dict[str, Any]]) -> Response:
    """Where nothing has happened, `values` are not even read."""
    return _answer(template, beat_of(screen), values)


def answer(template: str, values: dict[str, Any]) -> Response:
    return _answer(template, etag_of(values), lambda: values)


def _answer(template: str, etag: str, values: Callable[[], dict[str, Any]]) -> Response:
    headers = {"ETag": etag, "Cache-Control": "no-store", "X-Server-Now": f"{now():%Y-%m-%dT%H:%M:%SZ}"}
    if request.headers.get("If-None-Match") == etag:
        return Response(status=304, headers=headers)
    return Response(fragment(template, values()), headers=headers)


def fragment(template: str, values: dict[str, Any]) -> str:
    """A part of a page, without asking for what stands around pages."""
    g.is_fragment = True
    return render_template(template, **values)
