"""The audit log: what happened, each row with its own hash, linked per tenant into a chain."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from hub.domain.ids import AuditId, TenantId, UserId

GENESIS = "0" * 64


class Event(StrEnum):
    """Everything that is recorded."""

    TENANT_CREATED = "tenant.created"
    SETTINGS_CHANGED = "settings.changed"
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    USER_BLOCKED = "user.blocked"
    USER_UNBLOCKED = "user.unblocked"
    ENROLLMENT_CREATED = "enrollment.created"
    ENROLLMENT_CANCELLED = "enrollment.cancelled"
    ENROLLMENT_EXPIRED = "enrollment.expired"
    DEVICE_ENROLLED = "device.enrolled"
    DEVICE_RENAMED = "device.renamed"
    DEVICE_REMOVED = "device.removed"
    DEVICE_LOCKED = "device.locked"
    DEVICE_UNLOCKED = "device.unlocked"
    DEVICE_PUSH_LOST = "device.push_lost"
    PIN_WRONG = "pin.wrong"
    CREDENTIAL_ADDED = "credential.added"
    CREDENTIAL_REFUSED = "credential.refused"
    PASSWORD_WRONG = "password.wrong"
    CHALLENGE_ASKED = "challenge.asked"
    CHALLENGE_APPROVED = "challenge.approved"
    CHALLENGE_DENIED = "challenge.denied"
    CHALLENGE_EXPIRED = "challenge.expired"
    CHALLENGE_CANCELLED = "challenge.cancelled"
    CHALLENGE_REPORTED = "challenge.reported"
    LOGIN_CANCELLED = "login.cancelled"
    LOGIN_EXPIRED = "login.expired"
    SIGNED_IN = "session.created"
    SIGNED_OUT = "session.ended"
    BROWSER_KNOWN = "browser.known"
    BROWSER_FORGOTTEN = "browser.forgotten"


class ActorKind(StrEnum):
    """Who did it."""

    USER = "user"
    DEVICE = "device"
    OPERATOR = "operator"
    HUB = "hub"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, and which one."""

    kind: ActorKind
    id: str | None = None


HUB = Actor(ActorKind.HUB)


@dataclass(frozen=True, slots=True)
class Record:
    """One row; append-only. *data* holds JSON values and never a secret."""

    id: AuditId
    tenant_id: TenantId
    at: datetime
    type: Event
    actor: Actor
    user_id: UserId | None = None
    ip: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """SHA-256 (hex) of the row in canonical JSON: sorted keys, no spaces, instants in microseconds."""
        row = {
            "id": self.id,
            "tenant_id": self.tenant_id,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "type": self.type,
            "actor": [self.actor.kind, self.actor.id],
            "user_id": self.user_id,
            "ip": self.ip,
            "data": self.data,
        }
        text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Seal:
    """A row's place in its tenant's chain."""

    audit_id: AuditId
    number: int
    link: str


def link(previous: str, row_hash: str) -> str:
    """Return the chain's next link: SHA-256 (hex) over the one before and the row's own hash."""
    return hashlib.sha256(f"{previous}{row_hash}".encode()).hexdigest()


def seal(rows: Iterable[tuple[AuditId, str]], after: Seal | None) -> list[Seal]:
    """Return the seals of *rows* (id and stored hash, in the order they go in), *after* the chain's end."""
    number, previous = (after.number, after.link) if after else (0, GENESIS)
    seals = []
    for row_id, row_hash in rows:
        number, previous = number + 1, link(previous, row_hash)
        seals.append(Seal(row_id, number, previous))
    return seals


def broken_at(rows: Iterable[tuple[Record, str, Seal]], after: Seal | None = None) -> int | None:
    """Return the number of the first row whose content, hash, place or link does not hold, or None.

    Args:
        rows: record, stored hash and seal, by rising number.
        after: the seal before them, None where they are the chain's beginning.
    """
    number, previous = (after.number, after.link) if after else (0, GENESIS)
    for expected, (record, stored, sealed) in enumerate(rows, start=number + 1):
        holds = record.hash == stored and sealed.number == expected and sealed.link == link(previous, stored)
        if not holds:
            return expected
        previous = sealed.link
    return None
