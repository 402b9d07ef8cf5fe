"""The JSON API, and what machines ask: alive, ready, measured."""

from flask import Flask

from recovery.api import health

BLUEPRINTS = (health.blueprint,)


def install(app: Flask) -> None:
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
