"""One way to say which moves a status may make: a table per kind of thing, walked whole by the tests."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from recovery.domain.errors import WrongState

Status = TypeVar("Status", bound=StrEnum)


def check_move(
    table: Mapping[Status, frozenset[Status]],
    *,
    thing: str,
    current: Status,
    to: Status,
) -> Status:
    """`to`, where the table allows it. Raises WrongState with a sentence for the person who tried."""
    if to not in table[current]:
        raise WrongState(f"This {thing} is {in_words(current)}, so it cannot become {in_words(to)}.")
    return to


def in_words(status: StrEnum) -> str:
    return status.value.replace("_", " ")
