"""The commands. `main` is what `python3 -m recovery COMMAND` calls."""

import sys

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError

from config.settings import SettingsError
from recovery.cli import copies, demo, health, people, processes, records, schema, texts, trail
from recovery.cli.console import DONE, FINDING, WRONG_USE, Parser, say
from recovery.domain.errors import DomainError, Invalid, NotFound

FAMILIES = (schema, processes, health, demo, people, trail, texts, records, copies)
DATABASE_ERRORS = (OperationalError, InterfaceError, ProgrammingError)
"""Away, or not as this version knows it. Others are faults of ours and end in a traceback."""
TEST = "test"
"""Taken by `recovery.first_run` before anything is imported: it brings what the tests need first."""

DESCRIPTION = """\
Recovery Desk: mistakes owned, put right, and told to the customer before they have to ask.

Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 a finding, 2 wrong use.
Settings are environment variables; docs/settings.md lists them."""


def main(argv: list[str]) -> int:
    parser, names = _parser()
    if argv and not argv[0].startswith("-") and argv[0] not in names:
        say(
            f"There is no command “{argv[0]}”, but {', '.join(sorted(names | {TEST}))}. `{parser.prog} --help` shows how."
        )
        return WRONG_USE
    try:
        chosen = parser.parse_args(argv)
        return int(chosen.run(chosen))
    except SystemExit as asked:  # argparse ends so: help was shown, or the use was wrong
        return asked.code if isinstance(asked.code, int) else DONE
    except BrokenPipeError:  # `… | head` has read enough
        sys.stderr.close()
        return DONE
    except (SettingsError, DomainError, OSError, *DATABASE_ERRORS) as error:
        say(_sentence(error))
        return WRONG_USE if _is_wrong_use(error) else FINDING


def _sentence(error: Exception) -> str:
    if isinstance(error, DBAPIError):
        return f"The database did not answer as it should: {str(error.orig).strip().splitlines()[0]}"
    if isinstance(error, OSError):
        what = f"{error.filename} cannot be used" if error.filename else "This could not be finished"
        return f"{what}: {error.strerror or error}."
    return str(error)


def _is_wrong_use(error: Exception) -> bool:
    """A file that somebody named; a disk that is full is a finding."""
    if isinstance(error, OSError):
        return error.filename is not None
    return isinstance(error, SettingsError | Invalid | NotFound)


def _parser() -> tuple[Parser, set[str]]:
    """And the names of the commands."""
    parser = Parser(prog="python3 -m recovery", description=DESCRIPTION)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for family in FAMILIES:
        family.add_to(commands)
    return parser, set(commands.choices)
