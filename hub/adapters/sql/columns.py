"""The column types that SQLite and PostgreSQL share: ids, instants, words out of a closed set, documents."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

E = TypeVar("E", bound=StrEnum)


def to_micros(at: datetime) -> int:
    """Return whole microseconds since 1970 UTC; raises ValueError for a naive instant."""
    if at.tzinfo is None:
        raise ValueError("an instant without its time zone")
    return (at - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """Undo :func:`to_micros`."""
    return EPOCH + timedelta(microseconds=micros)


class Instant(sa.types.TypeDecorator[datetime]):
    """A moment, aware, UTC when read: microseconds since 1970 on SQLite, TIMESTAMPTZ on PostgreSQL."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """SQLite has no type that keeps the zone."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(sa.BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """Write; raises ValueError for a naive instant."""
        if value is None:
            return None
        micros = to_micros(value)
        return value if dialect.name == "postgresql" else micros

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Read."""
        if value is None:
            return None
        return from_micros(value) if isinstance(value, int) else value.astimezone(UTC)


class Document(sa.types.TypeDecorator[Any]):
    """A nested value kept as JSON (JSONB on PostgreSQL), through a pair of pure functions."""

    impl = sa.JSON
    cache_ok = True

    def __init__(self, write: Callable[[Any], Any], read: Callable[[Any], Any]) -> None:
        super().__init__(none_as_null=True)
        self.write = write
        self.read = read

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """JSONB where there is one."""
        plain = postgresql.JSONB if dialect.name == "postgresql" else sa.JSON
        return dialect.type_descriptor(plain(none_as_null=True))

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        """Write."""
        return None if value is None else self.write(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        """Read."""
        return None if value is None else self.read(value)


def word(kind: type[E], name: str, *, checked: bool = True) -> sa.Enum:
    """Return the type of a column that holds one of *kind*'s values, checked by the database as *name*."""
    return sa.Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=checked,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


# Identifiers are ASCII: compared byte by byte they sort by time, whatever the database's locale is.
Id = sa.String(30).with_variant(sa.VARCHAR(30, collation="C"), "postgresql")
Mac = sa.String(64)
