"""The known browsers' table."""

from datetime import datetime

import sqlalchemy as sa

from hub.adapters.sql.query import Query
from hub.adapters.sql.rows import Repository, Shape
from hub.adapters.sql.tables import NOT_FORGOTTEN, browsers
from hub.domain.account import KnownBrowser
from hub.domain.ids import BrowserId, UserId

_SHAPE = Shape(KnownBrowser, browsers)
_GET = Query(_SHAPE.select.where(browsers.c.id == sa.bindparam("of_id")))
_SAVED = tuple(name for name in _SHAPE.changing if name != "forgotten_at")
# What is forgotten stays so, whatever was read before it was.
_SAVE = Query(
    sa.update(browsers)
    .where(browsers.c.id == sa.bindparam("of_id"))
    .values(
        forgotten_at=sa.func.coalesce(
            browsers.c.forgotten_at, sa.bindparam("forgotten", type_=browsers.c.forgotten_at.type)
        )
    )
)
_FORGET_ALL = Query(sa.update(browsers).where(browsers.c.user_id == sa.bindparam("of_user"), NOT_FORGOTTEN))


class SqlBrowsers(Repository[KnownBrowser]):
    """Implements ports.Browsers."""

    __slots__ = ()
    shape = _SHAPE

    async def get(self, browser_id: BrowserId) -> KnownBrowser:
        """Return it; raises NotFound."""
        return await self._one(_GET, of_id=browser_id)

    async def save(self, browser: KnownBrowser) -> None:
        """Write all of it; raises NotFound."""
        values = _SHAPE.values(browser, *_SAVED)
        await self._save(_SAVE, {"of_id": browser.id, "forgotten": browser.forgotten_at, **values})

    async def forget_all(self, user_id: UserId, now: datetime) -> int:
        """Forget every browser of the user; return how many there were."""
        return await self._link.change(_FORGET_ALL, {"of_user": user_id, "forgotten_at": now})
