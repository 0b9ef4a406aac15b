"""Things of the domain with only what a test is about filled in by hand."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from hub.domain import ids
from hub.domain.account import KnownBrowser, Role, Scope, Session, User, UserStatus
from hub.domain.audit import Actor, ActorKind, Event, Record
from hub.domain.challenge import Challenge, Status
from hub.domain.device import Device, DeviceStatus
from hub.domain.enrollment import Enrollment, EnrollmentStatus
from hub.domain.factors import Factor
from hub.domain.ids import (
    AuditId,
    BrowserId,
    ChallengeId,
    DeviceId,
    EnrollmentId,
    LoginId,
    Prefix,
    SessionId,
    TenantId,
    UserId,
)
from hub.domain.login import Login, Step
from hub.domain.place import Origin, Place
from hub.domain.tenant import Tenant
from hub.domain.throttle import Lane
from hub.ports import StoredKey, Tx

# With microseconds, so that a store that loses them is found out.
NOW = datetime(2026, 11, 24, 3, 0, 0, 123457, tzinfo=UTC)
ORIGIN = Origin("203.0.113.7", Place("Germany", "Berlin", 52.52, 13.405), "Firefox", "Windows")

_numbers = count(1)


def number() -> int:
    """Return a number that no one else has had."""
    return next(_numbers)


def new_id(prefix: Prefix) -> str:
    """Return an identifier; later ones are greater."""
    return ids.make(prefix, NOW, number().to_bytes(10, "big"))


def a_tenant(**changes: Any) -> Tenant:
    """A tenant with the usual settings."""
    given: dict[str, Any] = {
        "id": TenantId(new_id(Prefix.TENANT)),
        "slug": f"tenant-{number()}",
        "name": "Acme",
        "created_at": NOW,
    }
    return Tenant(**given | changes)


def a_user(tenant: Tenant, **changes: Any) -> User:
    """A person without a password."""
    given: dict[str, Any] = {
        "id": UserId(new_id(Prefix.USER)),
        "tenant_id": tenant.id,
        "email": f"ada-{number()}@example.org",
        "role": Role.USER,
        "status": UserStatus.ACTIVE,
        "created_at": NOW,
    }
    return User(**given | changes)


def an_enrollment(user: User, **changes: Any) -> Enrollment:
    """A pending activation code of ten minutes."""
    given: dict[str, Any] = {
        "id": EnrollmentId(new_id(Prefix.ENROLLMENT)),
        "tenant_id": user.tenant_id,
        "user_id": user.id,
        "code_mac": f"code-{number()}",
        "status": EnrollmentStatus.PENDING,
        "created_at": NOW,
        "expires_at": NOW + timedelta(minutes=10),
    }
    return Enrollment(**given | changes)


def a_device(enrollment: Enrollment, **changes: Any) -> Device:
    """The phone that came of *enrollment*."""
    given: dict[str, Any] = {
        "id": DeviceId(new_id(Prefix.DEVICE)),
        "tenant_id": enrollment.tenant_id,
        "user_id": enrollment.user_id,
        "name": "Ada's phone",
        "platform": "Android",
        "public_key": "{}",
        "pin_mac": "pin",
        "status": DeviceStatus.ACTIVE,
        "enrolled_at": NOW,
        "enrollment_id": enrollment.id,
    }
    return Device(**given | changes)


def a_login(tenant: Tenant, user: User | None = None, **changes: Any) -> Login:
    """A sign-in that waits for a push; without *user* it is for show."""
    given: dict[str, Any] = {
        "id": LoginId(new_id(Prefix.LOGIN)),
        "tenant_id": tenant.id,
        "account": f"account-{number()}",
        "email": user.email if user else "nobody@example.org",
        "user_id": user.id if user else None,
        "step": Step.PUSH,
        "browser_mac": f"browser-{number()}",
        "app": "Wiki",
        "origin": ORIGIN,
        "created_at": NOW,
        "expires_at": NOW + timedelta(minutes=10),
    }
    return Login(**given | changes)


def a_challenge(login: Login, **changes: Any) -> Challenge:
    """A pending question of two minutes."""
    given: dict[str, Any] = {
        "id": ChallengeId(new_id(Prefix.CHALLENGE)),
        "tenant_id": login.tenant_id,
        "login_id": login.id,
        "account": login.account,
        "user_id": login.user_id,
        "lane": Lane.ANY,
        "status": Status.PENDING,
        "request": "header.payload.signature",
        "digits": "v1:sealed",
        "created_at": NOW,
        "expires_at": NOW + timedelta(minutes=2),
    }
    return Challenge(**given | changes)


def a_session(login: Login, **changes: Any) -> Session:
    """A full session of twelve hours that *login* came to; the login must be somebody's."""
    assert login.user_id is not None
    given: dict[str, Any] = {
        "id": SessionId(new_id(Prefix.SESSION)),
        "tenant_id": login.tenant_id,
        "user_id": login.user_id,
        "token_mac": f"session-{number()}",
        "scope": Scope.FULL,
        "proofs": frozenset({Factor.PUSH}),
        "authenticated_at": NOW,
        "created_at": NOW,
        "expires_at": NOW + timedelta(hours=12),
        "login_id": login.id,
        "ip": "203.0.113.7",
        "browser": "Firefox",
        "os": "Windows",
    }
    return Session(**given | changes)


def a_browser(user: User, **changes: Any) -> KnownBrowser:
    """A browser that is known for thirty days."""
    given: dict[str, Any] = {
        "id": BrowserId(new_id(Prefix.BROWSER)),
        "tenant_id": user.tenant_id,
        "user_id": user.id,
        "token_mac": f"known-{number()}",
        "created_at": NOW,
        "rotated_at": NOW,
        "expires_at": NOW + timedelta(days=30),
        "browser": "Firefox",
        "os": "Windows",
    }
    return KnownBrowser(**given | changes)


def a_record(tenant: Tenant, **changes: Any) -> Record:
    """A row for the audit log."""
    given: dict[str, Any] = {
        "id": AuditId(new_id(Prefix.AUDIT)),
        "tenant_id": tenant.id,
        "at": NOW,
        "type": Event.CHALLENGE_ASKED,
        "actor": Actor(ActorKind.HUB),
        "data": {"challenge": "chl_1"},
    }
    return Record(**given | changes)


def a_key(**changes: Any) -> StoredKey:
    """A signing key that signs from now on."""
    given: dict[str, Any] = {
        "kid": f"key-{number()}",
        "private": "v1:sealed",
        "public": "{}",
        "created_at": NOW,
        "signs_from": NOW,
    }
    return StoredKey(**given | changes)


async def somebody(tx: Tx, **changes: Any) -> tuple[Tenant, User]:
    """Add a tenant and a user of it, and return both."""
    tenant = a_tenant()
    user = a_user(tenant, **changes)
    await tx.tenants.add(tenant)
    await tx.users.add(user)
    return tenant, user


async def a_phone(tx: Tx, user: User, **changes: Any) -> Device:
    """Add a phone of *user*, with the enrolment that it came of, and return it."""
    enrollment = an_enrollment(user)
    device = a_device(enrollment, **changes)
    await tx.enrollments.add(enrollment)
    await tx.devices.add(device)
    return device


async def a_question(tx: Tx, tenant: Tenant, user: User | None = None, **changes: Any) -> Challenge:
    """Add a challenge, with the login that asks, and return it."""
    login = a_login(tenant, user)
    challenge = a_challenge(login, **changes)
    await tx.logins.add(login)
    await tx.challenges.add(challenge)
    return challenge
