"""An enrolled phone: its key, its PIN, and what five wrong ones in a row do."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from hub.domain.ids import DeviceId, EnrollmentId, TenantId, UserId

WRONG_PINS_UNTIL_LOCK = 5
DEVICES_PER_USER = 10
NAME_MAX = 128
PLATFORM_MAX = 256


class DeviceStatus(StrEnum):
    """A removed device stays on record, so that its bindings can be told for ever."""

    ACTIVE = "active"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Device:
    """One phone of one user; *public_key* is a JWK (P-256) as JSON text."""

    id: DeviceId
    tenant_id: TenantId
    user_id: UserId
    name: str
    platform: str
    public_key: str
    pin_mac: str
    status: DeviceStatus
    enrolled_at: datetime
    enrollment_id: EnrollmentId
    wrong_pins: int = 0
    locked_at: datetime | None = None
    last_used_at: datetime | None = None
    removed_at: datetime | None = None
    connection: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether it still belongs to the user."""
        return self.status is DeviceStatus.ACTIVE

    @property
    def is_locked(self) -> bool:
        """Whether approvals are refused until somebody unlocks it; it can still deny."""
        return self.locked_at is not None

    def after_wrong_pin(self, now: datetime) -> "Device":
        """Return it one wrong PIN later: the fifth in a row locks."""
        wrong = self.wrong_pins + 1
        return replace(self, wrong_pins=wrong, locked_at=now if wrong >= WRONG_PINS_UNTIL_LOCK else None)

    def unlocked(self) -> "Device":
        """Return it with its PIN tries given back."""
        return replace(self, wrong_pins=0, locked_at=None)

    def removed(self, now: datetime) -> "Device":
        """Return it as it is once taken from the account."""
        return replace(self, status=DeviceStatus.REMOVED, removed_at=now, connection=None)


def is_pin(text: str) -> bool:
    """Whether *text* can be a PIN: 4 to 8 ASCII digits."""
    return 4 <= len(text) <= 8 and text.isascii() and text.isdigit()
