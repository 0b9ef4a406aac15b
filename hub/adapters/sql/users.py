"""The users' table."""

from datetime import datetime

import sqlalchemy as sa

from hub.adapters.sql.errors import UNIQUE_VIOLATIONS, violates_unique
from hub.adapters.sql.query import Query
from hub.adapters.sql.rows import Repository, Shape, held
from hub.adapters.sql.tables import OWNS, users
from hub.domain.account import User, normal_email
from hub.domain.errors import Conflict
from hub.domain.ids import TenantId, UserId

_SHAPE = Shape(User, users, email_normal=lambda user: normal_email(user.email))
_OF_TENANT = _SHAPE.select.where(users.c.tenant_id == sa.bindparam("of_tenant"))
_GET = Query(_OF_TENANT.where(users.c.id == sa.bindparam("of_id")))
_BY_EMAIL = Query(_OF_TENANT.where(users.c.email_normal == sa.bindparam("of_email")))
_PAGE = Query(
    _OF_TENANT.where(users.c.id > sa.bindparam("after")).order_by(users.c.id).limit(sa.bindparam("most"))
)
_OWNERS = Query(held(_OF_TENANT.where(OWNS).order_by(users.c.id)))
_HOLD = Query(held(_OF_TENANT.where(users.c.id == sa.bindparam("of_id"))))
_SIGNED_IN = Query(
    sa.update(users)
    .where(users.c.tenant_id == sa.bindparam("of_tenant"), users.c.id == sa.bindparam("of_id"))
    .values(last_sign_in_at=sa.bindparam("at"))
)
_SAVE = Query(
    sa.update(users).where(
        users.c.tenant_id == sa.bindparam("of_tenant"), users.c.id == sa.bindparam("of_id")
    )
)


class SqlUsers(Repository[User]):
    """Implements ports.Users."""

    __slots__ = ()
    shape = _SHAPE

    async def add(self, user: User) -> None:
        """Insert; raises Conflict where the address is taken in this tenant."""
        try:
            await super().add(user)
        except UNIQUE_VIOLATIONS as error:
            raise _told(error) from error

    async def get(self, tenant_id: TenantId, user_id: UserId) -> User:
        """Return the user; raises NotFound."""
        return await self._one(_GET, of_tenant=tenant_id, of_id=user_id)

    async def hold(self, tenant_id: TenantId, user_id: UserId) -> User:
        """As :meth:`get`, the row locked until the transaction ends."""
        return await self._one(_HOLD, of_tenant=tenant_id, of_id=user_id)

    async def signed_in(self, user: User, at: datetime) -> None:
        """Note when, and nothing else."""
        await self._link.change(_SIGNED_IN, {"of_tenant": user.tenant_id, "of_id": user.id, "at": at})

    async def by_email(self, tenant_id: TenantId, email: str) -> User | None:
        """Return the user with this address, however it is written."""
        return await self._maybe(_BY_EMAIL, of_tenant=tenant_id, of_email=normal_email(email))

    async def save(self, user: User) -> None:
        """Write all of it; raises Conflict as :meth:`add`, NotFound."""
        values = {"of_tenant": user.tenant_id, "of_id": user.id, **_SHAPE.values(user, *_SHAPE.changing)}
        try:
            await self._save(_SAVE, values)
        except UNIQUE_VIOLATIONS as error:
            raise _told(error) from error

    async def page(self, tenant_id: TenantId, limit: int, after: UserId | None) -> list[User]:
        """Return at most *limit* users by rising id, those after *after*."""
        return await self._many(_PAGE, of_tenant=tenant_id, after=after or "", most=limit)

    async def hold_owners(self, tenant_id: TenantId) -> list[User]:
        """Return the owners, their rows locked until the transaction ends."""
        return await self._many(_OWNERS, of_tenant=tenant_id)


def _told(error: Exception) -> Exception:
    taken = violates_unique(error, "email_normal")
    return Conflict(reason="Somebody here has this address already.") if taken else error
