"""How a database that does not answer, or takes no changes for a while, shows itself: wait, and go on."""

from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

AWAY = (OperationalError, InterfaceError, InternalError, PoolTimeout)
