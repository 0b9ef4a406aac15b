"""SQLite: one connection that writes, transaction after transaction, and some that read beside it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import sqlalchemy as sa

from hub.adapters.sql.errors import plainly
from hub.adapters.sql.sqlite_link import SqliteLink
from hub.adapters.sql.sqlite_writer import SqliteWriter, connect
from hub.domain.errors import Unavailable

READERS = 16
READ_WITHIN_S = 5.0
# Readers wait for nobody under WAL, but for a file that another process is just now mending or closing.
BUSY_MS = 200


class Sqlite:
    """One file."""

    def __init__(self, url: str) -> None:
        """Open nothing yet; must be called in the event loop."""
        database = sa.make_url(url).database
        if database in (None, "", ":memory:"):
            raise ValueError("the hub needs a SQLite file: sqlite+aiosqlite:///hub.db")
        self._file = str(database)
        self._writer = SqliteWriter(self._file)
        self._idle: list[sqlite3.Connection] = []
        self._readers = asyncio.Semaphore(READERS)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqliteLink]:
        """Open a transaction that writes; an exception undoes it. Raises Unavailable."""
        async with self._writer.transaction() as raw:
            yield SqliteLink(raw, writes=True)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqliteLink]:
        """Open one that reads one view and waits for no writer. Raises Unavailable."""
        await self._take_place()
        try:
            with plainly():
                raw = self._idle.pop() if self._idle else self._connect()
                raw.execute("BEGIN")
            try:
                yield SqliteLink(raw, writes=False)
                raw.rollback()
            except (Unavailable, sqlite3.Error):
                raw.close()
                raise
            except BaseException:
                raw.rollback()
                self._idle.append(raw)
                raise
            self._idle.append(raw)
        finally:
            self._readers.release()

    async def close(self) -> None:
        """Close every connection."""
        for raw in self._idle:
            raw.close()
        await self._writer.close()

    async def _take_place(self) -> None:
        if not self._readers.locked():
            # Done at once: a timeout around it would be half of what an empty reading costs.
            await self._readers.acquire()
            return
        with plainly():
            async with asyncio.timeout(READ_WITHIN_S):
                await self._readers.acquire()

    def _connect(self) -> sqlite3.Connection:
        return connect(self._file, busy_timeout=str(BUSY_MS), query_only="ON")
