"""An activation code: what it looks like, how long it lives, and its single use."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from hub.domain.errors import ActivationCodeInvalid, NotFound
from hub.domain.ids import CROCKFORD, DeviceId, EnrollmentId, SessionId, TenantId, UserId, base32

ON_SCREEN_LIFE = timedelta(minutes=10)
CARRIED_LIFE = timedelta(hours=24)
OPEN_CODES = 20
_SHORT, _LONG = 8, 16
_FORGIVEN = str.maketrans({"o": "0", "i": "1", "l": "1", "-": "", " ": ""})


class EnrollmentStatus(StrEnum):
    """What became of an activation code."""

    PENDING = "pending"
    DONE = "done"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Enrollment:
    """One code for one phone of one user; the code is kept only as a keyed hash."""

    id: EnrollmentId
    tenant_id: TenantId
    user_id: UserId
    code_mac: str
    status: EnrollmentStatus
    created_at: datetime
    expires_at: datetime
    session_id: SessionId | None = None
    device_id: DeviceId | None = None

    def status_at(self, now: datetime) -> EnrollmentStatus:
        """Return the status as it is at *now*, whether or not the sweeper came by."""
        overdue = self.status is EnrollmentStatus.PENDING and now >= self.expires_at
        return EnrollmentStatus.EXPIRED if overdue else self.status

    def done(self, device: DeviceId, now: datetime) -> "Enrollment":
        """Return it used up by *device*.

        Raises:
            ActivationCodeInvalid: used, expired or cancelled.
        """
        if self.status_at(now) is not EnrollmentStatus.PENDING:
            raise ActivationCodeInvalid
        return replace(self, status=EnrollmentStatus.DONE, device_id=device)

    def cancelled(self, now: datetime) -> "Enrollment":
        """Return it called off; one that is over already stays what it was.

        Raises:
            NotFound: it is done, so there is nothing to call off.
        """
        if self.status is EnrollmentStatus.DONE:
            raise NotFound
        if self.status_at(now) is not EnrollmentStatus.PENDING:
            return self
        return replace(self, status=EnrollmentStatus.CANCELLED)


def new_code(entropy: bytes, life: timedelta) -> str:
    """Return a fresh code as it is shown: ``XXXX-XXXX``, or four groups where it lives over ten minutes.

    Args:
        entropy: 10 random bytes: 40 bits are used for a short code, 80 for a long one.
    """
    width = _SHORT if life <= ON_SCREEN_LIFE else _LONG
    text = base32(int.from_bytes(entropy[:10], "big"), _LONG)[-width:].upper()
    return "-".join(text[at : at + 4] for at in range(0, width, 4))


def normal_code(typed: str) -> str | None:
    """Return the code that *typed* means (case, dashes, O/0, I/L/1 forgiven), or None if it can be none."""
    text = typed.strip().lower().translate(_FORGIVEN)
    return text if len(text) in (_SHORT, _LONG) and set(text) <= set(CROCKFORD) else None
