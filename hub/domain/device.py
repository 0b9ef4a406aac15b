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
class Credential:
    """A WebAuthn credential of a phone: what its fingerprint or face unlocks.

    *id* and *public_key* (COSE) are base64url; *sign_count* is the authenticator's own counter (WebAuthn
    section 6.1.1), 0 where it keeps none.
    """

    id: str
    public_key: str
    sign_count: int


class Misfit(StrEnum):
    """What of a credential's answer does not fit, so that it counts for nothing."""

    FORM = "form"
    CREDENTIAL = "credential"
    CHALLENGE = "challenge"
    ORIGIN = "origin"
    RP_ID = "rp_id"
    USER_VERIFICATION = "user_verification"
    SIGNATURE = "signature"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class Device:
    """One phone of one user, which approves by its PIN, its credential, or either.

    *public_key* is a JWK (P-256) as JSON text; *subscription*, where it takes web pushes, is sealed
    (encrypted) JSON; *nonce_at* is when the newest nonce was made that it has used without a socket.
    """

    id: DeviceId
    tenant_id: TenantId
    user_id: UserId
    name: str
    platform: str
    public_key: str
    pin_mac: str | None
    status: DeviceStatus
    enrolled_at: datetime
    enrollment_id: EnrollmentId
    wrong_pins: int = 0
    locked_at: datetime | None = None
    last_used_at: datetime | None = None
    removed_at: datetime | None = None
    connection: str | None = None
    credential: Credential | None = None
    subscription: str | None = None
    nonce_at: datetime | None = None

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

    @property
    def verifies_by(self) -> tuple[str, ...]:
        """How it can tell that its person is there, in the words of the wire."""
        ways = {"pin": self.pin_mac, "webauthn": self.credential}
        return tuple(way for way, held in ways.items() if held is not None)

    @property
    def tries_left(self) -> int:
        """How many more PINs may be tried before it locks."""
        return max(0, WRONG_PINS_UNTIL_LOCK - self.wrong_pins)

    def unlocked(self) -> "Device":
        """Return it with its PIN tries given back."""
        return replace(self, wrong_pins=0, locked_at=None)

    def removed(self, now: datetime) -> "Device":
        """Return it as it is once taken from the account; where to push to is forgotten."""
        return replace(self, status=DeviceStatus.REMOVED, removed_at=now, connection=None, subscription=None)


def is_pin(text: str) -> bool:
    """Whether *text* can be a PIN: 4 to 8 ASCII digits."""
    return 4 <= len(text) <= 8 and text.isascii() and text.isdigit()
