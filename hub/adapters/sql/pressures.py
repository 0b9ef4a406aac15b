"""The table of what slows down whoever asks too often."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from hub.adapters.sql.link import Link
from hub.adapters.sql.query import SQLITE, Query
from hub.adapters.sql.tables import pressures
from hub.domain.ids import TenantId
from hub.domain.throttle import Pressure

_KEY = ("tenant_id", "account")
_GET = Query(
    sa.select(pressures.c.pressure).where(
        pressures.c.tenant_id == sa.bindparam("of_tenant"),
        pressures.c.account == sa.bindparam("of_account"),
    )
)


def _upsert(insert: Any) -> sa.Executable:
    statement = insert(pressures)
    upsert: sa.Executable = statement.on_conflict_do_update(
        index_elements=_KEY, set_={"pressure": statement.excluded.pressure}
    )
    return upsert


# The update changes nothing: it is what locks a row that is there already, without locking its key.
_HOLD = Query(
    postgresql.insert(pressures)
    .on_conflict_do_update(index_elements=_KEY, set_={"pressure": pressures.c.pressure})
    .returning(pressures.c.pressure)
)
_SAVE = Query(_upsert(sqlite.insert), _upsert(postgresql.insert))


class SqlPressures:
    """Implements ports.Pressures."""

    __slots__ = ("_link",)

    def __init__(self, link: Link) -> None:
        self._link = link

    async def get(self, tenant_id: TenantId, account: str) -> Pressure:
        """Return it, empty if there is none."""
        row = await self._link.row(_GET, {"of_tenant": tenant_id, "of_account": account})
        pressure: Pressure = Pressure() if row is None else row[0]
        return pressure

    async def hold(self, tenant_id: TenantId, account: str) -> Pressure:
        """Return it, locked until the transaction ends (on SQLite the transaction itself is the lock)."""
        if self._link.dialect == SQLITE:
            return await self.get(tenant_id, account)
        values = {"tenant_id": tenant_id, "account": account, "pressure": Pressure()}
        pressure: Pressure = (await self._link.change_row(_HOLD, values))[0]
        return pressure

    async def save(self, tenant_id: TenantId, account: str, pressure: Pressure) -> None:
        """Write all of it."""
        values = {"tenant_id": tenant_id, "account": account, "pressure": pressure}
        await self._link.change(_SAVE, values)
