"""Every route of the hub: the index of what can be asked over HTTP."""

from http import HTTPStatus

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount

from hub.domain.errors import HubError
from hub.routes import account, account_pages, admin, enroll, errors, health, login, login_pages, pages

log = structlog.get_logger()

TENANT = "/t/{slug}"

ROUTES = [
    *health.ROUTES,
    *enroll.ROUTES,
    *account.ROUTES,
    *account_pages.ROUTES,
    Mount(f"{TENANT}/api/v1/admin", routes=admin.ROUTES),
    Mount(f"{TENANT}/api/v1", routes=login.ROUTES),
    Mount(TENANT, routes=login_pages.ROUTES),
    Mount("/static", app=pages.Static(), name="static"),
]


def starlette() -> Starlette:
    """Return the HTTP side as an ASGI application; ``app.state.services`` is set before it serves."""
    return Starlette(
        routes=ROUTES,
        exception_handlers={
            HubError: _on_hub_error,
            HTTPException: _on_http_error,
            Exception: _on_fault,
        },
    )


def is_api(request: Request) -> bool:
    """Whether a machine asks, to be answered in JSON."""
    path = request.url.path
    return "/api/v1/" in path or path.startswith("/.well-known/") or path in ("/healthz", "/readyz")


async def _on_hub_error(request: Request, error: Exception) -> Response:
    if is_api(request):
        return await errors.on_hub_error(request, error)
    return await pages.on_hub_error(request, error)


async def _on_http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    return errors.plain_problem(status) if is_api(request) else pages.error_page(request, status)


async def _on_fault(request: Request, _: Exception) -> Response:
    # The server logs the traceback; here goes what was asked, without query or body.
    log.error("request.failed", method=request.method, path=request.url.path)
    return errors.fault() if is_api(request) else pages.error_page(request, 500)
