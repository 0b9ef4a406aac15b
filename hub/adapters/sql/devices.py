"""The phones' table."""

from collections.abc import Sequence

import sqlalchemy as sa

from hub.adapters.sql.query import Query
from hub.adapters.sql.rows import Repository, Shape, held, some
from hub.adapters.sql.tables import ACTIVE, devices
from hub.domain.device import Device
from hub.domain.ids import DeviceId, UserId

_SHAPE = Shape(Device, devices)
_ONE = _SHAPE.select.where(devices.c.id == sa.bindparam("of_id"))
_GET = Query(_ONE)
_HOLD = Query(held(_ONE))
_OLDEST_FIRST = (devices.c.enrolled_at, devices.c.id)
_OF_USER = Query(
    _SHAPE.select.where(devices.c.user_id == sa.bindparam("of_user"), ACTIVE).order_by(*_OLDEST_FIRST)
)
_OF_USERS = Query(
    _SHAPE.select.where(devices.c.user_id.in_(some("of_users")), ACTIVE).order_by(*_OLDEST_FIRST)
)
_SAVE = Query(sa.update(devices).where(devices.c.id == sa.bindparam("of_id")))
_SAVED = tuple(name for name in _SHAPE.changing if name != "connection")


class SqlDevices(Repository[Device]):
    """Implements ports.Devices."""

    __slots__ = ()
    shape = _SHAPE

    async def get(self, device_id: DeviceId) -> Device:
        """Return it, active or removed; raises NotFound."""
        return await self._one(_GET, of_id=device_id)

    async def hold(self, device_id: DeviceId) -> Device:
        """As :meth:`get`, the row locked until the transaction ends."""
        return await self._one(_HOLD, of_id=device_id)

    async def of_user(self, user_id: UserId) -> list[Device]:
        """Return the active ones, oldest first."""
        return await self._many(_OF_USER, of_user=user_id)

    async def of_users(self, user_ids: Sequence[UserId]) -> list[Device]:
        """Return the active ones of several users, oldest first."""
        return await self._many(_OF_USERS, of_users=list(user_ids)) if user_ids else []

    async def save(self, device: Device) -> None:
        """Write all of it but ``connection``, which its newest socket alone writes; raises NotFound."""
        await self._save(_SAVE, {"of_id": device.id, **_SHAPE.values(device, *_SAVED)})

    async def connect(self, device_id: DeviceId, connection: str) -> None:
        """Note which socket is the device's newest; raises NotFound."""
        await self._save(_SAVE, {"of_id": device_id, "connection": connection})
