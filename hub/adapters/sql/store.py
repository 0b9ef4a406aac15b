"""The store: transactions on SQLite or PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from hub.adapters.sql import engines
from hub.adapters.sql.audit import SqlAuditLog
from hub.adapters.sql.browsers import SqlBrowsers
from hub.adapters.sql.challenges import SqlChallenges
from hub.adapters.sql.devices import SqlDevices
from hub.adapters.sql.enrollments import SqlEnrollments
from hub.adapters.sql.errors import plainly
from hub.adapters.sql.keys import SqlKeys
from hub.adapters.sql.logins import SqlLogins
from hub.adapters.sql.pressures import SqlPressures
from hub.adapters.sql.rows import Link
from hub.adapters.sql.sessions import SqlSessions
from hub.adapters.sql.tenants import SqlTenants
from hub.adapters.sql.users import SqlUsers

TURN_WITHIN_S = 10
_PING = sa.select(sa.literal(1))


class SqlTx:
    """Implements ports.Tx: the repositories over one connection."""

    __slots__ = ("_link",)

    def __init__(self, link: Link) -> None:
        self._link = link

    @property
    def tenants(self) -> SqlTenants:
        return SqlTenants(self._link)

    @property
    def users(self) -> SqlUsers:
        return SqlUsers(self._link)

    @property
    def devices(self) -> SqlDevices:
        return SqlDevices(self._link)

    @property
    def enrollments(self) -> SqlEnrollments:
        return SqlEnrollments(self._link)

    @property
    def logins(self) -> SqlLogins:
        return SqlLogins(self._link)

    @property
    def challenges(self) -> SqlChallenges:
        return SqlChallenges(self._link)

    @property
    def sessions(self) -> SqlSessions:
        return SqlSessions(self._link)

    @property
    def browsers(self) -> SqlBrowsers:
        return SqlBrowsers(self._link)

    @property
    def pressure(self) -> SqlPressures:
        return SqlPressures(self._link)

    @property
    def audit(self) -> SqlAuditLog:
        return SqlAuditLog(self._link)

    @property
    def keys(self) -> SqlKeys:
        return SqlKeys(self._link)


class SqlStore:
    """Implements ports.Store; made by :func:`open_store`."""

    def __init__(self, url: str) -> None:
        """Connect to nothing yet.

        Args:
            url: ``sqlite+aiosqlite:///…`` or ``postgresql+asyncpg://…``, a database that `migrate` has made.
        """
        self._turn: asyncio.Lock | None = None
        if engines.is_sqlite(url):
            self._writer = engines.sqlite_writer(url)
            self._reader = engines.sqlite_reader(url)
            # SQLite has one writer; waiting here is in order, waiting in the database is not.
            self._turn = asyncio.Lock()
        else:
            self._writer = engines.postgres(url)
            # Under READ COMMITTED each statement has its own view with or without a transaction around it:
            # without one a reading costs two round trips less.
            self._reader = self._writer.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlTx]:
        """Open a transaction that writes; an exception undoes it. Raises Unavailable without the database."""
        async with self._in_turn(), _connected(self._writer) as connection:
            yield SqlTx(Link(connection, writes=True))
            with plainly():
                await connection.commit()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlTx]:
        """Open one that only reads, and waits for no writer. Raises Unavailable without the database."""
        async with _connected(self._reader) as connection:
            yield SqlTx(Link(connection, writes=False))

    async def ping(self) -> None:
        """Raise Unavailable if the database does not answer."""
        async with _connected(self._reader) as connection:
            await Link(connection, writes=False).row(_PING)

    async def close(self) -> None:
        """Close every connection."""
        await self._reader.dispose()
        await self._writer.dispose()

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        if self._turn is None:
            yield
            return
        with plainly():
            async with asyncio.timeout(TURN_WITHIN_S):
                await self._turn.acquire()
        try:
            yield
        finally:
            self._turn.release()


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[SqlStore]:
    """Open the store at *url*, a migrated database, and close it afterwards."""
    store = SqlStore(url)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Take a connection, and give it back; what was not committed is undone."""
    async with AsyncExitStack() as stack:
        with plainly():
            connection = await stack.enter_async_context(engine.connect())
        yield connection
