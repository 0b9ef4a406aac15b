"""Headers on every answer: what a page may load, who may frame it, and nothing told to other sites."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.domain.address import PublicUrl

HSTS = "max-age=63072000"
PERMISSIONS = "camera=(), geolocation=(), microphone=()"
# The one page that scans a code.
AUTHENTICATOR_PERMISSIONS = "camera=(self), geolocation=(), microphone=()"


def content_security_policy(public_url: PublicUrl, forms_lead_to: str = "") -> str:
    """Return the policy of a page: everything from this host, nothing inline, framed by nobody.

    Args:
        forms_lead_to: another origin where a form of this page may end by a redirect: browsers check it.
    """
    forms = f"'self' {forms_lead_to}".strip()
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"manifest-src 'self'; worker-src 'self'; connect-src 'self' {public_url.socket('')}; "
        f"form-action {forms}; base-uri 'none'; frame-ancestors 'none'"
    )


class SecurityHeaders:
    """An ASGI wrapper that adds them."""

    def __init__(self, app: ASGIApp, public_url: PublicUrl) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": content_security_policy(public_url),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Permissions-Policy": PERMISSIONS,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            **({"Strict-Transport-Security": HSTS} if public_url.is_secure else {}),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, with the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)
