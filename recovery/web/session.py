"""Who is on the page: found anew for every request, from a signed cookie and a row that can be revoked."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TypeVar, cast
from urllib.parse import parse_qsl, urlencode

from flask import Response, abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import InternalServerError

from recovery.domain.actors import Actor
from recovery.domain.errors import Forbidden
from recovery.domain.permissions import Permission
from recovery.edge import REFERENCE, components, demand_of
from recovery.models import Staff
from recovery.services.people.sign_in import Door, door_of, hold, is_stamp_due, stamp
from recovery.services.proving.viewings import LASTS
from recovery.services.session import DeskSession

Result = TypeVar("Result")

TOKEN = "login"  # noqa: S105  # the name of a field
SEEN = "seen"
VIEWED = "viewed"
IDLE_END = timedelta(hours=1)
SEEN_TO_THE = timedelta(minutes=1)
"""The stamp moves by minutes, so that not every answer carries a cookie."""
POLL = "X-Poll"
WITHOUT_CSRF = frozenset({"customer", "approval_link", "hooks", "call_hooks"})
"""The token in the path is the authority there; in-app browsers drop cookies."""
TICKETS = frozenset({"site", "status", "failure", "severity", "owner", "logged_from", "logged_to", "undetected"})
SPAN = frozenset({"from", "until", "site", "group_by"})
RETURN_TO: dict[str, frozenset[str]] = {
    "desk.show": frozenset({"calls"}),
    "log.show": frozenset({"beside", "stranger"}),
    "tickets.index": TICKETS,
    "tickets.show": frozenset(),
    "approvals.index": frozenset(),
    "board.show": frozenset({"wall"}),
    "undetected.index": frozenset(),
    "handover.show": frozenset({"site"}),
    "reports.show": SPAN,
    "reports.behind": SPAN | {"key", "clock", "at_least", "beyond"},
    "audit.show": frozenset({"person", "action", "ticket", "from", "until"}),
    "team.index": frozenset(),
    "rota.show": frozenset({"site"}),
    "me.show": frozenset(),
    "admin.show": frozenset(),
    "simulator.show": frozenset(),
}
"""Pages that the door leads to, each with what of its query goes along: never what tells of a customer."""
CHOICE = re.compile(r"[\w.:-]{1,64}")
"""A day, a code, a short name, an id."""


class SignedOut(Exception):  # it is no error: the door is shown
    """Somebody sends a form, and is not signed in any more."""


def now() -> datetime:
    """One instant for the whole request."""
    if "now" not in g:
        g.now = components().clock.now()
    return cast("datetime", g.now)


def guard() -> ResponseReturnValue | None:
    """Before every page: who is it, may they, and did the form come from here. Raises SignedOut, Forbidden, CSRFError."""
    if request.blueprint not in current_app.extensions["pages"]:
        return None
    demand = demand_of(request.endpoint, request.method)
    if demand is None:
        raise InternalServerError(f"{request.endpoint} does not say what it demands.")
    _find_person()
    permission = demand[0]
    if permission is not Permission.PUBLIC:
        if "actor" not in g:
            return _to_the_door()
        if not cast("Actor", g.actor).may(permission):
            raise Forbidden("Your role may not do this; ask a supervisor.")
    if request.blueprint not in WITHOUT_CSRF:
        cast("CSRFProtect", current_app.extensions["csrf"]).protect()
    return None


def transact(work: Callable[[DeskSession], Result]) -> Result:
    """What the person on this page does, in one transaction. First they are read again, so that `actor()` is who they are
    now: they may have been given another role, or been shut out, while this waited for its turn."""

    def whole(writing: DeskSession) -> Result:
        _read_again(writing)
        return work(writing)

    return components().transact(whole)


def enter(token: str) -> None:
    """A new cookie for a new session: nothing of the one before is kept."""
    session.clear()
    session[TOKEN] = token
    session[SEEN] = _seconds(now())
    session.permanent = True


def leave() -> None:
    session.clear()


def staff() -> Staff | None:
    return cast("Staff | None", g.get("staff"))


def allow_viewing(ticket_id: int) -> None:
    """For a sensitive ticket, once the viewing has been recorded."""
    session[VIEWED] = _standing_views() | {str(ticket_id): _seconds(now())}


def may_view(ticket_id: int) -> bool:
    return str(ticket_id) in _standing_views()


def next_page() -> str:
    """Where this request wanted to go, by the name of our own page: never a path that somebody else wrote."""
    if request.method != "GET" or request.endpoint not in RETURN_TO:
        return ""
    page = " ".join([request.endpoint, *(request.view_args or {}).values()])
    query = urlencode(_choices(request.endpoint, request.args.items()))
    return f"{page}?{query}" if query else page


def address_of(wanted: str) -> str:
    page, _, query = wanted.partition("?")
    endpoint, _, reference = page.partition(" ")
    if endpoint not in RETURN_TO or endpoint not in current_app.view_functions:
        return url_for("desk.show")
    if endpoint == "tickets.show":
        return url_for(endpoint, reference=reference) if REFERENCE.fullmatch(reference) else url_for("desk.show")
    address, kept = url_for(endpoint), urlencode(_choices(endpoint, parse_qsl(query)))
    return f"{address}?{kept}" if kept else address


def _choices(endpoint: str, asked: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: value for name, value in asked if name in RETURN_TO[endpoint] and CHOICE.fullmatch(value)}


def _find_person() -> None:
    token, seen = session.get(TOKEN), session.get(SEEN)
    if not isinstance(token, str) or not isinstance(seen, int):
        return
    if now() - datetime.fromtimestamp(seen, UTC) > IDLE_END:
        session.clear()
        return
    with components().read() as reading:
        door = door_of(reading, token, now=now())
    if door is None:
        session.clear()
        return
    g.login, g.staff, g.actor = door.login, door.staff, door.staff.as_actor()
    _renew(door, seen)


def _read_again(writing: DeskSession) -> None:
    hold(writing, g.staff.id)
    door = door_of(writing, session[TOKEN], now=now())
    if door is None:
        session.clear()
        abort(current_app.make_response(_to_the_door()))
    g.actor = door.staff.as_actor()
    demand = demand_of(request.endpoint, request.method)
    if demand is None or not cast("Actor", g.actor).may(demand[0]):
        abort(HTTPStatus.FORBIDDEN)  # no error of the domain: the page that began this is not theirs to see either


def _renew(door: Door, seen: int) -> None:
    if request.headers.get(POLL) == "1":
        return
    if now() - datetime.fromtimestamp(seen, UTC) >= SEEN_TO_THE:
        session[SEEN] = _seconds(now())
    if request.method == "POST" and is_stamp_due(door.login, now=now()):
        components().transact(lambda writing: stamp(writing, door.login.id, now=now()))


def _to_the_door() -> ResponseReturnValue:
    """A part of a page that asks by itself makes the whole page ask, unless somebody types on it: that would be lost."""
    is_typed_on = request.method == "POST"
    if request.headers.get(POLL) == "1" or request.headers.get("HX-Request"):
        return Response("Sign in again to go on.", 401, {} if is_typed_on else {"HX-Refresh": "true"})
    if is_typed_on:
        raise SignedOut
    return redirect(url_for("sign_in.show", next=next_page() or None))


def _standing_views() -> dict[str, int]:
    views = session.get(VIEWED)
    oldest = _seconds(now() - LASTS)
    return {key: at for key, at in views.items() if at >= oldest} if isinstance(views, dict) else {}


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
