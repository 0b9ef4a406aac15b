"""The login calls: JSON for pages, apps and clients of any kind."""

import asyncio
from typing import Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.domain.account import EMAIL_MAX
from hub.domain.errors import FieldError, HubError, Invalid
from hub.domain.ids import LoginId
from hub.domain.login import Step
from hub.domain.secret import Secret
from hub.domain.words import is_readable
from hub.flows.base import login_topic
from hub.flows.begin import Begun
from hub.flows.complete import Completed
from hub.flows.watch import View
from hub.routes.cookies import jar
from hub.routes.errors import problem
from hub.routes.http import Body, Nothing, demand_own_origin, origin_of, per_ip, read_body, services
from hub.routes.waiting import LONGEST_WAIT_S, asked_wait_s, rung
from hub.views import login_answer, look_again_within_s, state

NO_STORE = {"Cache-Control": "no-store"}


class Start(Body):
    """The body of ``POST /login``."""

    email: str = Field(max_length=EMAIL_MAX * 2)
    password: str | None = Field(default=None, max_length=1024)
    app: str | None = Field(default=None, min_length=1, max_length=80)
    return_to: str | None = Field(default=None, max_length=2048)


class Password(Body):
    """The body of ``POST /login/{id}/password``."""

    password: str = Field(max_length=1024)


async def start(request: Request) -> Response:
    """``POST /login``: begin, or return to what this browser has open for this address."""
    demand_own_origin(request)
    body = await read_body(request, Start)
    begun = await begin(request, body)
    view = begun.view
    try:
        if body.password is not None and view.login.step is Step.PASSWORD:
            view = await prove_password(request, view.login.id, login_cookie(request, begun), body.password)
        response: Response = JSONResponse(answer(request, view), headers=NO_STORE)
    except HubError as error:
        response = problem(error)
    put_login_cookie(request, response, begun)
    return response


async def show(request: Request) -> Response:
    """``GET /login/{id}``: how it stands; with ``wait`` once something has changed."""
    wait_s = asked_wait_s(request)
    view = await _look(request)
    view.login.demand(*Step)
    if wait_s:
        with services(request).long_polls.take(per_ip(request)):
            view = await _changed(request, view, wait_s)
            view.login.demand(*Step)
    return JSONResponse(answer(request, view), headers=NO_STORE)


async def password(request: Request) -> Response:
    """``POST /login/{id}/password``."""
    demand_own_origin(request)
    body = await read_body(request, Password)
    view = await prove_password(request, _login_id(request), _cookie(request), body.password)
    return JSONResponse(answer(request, view), headers=NO_STORE)


async def push(request: Request) -> Response:
    """``POST /login/{id}/push``: a fresh push."""
    demand_own_origin(request)
    await read_body(request, Nothing)
    slug, login_id = request.path_params["slug"], _login_id(request)
    view = await services(request).sign_in.push(slug, login_id, _cookie(request))
    return JSONResponse(answer(request, view), headers=NO_STORE)


async def cancel(request: Request) -> Response:
    """``POST /login/{id}/cancel``."""
    demand_own_origin(request)
    await read_body(request, Nothing)
    slug, login_id = request.path_params["slug"], _login_id(request)
    view = await services(request).sign_in.cancel(slug, login_id, _cookie(request))
    return JSONResponse(answer(request, view), headers=NO_STORE)


async def complete(request: Request) -> Response:
    """``POST /login/{id}/complete``: the session, once, for the browser that began."""
    demand_own_origin(request)
    await read_body(request, Nothing)
    completed = await finish(request)
    step = "enroll" if completed.session.is_held else "done"
    response = JSONResponse({"step": step, "redirect": destination(completed)}, headers=NO_STORE)
    put_session_cookies(request, response, completed)
    return response


# Shared with the pages ----------------------------------------------------------------------------------


