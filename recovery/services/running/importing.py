"""Customers and finished tickets from another system. No text goes out for them: what they tell of is over."""

import csv
import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from recovery.domain.actors import Actor
from recovery.domain.calendars import is_within_reach
from recovery.domain.errors import DomainError, Invalid
from recovery.domain.languages import Language
from recovery.domain.money import parse_amount
from recovery.domain.tickets import LONGEST_NAME, LONGEST_NOTE, Severity, Source
from recovery.models import Customer, Staff
from recovery.services.access import visible_site
from recovery.services.people.customers import NewCustomer, find_or_add
from recovery.services.running.idempotency import Kept, Key, claim, keep
from recovery.services.session import DeskSession
from recovery.services.texting.queued import drop_queued
from recovery.services.ticketing import tickets
from recovery.services.ticketing.logging_mistakes import NewTicket, Order, log

IMPORTED = "imported"
CREATED = 201
CUSTOMER_COLUMNS = ("site", "phone", "name", "language", "notes")
TICKET_COLUMNS = (
    "site", "failure", "logged_at", "resolved_at", "staff", "severity", "source", "phone", "name", "order_reference",
    "order_amount", "note", "cause",
)  # fmt: skip
NEEDED = {"customers": ("site",), "tickets": ("site", "failure", "logged_at", "resolved_at")}
KNOWN = {"customers": CUSTOMER_COLUMNS, "tickets": TICKET_COLUMNS}
LONGEST = dict.fromkeys(("notes", "note", "cause"), LONGEST_NOTE) | dict.fromkeys(
    ("name", "order_reference"), LONGEST_NAME
)
"""As long as pages and the API take it. What is read as something else says itself what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    values: Mapping[str, str]
    is_too_wide: bool = False
    """It has more cells than there are columns: a comma without quotation marks around it."""

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(dict(self.values), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Refusal:
    line: int
    why: str


def read_rows(lines: Iterable[str], what: str) -> Sequence[Row]:
    """Raises Invalid for a file without the needed columns, with one that nobody knows or one that stands there twice, and
    for what is no CSV: a quotation mark that is never closed would take all that follows into one cell."""
    first, *rest = [*lines] or [""]
    comma = (
        ";" if first.count(";") > first.count(",") else ","
    )  # as spreadsheets write it where a comma is a decimal sign
    reader = csv.DictReader([first, *rest], skipinitialspace=True, delimiter=comma, strict=True)
    try:
        heads = [head.strip().lower() for head in reader.fieldnames or ()]
        _check_heads(heads, what)
        reader.fieldnames = heads
        return list(_rows(reader))
    except csv.Error as error:
        raise Invalid(
            f"After line {reader.line_num} it is no CSV ({error}): save it anew from your spreadsheet."
        ) from None


def _check_heads(heads: Sequence[str], what: str) -> None:
    if missing := [name for name in NEEDED[what] if name not in heads]:
        raise Invalid(f"The first line lacks {', '.join(missing)}: it names the columns {', '.join(KNOWN[what])}.")
    if unknown := [head for head in heads if head not in KNOWN[what]]:
        raise Invalid(f"Nobody knows the column {unknown[0]!r}: the columns are {', '.join(KNOWN[what])}.")
    if twice := [head for head in KNOWN[what] if heads.count(head) > 1]:
        raise Invalid(f"The column {twice[0]} stands there twice: keep one of them.")


def _rows(reader: "csv.DictReader[str]") -> Iterator[Row]:
    for cells in reader:
        beyond = cells.pop(None, None)  # where the reader puts what has no column
        values = {name: (value or "").strip() for name, value in cells.items()}
        yield Row(reader.line_num, values, is_too_wide=any(beyond or ()))


def take(session: DeskSession, what: str, row: Row, *, staff: str | None, now: datetime, by: Actor) -> Refusal | None:
    """One row in a savepoint of its own; a row that was taken within the last week is not taken twice."""
    try:
        _check_cells(row)
        with session.begin_nested():
            key = Key(f"import:{what}", row.fingerprint, row.fingerprint)
            if claim(session, key, now=now) is not None:
                return None
            if what == "customers":
                made = _customer(session, row, now=now, by=by)
            else:
                made = _ticket(session, row, staff=staff, now=now, by=by)
            keep(session, key, Kept(CREATED, what, made))
    except DomainError as error:
        return Refusal(row.line, error.detail)
    return None


def _check_cells(row: Row) -> None:
    if row.is_too_wide:
        raise Invalid("There are more cells than columns: put quotation marks around what has a comma in it.")
    for name, text in row.values.items():
        if any(unicodedata.category(letter) in {"Cc", "Cs"} and letter not in "\n\t" for letter in text):
            raise Invalid(f"{name} has a control character in it, which cannot be kept: take it out.")
        if len(text) > LONGEST.get(name, len(text)):
            raise Invalid(f"{name} is {len(text)} characters long: keep it to {LONGEST[name]}.")


def _customer(session: DeskSession, row: Row, *, now: datetime, by: Actor) -> int:
    site = visible_site(session, row.values["site"], by=by)
    values = row.values
    language = _one_of(Language, values.get("language"), "language")
    new = NewCustomer(values.get("phone") or None, values.get("name") or None, language)
    customer: Customer | None = find_or_add(session, site, new, now=now)
    if customer is None:
        raise Invalid("The row has neither a phone nor a name.")
    customer.notes = values.get("notes") or customer.notes
    return customer.id


def _ticket(session: DeskSession, row: Row, *, staff: str | None, now: datetime, by: Actor) -> int:
    values = row.values
    person = _person(session, values.get("staff") or staff)
    logged_at, resolved_at = _moment(values["logged_at"], "logged_at"), _moment(values["resolved_at"], "resolved_at")
    if not logged_at <= resolved_at <= now:
        raise Invalid("logged_at comes before resolved_at, and both lie in the past.")
    site = visible_site(session, values["site"], by=by)
    amount = values.get("order_amount")
    new = NewTicket(
        site=site.slug,
        failure=values["failure"],
        severity=_one_of(Severity, values.get("severity"), "severity"),
        source=_one_of(Source, values.get("source"), "source") or Source.COUNTER,
        customer=NewCustomer(values.get("phone") or None, values.get("name") or None),
        order=Order(values.get("order_reference") or None, parse_amount(amount, site.currency) if amount else None),
        note=values.get("note"),
    )
    ticket = log(session, new, now=logged_at, by=person)
    drop_queued(session, ticket, reason=IMPORTED, now=logged_at)
    tickets.resolve(session, ticket, how=None, now=resolved_at, by=person)
    drop_queued(session, ticket, reason=IMPORTED, now=resolved_at)
    if values.get("cause"):
        tickets.change(session, ticket, tickets.Change(cause=values["cause"]), now=resolved_at, by=person)
    return ticket.id


def _person(session: DeskSession, email: str | None) -> Actor:
    if not email:
        raise Invalid("Nobody is named who did it: add a column staff with their address, or say --as EMAIL.")
    person = session.scalar(select(Staff).where(Staff.email == email.lower()))
    if person is None:
        raise Invalid(f"Nobody has the address {email}: `staff add` adds people.")
    return person.as_actor()


def _moment(text: str, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{name} is no time: write 2026-03-10T09:30:00Z.") from None
    if moment.tzinfo is None:
        raise Invalid(f"{name} has no zone: write 2026-03-10T09:30:00Z, or +01:00 at its end.")
    if not is_within_reach(moment.date()):
        raise Invalid(f"{name} lies too far back: check the year.")
    return moment.astimezone(UTC)


def _one_of(kind: Any, text: str | None, name: str) -> Any:
    if not text:
        return None
    try:
        return kind(text)
    except ValueError:
        raise Invalid(f"{name} is one of: {', '.join(kind)}.") from None
