"""The sessions' table."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from hub.adapters.sql.query import Query
from hub.adapters.sql.rows import Repository, Shape, some
from hub.adapters.sql.tables import NOT_ENDED, sessions
from hub.domain.account import Session
from hub.domain.ids import BrowserId, SessionId, UserId

_SHAPE = Shape(Session, sessions)
_BY_TOKEN = Query(_SHAPE.select.where(sessions.c.token_mac.in_(some("macs"))))
_OPEN = Query(
    _SHAPE.select.where(
        sessions.c.user_id == sa.bindparam("of_user"), NOT_ENDED, sessions.c.expires_at > sa.bindparam("now")
    ).order_by(sessions.c.created_at.desc(), sessions.c.id.desc())
)
_SAVED = ("scope", "proofs", "expires_at", "browser_id")
# What has ended stays so, whatever was read before it did.
_SAVE = Query(
    sa.update(sessions)
    .where(sessions.c.id == sa.bindparam("of_id"))
    .values(
        ended_at=sa.func.coalesce(sessions.c.ended_at, sa.bindparam("ended", type_=sessions.c.ended_at.type))
    )
)


_KNOW = Query(
    sa.update(sessions)
    .where(sessions.c.id == sa.bindparam("of_id"), sessions.c.browser_id.is_(None), NOT_ENDED)
    .values(browser_id=sa.bindparam("in_browser"))
)


class SqlSessions(Repository[Session]):
    """Implements ports.Sessions."""

    __slots__ = ()
    shape = _SHAPE

    async def by_token(self, macs: Sequence[str]) -> Session | None:
        """Return the session whose cookie has one of these keyed hashes, open or not."""
        return await self._maybe(_BY_TOKEN, macs=list(macs))

    async def save(self, session: Session) -> None:
        """Write scope, proofs, ends and browser; raises NotFound."""
        values = _SHAPE.values(session, *_SAVED)
        await self._save(_SAVE, {"of_id": session.id, "ended": session.ended_at, **values})

    async def know(self, session_id: SessionId, browser_id: BrowserId) -> bool:
        """Note which known browser an open session is in, if it is in none yet; say whether it was."""
        return await self._link.change(_KNOW, {"of_id": session_id, "in_browser": browser_id}) == 1

    async def open_of_user(self, user_id: UserId, now: datetime) -> list[Session]:
        """Return the open ones, newest first."""
        return await self._many(_OPEN, of_user=user_id, now=now)
