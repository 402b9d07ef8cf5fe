"""What machines ask of this process: alive, ready, measured."""

import hmac
from datetime import timedelta

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import NotFound

from recovery.domain.permissions import Permission
from recovery.edge import components, needs
from recovery.services import measures

blueprint = Blueprint("health", __name__)

LATE_HEARTBEAT = timedelta(seconds=30)
"""Six of a worker's heartbeats: one more and texts are late already."""


@blueprint.get("/healthz")
@needs(Permission.PUBLIC)
def alive() -> ResponseReturnValue:
    return {"status": "alive"}


@blueprint.get("/readyz")
@needs(Permission.PUBLIC)
def ready() -> ResponseReturnValue:
    """503 with reasons when the database or its schema is not as it should be; 200 and `degraded` while no worker is
    heard of: logging goes on, texts wait."""
    try:
        with components().read() as session:
            late = measures.is_worker_late(session, now=components().clock.now(), after=LATE_HEARTBEAT)
    except SQLAlchemyError:
        return {"status": "unready", "reasons": ["The database does not answer, or its schema is not there."]}, 503
    reasons = ["No worker has been heard of for a while: texts wait until one is started."] if late else []
    return {"status": "degraded" if late else "ready", "reasons": reasons}


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
