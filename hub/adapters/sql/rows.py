"""How dataclasses lie in tables, and the connection that the repositories share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.adapters.sql.errors import plainly
from hub.domain.errors import NotFound

T = TypeVar("T")
Values = Mapping[str, Any]


class ReadsOnly(RuntimeError):
    """A write in a transaction that was opened for reading."""


class Link:
    """One connection within one transaction; its failures are told in the hub's words."""

    __slots__ = ("_connection", "_writes")

    def __init__(self, connection: AsyncConnection, *, writes: bool) -> None:
        self._connection = connection
        self._writes = writes

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._connection.dialect.name

    async def rows(self, statement: sa.Executable, values: Values | None = None) -> Sequence[sa.Row[Any]]:
        """Read; raises Unavailable."""
        with plainly():
            return (await self._connection.execute(statement, values)).all()

    async def row(self, statement: sa.Executable, values: Values | None = None) -> sa.Row[Any] | None:
        """Read the first row, if there is one; raises Unavailable."""
        with plainly():
            return (await self._connection.execute(statement, values)).first()

    async def change(self, statement: sa.Executable, values: Values | Sequence[Values]) -> int:
        """Write, and return how many rows were met; raises Unavailable."""
        if not self._writes:
            raise ReadsOnly
        with plainly():
            return (await self._connection.execute(statement, values)).rowcount

    async def change_row(self, statement: sa.Executable, values: Values) -> sa.Row[Any]:
        """Write, and return the one row that the statement returns; raises Unavailable."""
        if not self._writes:
            raise ReadsOnly
        with plainly():
            return (await self._connection.execute(statement, values)).one()


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
        self.insert = sa.insert(table)

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

    async def _maybe(self, statement: sa.Executable, **values: Any) -> T | None:
        row = await self._link.row(statement, values)
        return None if row is None else self.shape.read(row)

    async def _one(self, statement: sa.Executable, **values: Any) -> T:
        row = await self._link.row(statement, values)
        if row is None:
            raise NotFound
        return self.shape.read(row)

    async def _many(self, statement: sa.Executable, **values: Any) -> list[T]:
        return [self.shape.read(row) for row in await self._link.rows(statement, values)]

    async def _save(self, statement: sa.Executable, values: Values) -> None:
        """Change the one row that there must be; raises NotFound."""
        if not await self._link.change(statement, values):
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
