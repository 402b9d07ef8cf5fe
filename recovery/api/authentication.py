"""Who asks: a bearer token, looked up on the read engine before anything else happens."""

from typing import cast

from flask import Flask, current_app, g, request
from werkzeug.exceptions import Unauthorized

from recovery.domain.actors import Actor
from recovery.domain.errors import Forbidden
from recovery.domain.permissions import Permission, may
from recovery.edge import components, demand_of
from recovery.services.people.tokens import Bearer, bearer_of
from recovery.services.session import DeskSession

SCHEME = "bearer"
OURS = "api_blueprints"
"""Key of the app's extensions under which the names of the API's blueprints stand."""


def install(app: Flask, names: frozenset[str]) -> None:
    app.extensions[OURS] = names
    app.before_request(authenticate)


def authenticate() -> None:
    """Raises Unauthorized, Forbidden. Pages and machines have their own ways in."""
    if request.blueprint not in current_app.extensions[OURS]:
        return
    permission = demanded()
    if permission is Permission.PUBLIC:
        return
    with components().read() as session:
        found = bearer(session)
    g.bearer, g.actor = found, found.actor
    check(found.actor, permission)


def bearer(session: DeskSession) -> Bearer:
    """As the token stands now: asked again inside of a change's own transaction. Raises Unauthorized."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    found = bearer_of(session, token.strip()) if scheme.lower() == SCHEME else None
    if found is None:
        raise Unauthorized
    return found


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
