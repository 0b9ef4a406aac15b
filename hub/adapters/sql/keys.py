"""The signing keys' table, and that of values that are made once and kept."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from hub.adapters.sql.link import Link
from hub.adapters.sql.query import Query
from hub.adapters.sql.rows import Shape
from hub.adapters.sql.tables import kept, signing_keys
from hub.ports import StoredKey

_SHAPE = Shape(StoredKey, signing_keys)
_SIGNING = Query(_SHAPE.select.order_by(signing_keys.c.signs_from, signing_keys.c.kid))


def _keep(insert: Any) -> sa.Executable:
    # The update changes nothing: it makes the statement return the value that is there already.
    keep: sa.Executable = (
        insert(kept)
        .on_conflict_do_update(index_elements=["name"], set_={"value": kept.c.value})
        .returning(kept.c.value)
    )
    return keep


def _replace(insert: Any) -> sa.Executable:
    statement = insert(kept)
    upsert: sa.Executable = statement.on_conflict_do_update(
        index_elements=["name"], set_={"value": statement.excluded.value}
    )
    return upsert


_KEPT = Query(sa.select(kept.c.value).where(kept.c.name == sa.bindparam("of_name")))
_KEEP = Query(_keep(sqlite.insert), _keep(postgresql.insert))
_REPLACE = Query(_replace(sqlite.insert), _replace(postgresql.insert))


class SqlKeys:
    """Implements ports.Keys."""

    __slots__ = ("_link",)

    def __init__(self, link: Link) -> None:
        self._link = link

    async def signing(self) -> list[StoredKey]:
        """Return every signing key, by rising ``signs_from``."""
        return [_SHAPE.read(row) for row in await self._link.rows(_SIGNING)]

    async def add_signing(self, key: StoredKey) -> None:
        """Insert."""
        await self._link.change(_SHAPE.insert, _SHAPE.values(key))

    async def kept(self, name: str) -> str | None:
        """Return the value kept under *name*, if there is one."""
        row = await self._link.row(_KEPT, {"of_name": name})
        return None if row is None else str(row[0])

    async def keep(self, name: str, value: str) -> str:
        """Return the value kept under *name*, locked; keep *value* there first if there is none."""
        row = await self._link.change_row(_KEEP, {"name": name, "value": value})
        text: str = row[0]
        return text

    async def replace(self, name: str, value: str) -> None:
        """Keep *value* under *name* instead of what is there."""
        await self._link.change(_REPLACE, {"name": name, "value": value})
