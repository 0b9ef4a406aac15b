"""Who is signed in on a request, and the forms' tokens."""

import hmac

from starlette.requests import Request
from starlette.responses import Response

from hub.domain.errors import BadOrigin, EnrollmentRequired, NotFound, NotSignedIn
from hub.domain.secret import Secret
from hub.flows.administer import Admin, administered_by
from hub.flows.sessions import SignedIn
from hub.routes.cookies import jar
from hub.routes.http import services

CSRF_FIELD = "csrf"


async def current(request: Request) -> SignedIn | None:
    """Return who is signed in, or None."""
    cookie = request.cookies.get(jar(request).session)
    return await services(request).sessions.current(cookie) if cookie else None


async def demand_session(request: Request) -> SignedIn:
    """Return who is signed in, also where the session is held for enrolment; raises NotSignedIn."""
    signed_in = await current(request)
    if signed_in is None:
        raise NotSignedIn
    return signed_in


async def demand_full_session(request: Request) -> SignedIn:
    """Return who is signed in; raises NotSignedIn, EnrollmentRequired."""
    signed_in = await demand_session(request)
    if signed_in.session.is_held:
        raise EnrollmentRequired
    return signed_in


async def demand_admin(request: Request) -> tuple[SignedIn, Admin]:
    """Return the tenant's admin who is signed in.

    Raises:
        NotSignedIn, EnrollmentRequired, Forbidden.
        NotFound: the session is of another tenant.
    """
    signed_in = await demand_full_session(request)
    if signed_in.tenant.slug != request.path_params["slug"]:
        raise NotFound
    return signed_in, administered_by(signed_in.user, signed_in.session)


class Csrf:
    """The token of this browser's forms: a keyed hash of a cookie that only the hub can set."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._name = jar(request).csrf
        self._had = request.cookies.get(self._name)
        self._value = self._had or services(request).sign_in.new_token()

    @property
    def token(self) -> str:
        """What the hidden field carries."""
        return services(self._request).vault.mac("csrf", self._value)

    def keep(self, response: Response) -> None:
        """Set the cookie if the browser has none."""
        if self._had is None:
            jar(self._request).put(response, self._name, Secret(self._value))

    def demand(self, sent: str | None) -> None:
        """Let a form through that came from a page of ours; raises BadOrigin.

        ``Origin`` is "null" on our own forms (our pages send no referrer), so it only rules others out.
        """
        origin = self._request.headers.get("origin", "null")
        if origin not in ("null", services(self._request).public_url.origin) or self._had is None:
            raise BadOrigin
        known = services(self._request).vault.macs("csrf", self._had)
        if not any(hmac.compare_digest(mac.encode(), (sent or "").encode()) for mac in known):
            raise BadOrigin
