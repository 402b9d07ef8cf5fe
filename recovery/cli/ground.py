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
from recovery.migrations import schema_is_current

OPERATOR = Actor(ActorKind.MACHINE, role=Role.ADMIN)
"""Whoever can run commands holds the database already: they see every site."""


@contextmanager
def desk(*, whatever_it_is: bool = False) -> Iterator[Components]:
    """Raises SettingsError; Refused where the database has not this version's schema (unless `whatever_it_is`)."""
    settings = Settings.from_env()
    if not root.handlers:
        logging.configure(settings.log_format)
    components = build(settings)
    try:
        if not whatever_it_is:
            refuse_old_schema(components)
        yield components
    finally:
        components.dispose()


def refuse_old_schema(components: Components) -> None:
    if not schema_is_current(components.reading):
        raise Refused("The database does not have this version's schema yet: run `python3 -m recovery migrate` first.")
