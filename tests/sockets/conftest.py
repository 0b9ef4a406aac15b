"""One hub for all socket tests: each makes a tenant and people of its own (`tests.sockets.world`).

It counts no starts per address: a hundred tests from 127.0.0.1 are more than any person's.
"""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.running import RunningHub, running_hub, sqlite_hub
from tests.services import PostgresServer


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningHub]:
    """A hub of one process on SQLite and the in-process bus."""
    async with sqlite_hub(tmp_path_factory.mktemp("sockets"), rate_limits="off") as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def named(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningHub]:
    """A hub whose address is a name: browsers bind no credential to a number."""
    folder = tmp_path_factory.mktemp("named")
    async with sqlite_hub(folder, host="localhost", rate_limits="off") as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server."""
    with PostgresServer() as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_hub(postgres: PostgresServer) -> AsyncIterator[RunningHub]:
    """A hub of one process on PostgreSQL and the in-process bus."""
    async with running_hub(postgres.url(postgres.create_database("hub")), rate_limits="off") as running:
        yield running


@pytest.fixture(params=["hub", "postgres_hub"], ids=["sqlite", "postgresql"])
def on_either(request: pytest.FixtureRequest) -> RunningHub:
    """A hub on each database."""
    running: RunningHub = request.getfixturevalue(request.param)
    return running
