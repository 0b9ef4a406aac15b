"""A person's account, the sessions that it has open, and the browsers that it is known in."""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from hub.domain.factors import Factor
from hub.domain.ids import BrowserId, LoginId, SessionId, TenantId, UserId
from hub.domain.words import is_readable

SESSION_LIFE = timedelta(hours=12)
ENROLL_SESSION_LIFE = timedelta(minutes=20)
FRESH_SIGN_IN = timedelta(minutes=10)
KNOWN_BROWSER_LIFE = timedelta(days=30)
ROTATION_GRACE = timedelta(seconds=60)
EMAIL_MAX = 254

_EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f.]+(?:\.[^@\s\x00-\x1f.]+)+|[^@\s\x00-\x1f]+@localhost")


class Role(StrEnum):
    """What a person may do in the tenant's portal."""

    USER = "user"
    ADMIN = "admin"
    OWNER = "owner"

    @property
    def administers(self) -> bool:
        """Whether the portal is open to this role."""
        return self is not Role.USER


class UserStatus(StrEnum):
    """Whether a person may sign in at all."""

    ACTIVE = "active"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class User:
    """One person of one tenant; *password* is an argon2id string."""

    id: UserId
    tenant_id: TenantId
    email: str
    role: Role
    status: UserStatus
    created_at: datetime
    name: str | None = None
    password: str | None = None
    last_sign_in_at: datetime | None = None


class Scope(StrEnum):
    """How far a session reaches: everything, or adding the required phone and nothing else."""

    FULL = "full"
    ENROLL = "enroll"


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser; the cookie is kept only as a keyed hash."""

    id: SessionId
    tenant_id: TenantId
    user_id: UserId
    token_mac: str
    scope: Scope
    proofs: frozenset[Factor]
    authenticated_at: datetime
    created_at: datetime
    expires_at: datetime
    login_id: LoginId
    ip: str
    browser: str
    os: str
    browser_id: BrowserId | None = None
    ended_at: datetime | None = None

    @property
    def is_held(self) -> bool:
        """Whether it reaches the enrolment of the required phone and nothing else."""
        return self.scope is Scope.ENROLL

    def is_open(self, now: datetime) -> bool:
        """Whether it still signs anybody in."""
        return self.ended_at is None and now < self.expires_at

    def is_fresh(self, strongest: Factor, now: datetime) -> bool:
        """Whether it was proven within ten minutes by the *strongest* factor of the account."""
        return strongest in self.proofs and now < self.authenticated_at + FRESH_SIGN_IN

    def completed_by(self, enrollment_session: SessionId | None, now: datetime) -> "Session":
        """Return what this session is once a phone was bound: full by its own enrolment, else over."""
        if enrollment_session == self.id:
            life = now + SESSION_LIFE
            return replace(self, scope=Scope.FULL, proofs=self.proofs | {Factor.PUSH}, expires_at=life)
        return self if self.scope is Scope.FULL else replace(self, ended_at=now)


@dataclass(frozen=True, slots=True)
class KnownBrowser:
    """A browser in which this very account was approved with a match, or a phone of it enrolled."""

    id: BrowserId
    tenant_id: TenantId
    user_id: UserId
    token_mac: str
    created_at: datetime
    rotated_at: datetime
    expires_at: datetime
    browser: str
    os: str
    previous_mac: str | None = None
    forgotten_at: datetime | None = None

    def is_known(self, now: datetime) -> bool:
        """Whether one tap is enough here."""
        return self.forgotten_at is None and now < self.expires_at

    def is_stale(self, macs: frozenset[str], now: datetime) -> bool:
        """Whether *macs* are of a value before the last rotation, past the grace: the cookie was copied."""
        if self.token_mac in macs:
            return False
        return self.previous_mac not in macs or now >= self.rotated_at + ROTATION_GRACE

    def rotated(self, token_mac: str, now: datetime) -> "KnownBrowser":
        """Return it with a new cookie value and thirty more days."""
        return replace(
            self,
            token_mac=token_mac,
            previous_mac=self.token_mac,
            rotated_at=now,
            expires_at=now + KNOWN_BROWSER_LIFE,
        )


def normal_email(email: str) -> str:
    """Return the form in which addresses are compared: NFKC, trimmed, case folded."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


def is_email(email: str) -> bool:
    """Whether *email* can be an address: something, an @, a host, and no white space."""
    return len(email) <= EMAIL_MAX and _EMAIL.fullmatch(email.strip()) is not None and is_readable(email)
