"""Every page in every state, rendered with made-up contexts: to be looked at, and to be tested.

``python -m tests.browser.gallery FOLDER`` writes a picture of each, narrow and wide, light and dark.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from playwright.async_api import Page, async_playwright

from hub.domain.address import PublicUrl
from hub.routes.account import qr_svg
from hub.routes.headers import content_security_policy
from hub.routes.pages import TEMPLATES, WEB
from tests.browser.chromium import launch

NOW = "2026-11-24T03:00:00Z"
LOGIN_ID = "lgn_01kb1c5r00e7v8q2m3n4p5r6s7"
CSP = content_security_policy(PublicUrl("https://auth.acme.test"))
Context = dict[str, Any]


def _everywhere() -> Context:
    return {
        "tenant": {"slug": "acme", "name": "Acme"},
        "host": "auth.acme.test",
        "csrf": "made-up",
        "server_time": NOW,
    }


def _login(step: str, challenge: Context | None = None, **more: Any) -> Context:
    login: Context = {"login_id": LOGIN_ID, "step": step, "methods": ["push", "password"], "version": "v1"}
    if step in ("push", "password"):
        login["socket"] = {"url": "ws://127.0.0.1:9/ws/login", "ticket": "made-up"}
    if challenge is not None:
        login["challenge"] = challenge
    return login | more


def _challenge(status: str, *, digits: str | None = "407926", **more: Any) -> Context:
    challenge: Context = {
        "id": "chl_01kb1c5r00e7v8q2m3n4p5r6s7",
        "status": status,
        "expires_at": "2026-11-24T03:01:12Z",
        "delivery": "shown",
    }
    if digits and status == "pending":
        challenge["match"] = {"digits": digits}
    return challenge | more


def _state(login: Context, **more: Any) -> tuple[str, Context]:
    return "login/state.html", {
        "app": "Acme Wiki",
        "email": "alice@acme.test",
        "login": login,
        "origin": {"location": "Vienna, Austria (approximate)", "browser": "Firefox", "os": "Windows"},
        "known_browser": False,
        "start": "/t/acme/login?app=Acme+Wiki",
        "outcome": None,
        "error": None,
    } | more


def _device(name: str, **more: Any) -> Context:
    return {
        "id": f"dev_{name.lower().replace(' ', '')}",
        "name": name,
        "platform": "android",
        "enrolled_at": "2026-03-03T09:30:00Z",
        "last_used_at": "2026-11-19T17:48:00Z",
        "online": False,
        "locked": False,
    } | more


def _enrollment() -> Context:
    uri = "https://auth.acme.test/authenticator/#enroll=K7QF-2M9D"
    return {
        "id": "enr_01kb1c5r00e7v8q2m3n4p5r6s7",
        "activation_code": "K7QF-2M9D",
        "uri": uri,
        "qr_svg": qr_svg(uri),
        "expires_at": "2026-11-24T03:09:41Z",
    }


def _security(devices: list[Context], **more: Any) -> tuple[str, Context]:
    return "account/security.html", {
        "user": {"email": "alice@acme.test", "name": "Alice"},
        "devices": devices,
        "session": {
            "browser": "Firefox",
            "os": "Windows",
            "location": "Vienna, Austria (approximate)",
            "ip": "198.51.100.7",
        },
        "enrollment": None,
        "notice": None,
        "asked": None,
    } | more


def _error(kind: str, status: int, title: str, detail: str, **more: Any) -> tuple[str, Context]:
    return "error.html", {
        "kind": kind,
        "status": status,
        "title": title,
        "detail": detail,
        "home": "/t/acme/login",
        "incident": None,
    } | more


_EMAIL: Context = {
    "app": "Acme Wiki",
    "email": "",
    "return_to": "https://wiki.acme.test/",
    "push_mode": "passwordless",
    "error": None,
}
_PHONES = [
    _device("Pixel 9", online=True),
    _device("Work iPhone", last_used_at=None, online=None),
    _device("The old tablet in the kitchen drawer", locked=True),
]
_LATER = "2026-11-24T03:00:12Z"

PAGES: dict[str, tuple[str, Context]] = {
    "email": ("login/email.html", _EMAIL),
    "email-second-factor": ("login/email.html", _EMAIL | {"push_mode": "second_factor", "app": None}),
    "email-refused": (
        "login/email.html",
        _EMAIL | {"email": "alice", "error": "This is not an email address."},
    ),
    "password": _state(_login("password")),
    "password-wrong": _state(_login("password"), error="The email or the password is not right."),
    "push-sending": _state(_login("push", _challenge("pending", delivery="sending"), push_after=_LATER)),
    "push-shown": _state(_login("push", _challenge("pending"), push_after=NOW)),
    "push-unreachable": _state(_login("push", _challenge("pending", delivery="unreachable"), push_after=NOW)),
    "push-late-and-last": _state(_login("push", _challenge("pending", expires_at="2026-11-24T03:00:12Z"))),
    "push-no-place": _state(
        _login("push", _challenge("pending"), push_after=_LATER),
        origin={"location": "Place not known", "browser": "Firefox", "os": "Windows"},
        app=None,
    ),
    "push-one-tap": _state(
        _login("push", _challenge("pending", digits=None), push_after=_LATER), known_browser=True
    ),
    "push-no-match": _state(_login("push", _challenge("pending", digits=None), push_after=_LATER)),
    "push-refused": _state(
        _login("push", _challenge("pending"), push_after=_LATER),
        error="The next request can go out in 12 s.",
    ),
    "expired": _state(_login("push", _challenge("expired"), push_after=NOW)),
    "expired-last": _state(_login("push", _challenge("expired"))),
    "resting": _state(_login("push", push_after="2026-11-24T03:14:20Z")),
    "resting-busy": _state(_login("push", push_after="2026-11-24T03:00:40Z")),
    "resting-over": _state(_login("push")),
    "approved": _state(_login("approved", _challenge("approved"))),
    "done": _state(_login("done", _challenge("approved"))),
    "denied": _state(_login("failed", _challenge("denied"))),
    "wrong-match": _state(_login("failed", _challenge("denied", reason="wrong_match"))),
    "cancelled": _state(_login("failed", _challenge("cancelled"))),
    "over": _state(_login("failed", _challenge("expired"))),
    "security": _security(_PHONES),
    "security-empty": _security([]),
    "security-enrolling": _security(_PHONES, enrollment=_enrollment(), notice="renamed"),
    "security-tested": _security(_PHONES[:2], notice="tested", asked="Pixel 9"),
    "security-not-reached": _security(_PHONES[:1], notice="not_reached", asked="Pixel 9"),
    "security-stale": _security(_PHONES[:1], notice="step_up_required"),
    "enroll": (
        "account/enroll.html",
        {
            "user": {"email": "alice@acme.test", "name": "Alice"},
            "enrollment": _enrollment(),
            "next": "https://wiki.acme.test/",
        },
    ),
    "signed-out": ("signed_out.html", {}),
    "error-lost": _error(
        "lost",
        404,
        "There is no such page",
        "The link may be old, or a letter is missing. Nothing has happened to your account.",
    ),
    "error-over": _error(
        "over",
        410,
        "This sign-in is over",
        "It was finished, cancelled, or began in another browser. Start again from the application "
        "that you wanted.",
    ),
    "error-fault": _error(
        "fault",
        500,
        "Something went wrong here",
        "It is our fault, not yours. You were not signed in.",
        incident="7F3K-20C1",
    ),
    "error-starting": _error(
        "starting",
        503,
        "One moment, we are starting again",
        "A request that waits on your phone stays open.",
        home=None,
        tenant=None,
    ),
}
# With these fragments a link of the page has been followed.
FRAGMENTS = {"security#rename-dev_pixel9", "security#remove-dev_workiphone"}
STATES = sorted(PAGES.keys() | FRAGMENTS)


def render(name: str) -> str:
    """Return the page of one state; a value that a template wants and no context has is an error."""
    template, context = PAGES[name]
    return TEMPLATES.get_template(template).render(_everywhere() | context)


class _Handler(SimpleHTTPRequestHandler):
    """Serves the rendered pages and, beside them, what lies in web/ except templates; strictly."""

    def translate_path(self, path: str) -> str:
        if path.startswith("/static/"):
            return str(WEB / path.removeprefix("/static/").partition("?")[0])
        return super().translate_path(path)

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", CSP)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing: the output is the test's."""


