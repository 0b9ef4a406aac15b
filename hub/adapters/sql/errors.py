"""What a database's failure means: it is gone for now, or we did something wrong."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import sqlalchemy.exc

from hub.domain.errors import Unavailable

UNIQUE_VIOLATIONS = (sqlite3.IntegrityError, asyncpg.UniqueViolationError)

# SQLSTATE classes and codes after which the same thing may succeed later: connection lost, transaction given
# up, left idle for too long, not let in, no such database, serialisation failure or deadlock, out of
# resources, lock not to be had, cancelled by a timeout or shut down, system error.
_PASSING = ("08", "25P02", "25P03", "28", "3D", "40", "53", "55P03", "57", "58")


@contextmanager
def plainly() -> Iterator[None]:
    """Raise Unavailable where the database is gone, busy or too slow; let any other error through."""
    try:
        yield
    except (OSError, sqlalchemy.exc.TimeoutError) as error:
        raise Unavailable from error
    except (sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if passes(error):
            raise Unavailable from error
        raise
    except sqlalchemy.exc.DBAPIError as error:
        driver = error.orig if isinstance(error.orig, sqlite3.Error) else error.orig and error.orig.__cause__
        if error.connection_invalidated or passes(driver):
            raise Unavailable from error
        raise


def violates_unique(error: Exception, column: str) -> bool:
    """Whether *error* is about a unique constraint with *column* in it."""
    if isinstance(error, asyncpg.UniqueViolationError):
        return column in (error.constraint_name or "")
    return isinstance(error, sqlite3.IntegrityError) and column in str(error)


def passes(error: BaseException | None) -> bool:
    """Whether a driver's *error* is one after which the same thing may succeed later."""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate).startswith(_PASSING)
    if isinstance(error, asyncpg.InterfaceError):
        # A value that is not of its column's type is an InterfaceError as well, and ours.
        return not isinstance(error, asyncpg.DataError | ValueError)
    number = getattr(error, "sqlite_errorcode", None)
    if number in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return True
    # SQLITE_ERROR is a statement that makes no sense; the other codes tell of files, locks and disks.
    return isinstance(error, sqlite3.OperationalError) and number != sqlite3.SQLITE_ERROR
