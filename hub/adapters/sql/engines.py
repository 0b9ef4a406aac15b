"""Connections: how each database is opened, so that no update is lost and no wait is without end."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

CONNECT_WITHIN_S = 3
ANSWER_WITHIN_S = 8
POOL_WITHIN_S = 5
LOCK_WITHIN_S = 5
IDLE_IN_TRANSACTION_S = 30
READERS = 4
CONNECTIONS = 10
MORE_CONNECTIONS = 20


def is_sqlite(url: str) -> bool:
    """Whether *url* is SQLite's; raises ValueError if it is of neither database that the hub knows."""
    driver = sa.make_url(url).drivername
    if driver not in ("sqlite+aiosqlite", "postgresql+asyncpg"):
        raise ValueError("the database is sqlite+aiosqlite:///… or postgresql+asyncpg://…")
    return driver == "sqlite+aiosqlite"


def sqlite_writer(url: str) -> AsyncEngine:
    """Return the engine of the one connection that writes: each transaction is the writer from its start."""
    # Without BEGIN IMMEDIATE two that read before they write would overwrite each other.
    return _sqlite(url, "BEGIN IMMEDIATE", connections=1)


def sqlite_reader(url: str) -> AsyncEngine:
    """Return the engine of the connections that read, each transaction one view, and wait for no writer."""
    return _sqlite(url, "BEGIN", connections=READERS, query_only="ON")


def postgres(url: str) -> AsyncEngine:
    """Return the engine for PostgreSQL: READ COMMITTED, and every wait has an end."""
    engine = create_async_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_size=CONNECTIONS,
        max_overflow=MORE_CONNECTIONS,
        pool_timeout=POOL_WITHIN_S,
        connect_args={
            "timeout": CONNECT_WITHIN_S,
            "command_timeout": ANSWER_WITHIN_S,
            "server_settings": {
                "application_name": "lumoauth-hub",
                "lock_timeout": str(LOCK_WITHIN_S * 1000),
                # A node that hangs must not hold its rows for ever.
                "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_S * 1000),
            },
        },
    )
    event.listen(engine.sync_engine, "checkout", _discard_closed)
    return engine


def _sqlite(url: str, begin: str, *, connections: int, **pragmas: str) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=connections, max_overflow=0, pool_timeout=POOL_WITHIN_S)
    settings = {
        # First: the others may have to wait for another process.
        "busy_timeout": str(LOCK_WITHIN_S * 1000),
        "journal_mode": "WAL",
        # NORMAL could lose a denial at a power loss.
        "synchronous": "FULL",
        "foreign_keys": "ON",
        **pragmas,
    }

    def connect(dbapi_connection: Any, _: object) -> None:
        set_up_sqlite(dbapi_connection, settings)

    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine.sync_engine, "connect", connect)
    event.listen(engine.sync_engine, "begin", start)
    return engine


def set_up_sqlite(dbapi_connection: Any, pragmas: Mapping[str, str]) -> None:
    """Take BEGIN out of the driver's hands, which would put it off, and set *pragmas*."""
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    try:
        for name, value in pragmas.items():
            cursor.execute(f"PRAGMA {name}={value}")
    except Exception:
        # Nobody else does: the thread of a connection that never came about would go on waiting.
        dbapi_connection.close()
        raise
    cursor.close()


def _discard_closed(dbapi_connection: Any, _record: object, _proxy: object) -> None:
    """Take no connection from the pool that the server has closed, as it does when it restarts.

    The driver knows without asking; a ping before each transaction would cost a round trip.
    """
    if dbapi_connection.driver_connection.is_closed():
        raise DisconnectionError
