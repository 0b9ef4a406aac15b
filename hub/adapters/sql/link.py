"""One connection within one transaction: what the repositories see of a database."""

from collections.abc import Sequence
from typing import Any, Protocol

from hub.adapters.sql.query import Query, Values

NONE: Values = {}


class ReadsOnly(RuntimeError):
    """A write in a transaction that was opened for reading."""


class Link(Protocol):
    """A connection; every call raises Unavailable where the database is gone, busy or too slow."""

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""

    async def rows(self, query: Query, values: Values = NONE) -> list[list[Any]]:
        """Read."""

    async def row(self, query: Query, values: Values = NONE) -> list[Any] | None:
        """Read the first row, if there is one."""

    async def change(self, query: Query, values: Values) -> int:
        """Write, and return how many rows were met."""

    async def change_many(self, query: Query, values: Sequence[Values]) -> None:
        """Write once for each of *values*, which are of the same names."""

    async def change_row(self, query: Query, values: Values) -> list[Any]:
        """Write, and return the one row that the statement returns."""
