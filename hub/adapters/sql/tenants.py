"""The tenants' table."""

import sqlalchemy as sa

from hub.adapters.sql.errors import UNIQUE_VIOLATIONS, violates_unique
from hub.adapters.sql.query import Query
from hub.adapters.sql.rows import Repository, Shape
from hub.adapters.sql.tables import tenants
from hub.domain.errors import Conflict
from hub.domain.ids import TenantId
from hub.domain.tenant import Tenant

_SHAPE = Shape(Tenant, tenants)
_GET = Query(_SHAPE.select.where(tenants.c.id == sa.bindparam("of_id")))
_BY_SLUG = Query(_SHAPE.select.where(tenants.c.slug == sa.bindparam("of_slug")))
_ALL = Query(_SHAPE.select.order_by(tenants.c.created_at, tenants.c.id))
_SETTINGS = sa.cast(tenants.c.authentication, sa.Text)
_ALLOWING = Query(
    _SHAPE.select.where(sa.func.instr(_SETTINGS, sa.bindparam("quoted")) > 0),
    _SHAPE.select.where(sa.func.strpos(_SETTINGS, sa.bindparam("quoted")) > 0),
)
_SAVE = Query(sa.update(tenants).where(tenants.c.id == sa.bindparam("of_id")))


class SqlTenants(Repository[Tenant]):
    """Implements ports.Tenants."""

    __slots__ = ()
    shape = _SHAPE

    async def add(self, tenant: Tenant) -> None:
        """Insert; raises Conflict where the slug is taken."""
        try:
            await super().add(tenant)
        except UNIQUE_VIOLATIONS as error:
            raise _told(error) from error

    async def get(self, tenant_id: TenantId) -> Tenant:
        """Return it; raises NotFound."""
        return await self._one(_GET, of_id=tenant_id)

    async def by_slug(self, slug: str) -> Tenant:
        """Return it; raises NotFound."""
        return await self._one(_BY_SLUG, of_slug=slug)

    async def save(self, tenant: Tenant) -> None:
        """Write all of it; raises Conflict as :meth:`add`, NotFound."""
        try:
            await self._save(_SAVE, {"of_id": tenant.id, **_SHAPE.values(tenant, *_SHAPE.changing)})
        except UNIQUE_VIOLATIONS as error:
            raise _told(error) from error

    async def all(self) -> list[Tenant]:
        """Return every tenant, oldest first."""
        return await self._many(_ALL)

    async def allowing(self, origin: str) -> list[Tenant]:
        """Return the tenants whose pages of *origin* may watch a sign-in."""
        # The text of the settings narrows it down; the settings decide.
        found = await self._many(_ALLOWING, quoted=f'"{origin}"')
        return [tenant for tenant in found if origin in tenant.authentication.allowed_origins]


def _told(error: Exception) -> Exception:
    taken = violates_unique(error, "slug")
    return Conflict(reason="There is a tenant with this short name already.") if taken else error
