"""Contract of the store: the database goes away and comes back."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hub.adapters.sql import postgres as postgres_module
from hub.adapters.sql import sqlite_writer
from hub.adapters.sql.migrate import migrate
from hub.adapters.sql.store import SqlStore, open_store
from hub.domain.errors import Unavailable
from tests.builders import a_tenant
from tests.databases import behind_the_store
from tests.services import PostgresServer, free_port

WITHIN_S = 20


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of the test's own, to be stopped."""
    with PostgresServer() as started:
        yield started


@pytest.fixture
async def remote(server: PostgresServer) -> AsyncIterator[SqlStore]:
    """The store on that server."""
    url = server.url(server.create_database("hub"))
    await migrate(url)
    async with open_store(url) as opened:
        yield opened


async def test_the_store_answers(store: SqlStore) -> None:
    async with asyncio.timeout(WITHIN_S):
        await store.ping()


async def test_no_server_is_told_as_unavailable() -> None:
    url = f"postgresql+asyncpg://nobody@127.0.0.1:{free_port()}/hub"

    async with open_store(url) as store, asyncio.timeout(WITHIN_S):
        await _is_unavailable(store)


async def test_no_such_database_is_told_as_unavailable(postgres: PostgresServer) -> None:
    async with open_store(postgres.url("no_such")) as store, asyncio.timeout(WITHIN_S):
        await _is_unavailable(store)


async def test_no_folder_is_told_as_unavailable(tmp_path: Path) -> None:
    async with open_store(f"sqlite+aiosqlite:///{tmp_path}/gone/hub.db") as store, asyncio.timeout(WITHIN_S):
        await _is_unavailable(store)


async def test_a_file_that_is_no_database_is_told_as_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "hub.db"
    file.write_bytes(b"not a database at all" * 1000)

    async with open_store(f"sqlite+aiosqlite:///{file}") as store, asyncio.timeout(WITHIN_S):
        await _is_unavailable(store)


async def test_a_restarted_server_is_found_again_by_itself(server: PostgresServer, remote: SqlStore) -> None:
    tenant = a_tenant()
    async with remote.begin() as tx:
        await tx.tenants.add(tenant)

    server.stop()
    await _is_unavailable(remote)
    server.start()

    async with asyncio.timeout(WITHIN_S), remote.read() as tx:
        assert await tx.tenants.all() == [tenant]
    async with asyncio.timeout(WITHIN_S), remote.begin() as tx:
        await tx.tenants.add(a_tenant())


async def test_connections_that_died_unseen_are_not_used(server: PostgresServer, remote: SqlStore) -> None:
    async with remote.begin() as first, remote.begin() as second, remote.read() as third:
        for tx in (first, second, third):
            await tx.tenants.all()

    # In a thread, as it is outside of tests: the loop hears that the connections are closed.
    await asyncio.to_thread(server.restart)

    async with asyncio.timeout(WITHIN_S):
        for _ in range(3):
            async with remote.begin() as tx:
                await tx.tenants.add(a_tenant())


async def test_a_server_lost_in_a_transaction_leaves_nothing_of_it(
    server: PostgresServer, remote: SqlStore
) -> None:
    async def lose() -> None:
        async with remote.begin() as tx:
            await tx.tenants.add(a_tenant())
            server.restart()
            await tx.tenants.add(a_tenant())

    with pytest.raises(Unavailable):
        await lose()

    async with asyncio.timeout(WITHIN_S), remote.read() as tx:
        assert await tx.tenants.all() == []


async def test_a_server_lost_before_the_commit_leaves_nothing_of_it(
    server: PostgresServer, remote: SqlStore
) -> None:
    async def lose() -> None:
        async with remote.begin() as tx:
            await tx.tenants.add(a_tenant())
            server.restart()

    with pytest.raises(Unavailable):
        await lose()

    async with asyncio.timeout(WITHIN_S), remote.read() as tx:
        assert await tx.tenants.all() == []


async def test_a_server_that_hangs_is_waited_for_no_longer_than_said(
    server: PostgresServer, remote: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_module, "ANSWER_WITHIN_S", 0.3)
    monkeypatch.setattr(postgres_module, "CONNECT_WITHIN_S", 0.3)
    async with open_store(server.url("hub")) as store:
        await store.ping()
        frozen = await _processes(server)
        for process in frozen:
            os.kill(process, signal.SIGSTOP)
        try:
            async with asyncio.timeout(WITHIN_S):
                await _is_unavailable(store)
        finally:
            for process in frozen:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)

        async with asyncio.timeout(WITHIN_S):
            await store.ping()


async def test_a_writer_in_another_process_is_waited_for_no_longer_than_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_writer, "LOCK_WITHIN_S", 0.2)
    file = tmp_path / "hub.db"
    url = f"sqlite+aiosqlite:///{file}"
    await migrate(url)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async with open_store(url) as store, asyncio.timeout(WITHIN_S):
        with pytest.raises(Unavailable):
            async with store.begin() as tx:
                await tx.tenants.add(a_tenant())
        await store.ping()
        other.close()
        async with store.begin() as tx:
            await tx.tenants.add(a_tenant())


async def _processes(server: PostgresServer) -> list[int]:
    """Return the processes of *server* that clients wait for."""
    file = await behind_the_store(server.url(), "SELECT pg_read_file('postmaster.pid')")
    sessions = await behind_the_store(server.url(), "SELECT pid FROM pg_stat_activity WHERE datname = 'hub'")
    return [int(file[0][0].split()[0]), *(pid for (pid,) in sessions)]


async def _is_unavailable(store: SqlStore) -> None:
    with pytest.raises(Unavailable):
        await store.ping()
    with pytest.raises(Unavailable):
        async with store.read() as tx:
            await tx.tenants.all()
    with pytest.raises(Unavailable):
        async with store.begin() as tx:
            await tx.tenants.add(a_tenant())
