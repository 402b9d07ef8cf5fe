"""What `python3 -m recovery` does with its arguments. Standard library only, until everything is installed."""

import gc
import importlib
import sys
from collections.abc import Callable
from typing import cast

from recovery.first_run import everything, installation, testing
from recovery.first_run.installation import CannotInstall, say

ASKING = frozenset({"-h", "--help", "help"})
EMPTY = "--empty"
HELP = """\
Recovery Desk: mistakes owned, put right, and told to the customer before they have to ask.

usage: python3 -m recovery [COMMAND] [--help]

To try and to work on it
  (no command)            install, migrate, load the demo business once, run web and worker; Ctrl-C stops both
  --empty                 the same without the demo business: asks for your first site and admin
  test [pytest's own]     the whole test suite, with all that it needs; `test --prepare` only brings that

To run it
  migrate                 bring the database to this version's schema
  worker                  send texts, watch promises and callbacks
  doctor                  what is configured, reachable, behind or misfiring
  backup FILE             restore FILE
  demo                    load the demo business; `demo --remove` takes it away

People and sites
  site add SLUG --name NAME --timezone Europe/London --currency GBP --country GB [--hours HOURS]
  staff add EMAIL --name NAME --role frontline|supervisor|admin --site SLUG [--phone PHONE]
  token add EMAIL [--scope SCOPE]

Records
  audit verify            prove the event trail, or name the first broken event
  outbox list             texts and their states; `sms test PHONE` sends one
  export tickets          for a spreadsheet; `import customers|tickets FILE.csv` takes rows in
  erase --phone PHONE     forget a person
  routes                  every route with its permission

`python3 -m recovery COMMAND --help` tells more. Exit codes: 0 done, 1 a finding, 2 wrong use.
Settings are environment variables: docs/settings.md.
"""


def main(arguments: list[str]) -> int:
    command = arguments[0] if arguments else None
    if command in ASKING or (command == EMPTY and ASKING & set(arguments)):
        sys.stdout.write(HELP)
        return 0
    if command == EMPTY and arguments != [EMPTY]:
        say(f"{EMPTY} stands alone: it starts everything. `python3 -m recovery --help` shows what else there is.")
        return 2
    try:
        return _run(command, arguments)
    except CannotInstall as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130


def _run(command: str | None, arguments: list[str]) -> int:
    if command == "test":
        installation.bring(arguments, installation.RUNTIME, installation.TESTS)
        return testing.run(arguments[1:])
    installation.bring(arguments, installation.RUNTIME)
    if command in {None, EMPTY}:
        return everything.run(commands(), empty=command == EMPTY)
    return commands()(arguments)


def commands() -> Callable[[list[str]], int]:
    """Imported by name and only now: what it needs may have been installed a moment ago.

    What is imported stays, so that looking through it for garbage is in vain: without, a command starts a fifth sooner.
    """
    gc.disable()
    found = importlib.import_module("recovery.cli").main
    gc.freeze()
    gc.enable()
    return cast("Callable[[list[str]], int]", found)
