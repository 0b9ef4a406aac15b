"""PostgreSQL: connections, every wait with an end, and transactions at READ COMMITTED."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import sqlalchemy as sa

from hub.adapters.sql.errors import plainly
from hub.adapters.sql.postgres_link import PostgresLink
from hub.domain.errors import Unavailable

CONNECT_WITHIN_S = 3.0
ANSWER_WITHIN_S = 8.0
POOL_WITHIN_S = 5.0
LOCK_WITHIN_S = 5.0
IDLE_IN_TRANSACTION_S = 30.0
CLOSE_WITHIN_S = 5.0
CONNECTIONS = 30
STATEMENTS = 300


class Postgres:
    """A pool of connections to one database; closed ones are replaced as they are asked for."""

    def __init__(self, url: str) -> None:
        """Connect to nothing yet; must be called in the event loop."""
        address = sa.make_url(url)
        _, given = address.get_dialect()().create_connect_args(address)
        arguments = dict(given)
        # SQLAlchemy's own name for the same thing: 0 where a pooler between gives each transaction another
        # connection.
        statements = arguments.pop("prepared_statement_cache_size", STATEMENTS)
        self._pool = asyncpg.create_pool(
            **arguments,
            min_size=0,
            max_size=CONNECTIONS,
            init=_set_up,
            reset=_keep,
            timeout=CONNECT_WITHIN_S,
            command_timeout=ANSWER_WITHIN_S,
            statement_cache_size=statements,
            server_settings={
                "application_name": "lumoauth-hub",
                "default_transaction_isolation": "read committed",
                "lock_timeout": _millis(LOCK_WITHIN_S),
                # A node that hangs must not hold its rows for ever.
                "idle_in_transaction_session_timeout": _millis(IDLE_IN_TRANSACTION_S),
            },
        )

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[PostgresLink]:
        """Open a transaction that writes; an exception undoes it. Raises Unavailable."""
        async with self._connected() as raw:
            with plainly():
                await raw.execute("BEGIN")
            try:
                yield PostgresLink(raw, writes=True)
            except Unavailable:
                # Nothing more is to be had from it, and to ask would be one more wait.
                _give_up(raw)
                raise
            except BaseException:
                await _undo(raw)
                raise
            with plainly():
                done = await raw.execute("COMMIT")
            if done != "COMMIT":
                # A statement had failed, and whoever asked for it went on: the server undid everything.
                raise Unavailable

    @asynccontextmanager
    async def read(self) -> AsyncIterator[PostgresLink]:
        """Read without a transaction. Raises Unavailable.

        Under READ COMMITTED each statement has a view of its own anyway: BEGIN and COMMIT would be two round
        trips for nothing.
        """
        async with self._connected() as raw:
            yield PostgresLink(raw, writes=False)

    async def close(self) -> None:
        """Close every connection, those still in use after a while as well."""
        await self._pool
        try:
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        raw = await self._acquire()
        try:
            yield raw
        finally:
            # A connection that is lost by now is of no concern to whoever has got his answer.
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._pool.release(raw, timeout=ANSWER_WITHIN_S)

    async def _acquire(self) -> Any:
        try:
            # The first use of the pool; then it is done at once.
            await self._pool
            return await self._pool.acquire(timeout=POOL_WITHIN_S)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Unavailable from error


async def _set_up(raw: Any) -> None:
    """Read JSON as SQLAlchemy's types expect it; they write it themselves."""
    await raw.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=json.loads)


async def _keep(_raw: Any) -> None:
    """Leave a connection that comes back as it is: nothing was set that had to be undone."""


async def _undo(raw: Any) -> None:
    try:
        await raw.execute("ROLLBACK")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        _give_up(raw)


def _give_up(raw: Any) -> None:
    # One that is closed has left the pool by itself.
    with suppress(asyncpg.InterfaceError):
        raw.terminate()


def _millis(seconds: float) -> str:
    return str(int(seconds * 1000))
