"""The web application: pages and API over one set of components, one table of errors, one set of headers."""

from io import BytesIO

from flask import Flask, Response, request
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wsgi import get_content_length

from config.settings import Settings, SettingsError
from recovery import api, web
from recovery.api import errors
from recovery.bootstrap import Components, build
from recovery.domain.errors import Forbidden, NotFound, Refused
from recovery.edge import CONVERTERS, demand_of
from recovery.services.demo.standing import refuse_demo_beside_real_texts

LONGEST_BODY = 1024 * 1024
"""Bytes: the longest note is a thousandth of it, and nobody uploads files here."""
STATIC_FOR = 3600
"""Seconds: file names carry no hash, so a new version must not wait longer than this."""
A_YEAR = 31_536_000
WITHOUT_DEMAND = frozenset({"static"})

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Referrer-Policy": "same-origin",  # without any referrer, forms over HTTPS fail their CSRF check
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def create_app(settings: Settings, components: Components | None = None) -> Flask:
    """`components` are built from the settings unless a test brings its own, with a clock that stands still.

    Raises SettingsError where a gateway that reaches real telephones stands beside the demo business.
    """
    app = Flask(__name__)
    secure = settings.public_url.startswith("https://")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=LONGEST_BODY,
        SEND_FILE_MAX_AGE_DEFAULT=STATIC_FOR,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
    )
    app.extensions["desk"] = components or _built(settings)
    _trust_proxies(app, settings.trusted_proxies)
    _add_headers(app, secure=secure)
    app.url_map.converters |= CONVERTERS
    app.url_map.strict_slashes = False  # an address typed with a slash at its end leads where it does without
    app.before_request(_refuse_unmarked)
    app.before_request(_refuse_long_body)
    app.before_request(_refuse_nul)
    api.install(app)
    web.install(app)
    errors.install(app)
    return app


def _built(settings: Settings) -> Components:
    components = build(settings)
    try:
        with components.read() as session:
            refuse_demo_beside_real_texts(session, real_gateway=settings.sms_gateway != "simulator")
    except Refused as refusal:
        components.dispose()
        raise SettingsError([refusal.detail]) from None
    except DBAPIError:
        pass  # away, or not migrated: /readyz says so, and pages answer 503 until it is there
    return components


def _trust_proxies(app: Flask, count: int) -> None:
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]  # Flask's documented way


def _add_headers(app: Flask, *, secure: bool) -> None:
    headers = HEADERS | ({"Strict-Transport-Security": f"max-age={A_YEAR}"} if secure else {})

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


def _refuse_unmarked() -> None:
    """A view that does not say whom it is for is for nobody."""
    endpoint = request.endpoint
    if endpoint is not None and endpoint not in WITHOUT_DEMAND and demand_of(endpoint, request.method) is None:
        raise Forbidden("This page does not say who may open it, so nobody may: tell whoever looks after the desk.")


def _refuse_long_body() -> None:
    """Also where a view never reads its body."""
    if get_content_length(request.environ) is None and "wsgi.input_terminated" in request.environ:
        _measure_body()
    if (request.content_length or 0) > LONGEST_BODY:
        raise RequestEntityTooLarge


def _refuse_nul() -> None:
    """PostgreSQL cannot even look for it. Calls of the API are read by their schemas, which say which field it is."""
    if b"%00" in request.query_string and not errors.wants_problem():
        raise NotFound("No address of ours holds such a character.")


def _measure_body() -> None:
    """A body of unknown length is read here, and has one from now on: at its own limit Werkzeug stops reading and says
    nothing, and what it has read by then may be whole by itself."""
    environ = request.environ
    try:
        body = environ["wsgi.input"].read(LONGEST_BODY + 1)
    except OSError:  # it broke off, or is not cut into pieces as it says
        raise BadRequest from None
    environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    environ.pop("HTTP_TRANSFER_ENCODING", None)
