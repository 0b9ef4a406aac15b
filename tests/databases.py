"""Looking at a database behind the store's back."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine


async def behind_the_store(database: str, *statements: str) -> list[Any]:
    """Run *statements* in one transaction, with no rule of the store's; return the last one's rows."""
    engine = create_async_engine(database, poolclass=sa.NullPool)
    try:
        async with engine.begin() as connection:
            rows: list[Any] = []
            for statement in statements:
                result = await connection.exec_driver_sql(statement)
                rows = list(result.all()) if result.returns_rows else []
            return rows
    finally:
        await engine.dispose()


def is_sqlite(database: str) -> bool:
    """Whether the address is SQLite's."""
    return database.startswith("sqlite")
