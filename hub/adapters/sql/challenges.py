"""The challenges' table, and the referee of all races."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from hub.adapters.sql.query import Query
from hub.adapters.sql.rows import Repository, Shape, some
from hub.adapters.sql.tables import PENDING, UNPUSHED, challenges
from hub.domain.challenge import Challenge, Status
from hub.domain.errors import AlreadySettled
from hub.domain.ids import ChallengeId, DeviceId, TenantId, UserId

_SHAPE = Shape(Challenge, challenges)
_GET = Query(_SHAPE.select.where(challenges.c.id == sa.bindparam("of_id")))
_SEVERAL = Query(_SHAPE.select.where(challenges.c.id.in_(some("of_ids"))))
_PENDING = _SHAPE.select.where(PENDING)
_OLDEST_FIRST = (challenges.c.created_at, challenges.c.id)
_OF_USER = Query(
    _PENDING.where(
        challenges.c.user_id == sa.bindparam("of_user"),
        challenges.c.expires_at > sa.bindparam("now"),
    ).order_by(*_OLDEST_FIRST)
)
_OF_ACCOUNT = Query(
    _PENDING.where(
        challenges.c.tenant_id == sa.bindparam("of_tenant"),
        challenges.c.account == sa.bindparam("of_account"),
    ).order_by(*_OLDEST_FIRST)
)
_OVERDUE = Query(
    _PENDING.where(challenges.c.expires_at <= sa.bindparam("now"))
    .order_by(challenges.c.expires_at)
    .limit(sa.bindparam("most"))
)
_UNPUSHED = Query(
    _SHAPE.select.where(UNPUSHED, challenges.c.created_at <= sa.bindparam("asked_by"))
    .order_by(challenges.c.created_at)
    .limit(sa.bindparam("most"))
)
_CLAIM_PUSH = Query(
    sa.update(challenges)
    .where(challenges.c.id == sa.bindparam("of_id"), UNPUSHED)
    .values(
        pushed_to=sa.bindparam("to", type_=challenges.c.pushed_to.type),
        unreachable_at=sa.bindparam("unreachable", type_=challenges.c.unreachable_at.type),
    )
)
_PENDING_ONE = sa.update(challenges).where(challenges.c.id == sa.bindparam("of_id"), PENDING)
_EXPIRE = Query(_PENDING_ONE)
_SETTLE = Query(_PENDING_ONE.where(challenges.c.expires_at > sa.bindparam("at")))
_OUTCOME = ("status", "digits", "decided_at", "decided_by", "decision", "reason")


def _kept(name: str) -> sa.ColumnElement[object]:
    """Return the new value of a column, or the old one where the new one is null."""
    column = challenges.c[name]
    return sa.func.coalesce(sa.bindparam(f"new_{name}", type_=column.type), column, type_=column.type)


# A note never takes back: who notes that no phone hears may have read before one showed it.
_NOTED = ("shown_at", "unreachable_at", "report")
_NOTE = Query(
    sa.update(challenges)
    .where(challenges.c.id == sa.bindparam("of_id"))
    .values({name: _kept(name) for name in _NOTED})
)


class SqlChallenges(Repository[Challenge]):
    """Implements ports.Challenges."""

    __slots__ = ()
    shape = _SHAPE

    async def get(self, challenge_id: ChallengeId) -> Challenge:
        """Return it; raises NotFound."""
        return await self._one(_GET, of_id=challenge_id)

    async def settle(self, challenge: Challenge) -> None:
        """Write how it ended, if nothing has ended it before.

        Raises:
            AlreadySettled: with what had become of it at ``decided_at``.
            NotFound: there is none.
        """
        at = challenge.decided_at or challenge.expires_at
        values = {"of_id": challenge.id, **_SHAPE.values(challenge, *_OUTCOME)}
        if challenge.status is Status.EXPIRED:
            written = await self._link.change(_EXPIRE, values)
        else:
            written = await self._link.change(_SETTLE, {"at": at, **values})
        if not written:
            found = await self.get(challenge.id)
            raise AlreadySettled(about=challenge.id, status=found.status_at(at))

    async def note(self, challenge: Challenge) -> None:
        """Write ``shown_at``, ``unreachable_at`` and ``report`` where they are set, and nothing else."""
        values = {f"new_{name}": getattr(challenge, name) for name in _NOTED}
        await self._save(_NOTE, {"of_id": challenge.id, **values})

    async def claim_push(
        self, challenge_id: ChallengeId, devices: tuple[DeviceId, ...], unreachable_at: datetime | None
    ) -> bool:
        """Note whom a web push goes to, if nobody has and it still waits unshown; say whether that was so."""
        values = {"of_id": challenge_id, "to": devices, "unreachable": unreachable_at}
        return bool(await self._link.change(_CLAIM_PUSH, values))

    async def unpushed(self, asked_by: datetime, limit: int) -> list[Challenge]:
        """Return pending, unshown ones asked until then that no web push was considered for."""
        return await self._many(_UNPUSHED, asked_by=asked_by, most=limit)

    async def pending_of_user(self, user_id: UserId, now: datetime) -> list[Challenge]:
        """Return those that still wait at *now*, oldest first; also those to be asked later."""
        return await self._many(_OF_USER, of_user=user_id, now=now)

    async def pending_of_account(self, tenant_id: TenantId, account: str) -> list[Challenge]:
        """Return those marked pending (overdue ones too), oldest first."""
        return await self._many(_OF_ACCOUNT, of_tenant=tenant_id, of_account=account)

    async def several(self, challenge_ids: Sequence[ChallengeId]) -> list[Challenge]:
        """Return those that exist."""
        return await self._many(_SEVERAL, of_ids=list(challenge_ids)) if challenge_ids else []

    async def overdue(self, now: datetime, limit: int) -> list[Challenge]:
        """Return pending ones whose time is over, the oldest first."""
        return await self._many(_OVERDUE, now=now, most=limit)
