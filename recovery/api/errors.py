"""One table from what went wrong to an answer: problem JSON (RFC 9457) below /api and for machines, a page elsewhere."""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from jinja2 import TemplateNotFound
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError

from recovery.api.spelling import dumps
from recovery.domain.errors import DomainError, Invalid, Stale
from recovery.domain.page_words.choosing import PAGE_WORDS
from recovery.domain.spelling import respelled
from recovery.edge import language_of_phone, status_of

PROBLEM = "application/problem+json"
RETRY_AFTER = 5
"""Seconds: a database that restarts is back sooner than that as a rule."""
READ_ONLY = "25006"
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
ANY_ERROR = "errors/any.html"
ANY_SENTENCE = "That did not work: check the address and the method."
BEARER = 'Bearer realm="Recovery Desk"'

SENTENCES = {
    400: "That is not JSON: check quotation marks, commas and brackets.",
    401: "Send a token of yours: “Authorization: Bearer …”.",
    403: "You may not do this.",
    404: "There is nothing here that you may see.",
    405: "This address does not take that method: see the Allow header.",
    408: "That took too long to arrive: send it again.",
    413: "That is more than a megabyte: send less at once.",
    414: "That address is too long: ask for less at once.",
    415: "Send JSON, with “Content-Type: application/json”.",
    429: "That was very quick: wait a moment and send it again.",
    431: "Those headers are too long: send less in them.",
    500: "We got this wrong. Nothing was saved by this step: try it once more.",
    503: "The desk cannot reach its records just now: try again in a few seconds.",
}
TO_PEOPLE = SENTENCES | {
    400: "Your browser sent something that cannot be read.",
    401: "Sign in first.",
    405: "That is not how this page is used: go back, and press its buttons.",
    408: "That took too long to arrive: try it once more.",
    415: "Your browser sent something that cannot be read.",
}
"""Whoever reads a page did not write the request."""
CUSTOMERS = "/c/"
"""Their page has no desk to go back to, and speaks their language."""


def install(app: Flask) -> None:
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(InternalServerError, _bug)
    for away in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(away, _database_away)
    app.register_error_handler(DBAPIError, _database_error)


def problem(
    status: int,
    detail: str,
    *,
    title: str | None = None,
    headers: Mapping[str, str] | None = None,
    **besides: Any,
) -> Response:
    body = {"type": "about:blank", "title": title or HTTPStatus(status).phrase, "status": status, "detail": detail}
    answer = Response(
        dumps(body | besides, plain=True), status=status, content_type=PROBLEM, headers=dict(headers or {})
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def wants_problem() -> bool:
    """Machines ask below /api and at the hooks; everybody else is a person with a browser."""
    return request.path.startswith(("/api/", "/hooks/", "/healthz", "/readyz", "/metrics")) or request.path == "/api"


def _domain_error(error: DomainError) -> ResponseReturnValue:
    status = status_of(error)
    besides: dict[str, Any] = {}
    if isinstance(error, Invalid):
        besides["errors"] = error.errors
    if isinstance(error, Stale):
        besides |= {"current": error.current, "changed": [_spelled(change) for change in error.changed]}
    if wants_problem():
        return problem(status, error.detail, title=error.title, **besides)
    return _page(status, error.detail, **besides)


def _spelled(change: Mapping[str, Any]) -> dict[str, Any]:
    """Ids go out as strings; `by` is null where the customer changed it."""
    by = None if change["by"] is None else str(change["by"])
    return {**change, "theirs": respelled(change["theirs"]), "by": by}


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error.response
    status = error.code or 500
    headers = _headers_of(error)
    if not wants_problem():
        return _page(status, "", headers=headers)
    if status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", BEARER)
    return problem(status, _told_by(error) or SENTENCES.get(status, ANY_SENTENCE), headers=headers)


def _told_by(error: HTTPException) -> str:
    """What a door of ours said of its own limit; all else in an error of Werkzeug's is Werkzeug's words."""
    is_ours = error.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return str(vars(error).get("description") or "") if is_ours else ""


def _headers_of(error: HTTPException) -> dict[str, str]:
    """Allow, Retry-After and their kin; what describes Werkzeug's own body is dropped with it."""
    return {name: value for name, value in error.get_headers() if name.lower() != "content-type"}


def _bug(_: InternalServerError) -> ResponseReturnValue:
    """Logged by Flask with its traceback; the number joins that line to what the person saw."""
    incident = secrets.token_hex(4)
    structlog.get_logger("web").error("request:failed", incident=incident, endpoint=request.endpoint)
    if wants_problem():
        return problem(500, SENTENCES[500], incident=incident)
    return _page(500, "", incident=incident)


def _database_away(error: Exception) -> ResponseReturnValue:
    structlog.get_logger("web").error("database:away", error=type(error).__name__, endpoint=request.endpoint)
    headers = {"Retry-After": str(RETRY_AFTER)}
    if wants_problem():
        return problem(503, SENTENCES[503], headers=headers)
    return _page(503, "", headers=headers)


def _database_error(error: DBAPIError) -> ResponseReturnValue:
    """A database that is read-only for a while (a failover), or lost patience with us, is away as well; anything else is
    a bug of ours."""
    takes_no_changes = getattr(error.orig, "sqlstate", None) == READ_ONLY and request.method in CHANGING
    if error.connection_invalidated or takes_no_changes:
        return _database_away(error)
    raise error


def _page(status: int, detail: str, *, headers: Mapping[str, str] | None = None, **values: Any) -> ResponseReturnValue:
    """A page in our own voice, or its plain sentence where even the page cannot be made."""
    g.is_error = True
    try:
        html = _rendered(status, detail, values)
    except Exception:  # noqa: BLE001  # whatever broke the page, the person still gets an answer
        structlog.get_logger("web").exception("error:page", status=status)
        return Response(
            TO_PEOPLE.get(status, TO_PEOPLE[500]), status=status, mimetype="text/plain", headers=dict(headers or {})
        )
    return Response(html, status=status, headers=dict(headers or {}))


def _rendered(status: int, detail: str, values: Mapping[str, Any]) -> str:
    """`detail` is what a service said; without it a page has words of its own, for people and not for programs."""
    if request.path.startswith(CUSTOMERS):
        return _told_to_customer(status)
    named = {"detail": detail, "retry_after": None, **values}
    try:
        return render_template(f"errors/{status}.html", **named)
    except TemplateNotFound:
        return render_template(ANY_ERROR, **named | {"detail": detail or TO_PEOPLE.get(status, "")})


def _told_to_customer(status: int) -> str:
    """For what their blueprint never sees, because no view of it was found or the body was not even read."""
    language = language_of_phone()
    words = PAGE_WORDS[language]
    if status == HTTPStatus.NOT_FOUND:
        return render_template("customer/gone.html", language=language, words=words)
    token = request.path.removeprefix(CUSTOMERS).partition("/")[0]
    sentence = words.troubles.get(status, words.did_not_work)
    return render_template(
        "customer/trouble.html", language=language, words=words, sentence=sentence, token=token, again=None
    )
