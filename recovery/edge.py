"""What pages and API share: the components of this app, the actor of this request, and one table from domain errors to
HTTP. Nothing here knows a URL."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import current_app, g

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
from recovery.domain.permissions import Permission

View = TypeVar("View", bound=Callable[..., Any])

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
