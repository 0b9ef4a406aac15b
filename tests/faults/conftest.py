"""Two processes on one PostgreSQL and one Redis, and an operator's hands on them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest
from redis import Redis

from hub.adapters.sql.migrate import migrate
from tests.faults.nodes import Nodes, well
from tests.processes import HubProcess, operated
from tests.running import until
from tests.services import PostgresServer, RedisServer

_numbers = count(1)


@pytest.fixture(scope="session")
def servers() -> Iterator[tuple[PostgresServer, RedisServer]]:
    """A PostgreSQL and a Redis of their own, since these tests break them."""
    with PostgresServer() as postgres, RedisServer() as redis:
        yield postgres, redis


@pytest.fixture(scope="session")
def pair(
    servers: tuple[PostgresServer, RedisServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[HubProcess, HubProcess]]:
    """The two processes; tests may end them, the next one finds them running again."""
    postgres, redis = servers
    folder = tmp_path_factory.mktemp("nodes")
    database = postgres.url(postgres.create_database("hub"))
    asyncio.run(migrate(database))
    settings = {"HUB_DATABASE_URL": database, "HUB_REDIS_URL": redis.url}
    home = HubProcess(folder, settings)
    home.settings = settings | {"HUB_PUBLIC_URL": home.url}
    other = HubProcess(folder, home.settings)
    for node in (home, other):
        node.begin()
    with home, other:
        yield home, other


@pytest.fixture
async def nodes(
    servers: tuple[PostgresServer, RedisServer], pair: tuple[HubProcess, HubProcess]
) -> AsyncIterator[Nodes]:
    """Both processes, well, and a tenant of this test's own."""
    (postgres, redis), (home, other) = servers, pair
    for node in pair:
        if node.process is None:
            node.begin()
    for node in pair:
        node.wait_until_ready()
        await until(lambda node=node: well(node))
    # What other tests did counts against nobody's limits.
    with Redis.from_url(redis.url) as client:
        client.flushall()
    database = home.settings["HUB_DATABASE_URL"]
    async with operated(database, home.url) as operator:
        tenant = await operator.tenant(f"test-{next(_numbers)}")
        yield Nodes(home, other, postgres, redis, database, operator, tenant)
