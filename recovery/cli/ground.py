"""What a command stands on: settings from the environment, and a database with this version's schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from logging import root

from config import logging
from config.settings import Settings
from recovery.bootstrap import Components, build
from recovery.domain.actors import Actor, ActorKind
from recovery.domain.errors import Refused
from recovery.domain.permissions import Role
from recovery.migrations import schema_is_current, schema_is_there

OPERATOR = Actor(ActorKind.MACHINE, role=Role.ADMIN)
"""Whoever can run commands holds the database already: they see every site."""
OLD_SCHEMA = "The database does not have this version's schema yet: run `python3 -m recovery migrate` first."


@contextmanager
def desk(*, also_without_triggers: bool = False) -> Iterator[Components]:
    """Raises SettingsError; Refused where the database has not this version's schema."""
    settings = Settings.from_env()
    if not root.handlers:
        logging.configure(settings.log_format)
    components = build(settings)
    try:
        is_there = schema_is_there if also_without_triggers else schema_is_current
        if not is_there(components.reading):
            raise Refused(OLD_SCHEMA)
        yield components
    finally:
        components.dispose()
