"""The store: transactions on SQLite or PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import sqlalchemy as sa

from hub.adapters.sql.address import is_sqlite
from hub.adapters.sql.audit import SqlAuditLog
from hub.adapters.sql.browsers import SqlBrowsers
from hub.adapters.sql.challenges import SqlChallenges
from hub.adapters.sql.devices import SqlDevices
from hub.adapters.sql.enrollments import SqlEnrollments
from hub.adapters.sql.keys import SqlKeys
from hub.adapters.sql.link import Link
from hub.adapters.sql.logins import SqlLogins
from hub.adapters.sql.postgres import Postgres
from hub.adapters.sql.pressures import SqlPressures
from hub.adapters.sql.query import Query
from hub.adapters.sql.sessions import SqlSessions
from hub.adapters.sql.sqlite import Sqlite
from hub.adapters.sql.tables import tenants
from hub.adapters.sql.tenants import SqlTenants
from hub.adapters.sql.users import SqlUsers

_PING = Query(sa.select(tenants.c.id).limit(1))


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

    def __init__(self, database: Sqlite | Postgres) -> None:
        self._database = database

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlTx]:
        """Open a transaction that writes; an exception undoes it. Raises Unavailable without the database."""
        async with self._database.begin() as link:
            yield SqlTx(link)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlTx]:
        """Open one that only reads, and waits for no writer. Raises Unavailable without the database."""
        async with self._database.read() as link:
            yield SqlTx(link)

    async def ping(self) -> None:
        """Raise Unavailable if the database does not answer."""
        async with self._database.read() as link:
            await link.row(_PING)


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[SqlStore]:
    """Open the store, and close it afterwards; it connects when it is first used.

    Args:
        url: ``sqlite+aiosqlite:///…`` or ``postgresql+asyncpg://…``, a database that `migrate` has made.
    """
    database = Sqlite(url) if is_sqlite(url) else Postgres(url)
    try:
        yield SqlStore(database)
    finally:
        await database.close()
