"""The authenticator as a browser installs it: its page, worker, manifest, icons and QR decoder."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

import hub
from hub.routes.headers import AUTHENTICATOR_PERMISSIONS
from hub.routes.pages import TEMPLATES, WEB

SCOPE = "/authenticator/"
NO_CACHE = {"Cache-Control": "no-cache"}
# What the app's files import of the other pages' folder is part of it.
FOLDERS = ("authenticator", "shared")
FOR_BROWSERS = {".js", ".css", ".svg"}
PAPER = "#f4f6f5"


async def page(_: Request) -> Response:
    """``GET /authenticator/``: the same for everybody, so that it may be kept for opening offline."""
    headers = {**NO_CACHE, "Permissions-Policy": AUTHENTICATOR_PERMISSIONS}
    return Response(html(), media_type="text/html", headers=headers)


async def without_slash(_: Request) -> Response:
    """``GET /authenticator``: a worker's scope is a folder; browsers keep the fragment with the code."""
    return RedirectResponse(SCOPE, status_code=308)


async def worker(_: Request) -> Response:
    """``GET /authenticator/sw.js``: any changed file changes these bytes, and with them the worker."""
    return Response(worker_script(), media_type="text/javascript", headers=NO_CACHE)


async def manifest(_: Request) -> Response:
    """``GET /authenticator/manifest.webmanifest``."""
    return JSONResponse(MANIFEST, media_type="application/manifest+json", headers=NO_CACHE)


async def icon(request: Request) -> Response:
    """``GET /authenticator/icons/{name}``."""
    return _file(icons().get(request.path_params["name"]))


async def decoder(request: Request) -> Response:
    """``GET /authenticator/decoder/{name}``."""
    return _file(decoder_modules().get(request.path_params["name"]))


def _file(path: Path | None) -> Response:
    return FileResponse(path, headers=NO_CACHE) if path else Response(status_code=404)


def _made(name: str) -> Path:
    """Return where set-up or packaging put *name*: in the installed package, or in the checkout's build/."""
    package = Path(hub.__file__).parent
    return package / name if (package / name).is_dir() else package.parent / "build" / name


@lru_cache(maxsize=1)
def icons() -> dict[str, Path]:
    """Return the pictures by name: our drawing, and what was made of it."""
    drawing = WEB / "authenticator" / "icons" / "icon.svg"
    return {drawing.name: drawing} | {path.name: path for path in sorted(_made("icons").glob("*.png"))}


@lru_cache(maxsize=1)
def decoder_modules() -> dict[str, Path]:
    """Return the QR decoder's modules by name; none where it was not fetched."""
    return {path.name: path for path in sorted(_made("decoder").glob("*.js"))}


@lru_cache(maxsize=1)
def html() -> str:
    """Return the page."""
    decoder_url = f"{SCOPE}decoder/decode.js" if "decode.js" in decoder_modules() else None
    return TEMPLATES.get_template("authenticator.html").render(decoder=decoder_url)


def files() -> dict[str, Path]:
    """Return all files that the app is made of, by address."""
    own = {
        f"/static/{path.relative_to(WEB).as_posix()}": path
        for folder in FOLDERS
        for path in sorted((WEB / folder).rglob("*"))
        if path.suffix in FOR_BROWSERS and "icons" not in path.parts
    }
    pictures = {f"{SCOPE}icons/{name}": path for name, path in icons().items()}
    return own | pictures | {f"{SCOPE}decoder/{name}": path for name, path in decoder_modules().items()}


@lru_cache(maxsize=1)
def shell() -> tuple[str, ...]:
    """Return every address that the app needs to open without a network."""
    return (SCOPE, f"{SCOPE}manifest.webmanifest", *files())


@lru_cache(maxsize=1)
def worker_script() -> str:
    """Return the service worker: the app's own, told what it keeps and of which version."""
    digest = hashlib.sha256()
    contents = [html().encode(), json.dumps(MANIFEST).encode(), *(p.read_bytes() for p in files().values())]
    for address, content in zip(shell(), contents, strict=True):
        digest.update(f"{address}\0{len(content)}\0".encode() + content)
    told = json.dumps({"version": digest.hexdigest()[:16], "shell": shell()}, indent=2)
    return f'import {{ serve }} from "/static/authenticator/worker/worker.js";\n\nserve({told});\n'


def _picture(name: str, size: str, kind: str, purpose: str) -> dict[str, str]:
    return {"src": f"{SCOPE}icons/{name}", "sizes": size, "type": kind, "purpose": purpose}


_ANY = _picture("icon-192.png", "192x192", "image/png", "any")
MANIFEST = {
    "id": SCOPE,
    "name": "LumoAuth Authenticator",
    "short_name": "Authenticator",
    "description": "Says yes or no when you sign in.",
    "lang": "en",
    "dir": "ltr",
    "start_url": SCOPE,
    "scope": SCOPE,
    "display": "standalone",
    "background_color": PAPER,
    "theme_color": PAPER,
    "categories": ["security", "utilities"],
    "icons": [
        _picture("icon.svg", "any", "image/svg+xml", "any"),
        _ANY,
        _picture("icon-512.png", "512x512", "image/png", "any"),
        _picture("maskable-512.png", "512x512", "image/png", "maskable"),
    ],
    "shortcuts": [
        {"name": "Add an account", "short_name": "Add", "url": f"{SCOPE}#add", "icons": [_ANY]},
        {"name": "History", "url": f"{SCOPE}#history", "icons": [_ANY]},
    ],
}

ROUTES = [
    Route("/authenticator", without_slash),
    Route(SCOPE, page),
    Route(f"{SCOPE}sw.js", worker),
    Route(f"{SCOPE}manifest.webmanifest", manifest),
    Route(f"{SCOPE}icons/{{name}}", icon),
    Route(f"{SCOPE}decoder/{{name}}", decoder),
]
