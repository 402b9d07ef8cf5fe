"""What work without a request stands on; `bootstrap.Components` is one."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from recovery.services.session import DeskSession

Result = TypeVar("Result")

LOCK_TIMED_OUT = "55P03"


def is_a_lock(problem: Exception) -> bool:
    """Somebody holds one row for too long; all the others can be had."""
    return getattr(getattr(problem, "orig", None), "sqlstate", None) == LOCK_TIMED_OUT


class Ground(Protocol):
    def read(self) -> AbstractContextManager[DeskSession]:
        """On an engine that cannot change anything."""
        ...

    def transact(self, work: Callable[[DeskSession], Result], /) -> Result:
        """In one transaction, repeated where another was in its way."""
        ...
