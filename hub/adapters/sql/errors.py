"""What a database's failure means: it is gone for now, or we did something wrong."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import sqlalchemy.exc

from hub.domain.errors import Unavailable

# SQLSTATE classes and codes after which the same thing may succeed later: connection lost, left idle for too
# long, not let in, no such database, serialisation failure or deadlock, out of resources, lock not to be had,
# cancelled by a timeout or shut down, system error.
_PASSING = ("08", "25P03", "28", "3D", "40", "53", "55P03", "57", "58")


@contextmanager
def plainly() -> Iterator[None]:
    """Raise Unavailable where the database is gone, busy or too slow; let any other error through."""
    try:
        yield
    except (OSError, sqlalchemy.exc.TimeoutError) as error:
        raise Unavailable from error
    except (sqlalchemy.exc.DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if _passes(error):
            raise Unavailable from error
        raise


def violates_unique(error: sqlalchemy.exc.IntegrityError, column: str) -> bool:
    """Whether *error* is about a unique constraint with *column* in it."""
    text = str(error.orig)
    is_unique = "UNIQUE constraint failed" in text or "unique constraint" in text
    return is_unique and column in text.partition("DETAIL")[0]


def _passes(error: sqlalchemy.exc.DBAPIError | asyncpg.PostgresError | asyncpg.InterfaceError) -> bool:
    if not isinstance(error, sqlalchemy.exc.DBAPIError):
        # Raised while connecting: whatever it is, nothing was asked yet.
        return True
    if error.connection_invalidated or isinstance(error, sqlalchemy.exc.InterfaceError):
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return str(state).startswith(_PASSING)
    number = getattr(error.orig, "sqlite_errorcode", None)
    if number in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return True
    # SQLITE_ERROR is a statement that makes no sense; the other codes tell of files, locks and disks.
    return isinstance(error, sqlalchemy.exc.OperationalError) and number != sqlite3.SQLITE_ERROR
