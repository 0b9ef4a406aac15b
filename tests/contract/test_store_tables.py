"""Contract of the store: how a database comes to its tables."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from hub.adapters.sql.migrate import is_current, migrate
from hub.adapters.sql.tables import metadata
from tests.databases import behind_the_store
from tests.services import PostgresServer

PROCESSES = 4
START = """
import asyncio, sys
from hub.adapters.sql.migrate import migrate
print(len(asyncio.run(migrate(sys.argv[1]))))
"""


@pytest.fixture
def empty(made: Path | PostgresServer, tmp_path: Path) -> str:
    """The address of a database without tables."""
    if isinstance(made, Path):
        return f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
    return made.url(made.create_database(f"empty_{tmp_path.name.lower().replace('-', '_')}"[:60]))


async def test_the_migrations_make_the_tables_that_the_hub_reads(database: str) -> None:
    def differences(connection: sa.Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    assert await _inside(database, differences) == []


async def test_the_migrations_make_the_same_checks_and_conditions(database: str, empty: str) -> None:
    await _inside(empty, metadata.create_all)

    migrated, expected = await _inside(database, _rules), await _inside(empty, _rules)

    assert migrated == expected


async def test_what_is_new_is_migrated_once(empty: str) -> None:
    assert not await is_current(empty)

    first, second = await migrate(empty), await migrate(empty)

    assert first
    assert first[0] == "0001"
    assert second == []
    assert await is_current(empty)


async def test_one_of_several_processes_that_start_at_once_migrates(empty: str) -> None:
    async def start() -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", START, empty, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
        assert process.returncode == 0
        return int(said)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        started = [group.create_task(start()) for _ in range(PROCESSES)]

    assert sorted(bool(each.result()) for each in started) == [False] * (PROCESSES - 1) + [True]
    assert await is_current(empty)


async def test_a_migration_that_fails_leaves_the_database_as_it_was(empty: str) -> None:
    await behind_the_store(empty, "CREATE TABLE sessions (id INTEGER)")

    with pytest.raises(Exception, match="sessions"):
        await migrate(empty)

    assert await _inside(empty, lambda connection: sa.inspect(connection).get_table_names()) == ["sessions"]


def test_an_address_of_another_database_is_refused() -> None:
    with pytest.raises(ValueError, match="sqlite"):
        asyncio.run(migrate("mysql+aiomysql://localhost/hub"))


async def _inside(database: str, look: Any) -> Any:
    engine = create_async_engine(database, poolclass=sa.NullPool)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(look)
    finally:
        await engine.dispose()


def _rules(connection: sa.Connection) -> dict[str, list[str]]:
    """Return columns, checks, indexes and foreign keys of each table, as the database tells them."""
    inspector = sa.inspect(connection)

    def told(table: str) -> Iterator[Any]:
        for index in inspector.get_indexes(table):
            options = index.pop("dialect_options", {})
            yield index, {name: str(value) for name, value in options.items()}
        yield from inspector.get_check_constraints(table)
        yield from inspector.get_foreign_keys(table)
        yield from inspector.get_columns(table)

    return {table: sorted(map(str, told(table))) for table in metadata.tables}
