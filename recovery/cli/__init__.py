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

DESCRIPTION = """\
Recovery Desk: mistakes owned, put right, and told to the customer before they have to ask.

Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 a finding, 2 wrong use.
Settings are environment variables; docs/settings.md lists them."""


def main(argv: list[str]) -> int:
    try:
        chosen = _parser().parse_args(argv)
        return int(chosen.run(chosen))
    except SystemExit as asked:  # argparse ends so: help was shown, or the use was wrong
        return asked.code if isinstance(asked.code, int) else DONE
    except BrokenPipeError:  # `… | head` has read enough
        sys.stderr.close()
        return DONE
    except (SettingsError, DomainError, *DATABASE_ERRORS) as error:
        say(_sentence(error))
        return WRONG_USE if isinstance(error, SettingsError | Invalid | NotFound) else FINDING


def _sentence(error: Exception) -> str:
    if isinstance(error, DBAPIError):
        return f"The database did not answer as it should: {str(error.orig).strip().splitlines()[0]}"
    return str(error)


def _parser() -> Parser:
    parser = Parser(prog="python3 -m recovery", description=DESCRIPTION)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for family in FAMILIES:
        family.add_to(commands)
    return parser
