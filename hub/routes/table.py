"""Every route of the hub: the index of what can be asked over HTTP."""

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router

from hub.domain.errors import HubError
from hub.routes import (
    account,
    account_pages,
    admin,
    authenticator,
    device,
    enroll,
    errors,
    health,
    login,
    login_pages,
    pages,
)

log = structlog.get_logger()

TENANT = "/t/{slug}"


def _router(routes: list[Route]) -> Router:
    # With a slash too many a path is none of ours: the redirect would go to whatever host the request names.
    return Router(routes, redirect_slashes=False)


ROUTES = [
    *health.ROUTES,
    *enroll.ROUTES,
    *device.ROUTES,
    *account.ROUTES,
    *account_pages.ROUTES,
    *authenticator.ROUTES,
    Mount(f"{TENANT}/api/v1/admin", app=_router(admin.ROUTES)),
    Mount(f"{TENANT}/api/v1", app=_router(login.ROUTES)),
    Mount(TENANT, app=_router(login_pages.ROUTES)),
    Mount("/static", app=pages.Static(), name="static"),
]


def starlette() -> Starlette:
    """Return the HTTP side as an ASGI application; ``app.state.services`` is set before it serves."""
    app = Starlette(
        routes=ROUTES,
        exception_handlers={
            HubError: _on_hub_error,
            HTTPException: _on_http_error,
            Exception: _on_fault,
        },
    )
    app.router.redirect_slashes = False
    return app


def is_api(request: Request) -> bool:
    """Whether a machine asks, to be answered in JSON."""
    path = request.url.path
    return "/api/v1/" in path or path.startswith("/.well-known/") or path in ("/healthz", "/readyz")


async def _on_hub_error(request: Request, error: Exception) -> Response:
    if is_api(request):
        return await errors.on_hub_error(request, error)
    return await pages.on_hub_error(request, error)


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # the router hands nothing else in
    status = error.status_code
    response = errors.plain_problem(status) if is_api(request) else pages.error_page(request, status)
    # "Allow" where the method is wrong (RFC 9110 section 15.5.6).
    response.headers.update(error.headers or {})
    return response


async def _on_fault(request: Request, _: Exception) -> Response:
    # The server logs the traceback; here goes what was asked, without query or body.
    log.error("request.failed", method=request.method, path=request.url.path)
    return errors.fault() if is_api(request) else pages.error_page(request, 500)
