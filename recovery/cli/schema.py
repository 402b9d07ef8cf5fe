"""`migrate`."""

from config.settings import Settings
from recovery.cli.console import DONE, FINDING, Arguments, Commands, command, say
from recovery.migrations import CannotMigrate, migrate


def add_to(commands: Commands) -> None:
    command(
        commands,
        "migrate",
        run,
        does="bring the database to this version's schema",
        more="Makes the database file where there is none. Safe to repeat, and to start on several machines at once: one\n"
        "migrates, the others wait. It is done whole or not at all.",
        example="migrate",
    )


def run(_: Arguments) -> int:
    settings = Settings.from_env()
    try:
        changed = migrate(settings.database_url, tell=lambda step: say(f"migrating {step}"))
    except CannotMigrate as error:
        say(str(error))
        return FINDING
    say("The database has this version's schema." if changed else "The database has this version's schema already.")
    return DONE
