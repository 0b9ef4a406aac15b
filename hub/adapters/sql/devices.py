"""The phones' table."""

from collections.abc import Sequence
from datetime import datetime

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
_ALL = Query(_SHAPE.select.where(ACTIVE).order_by(*_OLDEST_FIRST))
_COUNT = Query(sa.select(sa.func.count(), sa.func.count(devices.c.user_id.distinct())).where(ACTIVE))
_SAVE = Query(sa.update(devices).where(devices.c.id == sa.bindparam("of_id")))
_OWN = ("connection", "nonce_at")
_SAVED = tuple(name for name in _SHAPE.changing if name not in _OWN)
_USE_NONCE = Query(
    sa.update(devices).where(
        devices.c.id == sa.bindparam("of_id"),
        sa.or_(
            devices.c.nonce_at.is_(None),
            devices.c.nonce_at < sa.bindparam("made_at", type_=devices.c.nonce_at.type),
        ),
    )
)

_FORGET = Query(
    sa.update(devices)
    .where(
        devices.c.id == sa.bindparam("of_id"),
        devices.c.subscription == sa.bindparam("of_subscription"),
    )
    .values(subscription=None)
)


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

    async def all_active(self) -> list[Device]:
        """Return the active ones of all tenants, oldest first."""
        return await self._many(_ALL)

    async def count_active(self) -> tuple[int, int]:
        """Return how many are active, over all tenants, and how many people's they are."""
        row = await self._link.row(_COUNT)
        phones, people = row or (0, 0)
        return phones, people

    async def save(self, device: Device) -> None:
        """Write all but ``connection`` and ``nonce_at``, which have calls of their own; raises NotFound."""
        await self._save(_SAVE, {"of_id": device.id, **_SHAPE.values(device, *_SAVED)})

    async def connect(self, device_id: DeviceId, connection: str) -> None:
        """Note which socket is the device's newest; raises NotFound."""
        await self._save(_SAVE, {"of_id": device_id, "connection": connection})

    async def use_nonce(self, device_id: DeviceId, made_at: datetime) -> bool:
        """Note that the nonce made then is used; False where it or a later one already was."""
        values = {"of_id": device_id, "made_at": made_at, "nonce_at": made_at}
        return bool(await self._link.change(_USE_NONCE, values))

    async def forget_subscription(self, device_id: DeviceId, subscription: str) -> bool:
        """Forget this very subscription; False where the device has another one by now, or none."""
        return bool(await self._link.change(_FORGET, {"of_id": device_id, "of_subscription": subscription}))
