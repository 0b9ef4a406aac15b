"""What every flow has at hand."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.domain import ids
from hub.domain.account import normal_email
from hub.domain.audit import HUB, Actor, ActorKind, Event, Record
from hub.domain.ids import AuditId, DeviceId, EnrollmentId, LoginId, Prefix, TenantId, UserId
from hub.ports import Bus, Clock, Randomness, Store, Vault

ANONYMOUS = Actor(ActorKind.ANONYMOUS)
OPERATOR = Actor(ActorKind.OPERATOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The store, the bus, the clock, chance, the vault, and a counter that all flows share."""

    store: Store
    bus: Bus
    clock: Clock
    random: Randomness
    vault: Vault
    order: Iterator[int]

    def new_id(self, prefix: Prefix, now: datetime) -> str:
        """Return a new identifier; those of one millisecond sort by chance."""
        return ids.make(prefix, now, self.random.entropy(ids.ENTROPY_BYTES))

    def next_id(self, prefix: Prefix, now: datetime) -> str:
        """Return a new identifier that sorts after those made before it.

        It tells how many were made between two of them, so it is not for what strangers see.
        """
        return ids.make(prefix, now, self.random.entropy(ids.ENTROPY_BYTES), next(self.order))

    def new_token(self) -> str:
        """Return a bearer value of 256 bits, base64url."""
        return base64.urlsafe_b64encode(self.random.entropy(32)).rstrip(b"=").decode()

    def record(
        self,
        event: Event,
        tenant_id: TenantId,
        now: datetime,
        *,
        actor: Actor = HUB,
        user_id: UserId | None = None,
        ip: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Record:
        """Return an audit row to add."""
        row_id = AuditId(self.next_id(Prefix.AUDIT, now))
        return Record(row_id, tenant_id, now, event, actor, user_id, ip, data or {})

    def account_key(self, slug: str, email: str) -> str:
        """Return what waits and caps of this address at this tenant are counted by, account or not."""
        return self.vault.steady("account", f"{slug}\n{normal_email(email)}").hex()[:40]


def by_user(user_id: UserId) -> Actor:
    """The person."""
    return Actor(ActorKind.USER, user_id)


def by_device(device_id: DeviceId) -> Actor:
    """The person, through this phone."""
    return Actor(ActorKind.DEVICE, device_id)


def device_topic(device_id: DeviceId) -> str:
    """Where a device's socket listens."""
    return f"device:{device_id}"


def login_topic(login_id: LoginId) -> str:
    """Where a waiting browser listens."""
    return f"login:{login_id}"


def enrollment_topic(enrollment_id: EnrollmentId) -> str:
    """Where the page with the activation code listens."""
    return f"enrollment:{enrollment_id}"
