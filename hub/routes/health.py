"""For machines: whether the hub lives, whether it can serve, and the keys that verify its tokens."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.domain.errors import Unavailable
from hub.routes.http import services


async def healthz(_: Request) -> Response:
    """``GET /healthz``: the process answers."""
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


async def readyz(request: Request) -> Response:
    """``GET /readyz``: 503 only without the database or while draining; degraded without the bus."""
    hub = services(request)
    try:
        await hub.store.ping()
        database = "ok"
    except Unavailable:
        database = "unavailable"
    checks = {
        "database": database,
        "bus": "ok" if hub.bus.is_up else "unavailable",
        "process": "draining" if hub.draining.begun else "ok",
    }
    ready = database == "ok" and not hub.draining.begun
    status = "ok" if all(value == "ok" for value in checks.values()) else "degraded"
    return JSONResponse(
        {"status": status if ready else "unavailable", "checks": checks},
        200 if ready else 503,
        headers={"Cache-Control": "no-store"},
    )


async def jwks(request: Request) -> Response:
    """``GET /.well-known/jwks.json``."""
    hub = services(request)
    return JSONResponse(hub.tokens.jwks(hub.clock.now()), headers={"Cache-Control": "public, max-age=60"})


ROUTES = [
    Route("/healthz", healthz, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
    Route("/.well-known/jwks.json", jwks, methods=["GET"]),
]
