"""`import`, `export`, `erase`."""

import csv
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from io import StringIO
from pathlib import Path
from typing import IO, Any

import xlsxwriter

from recovery.bootstrap import Components
from recovery.cli.console import (
    DONE,
    FINDING,
    WRONG_USE,
    Arguments,
    Commands,
    Progress,
    command,
    family,
    give_json,
    say,
    with_json,
)
from recovery.cli.ground import OPERATOR, desk
from recovery.domain.calendars import day_typed
from recovery.domain.cells import safe_cell
from recovery.domain.errors import Invalid
from recovery.domain.phones import parse_phone
from recovery.services.people.erasing import erase
from recovery.services.proving import anchors
from recovery.services.reporting.exporting import HEADS, Wanted, count_tickets, ticket_rows
from recovery.services.running.importing import CUSTOMER_COLUMNS, TICKET_COLUMNS, Refusal, Row, read_rows, take

ROWS_A_TRANSACTION = 50


def add_to(commands: Commands) -> None:
    _add_imports(family(commands, "import", does="rows of another system, from a CSV file"))
    _add_exports(family(commands, "export", does="rows for a spreadsheet"))
    parser = command(
        commands,
        "erase",
        forget,
        does="erase a person: their number, name and words, everywhere",
        more="The statistics and the audit trail stay whole. It cannot be undone, and is refused while they still wait for us.",
        example="erase --phone +447700900123",
    )
    parser.add_argument("--phone", required=True, help="with its country code")


def _add_imports(commands: Commands) -> None:
    for what, columns, more in (
        ("customers", CUSTOMER_COLUMNS, "Known ones are found again by their number."),
        (
            "tickets",
            TICKET_COLUMNS,
            "For what is over: every row needs logged_at and resolved_at, and no text goes out. Log what is still open.",
        ),
    ):
        parser = command(
            commands,
            what,
            take_in,
            does=f"{what} from a CSV file",
            more=f"{more}\nThe first line names the columns: {', '.join(columns)}.\n"
            "Refused rows are listed with their line; exit code 1 where there are any. The same file again, within a\n"
            "week, doubles nothing.",
            example=f"import {what} old-{what}.csv" + (" --as ada@example.com" if what == "tickets" else ""),
        )
        parser.set_defaults(what=what)
        parser.add_argument("file", metavar="FILE.csv", type=Path)
        if what == "tickets":
            parser.add_argument("--as", dest="staff", metavar="EMAIL", help="who did it, where the row names nobody")
        else:
            parser.set_defaults(staff=None)
        with_json(parser)


def _add_exports(commands: Commands) -> None:
    parser = command(
        commands,
        "tickets",
        give_out,
        does="tickets with the figures that reports read",
        more="Dates are those of each site. Cells that a spreadsheet could take for a formula are made harmless.",
        example="export tickets --from 2026-10-01 --to 2026-11-01 --format csv > october.csv\n"
        "export tickets --format xlsx --output tickets.xlsx",
    )
    parser.add_argument("--from", dest="start", type=_day, metavar="DAY", help="the first day, as in 2026-10-01")
    parser.add_argument("--to", dest="end", type=_day, metavar="DAY", help="the first day that is left out")
    parser.add_argument("--site", metavar="SLUG", help="only this site")
    parser.add_argument("--format", choices=("csv", "xlsx"), default="csv")
    parser.add_argument("--output", type=Path, metavar="FILE", help="left out: stdout")


def _day(text: str) -> date:
    return day_typed(text, field="day")


def take_in(arguments: Arguments) -> int:
    if not arguments.file.is_file():
        say(f"There is no file {arguments.file}.")
        return WRONG_USE
    rows = read_rows(_lines(arguments.file), arguments.what)
    progress, refused = Progress(f"Importing {arguments.what}"), list[Refusal]()
    with desk() as components:
        for start in range(0, len(rows), ROWS_A_TRANSACTION):
            refused += _take(components, rows[start : start + ROWS_A_TRANSACTION], arguments)
            progress(min(start + ROWS_A_TRANSACTION, len(rows)), len(rows))
        anchors.anchor(components, components.clock.now())
    _report(arguments, len(rows), refused)
    return FINDING if refused else DONE


def _lines(file: Path) -> Sequence[str]:
    try:
        return list(
            StringIO(file.read_text(encoding="utf-8-sig"))
        )  # by line feeds alone: other signs stand within cells
    except UnicodeDecodeError:
        raise Invalid(f"{file} is not UTF-8: save it as “CSV UTF-8”.") from None


def _take(components: Components, rows: Sequence[Row], arguments: Arguments) -> list[Refusal]:
    def work(session: Any) -> list[Refusal]:
        now = components.clock.now()
        taken = [take(session, arguments.what, row, staff=arguments.staff, now=now, by=OPERATOR) for row in rows]
        return [each for each in taken if each is not None]

    return components.transact(work)


def _report(arguments: Arguments, rows: int, refused: Sequence[Refusal]) -> None:
    if arguments.json:
        lines = [{"line": each.line, "why": each.why} for each in refused]
        give_json({"rows": rows, "taken": rows - len(refused), "refused": lines})
        return
    for each in refused:
        say(f"line {each.line}: {each.why}")
    say(f"{rows - len(refused)} of {rows} rows are there.")


def give_out(arguments: Arguments) -> int:
    if arguments.format == "xlsx" and arguments.output is None and sys.stdout.isatty():
        say("A spreadsheet is nothing to look at here: say where to with --output FILE.")
        return WRONG_USE
    wanted = Wanted(arguments.start, arguments.end, arguments.site)
    with desk() as components, components.read() as session:
        rows = ticket_rows(session, wanted, by=OPERATOR)
        counted = _counted(rows, count_tickets(session, wanted, by=OPERATOR))
        with _output(arguments) as file:
            _write_csv(file, counted) if arguments.format == "csv" else _write_xlsx(file, counted)
    return DONE


def _counted(rows: Iterator[Sequence[Any]], total: int) -> Iterator[Sequence[Any]]:
    progress = Progress("Exporting")
    for done, row in enumerate(rows, start=1):
        yield row
        progress(done, total)


@contextmanager
def _output(arguments: Arguments) -> Iterator[IO[bytes]]:
    if arguments.output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with arguments.output.open("wb") as file:
        yield file


def _write_csv(file: IO[bytes], rows: Iterator[Sequence[Any]]) -> None:
    class Lines:
        def write(self, line: str) -> int:
            return file.write(line.encode("utf-8", "replace"))

    writer = csv.writer(Lines())
    writer.writerow(HEADS)
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])


def _write_xlsx(file: IO[bytes], rows: Iterator[Sequence[Any]]) -> None:
    """Figures are numbers; everything else is text, which never computes."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet("Tickets")
        sheet.freeze_panes(1, 1)
        sheet.write_row(0, 0, HEADS, book.add_format({"bold": True}))
        for line, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, int):
                    sheet.write_number(line, column, cell)
                elif cell is not None:
                    sheet.write_string(line, column, safe_cell(cell) if HEADS[column] == "phone" else str(cell))


def forget(arguments: Arguments) -> int:
    if not arguments.phone.strip().startswith("+"):
        raise Invalid("Write the number with its country code, as in +44 7700 900123.")
    phone = parse_phone(arguments.phone, "GB") or ""
    with desk() as components:
        gone = components.transact(lambda session: erase(session, phone, now=components.clock.now(), by=OPERATOR))
    say(f"Erased: {gone.customers} customers, the words on {gone.tickets} tickets, {gone.texts} texts.")
    return DONE
