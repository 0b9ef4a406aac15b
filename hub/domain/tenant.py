"""A tenant and how its people sign in."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from hub.domain.ids import TenantId

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
CHALLENGE_TTL_S = (30, 600)


class PushMode(StrEnum):
    """Whether the phone stands instead of a password or after it."""

    PASSWORDLESS = "passwordless"
    SECOND_FACTOR = "second_factor"


class MatchPolicy(StrEnum):
    """When the six digits must be typed on the phone."""

    OFF = "off"
    NEW_BROWSER = "new_browser"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class AuthenticationSettings:
    """A tenant's sign-in policy; a change counts from the next sign-in on."""

    require_push: bool = False
    push_mode: PushMode = PushMode.PASSWORDLESS
    match: MatchPolicy = MatchPolicy.NEW_BROWSER
    challenge_ttl_s: int = 120
    allowed_origins: tuple[str, ...] = ()
    return_addresses: tuple[str, ...] = ()

    @property
    def challenge_life(self) -> timedelta:
        """How long a person has to answer."""
        return timedelta(seconds=self.challenge_ttl_s)

    def allows_return_to(self, address: str) -> bool:
        """Whether a finished sign-in may lead to *address*: a path of the hub's own, or a listed one."""
        if address in self.return_addresses:
            return True
        own_path = address.startswith("/") and not address.startswith(("//", "/\\"))
        return own_path and address.isprintable() and "\\" not in address


@dataclass(frozen=True, slots=True)
class Tenant:
    """One organisation."""

    id: TenantId
    slug: str
    name: str
    created_at: datetime
    authentication: AuthenticationSettings = field(default_factory=AuthenticationSettings)
