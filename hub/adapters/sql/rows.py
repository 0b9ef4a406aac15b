"""How dataclasses lie in tables, and what all repositories do."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from hub.adapters.sql.link import Link
from hub.adapters.sql.query import Query, Values
from hub.domain.errors import NotFound

T = TypeVar("T")


class Shape(Generic[T]):
    """How *kind* lies in *table*: a column for each field, and what is *derived* from it."""

    def __init__(self, kind: type[T], table: sa.Table, **derived: Callable[[T], Any]) -> None:
        # mypy: *kind* is a dataclass, which a type variable cannot say.
        self.names: tuple[str, ...] = tuple(field.name for field in fields(kind))  # type: ignore[arg-type]
        self.changing = tuple(name for name in self.names if name not in ("id", "tenant_id"))
        self._kind = kind
        self._derived = derived
        self.table = table
        self.select = sa.select(*(table.c[name] for name in self.names))
        self.insert = Query(sa.insert(table))

    def read(self, row: Sequence[Any]) -> T:
        """Return what lies in *row*, one of :attr:`select`."""
        return self._kind(*row)

    def values(self, value: T, *only: str) -> dict[str, Any]:
        """Return the columns of *value* (all of them, or *only* these) and what is derived from it."""
        columns = {name: getattr(value, name) for name in only or self.names}
        for name, derive in self._derived.items():
            columns[name] = derive(value)
        return columns


class Repository(Generic[T]):
    """What all repositories do; *shape* is the class's own."""

    __slots__ = ("_link",)
    shape: Shape[T]

    def __init__(self, link: Link) -> None:
        self._link = link

    async def add(self, value: T) -> None:
        """Insert."""
        await self._link.change(self.shape.insert, self.shape.values(value))

    async def _maybe(self, query: Query, **values: Any) -> T | None:
        row = await self._link.row(query, values)
        return None if row is None else self.shape.read(row)

    async def _one(self, query: Query, **values: Any) -> T:
        found = await self._maybe(query, **values)
        if found is None:
            raise NotFound
        return found

    async def _many(self, query: Query, **values: Any) -> list[T]:
        return [self.shape.read(row) for row in await self._link.rows(query, values)]

    async def _save(self, query: Query, values: Values) -> None:
        """Change the one row that there must be; raises NotFound."""
        if not await self._link.change(query, values):
            raise NotFound


def held(statement: sa.Select[Any]) -> sa.Select[Any]:
    """Return *statement* with its rows locked until the transaction ends.

    On PostgreSQL they are locked against changes, not against rows that refer to them (FOR NO KEY UPDATE). On
    SQLite a transaction that writes is the only one, and the clause is left out.
    """
    return statement.with_for_update(key_share=True)


def some(name: str) -> sa.BindParameter[Any]:
    """Return the parameter for a list after IN."""
    return sa.bindparam(name, expanding=True)