async def begin(request: Request, body: Start) -> Begun:
    """Begin a sign-in for this request's browser."""
    hub, slug = services(request), request.path_params["slug"]
    if body.app is not None and not is_readable(body.app):
        raise Invalid(errors=[FieldError("app", "1 to 80 characters that can be read.")])
    account = hub.sign_in.account_key(slug, body.email)
    return await hub.begin.begin(
        slug,
        body.email,
        app=body.app,
        return_to=body.return_to,
        origin=origin_of(request),
        per_ip=per_ip(request),
        login_cookie=_cookie(request),
        known_cookie=request.cookies.get(jar(request).known(account)),
    )


async def prove_password(request: Request, login_id: LoginId, cookie: str | None, text: str) -> View:
    """Try a password; raises WrongCredentials and what else the flow raises."""
    slug, secret = request.path_params["slug"], Secret(text)
    return await services(request).sign_in.password(slug, login_id, cookie, secret, per_ip(request))


async def finish(request: Request) -> Completed:
    """Complete the sign-in of this request's browser."""
    session_cookie = request.cookies.get(jar(request).session)
    return await services(request).complete.complete(
        request.path_params["slug"], _login_id(request), _cookie(request), session_cookie
    )


def destination(completed: Completed) -> str:
    """Return where the browser goes now."""
    if completed.session.is_held:
        return "/account/enroll"
    return completed.return_to or "/account/security"


def answer(request: Request, view: View) -> dict[str, Any]:
    """Return the answer of a login call, with where to watch while it is not over."""
    hub = services(request)
    if view.login.is_over:
        return login_answer(view, None)
    socket = {"url": hub.public_url.socket("/ws/login"), "ticket": hub.watch.ticket(view.login)}
    return login_answer(view, socket)


def login_cookie(request: Request, begun: Begun) -> str | None:
    """Return the value of the login cookie as the browser has it from now on."""
    return begun.cookie.reveal() if begun.cookie else _cookie(request)


def put_login_cookie(request: Request, response: Response, begun: Begun) -> None:
    """Set the login cookie if the browser has none yet."""
    if begun.cookie is not None:
        jar(request).put(response, jar(request).login(begun.tenant.slug), begun.cookie)


def put_session_cookies(request: Request, response: Response, completed: Completed) -> None:
    """Set what makes this browser a signed-in and, if it is one, a known one."""
    cookies = jar(request)
    cookies.put(response, cookies.session, completed.token)
    cookies.put(response, cookies.tenant, Secret(request.path_params["slug"]), 365 * 24 * 3600)
    if completed.known is not None:
        cookies.put_known(response, completed.account, completed.known)


# Waiting ------------------------------------------------------------------------------------------------


async def _changed(request: Request, first: View, wait_s: int) -> View:
    """Return the login as soon as it differs from what the client knows, or after *wait_s*."""
    hub = services(request)
    known = request.query_params.get("since") or state(first).version
    bell = asyncio.Event()
    until = asyncio.get_running_loop().time() + wait_s
    async with hub.bus.listen(login_topic(first.login.id), ring=bell.set):
        with hub.draining.tells(bell.set):
            while True:
                view = await _look(request)
                left = until - asyncio.get_running_loop().time()
                if state(view).version != known or left <= 0 or hub.draining.begun:
                    return view
                await rung(bell, min(left, look_again_within_s(hub, view, LONGEST_WAIT_S)))


async def _look(request: Request) -> View:
    slug, login_id = request.path_params["slug"], _login_id(request)
    return await services(request).watch.look_with_cookie(slug, login_id, _cookie(request))


def _login_id(request: Request) -> LoginId:
    return LoginId(request.path_params["login_id"])


def _cookie(request: Request) -> str | None:
    return request.cookies.get(jar(request).login(request.path_params["slug"]))


ROUTES = [
    Route("/login", start, methods=["POST"]),
    Route("/login/{login_id}", show, methods=["GET"]),
    Route("/login/{login_id}/password", password, methods=["POST"]),
    Route("/login/{login_id}/push", push, methods=["POST"]),
    Route("/login/{login_id}/cancel", cancel, methods=["POST"]),
    Route("/login/{login_id}/complete", complete, methods=["POST"]),
]
