"""The JSON API, and what machines ask: alive, ready, measured."""

from flask import Flask

from recovery.api import (
    authentication,
    callbacks,
    description,
    handovers,
    health,
    limits,
    people,
    remedies,
    seeing,
    strangers,
    talking,
    tasks,
    tickets,
    waits,
)

DESCRIBED = (
    tickets.blueprint,
    remedies.blueprint,
    talking.blueprint,
    callbacks.blueprint,
    tasks.blueprint,
    waits.blueprint,
    seeing.blueprint,
    strangers.blueprint,
    handovers.blueprint,
    people.blueprint,
)


def install(app: Flask) -> None:
    authentication.install(app, frozenset(blueprint.name for blueprint in DESCRIBED))
    limits.install(app)
    description.install(app, DESCRIBED)
    app.register_blueprint(description.blueprint)
    app.register_blueprint(health.blueprint)
