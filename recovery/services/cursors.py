"""Keyset pages: a cursor holds the sort values of the last row, so that page nine hundred costs what the first does."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, literal, tuple_

from recovery.domain.errors import Invalid
from recovery.domain.ids import EPOCH, LARGEST_ID
from recovery.models.base import UtcDateTime

Item = TypeVar("Item")
ONE_PAGE = 50
"""Rows, where nobody says how many."""
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    items: Sequence[Item]
    next_cursor: str | None
    """None: this is the last page."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after the row of this instant and id."""

    at: datetime
    id: int


def page_of(rows: Sequence[Item], limit: int, place: Callable[[Item], Place]) -> Page[Item]:
    """`rows` are one more than the page holds, where there is a next one."""
    shown = rows[:limit]
    return Page(shown, written(place(shown[-1])) if len(rows) > limit else None)


def page_of_whole(
    rows: Sequence[Item], place: Callable[[Item], Place], *, limit: int, cursor: str | None
) -> Page[Item]:
    """For a list that is short enough to be read whole each time, in an order that no cursor tells of."""
    begin = 0
    if last := read(cursor):
        places = [place(row) for row in rows]
        if last not in places:
            raise _not_ours()
        begin = places.index(last) + 1
    return page_of(rows[begin : begin + limit + 1], limit, place)


def written(place: Place) -> str:
    """Opaque outside."""
    return packed((place.at - EPOCH) // MICROSECOND, place.id)


def read(cursor: str | None) -> Place | None:
    """Raises Invalid for what `written` did not write."""
    if not cursor:
        return None
    microseconds, last = unpacked(cursor, 2)
    return Place(instant_of(microseconds), last)


def packed(*numbers: int) -> str:
    return base64.urlsafe_b64encode(":".join(map(str, numbers)).encode()).rstrip(b"=").decode()


def unpacked(cursor: str, count: int) -> Sequence[int]:
    """That many numbers, each of which a column can hold. Raises Invalid for what `packed` did not write."""
    try:
        plain = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        numbers = [int(part) for part in plain.split(":")]
    except ValueError:
        raise _not_ours() from None
    if len(numbers) != count or not all(-LARGEST_ID <= number <= LARGEST_ID for number in numbers):
        raise _not_ours()
    return numbers


def instant_of(microseconds: int) -> datetime:
    """Since the epoch of our ids. Raises Invalid for one that no calendar has."""
    try:
        return EPOCH + microseconds * MICROSECOND
    except OverflowError:
        raise _not_ours() from None


def before(at: Any, row_id: Any, place: Place) -> ColumnElement[bool]:
    """For lists with the newest first."""
    earlier: ColumnElement[bool] = tuple_(at, row_id) < _as_row(place)
    return earlier


def after(at: Any, row_id: Any, place: Place) -> ColumnElement[bool]:
    """For lists with the oldest, or the soonest due, first."""
    later: ColumnElement[bool] = tuple_(at, row_id) > _as_row(place)
    return later


def _as_row(place: Place) -> Any:
    return tuple_(literal(place.at, UtcDateTime()), literal(place.id))


def _not_ours() -> Invalid:
    return Invalid.field("cursor", "That cursor is none of ours: begin again without it.")
