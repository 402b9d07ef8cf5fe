"""What pages and API share: the components of this app, the actor of this request, and one table from domain errors to
HTTP, how ids stand in addresses, and how a photo is sent. Nothing here knows a whole URL."""

import re
from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Response, current_app, g, request
from werkzeug.routing import BaseConverter, IntegerConverter

from recovery.bootstrap import Components
from recovery.domain.actors import Actor
from recovery.domain.errors import (
    DomainError,
    Forbidden,
    Invalid,
    KeyReused,
    NotFound,
    Refused,
    Stale,
    WrongState,
)
from recovery.domain.ids import LARGEST_ID
from recovery.domain.languages import LANGUAGES, Language, chosen_language
from recovery.domain.permissions import Permission
from recovery.domain.photos import ENDINGS, shows_in_a_page
from recovery.domain.tickets import REFERENCE_ALPHABET, REFERENCE_LETTERS

View = TypeVar("View", bound=Callable[..., Any])

REFERENCE = re.compile(f"[Rr][Dd]-[{REFERENCE_ALPHABET}{REFERENCE_ALPHABET.lower()}]{{{REFERENCE_LETTERS}}}")
NEVER_GIVEN = "RD-"

OF_PHOTOS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
STATUS: dict[type[DomainError], int] = {
    Invalid: 422,
    KeyReused: 422,
    NotFound: 404,
    Forbidden: 403,
    WrongState: 409,
    Stale: 409,
    Refused: 409,
}


def components() -> Components:
    return cast("Components", current_app.extensions["desk"])


def actor() -> Actor:
    """Who makes this request; set by the sign-in of the page or of the token before any view runs."""
    return cast("Actor", g.actor)


def status_of(error: DomainError) -> int:
    return next(status for kind, status in STATUS.items() if isinstance(error, kind))


def needs(permission: Permission, *, of: str = "") -> Callable[[View], View]:
    """Says what a view demands: a permission, and whose object it works on (`ticket`, `remedy`, `site` …).

    Checked before every request; a view without it is refused, and the test of the route table fails.
    """

    def mark(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]  # read by `demand_of`
        view.object_scope = of  # type: ignore[attr-defined]
        return view

    return mark


def demand_of(endpoint: str | None, method: str) -> tuple[Permission, str] | None:
    """Permission and object scope of the view behind an endpoint; None for a view that says none."""
    view = current_app.view_functions.get(endpoint or "")
    handler = getattr(getattr(view, "view_class", None), method.lower(), view)
    permission = getattr(handler, "permission", None) or getattr(view, "permission", None)
    if permission is None:
        return None
    return permission, getattr(handler, "object_scope", "")


def photo_answer(photo_id: int, kind: str, content: bytes | None) -> Response:
    """A stranger made it: the browser may draw it, and do nothing else with it."""
    how = "inline" if shows_in_a_page(kind) else "attachment"
    name = f"photo-{photo_id}.{ENDINGS[kind]}"
    return Response(content, mimetype=kind, headers=OF_PHOTOS | {"Content-Disposition": f'{how}; filename="{name}"'})


def language_of_phone() -> Language:
    """What somebody reads whom we cannot look up."""
    return chosen_language(request.accept_languages.best_match(LANGUAGES))


class ReferenceConverter(BaseConverter):
    """What cannot be a reference is looked up as one that is never given: the answer is that of any unknown ticket."""

    part_isolating = True

    def to_python(self, value: str) -> str:
        return value.upper() if REFERENCE.fullmatch(value) else NEVER_GIVEN


class RowIdConverter(IntegerConverter):
    """Whatever would not fit into the database is an id that is never given."""

    def to_python(self, value: str) -> int:
        number = int(value) if len(value) <= len(str(LARGEST_ID)) else 0
        return number if number <= LARGEST_ID else 0


CONVERTERS: dict[str, type[BaseConverter]] = {"reference": ReferenceConverter, "row_id": RowIdConverter}
"""For rules of pages and API: `/tickets/<reference:reference>`, `/remedies/<row_id:remedy_id>`."""
