"""How quickly one token may call: generous, against loops that ran away.

Counted in the memory of this process: several web processes allow several times as much.
"""

from flask import Flask, current_app, g, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from recovery.api.authentication import OURS

CALLS_OF_ONE_CALLER = "1200 per minute"
"""Twenty a second: an import that runs at full speed stays below it, a loop without a pause does not."""


def install(app: Flask) -> None:
    limiter = Limiter(
        key_func=_caller,
        application_limits=[CALLS_OF_ONE_CALLER],
        application_limits_exempt_when=_is_no_call,
        storage_uri="memory://",
        headers_enabled=True,
    )
    limiter.init_app(app)


def _caller() -> str:
    bearer = g.get("bearer")
    return f"token:{bearer.token_id}" if bearer else get_remote_address()


def _is_no_call() -> bool:
    return request.blueprint not in current_app.extensions[OURS]