@contextmanager
def served() -> Iterator[str]:
    """Serve the gallery on loopback; yields its address."""
    with TemporaryDirectory() as folder:
        for name in PAGES:
            (Path(folder) / f"{name}.html").write_text(render(name), encoding="utf-8")
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=folder))
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join(timeout=5)


async def open_still(page: Page, address: str, state: str) -> None:
    """Open a state as the server renders it, its script kept away so that nothing moves."""
    name, _, fragment = state.partition("#")
    await page.route("**/*.js?v=*", lambda route: route.abort())
    await page.goto(f"{address}/{name}.html" + (f"#{fragment}" if fragment else ""))


async def photograph(folder: Path) -> None:
    """Write a picture of each state at phone and desktop width, light and dark, for a person to look at."""
    folder.mkdir(parents=True, exist_ok=True)
    with served() as address:
        async with async_playwright() as playwright, await launch(playwright) as browser:
            for width in (390, 1280):
                for scheme in ("light", "dark"):
                    context = await browser.new_context(
                        viewport={"width": width, "height": 844},
                        color_scheme="dark" if scheme == "dark" else "light",
                    )
                    page = await context.new_page()
                    for state in STATES:
                        await open_still(page, address, state)
                        picture = folder / f"{state.replace('#', '-')}-{width}-{scheme}.png"
                        await page.screenshot(path=picture, full_page=True)
                    await context.close()


if __name__ == "__main__":
    asyncio.run(photograph(Path(sys.argv[1])))
