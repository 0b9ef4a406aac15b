"""The cookies: their names, and how they are set.

Over TLS each is ``__Host-`` and Secure; only where the public URL is http on a loopback address the names are
plain. All are HttpOnly and SameSite=Lax.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from hub.domain.account import KNOWN_BROWSER_LIFE
from hub.domain.address import PublicUrl
from hub.domain.secret import Secret

PREFIX = "lumo-"
SECURE_PREFIX = "__Host-lumo-"


@dataclass(frozen=True, slots=True)
class Jar:
    """The hub's cookies at one public address."""

    public_url: PublicUrl

    def login(self, slug: str) -> str:
        """The browser's name at one tenant while it signs in."""
        return self._name(f"login-{slug}")

    def known(self, account: str) -> str:
        """A known browser's; one for each account, named by the account's keyed hash."""
        return self._name(f"known-{account[:16]}")

    @property
    def session(self) -> str:
        """The signed-in browser's."""
        return self._name("session")

    @property
    def csrf(self) -> str:
        """What the forms' tokens are derived from."""
        return self._name("csrf")

    @property
    def tenant(self) -> str:
        """The slug of the tenant last used: where a signed-out person is led to sign in."""
        return self._name("tenant")

    def put(self, response: Response, name: str, value: Secret, max_age_s: int | None = None) -> None:
        """Set a cookie, for the browser's session where no age is given."""
        response.set_cookie(
            name,
            value.reveal(),
            max_age=max_age_s,
            path="/",
            secure=self.public_url.is_secure,
            httponly=True,
            samesite="lax",
        )

    def put_known(self, response: Response, account: str, value: Secret) -> None:
        """Set a known browser's cookie for its thirty days."""
        self.put(response, self.known(account), value, int(KNOWN_BROWSER_LIFE.total_seconds()))

    def drop(self, response: Response, name: str) -> None:
        """Take a cookie away."""
        response.delete_cookie(
            name, path="/", secure=self.public_url.is_secure, httponly=True, samesite="lax"
        )

    def _name(self, what: str) -> str:
        return f"{SECURE_PREFIX if self.public_url.is_secure else PREFIX}{what}"


def any_of_ours(cookies: Mapping[str, str]) -> bool:
    """Whether a request carries a cookie of the hub."""
    return any(name.startswith((PREFIX, SECURE_PREFIX)) for name in cookies)


def jar(request: Request) -> Jar:
    """Return the process's cookies."""
    return Jar(request.app.state.services.public_url)
