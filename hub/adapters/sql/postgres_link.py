"""A transaction on PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from hub.adapters.sql.errors import plainly
from hub.adapters.sql.link import NONE, ReadsOnly
from hub.adapters.sql.query import POSTGRESQL, Query, Values, could_match


class PostgresLink:
    """Implements link.Link over a connection of asyncpg's."""

    __slots__ = ("_raw", "_writes")
    dialect = POSTGRESQL

    def __init__(self, raw: Any, *, writes: bool) -> None:
        self._raw = raw
        self._writes = writes

    async def rows(self, query: Query, values: Values = NONE) -> list[list[Any]]:
        """Read."""
        compiled = query.on(POSTGRESQL, values)
        arguments = compiled.arguments(values)
        if not could_match(arguments):
            return []
        with plainly():
            found = await self._raw.fetch(compiled.sql, *arguments)
        return [compiled.row(row) for row in found]

    async def row(self, query: Query, values: Values = NONE) -> list[Any] | None:
        """Read the first row, if there is one."""
        rows = await self.rows(query, values)
        return rows[0] if rows else None

    async def change(self, query: Query, values: Values) -> int:
        """Write, and return how many rows were met."""
        self._demand_writing()
        compiled = query.on(POSTGRESQL, values)
        with plainly():
            status: str = await self._raw.execute(compiled.sql, *compiled.arguments(values))
        # "UPDATE 1", "INSERT 0 1"
        return int(status.rpartition(" ")[2])

    async def change_many(self, query: Query, values: Sequence[Values]) -> None:
        """Write once for each of *values*."""
        self._demand_writing()
        compiled = query.on(POSTGRESQL, values[0])
        with plainly():
            await self._raw.executemany(compiled.sql, [compiled.arguments(each) for each in values])

    async def change_row(self, query: Query, values: Values) -> list[Any]:
        """Write, and return the one row that the statement returns."""
        self._demand_writing()
        compiled = query.on(POSTGRESQL, values)
        with plainly():
            (found,) = await self._raw.fetch(compiled.sql, *compiled.arguments(values))
        return compiled.row(found)

    def _demand_writing(self) -> None:
        if not self._writes:
            raise ReadsOnly
