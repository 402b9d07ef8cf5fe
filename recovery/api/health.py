"""What machines ask of this process: alive, ready, measured."""

import hmac

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import NotFound

from recovery.api.errors import RETRY_AFTER
from recovery.domain.permissions import Permission
from recovery.edge import components, needs
from recovery.migrations import schema_is_current
from recovery.services.running import measures
from recovery.services.running.heartbeats import a_worker_lives

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@needs(Permission.PUBLIC)
def alive() -> ResponseReturnValue:
    return {"status": "alive"}


@blueprint.get("/readyz")
@needs(Permission.PUBLIC)
def ready() -> ResponseReturnValue:
    """503 with reasons when the database or its schema is not as it should be; 200 and `degraded` while no worker is
    heard of: logging goes on, texts wait."""
    desk = components()
    try:
        if not schema_is_current(desk.reading):
            return _unready(
                "The schema is not the one that this version works with: run `python3 -m recovery migrate`."
            )
        with desk.read() as session:
            lives = a_worker_lives(session, now=desk.clock.now())
    except SQLAlchemyError:
        return _unready("The database does not answer.")
    reasons = [] if lives else ["No worker has been heard of for a while: texts wait until one is started."]
    return {"status": "ready" if lives else "degraded", "reasons": reasons}


@blueprint.get("/metrics")
@needs(Permission.PUBLIC)
def metrics() -> ResponseReturnValue:
    """Read from the database when asked, so that every process gives the same figures."""
    token = components().settings.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token is None or not hmac.compare_digest(given.encode(), token.encode()):
        raise NotFound
    registry = CollectorRegistry()
    with components().read() as session:
        for gauge in measures.gauges(session, now=components().clock.now()):
            shown = Gauge(gauge.name, gauge.words, gauge.labels, registry=registry)
            for labels, value in gauge.values.items():
                (shown.labels(*labels) if labels else shown).set(value)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _unready(reason: str) -> ResponseReturnValue:
    return {"status": "unready", "reasons": [reason]}, 503, {"Retry-After": str(RETRY_AFTER)}
