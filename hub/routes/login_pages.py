"""The login page: email, waiting, and every way it can end. Plain forms do all that the script does."""

import json
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.domain import errors
from hub.domain.account import EMAIL_MAX
from hub.domain.ids import LoginId
from hub.domain.login import Login
from hub.domain.tenant import Tenant
from hub.flows.watch import View
from hub.routes import login
from hub.routes.cookies import jar
from hub.routes.headers import content_security_policy
from hub.routes.http import services, shaped
from hub.routes.pages import error_page, form, page, see


async def email(request: Request) -> Response:
    """``GET /t/{slug}/login``."""
    tenant = await _tenant(request)
    query = request.query_params
    return _email_page(
        request,
        tenant,
        email=query.get("email", "")[:EMAIL_MAX],
        app=query.get("app", "")[:80] or None,
        return_to=query.get("return_to", "")[:2048] or None,
    )


async def begin(request: Request) -> Response:
    """``POST /t/{slug}/login``."""
    tenant = await _tenant(request)
    fields = await form(request)
    said = {name: fields[name] for name in ("app", "return_to") if fields.get(name)}
    try:
        start = shaped(login.Start, json.dumps({"email": fields.get("email", ""), **said}))
        begun = await login.begin(request, start)
    except errors.Invalid as invalid:
        words = "; ".join(each.detail for each in invalid.errors)
    except errors.RateLimited as limited:
        words = f"There were too many sign-ins from here. Try again in {limited.retry_after_s} s."
    else:
        response = see(f"/t/{tenant.slug}/login/{begun.view.login.id}")
        login.put_login_cookie(request, response, begun)
        return response
    return _email_page(
        request,
        tenant,
        email=fields.get("email", "")[:EMAIL_MAX],
        app=said.get("app", "")[:80] or None,
        return_to=said.get("return_to", "")[:2048] or None,
        error=words,
    )


async def state(request: Request) -> Response:
    """``GET /t/{slug}/login/{id}``: how it stands, whatever that is."""
    hub, slug = services(request), request.path_params["slug"]
    view = await hub.watch.look_with_cookie(slug, _login_id(request), _cookie(request))
    return await _state_page(request, view)


async def password(request: Request) -> Response:
    """``POST /t/{slug}/login/{id}/password``."""
    fields = await form(request)
    try:
        await login.prove_password(request, _login_id(request), _cookie(request), fields.get("password", ""))
    except errors.WrongCredentials:
        return await _again(request, "The email or the password is not right. Check both and try again.")
    except errors.RateLimited as limited:
        return await _again(request, f"There were too many tries. Try again in {limited.retry_after_s} s.")
    except errors.WrongStep:
        pass
    return see(_here(request))


async def push(request: Request) -> Response:
    """``POST /t/{slug}/login/{id}/push``; where it is too soon, the page says when."""
    await form(request)
    try:
        slug = request.path_params["slug"]
        await services(request).sign_in.push(slug, _login_id(request), _cookie(request))
    except (errors.TooSoon, errors.WrongStep):
        pass
    return see(_here(request))


async def cancel(request: Request) -> Response:
    """``POST /t/{slug}/login/{id}/cancel``."""
    await form(request)
    try:
        slug = request.path_params["slug"]
        await services(request).sign_in.cancel(slug, _login_id(request), _cookie(request))
    except errors.WrongStep:
        pass
    return see(_here(request))


async def complete(request: Request) -> Response:
    """``POST /t/{slug}/login/{id}/complete``: on to where the person wanted to go."""
    await form(request)
    try:
        completed = await login.finish(request)
    except (errors.WrongStep, errors.LoginExpired):
        return error_page(request, 410)
    response = see(login.destination(completed))
    login.put_session_cookies(request, response, completed)
    return response


async def _again(request: Request, words: str) -> Response:
    hub, slug = services(request), request.path_params["slug"]
    view = await hub.watch.look_with_cookie(slug, _login_id(request), _cookie(request))
    return await _state_page(request, view, error=words)


async def _state_page(request: Request, view: View, error: str | None = None) -> Response:
    tenant = await _tenant(request)
    shown = view.login
    response = page(
        request,
        "login/state.html",
        tenant=tenant,
        app=shown.app if shown.app != tenant.name else None,
        email=shown.email,
        start=_start_again(tenant, shown),
        outcome=shown.outcome,
        login=login.answer(request, view),
        origin={
            "location": shown.origin.location,
            "browser": shown.origin.browser,
            "os": shown.origin.os,
        },
        known_browser=shown.known_browser is not None,
        challenge_ttl_s=tenant.authentication.challenge_ttl_s,
        error=error,
    )
    if shown.return_to is not None and not shown.return_to.startswith("/"):
        parts = urlsplit(shown.return_to)
        policy = content_security_policy(services(request).public_url, f"{parts.scheme}://{parts.netloc}")
        response.headers["Content-Security-Policy"] = policy
    return response


def _start_again(tenant: Tenant, shown: Login) -> str:
    """Return the address of the first page with what it was opened with."""
    given = {"app": shown.app if shown.app != tenant.name else None, "return_to": shown.return_to}
    query = urlencode({name: value for name, value in given.items() if value is not None})
    return f"/t/{tenant.slug}/login{'?' if query else ''}{query}"


def _email_page(
    request: Request,
    tenant: Tenant,
    *,
    email: str,
    app: str | None,
    return_to: str | None,
    error: str | None = None,
) -> Response:
    return page(
        request,
        "login/email.html",
        422 if error else 200,
        tenant=tenant,
        app=app,
        email=email,
        return_to=return_to,
        push_mode=tenant.authentication.push_mode.value,
        error=error,
    )


async def _tenant(request: Request) -> Tenant:
    return await services(request).administer.tenant(request.path_params["slug"])


def _here(request: Request) -> str:
    return f"/t/{request.path_params['slug']}/login/{_login_id(request)}"


def _login_id(request: Request) -> LoginId:
    return LoginId(request.path_params["login_id"])


def _cookie(request: Request) -> str | None:
    return request.cookies.get(jar(request).login(request.path_params["slug"]))


ROUTES = [
    Route("/login", email, methods=["GET"]),
    Route("/login", begin, methods=["POST"]),
    Route("/login/{login_id}", state, methods=["GET"]),
    Route("/login/{login_id}/password", password, methods=["POST"]),
    Route("/login/{login_id}/push", push, methods=["POST"]),
    Route("/login/{login_id}/cancel", cancel, methods=["POST"]),
    Route("/login/{login_id}/complete", complete, methods=["POST"]),
]
