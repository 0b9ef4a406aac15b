"""The signed-in person's calls: phones and activation codes."""

import io
from typing import Any

import segno
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.domain.challenge import Challenge
from hub.domain.ids import DeviceId, EnrollmentId
from hub.domain.secret import Secret
from hub.flows.activate import Activation
from hub.flows.base import by_user
from hub.flows.devices import Listed
from hub.flows.sessions import SignedIn
from hub.protocol import wire_time
from hub.routes.cookies import jar
from hub.routes.http import Body, Nothing, demand_own_origin, origin_of, read_body, services
from hub.routes.session import demand_full_session, demand_session

NO_STORE = {"Cache-Control": "no-store"}


class Name(Body):
    """The body of a renaming."""

    name: str = Field(max_length=256)


async def devices(request: Request) -> Response:
    """``GET /api/v1/account/devices``."""
    signed_in = await demand_full_session(request)
    listed = await services(request).devices.listed(signed_in.user.id)
    return JSONResponse([device_facts(each) for each in listed], headers=NO_STORE)


async def rename(request: Request) -> Response:
    """``PATCH /api/v1/account/devices/{id}``."""
    demand_own_origin(request)
    signed_in = await demand_full_session(request)
    body = await read_body(request, Name)
    renamed = await rename_device(request, signed_in, _device_id(request), body.name)
    return JSONResponse(device_facts(renamed), headers=NO_STORE)


async def remove(request: Request) -> Response:
    """``DELETE /api/v1/account/devices/{id}``."""
    demand_own_origin(request)
    signed_in = await demand_full_session(request)
    await remove_device(request, signed_in, _device_id(request))
    return Response(status_code=204)


async def test(request: Request) -> Response:
    """``POST /api/v1/account/devices/{id}/test``."""
    demand_own_origin(request)
    signed_in = await demand_full_session(request)
    await read_body(request, Nothing)
    sent = await send_test(request, signed_in, _device_id(request))
    return JSONResponse({"id": sent.id}, status_code=202, headers=NO_STORE)


async def create_enrollment(request: Request) -> Response:
    """``POST /api/v1/account/enrollments``."""
    demand_own_origin(request)
    signed_in = await demand_session(request)
    await read_body(request, Nothing)
    activation = await services(request).activate.create_on_screen(signed_in.session)
    return JSONResponse(enrollment_facts(request, activation), status_code=201, headers=NO_STORE)


async def enrollment(request: Request) -> Response:
    """``GET /api/v1/account/enrollments/{id}``."""
    signed_in = await demand_session(request)
    hub, enrollment_id = services(request), _enrollment_id(request)
    status = await hub.activate.status(signed_in.session, enrollment_id)
    response = JSONResponse({"status": status}, headers=NO_STORE)
    known = await hub.activate.know_browser(signed_in.session, enrollment_id)
    if known is not None:
        put_known(request, response, signed_in, known)
    return response


async def cancel_enrollment(request: Request) -> Response:
    """``DELETE /api/v1/account/enrollments/{id}``."""
    demand_own_origin(request)
    signed_in = await demand_session(request)
    await services(request).activate.cancel(signed_in.session, _enrollment_id(request))
    return Response(status_code=204)


async def send_test(request: Request, signed_in: SignedIn, device_id: DeviceId) -> Challenge:
    """Send a test request to a phone of the person who is signed in, as from this browser."""
    return await services(request).try_out.send(
        signed_in.tenant,
        signed_in.user,
        device_id,
        origin=origin_of(request),
        actor=by_user(signed_in.user.id),
    )


async def rename_device(request: Request, signed_in: SignedIn, device_id: DeviceId, name: str) -> Listed:
    """Rename a phone of the person who is signed in."""
    tenant_id, user_id = signed_in.tenant.id, signed_in.user.id
    actor = by_user(user_id)
    return await services(request).devices.rename(tenant_id, user_id, device_id, name, actor=actor)


async def remove_device(request: Request, signed_in: SignedIn, device_id: DeviceId) -> None:
    """Remove a phone of the person who is signed in."""
    await services(request).devices.remove(
        signed_in.tenant.id,
        signed_in.user.id,
        device_id,
        actor=by_user(signed_in.user.id),
        session=signed_in.session,
    )


def put_known(request: Request, response: Response, signed_in: SignedIn, value: Secret) -> None:
    """Make the browser a known one of the signed-in account."""
    account = services(request).sign_in.account_key(signed_in.tenant.slug, signed_in.user.email)
    jar(request).put_known(response, account, value)


def device_facts(listed: Listed) -> dict[str, Any]:
    """Return a device as its owner is told of it."""
    device = listed.device
    return {
        "id": device.id,
        "name": device.name,
        "platform": device.platform,
        "enrolled_at": wire_time(device.enrolled_at),
        "last_used_at": wire_time(device.last_used_at) if device.last_used_at else None,
        "online": listed.online,
        "uv": list(device.verifies_by),
    }


def enrollment_facts(request: Request, activation: Activation) -> dict[str, Any]:
    """Return a fresh activation code in every form that it is shown in."""
    uri = services(request).public_url.activation(activation.code.reveal())
    return {
        "id": activation.enrollment.id,
        "activation_code": activation.code.reveal(),
        "uri": uri,
        "qr_svg": qr_svg(uri),
        "expires_at": wire_time(activation.enrollment.expires_at),
    }


def qr_svg(text: str) -> str:
    """Return an inline SVG of the QR code; the page's stylesheet gives it size and colour."""
    out = io.BytesIO()
    segno.make(text, error="m").save(
        out, kind="svg", border=0, xmldecl=False, svgclass="qr", lineclass=None, omitsize=True, nl=False
    )
    return out.getvalue().decode()


def _device_id(request: Request) -> DeviceId:
    return DeviceId(request.path_params["device_id"])


def _enrollment_id(request: Request) -> EnrollmentId:
    return EnrollmentId(request.path_params["enrollment_id"])


ROUTES = [
    Route("/api/v1/account/devices", devices, methods=["GET"]),
    Route("/api/v1/account/devices/{device_id}", rename, methods=["PATCH"]),
    Route("/api/v1/account/devices/{device_id}", remove, methods=["DELETE"]),
    Route("/api/v1/account/devices/{device_id}/test", test, methods=["POST"]),
    Route("/api/v1/account/enrollments", create_enrollment, methods=["POST"]),
    Route("/api/v1/account/enrollments/{enrollment_id}", enrollment, methods=["GET"]),
    Route("/api/v1/account/enrollments/{enrollment_id}", cancel_enrollment, methods=["DELETE"]),
]
