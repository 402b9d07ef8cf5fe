"""`worker` and `routes`. Both work with what stands above the commands, reached by name."""

import importlib
from typing import Any

from flask import Flask

from config.settings import Settings
from recovery.bootstrap import build
from recovery.cli.console import DONE, Arguments, Commands, command, give_json, give_table, with_json
from recovery.cli.ground import desk
from recovery.edge import demand_of
from recovery.services.demo.standing import refuse_demo_beside_real_texts


def add_to(commands: Commands) -> None:
    command(
        commands,
        "worker",
        work,
        does="send texts, watch promises and callbacks",
        more="Runs until it is told to stop (Ctrl-C, SIGTERM), and then finishes what is in flight. With PostgreSQL any number\n"
        "may run; with SQLite one.",
        example="worker",
    )
    with_json(
        command(
            commands,
            "routes",
            show_routes,
            does="every route with its methods, its permission and whose object it is about",
            example="routes --json",
        )
    )


def work(_: Arguments) -> int:
    settings = Settings.from_env()
    with desk() as components, components.read() as session:
        refuse_demo_beside_real_texts(session, real_gateway=settings.sms_gateway != "simulator")
    return int(importlib.import_module("recovery.worker").main(settings))


def show_routes(arguments: Arguments) -> int:
    components = build(Settings.from_env())
    try:
        app: Flask = importlib.import_module("recovery.app").create_app(components.settings, components)
        with app.app_context():
            found = sorted(
                (row for rule in app.url_map.iter_rules() for row in _rows(rule)), key=lambda row: row["rule"]
            )
    finally:
        components.dispose()
    if arguments.json:
        give_json(found)
    else:
        heads = ("rule", "methods", "permission", "object")
        give_table(heads, [(row["rule"], " ".join(row["methods"]), row["permission"], row["object"]) for row in found])
    return DONE


def _rows(rule: Any) -> list[dict[str, Any]]:
    """One for each demand: the methods of a route may ask for different permissions."""
    demands: dict[tuple[str, str], list[str]] = {}
    for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
        permission, scope = demand_of(rule.endpoint, method) or ("public", "")
        demands.setdefault((str(permission), scope), []).append(method)
    return [
        {"rule": rule.rule, "methods": methods, "permission": permission, "object": scope}
        for (permission, scope), methods in demands.items()
    ]
