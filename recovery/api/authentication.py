"""Who asks: a bearer token, looked up on the read engine before anything else happens."""

import hashlib
from dataclasses import dataclass, field
from typing import cast

from flask import Flask, current_app, g, request
from werkzeug.exceptions import Unauthorized

from recovery.clock import Clock
from recovery.domain.actors import Actor
from recovery.domain.errors import Forbidden
from recovery.domain.permissions import Permission, may
from recovery.edge import components, demand_of
from recovery.services.people.tokens import Bearer, bearer_of
from recovery.services.session import DeskSession

SCHEME = "bearer"
OURS = "api_blueprints"
"""Key of the app's extensions under which the names of the API's blueprints stand."""
MET = "api_bearers"
READING = {"GET", "HEAD", "OPTIONS"}
REMEMBERED_SECONDS = 5.0
MOST_REMEMBERED = 1000


@dataclass
class Met:
    """Bearers met lately, for letting a change in: its own transaction looks the token up again and decides, so that
    what is remembered here opens nothing, and spares a busy caller one of two looks."""

    clock: Clock
    _found: dict[bytes, tuple[Bearer, float]] = field(default_factory=dict)

    def lately(self, token: str) -> Bearer | None:
        bearer, met_at = self._found.get(_hash(token), (None, 0.0))
        return bearer if self.clock.monotonic() - met_at < REMEMBERED_SECONDS else None

    def remember(self, token: str, bearer: Bearer) -> None:
        if len(self._found) >= MOST_REMEMBERED:
            self._found.clear()
        self._found[_hash(token)] = (bearer, self.clock.monotonic())


def install(app: Flask, names: frozenset[str]) -> None:
    app.extensions[OURS] = names
    app.extensions[MET] = Met(app.extensions["desk"].clock)
    app.before_request(authenticate)


def authenticate() -> None:
    """Raises Unauthorized, Forbidden. Pages and machines have their own ways in."""
    if request.blueprint not in current_app.extensions[OURS]:
        return
    permission = demanded()
    if permission is Permission.PUBLIC:
        return
    met, token = cast("Met", current_app.extensions[MET]), _token()
    found = None if request.method in READING else met.lately(token)
    if found is None:
        with components().read() as session:
            found = bearer(session)
        met.remember(token, found)
    _is_asking(found)
    check(found.actor, permission)


def bearer(session: DeskSession) -> Bearer:
    """As the token stands now: asked again inside of a change's own transaction. Raises Unauthorized."""
    token = _token()
    found = bearer_of(session, token) if token else None
    if found is None:
        raise Unauthorized
    _is_asking(found)
    return found


def _is_asking(found: Bearer) -> None:
    g.bearer, g.actor = found, found.actor


def _token() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == SCHEME else ""


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def demanded() -> Permission:
    demand = demand_of(request.endpoint, request.method)
    if demand is None:
        raise Forbidden("This call does not say who may make it, so nobody may: tell whoever looks after the desk.")
    return demand[0]


def check(actor: Actor, permission: Permission) -> None:
    """Raises Forbidden, and says whether it is the role or the token that is too narrow."""
    if actor.may(permission):
        return
    if actor.role is not None and may(actor.role, permission):
        scopes = ", ".join(sorted(actor.scopes or ())) or "none"
        raise Forbidden(f"This token is too narrow for that: its scopes are {scopes}. Use one with the scope you need.")
    raise Forbidden("Your role may not do this; ask a supervisor.")


def current_bearer() -> Bearer:
    return cast("Bearer", g.bearer)
