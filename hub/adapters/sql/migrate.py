"""Bringing a database to the newest tables, whoever starts first."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from hub.adapters.sql.address import is_sqlite
from hub.adapters.sql.errors import plainly
from hub.adapters.sql.postgres import CONNECT_WITHIN_S

# Any number of our own: whoever holds this advisory lock is the one who changes tables.
_MIGRATOR = 0x6C756D70
_WAIT_MS = 60_000


async def migrate(url: str) -> list[str]:
    """Bring the database at *url* to the newest revision; return the revisions that were applied.

    All of it is one transaction. Several processes may call this at once: one does it, the others wait, a
    minute at most. Raises Unavailable without the database.
    """
    _make_private(url)
    engine = _engine(url)
    try:
        with plainly():
            async with engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    await connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_WAIT_MS}")
                    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATOR)))
                return await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


async def is_current(url: str) -> bool:
    """Whether the database at *url* has the newest revision. Raises Unavailable without the database."""
    engine = _engine(url)
    try:
        with plainly():
            async with engine.connect() as connection:
                heads = await connection.run_sync(_heads)
    finally:
        await engine.dispose()
    return heads == set(ScriptDirectory.from_config(config()).get_heads())


def config() -> Config:
    """Return Alembic's settings: there is no alembic.ini, the scripts lie beside this module."""
    settings = Config()
    folder = Path(__file__).parent / "migrations"
    settings.set_main_option("script_location", str(folder).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    return settings


def _make_private(url: str) -> None:
    """Make a new SQLite file that only its owner reads; SQLite gives the files beside it the same mode.

    Raises Unavailable where it cannot be made: the driver's thread would outlive its own failure to open it,
    and speak up after the loop has closed.
    """
    file = sa.make_url(url).database if is_sqlite(url) else None
    if file:
        with plainly():
            Path(file).touch(mode=0o600)


def _engine(url: str) -> AsyncEngine:
    if not is_sqlite(url):
        return create_async_engine(url, poolclass=sa.NullPool, connect_args={"timeout": CONNECT_WITHIN_S})
    engine = create_async_engine(url, poolclass=sa.NullPool)

    def connect(dbapi_connection: Any, _: object) -> None:
        # Without BEGIN in the driver's hands, which would leave changes of tables out of the transaction.
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        try:
            # Foreign keys stay off: to change a table may mean to build it anew and drop the old one.
            cursor.execute(f"PRAGMA busy_timeout={_WAIT_MS}")
            # From the start: to change to it later needs the file alone.
            cursor.execute("PRAGMA journal_mode=WAL")
        except BaseException:
            # Nobody else does: the thread of a connection that never came about would go on waiting.
            dbapi_connection.close()
            raise
        cursor.close()

    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine.sync_engine, "connect", connect)
    event.listen(engine.sync_engine, "begin", start)
    return engine


def _upgrade(connection: sa.Connection) -> list[str]:
    applied: list[str] = []
    settings = config()
    settings.attributes["connection"] = connection
    settings.attributes["applied"] = applied
    command.upgrade(settings, "head")
    return applied


def _heads(connection: sa.Connection) -> set[str]:
    return set(MigrationContext.configure(connection).get_current_heads())
