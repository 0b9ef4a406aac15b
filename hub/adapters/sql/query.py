"""Statements of SQLAlchemy's, compiled once and run by the databases' own drivers.

To run a statement through SQLAlchemy costs many times what the database does for a row found by its key; its
tables, types and compiler cost nothing once the statement is compiled.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

Values = Mapping[str, Any]
Convert = Callable[[Any], Any]

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
_DIALECTS = {
    SQLITE: sa.make_url("sqlite+aiosqlite://").get_dialect()(),
    POSTGRESQL: sa.make_url("postgresql+asyncpg://").get_dialect()(),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument in its place: *name* in the values, *position* there if that is a list, or *fixed*."""

    name: str
    position: int | None
    fixed: Any
    convert: Convert | None

    def of(self, values: Values) -> Any:
        """Return what the driver is given."""
        if self.name not in values:
            return self.fixed
        value = values[self.name]
        if self.position is not None:
            value = value[self.position]
        return value if self.convert is None else self.convert(value)


@dataclass(frozen=True, slots=True)
class Compiled:
    """One statement for one database."""

    sql: str
    parameters: tuple[Parameter, ...]
    converted: tuple[tuple[int, Convert], ...]

    def arguments(self, values: Values) -> list[Any]:
        """Return the arguments for the driver, in order."""
        return [parameter.of(values) for parameter in self.parameters]

    def row(self, raw: Sequence[Any]) -> list[Any]:
        """Return what the driver's row means."""
        row = list(raw)
        for place, convert in self.converted:
            row[place] = convert(row[place])
        return row


def could_match(arguments: Sequence[Any]) -> bool:
    """Whether rows with *arguments* in them could be there.

    No text that we keep has a NUL or half a surrogate pair in it, and to ask a database for one is an error,
    which on PostgreSQL ends the transaction.
    """
    return not any(_is_no_text(argument) for argument in arguments if isinstance(argument, str))


def _is_no_text(text: str) -> bool:
    return "\0" in text or not (text.isascii() or all(not "\ud800" <= letter <= "\udfff" for letter in text))


class Query:
    """A statement, the same for both databases or with *on_postgresql* in its stead there."""

    __slots__ = ("_compiled", "_statements")

    def __init__(self, statement: sa.Executable, on_postgresql: sa.Executable | None = None) -> None:
        self._statements = {
            SQLITE: statement,
            POSTGRESQL: statement if on_postgresql is None else on_postgresql,
        }
        self._compiled: dict[tuple[object, ...], Compiled] = {}

    def on(self, dialect: str, values: Values) -> Compiled:
        """Return it compiled for values of these names, and lists of these lengths."""
        lengths = tuple(len(value) for value in values.values() if type(value) is list)
        key = (dialect, lengths, *values)
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compiled[key] = _compile(self._statements[dialect], _DIALECTS[dialect], values)
        return compiled


def _compile(statement: Any, dialect: sa.Dialect, values: Values) -> Compiled:
    lists = {name: value for name, value in values.items() if type(value) is list}
    compiled = statement.compile(dialect=dialect, column_keys=list(values))
    expanded = compiled.construct_expanded_state({**dict.fromkeys(compiled.binds), **lists})
    places = {
        part: (name, place)
        for name, parts in expanded.parameter_expansion.items()
        for place, part in enumerate(parts)
    }
    parameters = []
    for bound in expanded.positiontup or ():
        name, place = places.get(bound, (bound, None))
        bind = compiled.binds[name]
        convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
        fixed = None if name in values else bind.effective_value
        parameters.append(Parameter(name, place, convert(fixed) if convert else fixed, convert))
    readers = (
        column.type.dialect_impl(dialect).result_processor(dialect, None)
        for column in statement.exported_columns
    )
    converted = tuple((place, convert) for place, convert in enumerate(readers) if convert is not None)
    return Compiled(expanded.statement, tuple(parameters), converted)
