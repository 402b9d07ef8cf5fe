"""Whose fault it is that a transaction failed: the database's, which is waited for, or the row's, which is put aside."""

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

AWAY = (OperationalError, InterfaceError, InternalError, PoolTimeout)
"""How a database that does not answer, or takes no changes for a while, shows itself: wait, and go on."""
NOT_TEXT = "Could not decode to UTF-8"
"""What SQLite says of half a character in a row, in the words of a database that is away."""


def is_the_databases(problem: Exception) -> bool:
    """Also a schema that is not ours yet: no row is to blame, and the same row goes well later."""
    if isinstance(problem, DBAPIError):
        return not is_the_rows(problem) and not isinstance(problem, IntegrityError)
    return isinstance(problem, PoolTimeout)


def is_the_rows(problem: Exception) -> bool:
    """What it holds cannot be read or sent: it goes no better later."""
    return isinstance(problem, ValueError | DataError) or NOT_TEXT in str(getattr(problem, "orig", ""))
