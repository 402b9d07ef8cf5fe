"""One way to say which moves a status may make: a table per kind of thing, walked whole by the tests."""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from recovery.domain.errors import WrongState


class Labelled(Protocol):
    @property
    def label(self) -> str:
        """As people read it."""


Status = TypeVar("Status", bound=Labelled)


def check_move(
    table: Mapping[Status, frozenset[Status]],
    *,
    thing: str,
    current: Status,
    to: Status,
) -> Status:
    """`to`, where the table allows it. Raises WrongState with a sentence for the person who tried."""
    if to not in table[current]:
        raise WrongState(f"This {thing} is {current.label}, so it cannot become {to.label}.")
    return to
