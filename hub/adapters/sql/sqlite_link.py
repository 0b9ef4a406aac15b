"""A transaction on SQLite.

Statements run in the event loop's own thread: a row found by its key takes 3 µs, and to hand that to another
thread and back takes 20 to 70. What may wait for the disk, the commit, does not run here.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

from hub.adapters.sql.errors import plainly
from hub.adapters.sql.link import NONE, ReadsOnly
from hub.adapters.sql.query import SQLITE, Query, Values, could_match


class SqliteLink:
    """Implements link.Link."""

    __slots__ = ("_raw", "_writes")
    dialect = SQLITE

    def __init__(self, raw: sqlite3.Connection, *, writes: bool) -> None:
        self._raw = raw
        self._writes = writes

    async def rows(self, query: Query, values: Values = NONE) -> list[list[Any]]:
        """Read."""
        compiled = query.on(SQLITE, values)
        arguments = compiled.arguments(values)
        if not could_match(arguments):
            return []
        with plainly():
            found = self._raw.execute(compiled.sql, arguments).fetchall()
        return [compiled.row(row) for row in found]

    async def row(self, query: Query, values: Values = NONE) -> list[Any] | None:
        """Read the first row, if there is one."""
        rows = await self.rows(query, values)
        return rows[0] if rows else None

    async def change(self, query: Query, values: Values) -> int:
        """Write, and return how many rows were met."""
        self._demand_writing()
        compiled = query.on(SQLITE, values)
        with plainly():
            return self._raw.execute(compiled.sql, compiled.arguments(values)).rowcount

    async def change_many(self, query: Query, values: Sequence[Values]) -> None:
        """Write once for each of *values*."""
        self._demand_writing()
        compiled = query.on(SQLITE, values[0])
        with plainly():
            self._raw.executemany(compiled.sql, [compiled.arguments(each) for each in values])

    async def change_row(self, query: Query, values: Values) -> list[Any]:
        """Write, and return the one row that the statement returns."""
        self._demand_writing()
        compiled = query.on(SQLITE, values)
        with plainly():
            (found,) = self._raw.execute(compiled.sql, compiled.arguments(values)).fetchall()
        return compiled.row(found)

    def _demand_writing(self) -> None:
        if not self._writes:
            raise ReadsOnly
