"""The activation codes' table."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from hub.adapters.sql.query import Query
from hub.adapters.sql.rows import Repository, Shape, some
from hub.adapters.sql.tables import PENDING, enrollments
from hub.domain.enrollment import Enrollment
from hub.domain.ids import EnrollmentId, UserId

_SHAPE = Shape(Enrollment, enrollments)
_GET = Query(_SHAPE.select.where(enrollments.c.id == sa.bindparam("of_id")))
_BY_CODE = Query(_SHAPE.select.where(enrollments.c.code_mac.in_(some("macs"))))
_PENDING = _SHAPE.select.where(PENDING)
_OPEN = Query(_PENDING.where(enrollments.c.user_id == sa.bindparam("of_user")).order_by(enrollments.c.id))
_OVERDUE = Query(
    _PENDING.where(enrollments.c.expires_at <= sa.bindparam("now"))
    .order_by(enrollments.c.expires_at)
    .limit(sa.bindparam("most"))
)
_SETTLE = Query(sa.update(enrollments).where(enrollments.c.id == sa.bindparam("of_id"), PENDING))


class SqlEnrollments(Repository[Enrollment]):
    """Implements ports.Enrollments."""

    __slots__ = ()
    shape = _SHAPE

    async def get(self, enrollment_id: EnrollmentId) -> Enrollment:
        """Return it; raises NotFound."""
        return await self._one(_GET, of_id=enrollment_id)

    async def by_code(self, macs: Sequence[str]) -> Enrollment | None:
        """Return the enrolment whose code has one of these keyed hashes."""
        return await self._maybe(_BY_CODE, macs=list(macs))

    async def settle(self, enrollment: Enrollment) -> bool:
        """Write how it ended, if it is still pending; say whether it was."""
        values = _SHAPE.values(enrollment, "status", "device_id")
        return bool(await self._link.change(_SETTLE, {"of_id": enrollment.id, **values}))

    async def open_of_user(self, user_id: UserId) -> list[Enrollment]:
        """Return the pending ones."""
        return await self._many(_OPEN, of_user=user_id)

    async def overdue(self, now: datetime, limit: int) -> list[Enrollment]:
        """Return pending ones whose time is over, the oldest first."""
        return await self._many(_OVERDUE, now=now, most=limit)
