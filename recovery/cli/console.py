"""How commands speak: help that reads well, one sentence per error, results as text or as JSON, progress on stderr."""

import argparse
import json
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

DONE, FINDING, WRONG_USE = 0, 1, 2
"""Exit codes."""
BAR_LETTERS = 30
HELP_LETTERS = 110
STEPS_IN_A_LOG = 4
"""Where nobody watches, a long command tells each quarter."""

Arguments = argparse.Namespace
Commands = Any
"""argparse's own type for what holds subcommands is private."""


class Parser(argparse.ArgumentParser):
    """Wrong use is one sentence, and exit code 2."""

    def __init__(self, **options: Any) -> None:
        as_written: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
        super().__init__(**(as_written | options))

    def error(self, message: str) -> NoReturn:
        say(f"{message[:1].upper()}{message[1:]}. `{self.prog} --help` shows how.")
        raise SystemExit(WRONG_USE)


def command(
    commands: Commands,
    name: str,
    run: Callable[[Arguments], int],
    *,
    does: str,
    example: str,
    more: str = "",
) -> Parser:
    """`does` is one line for the list of commands; `more` whatever else `--help` tells."""
    told = "\n".join(textwrap.fill(line, HELP_LETTERS) for line in more.splitlines())
    description = f"{does[:1].upper()}{does[1:]}." + (f"\n\n{told}" if more else "")
    lines = "\n".join(
        f"    {line.strip()}" if line[0] == " " else f"  python3 -m recovery {line}" for line in example.splitlines()
    )
    parser: Parser = commands.add_parser(name, help=does, description=description, epilog=f"example:\n{lines}")
    parser.set_defaults(run=run)
    return parser


def family(commands: Commands, name: str, *, does: str) -> Commands:
    """For commands of two words, such as `site add`."""
    parser = commands.add_parser(name, help=does, description=f"{does[:1].upper()}{does[1:]}.")
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=True)


def with_json(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="for scripts: JSON on stdout")


def say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def give(result: str) -> None:
    sys.stdout.write(f"{result}\n")
    sys.stdout.flush()


def give_json(result: Any) -> None:
    give(json.dumps(result, indent=2, ensure_ascii=False))


def give_table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns as wide as what stands in them."""
    cells = [[str(value) for value in row] for row in [heads, *rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        give("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


class Progress:
    """A bar that redraws itself on a terminal; elsewhere a line for each quarter."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._stream = sys.stderr
        self._live = self._stream.isatty()
        self._shown = -1

    def __call__(self, done: int, total: int) -> None:
        if total <= 0:
            return
        steps = 100 if self._live else STEPS_IN_A_LOG
        step = done * steps // total
        if step == self._shown or (step == 0 and not self._live):
            return
        self._shown = step
        self._stream.write(self._drawn(done, total) if self._live else f"{self._what}: {done} of {total}\n")
        self._stream.flush()

    def _drawn(self, done: int, total: int) -> str:
        filled = done * BAR_LETTERS // total
        bar = "█" * filled + "░" * (BAR_LETTERS - filled)
        return f"\r{self._what}  {bar}  {done * 100 // total:3d} %" + ("\n" if done >= total else "")


class Counter:
    """For work of which nobody knows how much there is; only where somebody watches."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._stream = sys.stderr

    def __call__(self, done: int) -> None:
        if self._stream.isatty():
            self._stream.write(f"\r{self._what}: {done} ")
            self._stream.flush()
