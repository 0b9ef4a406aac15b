"""Pages: templates, static files, and errors that a person reads."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

import hub
from hub.domain import errors
from hub.domain.tenant import Tenant
from hub.protocol import wire_time
from hub.routes.cookies import jar
from hub.routes.errors import STATUS
from hub.routes.http import read_bytes, services
from hub.routes.session import CSRF_FIELD, Csrf

_PACKAGE = Path(hub.__file__).parent
WEB = _PACKAGE / "web" if (_PACKAGE / "web").is_dir() else _PACKAGE.parent / "web"
SERVED = ("shared", "login", "account", "authenticator")


@lru_cache(maxsize=256)
def static(name: str) -> str:
    """Return the address of a static file, which changes with its content; raises FileNotFoundError."""
    digest = hashlib.sha256((WEB / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(WEB / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.globals["static"] = static


class Static(StaticFiles):
    """Stylesheets, scripts and pictures; an address with a version never changes."""

    def __init__(self) -> None:
        super().__init__(directory=WEB)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve *path*, of the folders that are for browsers."""
        if path.split("/", 1)[0] not in SERVED:
            return Response(status_code=404)
        response = await super().get_response(path, scope)
        versioned = b"v=" in scope["query_string"]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if versioned else "no-cache"
        return response


def page(
    request: Request, template: str, code: int = 200, *, tenant: Tenant | None = None, **context: Any
) -> Response:
    """Render a page; nobody keeps a copy."""
    csrf = Csrf(request)
    text = TEMPLATES.get_template(template).render(
        tenant={"slug": tenant.slug, "name": tenant.name} if tenant else None,
        host=services(request).public_url.host,
        csrf=csrf.token,
        server_time=wire_time(services(request).clock.now()),
        **context,
    )
    response = HTMLResponse(text, code, {"Cache-Control": "no-store"})
    csrf.keep(response)
    return response


def see(address: str) -> Response:
    """Lead a browser on after a form (303: by GET)."""
    return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})


async def form(request: Request) -> dict[str, str]:
    """Return a form's fields, each once, after its token was checked; raises BadOrigin, TooLarge, Invalid."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise errors.UnsupportedMediaType
    raw = await read_bytes(request)
    fields = dict(_parse_form(raw))
    Csrf(request).demand(fields.get(CSRF_FIELD))
    return fields


def _parse_form(raw: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise errors.Invalid(errors=[errors.FieldError("", "The form cannot be read.")]) from None


KINDS = {404: "lost", 409: "over", 410: "over", 503: "starting"}
TITLES = {
    "lost": ("There is no such page", "The link may be old, or a letter is missing."),
    "over": (
        "This sign-in is over",
        "It was finished, cancelled, or began in another browser. Start again from where you wanted to go.",
    ),
    "starting": ("One moment, we are starting again", "A request that waits on your phone stays open."),
    "fault": ("Something went wrong here", "It is our fault, not yours. You were not signed in."),
}


def error_page(request: Request, status: int, detail: str | None = None) -> Response:
    """Render what went wrong for a person: what happened, then one way on."""
    kind = KINDS.get(status, "fault" if status >= 500 else "lost")
    title, words = TITLES[kind]
    if detail is not None and kind == "lost" and status != 404:
        title, words = "That did not work", detail
    slug = request.path_params.get("slug") or request.cookies.get(jar(request).tenant)
    response = page(
        request,
        "error.html",
        status,
        status=status,
        kind=kind,
        title=title,
        detail=words,
        home=f"/t/{slug}/login" if slug else None,
        incident=None,
    )
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response


async def on_hub_error(request: Request, error: Exception) -> Response:
    """Answer a page's call that was refused."""
    assert isinstance(error, errors.HubError)  # noqa: S101  # the router hands nothing else in
    if isinstance(error, errors.NotSignedIn):
        slug = request.cookies.get(jar(request).tenant)
        return see(f"/t/{slug}/login" if slug else "/")
    if isinstance(error, errors.EnrollmentRequired):
        return see("/account/enroll")
    response = error_page(request, STATUS[type(error)], str(error))
    if isinstance(error, errors.RateLimited | errors.TooSoon):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response
