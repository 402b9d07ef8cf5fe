"""What was typed before somebody was signed out. It waits in their own page, sealed, and a button of theirs sends it:
nothing of it is kept here, and nobody else's form gets that button."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import current_app, render_template, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeSerializer

from recovery.edge import components
from recovery.web.acting import LABELS
from recovery.web.session import staff

PURPOSE = "a form that waits"
LONGEST = 64 * 1024
"""Letters of one form, sealed: the longest note twice, whatever its letters are. It has to fit into the form that
carries it."""
CSRF_TOKEN = "csrf_token"  # noqa: S105  # the name of a field
SECRET = "password"  # noqa: S105  # the name of a field
UNSHOWN = frozenset({"version", "submission", "do"})
CODES = frozenset({"failure", "remedy", "severity", "kind", "outcome"})


@dataclass(frozen=True, slots=True)
class Held:
    action: str
    fields: tuple[tuple[str, str], ...]
    """Name and value, as the form sent them, without its token."""


def held() -> Held | None:
    """What this request brought; None for a form that did not come from a page of ours, or that nobody typed."""
    fields = tuple((name, value) for name, value in request.form.items(multi=True) if name != CSRF_TOKEN)
    if not _came_from_us() or any(name == SECRET for name, _ in fields):
        return None
    return Held(request.path, fields)


def sealed(kept: Held) -> str | None:
    """None where it is longer than any form of ours."""
    text = str(_seal().dumps([kept.action, kept.fields]))
    return text if len(text) <= LONGEST else None


def opened(text: str) -> Held | None:
    """None for what we did not seal."""
    try:
        action, fields = _seal().loads(text)
    except BadSignature:
        return None
    return Held(action, tuple((name, value) for name, value in fields))


def offer(kept: Held, *, person: str) -> str:
    """Shown to whoever is signed in now; they send it in their own name, or leave it."""
    return render_template(
        "sign_in/again.html", action=kept.action, fields=kept.fields, typed=dict(_shown(kept)), person=person
    )


def offer_again(_: Exception) -> ResponseReturnValue:
    """For a form whose token is not of this session."""
    kept, person = held(), staff()
    if kept is None or person is None:
        sentence = "Nothing was done: this did not come from a page of ours that is open now."
        return render_template("errors/any.html", detail=sentence), 400
    return offer(kept, person=person.first_name), 400


def _came_from_us() -> bool:
    """By the word of the browser, which no page can change. A cookie alone would not do: a page of a neighbour's sends it."""
    origin = request.headers.get("Origin", "")
    return urlsplit(origin).netloc in {request.host, urlsplit(components().settings.public_url).netloc}


def _seal() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt=PURPOSE, serializer=json)


def _shown(kept: Held) -> Iterator[tuple[str, str]]:
    """Label and words of what was typed or chosen."""
    together: dict[str, list[str]] = {}
    for name, value in kept.fields:
        if value.strip() and name not in UNSHOWN:
            together.setdefault(name, []).append(value.replace("_", " ") if name in CODES else value)
    for name, values in together.items():
        yield LABELS.get(name, name.replace("_", " ").capitalize()), ", ".join(values)
