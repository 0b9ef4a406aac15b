"""The phone's calls: whose code this is, and binding a new key by it."""

from typing import Any

from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.domain.secret import Secret
from hub.flows.enroll import NewPhone
from hub.protocol import PIN_LENGTH, PushSubscription, wire_time
from hub.routes.http import Body, demand_own_origin, per_ip, read_body, services

NO_STORE = {"Cache-Control": "no-store"}


class Code(Body):
    """The body of ``preview``."""

    activation_code: str = Field(max_length=64)


class NewDevice(Body):
    """How the person calls the phone, and what it runs."""

    name: str = Field(max_length=256)
    platform: str = Field(max_length=256)


class Binding(Body):
    """The body of ``enroll``."""

    activation_code: str = Field(max_length=64)
    proof: str = Field(max_length=8192)
    device: NewDevice
    pin: str | None = Field(default=None, max_length=64)
    attestation: dict[str, Any] | None = None
    # Not yet a PushSubscription: one that is none does not refuse the rest.
    push_subscription: Any = None


async def preview(request: Request) -> Response:
    """``POST /api/v1/enroll/preview``."""
    demand_own_origin(request)
    body = await read_body(request, Code)
    hub = services(request)
    found = await hub.enroll.preview(body.activation_code, per_ip(request))
    options = hub.enroll.creation_options(found)
    return JSONResponse(
        {
            "tenant": {"slug": found.tenant.slug, "name": found.tenant.name},
            "email": found.user.email,
            "expires_at": wire_time(found.enrollment.expires_at),
            "issuer": hub.public_url.origin,
            "server_time": wire_time(hub.clock.now()),
            "uv": ["pin"] if options is None else ["pin", "webauthn"],
            "pin_length": {"min": PIN_LENGTH[0], "max": PIN_LENGTH[1]},
            **({} if options is None else {"webauthn": options}),
        },
        headers=NO_STORE,
    )


async def enroll(request: Request) -> Response:
    """``POST /api/v1/enroll``."""
    demand_own_origin(request)
    body = await read_body(request, Binding)
    hub = services(request)
    enrolled = await hub.enroll.enroll(
        body.activation_code,
        body.proof,
        NewPhone(
            name=body.device.name,
            platform=body.device.platform,
            pin=Secret(body.pin) if body.pin is not None else None,
            attestation=body.attestation,
            subscription=_subscription(body.push_subscription),
        ),
        per_ip(request),
    )
    return JSONResponse(
        {
            "device_id": enrolled.device.id,
            "user_id": enrolled.user.id,
            "issuer": hub.public_url.origin,
            "socket_url": hub.public_url.socket("/ws/device"),
            "jwks": hub.tokens.jwks(hub.clock.now()),
            "vapid_public_key": hub.pusher.public_key,
            "push_subscribed": enrolled.device.subscription is not None,
            "tenant": {"slug": enrolled.tenant.slug, "name": enrolled.tenant.name},
            "email": enrolled.user.email,
        },
        status_code=201,
        headers=NO_STORE,
    )


def _subscription(given: Any) -> PushSubscription | None:
    try:
        return PushSubscription.model_validate(given)
    except ValidationError:
        return None


ROUTES = [
    Route("/api/v1/enroll/preview", preview, methods=["POST"]),
    Route("/api/v1/enroll", enroll, methods=["POST"]),
]
