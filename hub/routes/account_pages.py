"""The signed-in person's pages: the phones, adding one, signing out."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.domain import errors
from hub.domain.challenge import Delivery
from hub.domain.ids import DeviceId, EnrollmentId
from hub.domain.place import in_words
from hub.flows.base import by_user
from hub.flows.sessions import SignedIn
from hub.routes.account import device_facts, enrollment_facts, remove_device, rename_device, send_test
from hub.routes.cookies import jar
from hub.routes.http import services
from hub.routes.pages import error_page, form, page, see
from hub.routes.session import current, demand_full_session, demand_session

HOME = "/account/security"
NOTICES = frozenset(
    {
        "renamed",
        "removed",
        "unlocked",
        "tested",
        "not_reached",
        "rate_limited",
        "enrolled",
        "cancelled",
        "step_up_required",
        "invalid",
        "conflict",
        "not_found",
    }
)


async def front(request: Request) -> Response:
    """``GET /``: to the account, or to the sign-in of the tenant last used, or of the only one."""
    if await current(request) is not None:
        return see(HOME)
    slug = request.cookies.get(jar(request).tenant)
    tenants = await services(request).administer.tenants()
    known = [tenant for tenant in tenants if tenant.slug == slug] or (tenants if len(tenants) == 1 else [])
    return see(f"/t/{known[0].slug}/login") if known else error_page(request, 404)


async def security(request: Request) -> Response:
    """``GET /account/security``."""
    signed_in = await demand_full_session(request)
    notice = request.query_params.get("notice")
    return await _security_page(request, signed_in, notice=notice if notice in NOTICES else None)


async def create_enrollment(request: Request) -> Response:
    """``POST /account/security/enrollments``: the code is shown once, so the answer is the page itself."""
    signed_in = await demand_full_session(request)
    await form(request)
    try:
        activation = await services(request).activate.create_on_screen(signed_in.session)
    except (errors.StepUpRequired, errors.Conflict) as refused:
        return see(f"{HOME}?notice={refused.code}")
    return await _security_page(request, signed_in, enrollment=enrollment_facts(request, activation))


async def cancel_enrollment(request: Request) -> Response:
    """``POST /account/security/enrollments/{id}/cancel``."""
    signed_in = await demand_full_session(request)
    await form(request)
    enrollment_id = EnrollmentId(request.path_params["enrollment_id"])
    return await _done(services(request).activate.cancel(signed_in.session, enrollment_id), "cancelled")


async def rename(request: Request) -> Response:
    """``POST /account/security/devices/{id}/rename``."""
    signed_in = await demand_full_session(request)
    fields = await form(request)
    device_id = DeviceId(request.path_params["device_id"])
    return await _done(rename_device(request, signed_in, device_id, fields.get("name", "")), "renamed")


async def remove(request: Request) -> Response:
    """``POST /account/security/devices/{id}/remove``."""
    signed_in = await demand_full_session(request)
    await form(request)
    device_id = DeviceId(request.path_params["device_id"])
    return await _done(remove_device(request, signed_in, device_id), "removed")


async def test(request: Request) -> Response:
    """``POST /account/security/devices/{id}/test``."""
    signed_in = await demand_full_session(request)
    await form(request)
    device_id = DeviceId(request.path_params["device_id"])
    try:
        sent = await send_test(request, signed_in, device_id)
    except (errors.NotFound, errors.RateLimited) as refused:
        return see(f"{HOME}?notice={refused.code}")
    is_reached = sent.delivery_at(services(request).clock.now()) is not Delivery.UNREACHABLE
    return see(f"{HOME}?notice={'tested' if is_reached else 'not_reached'}&device={device_id}")


async def unlock(request: Request) -> Response:
    """``POST /account/security/devices/{id}/unlock``."""
    signed_in = await demand_full_session(request)
    await form(request)
    unlocking = services(request).devices.unlock(
        signed_in.tenant.id,
        signed_in.user.id,
        DeviceId(request.path_params["device_id"]),
        actor=by_user(signed_in.user.id),
        session=signed_in.session,
    )
    return await _done(unlocking, "unlocked")


async def enroll(request: Request) -> Response:
    """``GET /account/enroll``: the phone that this tenant requires; goes on by itself once it is there."""
    signed_in = await demand_session(request)
    next_page = signed_in.return_to or HOME
    if not signed_in.session.is_held:
        return see(next_page)
    try:
        activation = await services(request).activate.create_anew(signed_in.session)
    except errors.StepUpRequired:
        await services(request).sessions.sign_out(signed_in.session)
        return see(f"/t/{signed_in.tenant.slug}/login")
    return page(
        request,
        "account/enroll.html",
        tenant=signed_in.tenant,
        user=_user_facts(signed_in),
        enrollment=enrollment_facts(request, activation),
        next=next_page,
    )


async def sign_out(request: Request) -> Response:
    """``POST /account/sign-out``."""
    signed_in = await current(request)
    await form(request)
    if signed_in is not None:
        await services(request).sessions.sign_out(signed_in.session)
    response = see("/signed-out")
    jar(request).drop(response, jar(request).session)
    return response


async def signed_out(request: Request) -> Response:
    """``GET /signed-out``."""
    slug = request.cookies.get(jar(request).tenant)
    try:
        tenant = await services(request).administer.tenant(slug) if slug else None
    except errors.NotFound:
        tenant = None
    return page(request, "signed_out.html", tenant=tenant)


async def _done(doing: Any, notice: str) -> Response:
    """Do it, then lead back to the page with what came of it."""
    try:
        await doing
    except (errors.StepUpRequired, errors.Invalid, errors.NotFound) as refused:
        notice = refused.code
    return see(f"{HOME}?notice={notice}")


async def _security_page(
    request: Request,
    signed_in: SignedIn,
    *,
    enrollment: dict[str, Any] | None = None,
    notice: str | None = None,
) -> Response:
    listed = await services(request).devices.listed(signed_in.user.id)
    session = signed_in.session
    asked = request.query_params.get("device")
    return page(
        request,
        "account/security.html",
        tenant=signed_in.tenant,
        user=_user_facts(signed_in),
        devices=[{**device_facts(each), "locked": each.device.is_locked} for each in listed],
        session={
            "browser": session.browser,
            "os": session.os,
            "ip": session.ip,
            "location": in_words(services(request).geo.locate(session.ip)),
        },
        enrollment=enrollment,
        notice=notice,
        # Which one was tested.
        asked=next((each.device.name for each in listed if each.device.id == asked), None),
    )


def _user_facts(signed_in: SignedIn) -> dict[str, Any]:
    return {"email": signed_in.user.email, "name": signed_in.user.name}


ROUTES = [
    Route("/", front, methods=["GET"]),
    Route(HOME, security, methods=["GET"]),
    Route(f"{HOME}/enrollments", create_enrollment, methods=["POST"]),
    Route(f"{HOME}/enrollments/{{enrollment_id}}/cancel", cancel_enrollment, methods=["POST"]),
    Route(f"{HOME}/devices/{{device_id}}/rename", rename, methods=["POST"]),
    Route(f"{HOME}/devices/{{device_id}}/remove", remove, methods=["POST"]),
    Route(f"{HOME}/devices/{{device_id}}/test", test, methods=["POST"]),
    Route(f"{HOME}/devices/{{device_id}}/unlock", unlock, methods=["POST"]),
    Route("/account/enroll", enroll, methods=["GET"]),
    Route("/account/sign-out", sign_out, methods=["POST"]),
    Route("/signed-out", signed_out, methods=["GET"]),
]
