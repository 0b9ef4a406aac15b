"""The sign-ins' table."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from hub.adapters.sql.query import Query
from hub.adapters.sql.rows import Repository, Shape, held, some
from hub.adapters.sql.tables import MOVABLE, logins
from hub.domain.ids import LoginId, TenantId, UserId
from hub.domain.login import Login, Step

_SHAPE = Shape(Login, logins, ends_at=lambda login: login.ends_at)
_CHANGING = (
    "step",
    "proofs",
    "challenge_id",
    "pushes",
    "last_push_at",
    "approved_at",
    "matched",
    "outcome",
)
_ONE = _SHAPE.select.where(logins.c.id == sa.bindparam("of_id"))
_GET = Query(_ONE)
_HOLD = Query(held(_ONE))
_MOVE = Query(
    sa.update(logins).where(logins.c.id == sa.bindparam("of_id"), logins.c.step == sa.bindparam("was"))
)
_IN_BROWSER = Query(
    _SHAPE.select.where(
        logins.c.browser_mac.in_(some("macs")),
        logins.c.tenant_id == sa.bindparam("of_tenant"),
        logins.c.expires_at > sa.bindparam("now"),
    ).order_by(logins.c.created_at.desc(), logins.c.id.desc())
)
_MOVABLE = _SHAPE.select.where(MOVABLE)
_OPEN = Query(held(_MOVABLE.where(logins.c.user_id == sa.bindparam("of_user")).order_by(logins.c.id)))
_OVERDUE = Query(
    _MOVABLE.where(logins.c.ends_at <= sa.bindparam("now"))
    .order_by(logins.c.ends_at)
    .limit(sa.bindparam("most"))
)


class SqlLogins(Repository[Login]):
    """Implements ports.Logins."""

    __slots__ = ()
    shape = _SHAPE

    async def get(self, login_id: LoginId) -> Login:
        """Return it; raises NotFound."""
        return await self._one(_GET, of_id=login_id)

    async def hold(self, login_id: LoginId) -> Login:
        """As :meth:`get`, the row locked until the transaction ends."""
        return await self._one(_HOLD, of_id=login_id)

    async def move(self, login: Login, was: Step) -> bool:
        """Write all that can change, if the step still is *was*; say whether it was."""
        values = {"of_id": login.id, "was": was, **_SHAPE.values(login, *_CHANGING)}
        return bool(await self._link.change(_MOVE, values))

    async def in_browser(self, tenant_id: TenantId, macs: Sequence[str], now: datetime) -> list[Login]:
        """Return the unexpired ones begun under this login cookie, newest first, over or not."""
        return await self._many(_IN_BROWSER, of_tenant=tenant_id, macs=list(macs), now=now)

    async def open_of_user(self, user_id: UserId) -> list[Login]:
        """Return those at a step that can still move (approved ones too), rows locked."""
        return await self._many(_OPEN, of_user=user_id)

    async def overdue(self, now: datetime, limit: int) -> list[Login]:
        """Return those whose time is over (Login.ends_at) and that say nothing of it yet, oldest first."""
        return await self._many(_OVERDUE, now=now, most=limit)
