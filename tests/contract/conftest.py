"""Databases for the store's contract: each test has a fresh one, on SQLite and on PostgreSQL."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from hub.adapters.sql.migrate import migrate
from hub.adapters.sql.store import SqlStore, open_store
from tests.services import PostgresServer

_numbers = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for all tests; its database ``made`` has the tables."""
    with PostgresServer("max_connections=300") as server:
        asyncio.run(migrate(server.url(server.create_database("made"))))
        yield server


@pytest.fixture(scope="session")
def sqlite_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that has the tables."""
    made = tmp_path_factory.mktemp("sqlite") / "made.db"
    asyncio.run(migrate(sqlite_url(made)))
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest) -> Path | PostgresServer:
    """What a fresh database is copied from."""
    # In a fixture without a loop: making it needs one of its own.
    name = "sqlite_made" if request.param == "sqlite" else "postgres"
    found: Path | PostgresServer = request.getfixturevalue(name)
    return found


@pytest.fixture
async def database(made: Path | PostgresServer, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a fresh database with all tables."""
    if isinstance(made, Path):
        yield sqlite_url(Path(shutil.copy(made, tmp_path / "hub.db")))
        return
    name = f"hub_{next(_numbers)}"
    await _administer(made, f"CREATE DATABASE {name} TEMPLATE made")
    yield made.url(name)
    await _administer(made, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def store(database: str) -> AsyncIterator[SqlStore]:
    """The store on a fresh database."""
    async with open_store(database) as opened:
        yield opened


def sqlite_url(file: Path) -> str:
    """Return the address of a SQLite file."""
    return f"sqlite+aiosqlite:///{file}"


async def _administer(server: PostgresServer, statement: str) -> None:
    connection = await asyncpg.connect(server.url().replace("+asyncpg", ""), timeout=10)
    try:
        await connection.execute(statement, timeout=30)
    finally:
        await connection.close()
