"""Firefox for the tests: real Web Push, without any vendor's service, driven by WebDriver BiDi.

Its push service is an address of the test's; what is pushed there is decrypted and shown by the browser
itself, and its notifications can be read and clicked as a person does::

    async with firefox(tmp_path, push_service=service.origin) as browser:
        tab = await browser.open(url)
        await tab.close()
        shown = await browser.notification()
        await browser.click_notification(shown["title"])
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import websockets

from tests.browser.bidi import BiDi
from tests.browser.firefox_tab import Tab
from tests.running import until

START_WITHIN_S = 60.0
STOP_WITHIN_S = 5.0
PUSHED_WITHIN_S = 20.0

PREFERENCES: dict[str, Any] = {
    "dom.push.connection.enabled": True,
    "dom.push.testing.allowInsecureServerURL": True,
    # Windows of its own, which a test can read and click; there is no desktop here to show them.
    "alerts.useSystemBackend": False,
    # Stay off the network.
    "remote.prefs.recommended": True,
    "app.normandy.enabled": False,
    "messaging-system.rsexperimentloader.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "browser.aboutHomeSnippets.updateUrl": "",
    "browser.startup.page": 0,
    "browser.startup.homepage": "about:blank",
}


# A person said yes to notifications, and a page may ask without a click.
ALLOWED: dict[str, Any] = {
    "permissions.default.desktop-notification": 1,
    "dom.webnotifications.requireuserinteraction": False,
}

# The windows that Firefox shows notifications in, as far as they are drawn.
ALERTS = """[...Services.wm.getEnumerator("alert:alert")].flatMap((window) => {
    const { document } = window;
    const text = document.getElementById("alertTextLabel");
    const title = document.getElementById("alertTitleLabel")?.getAttribute("value");
    return title && text ? [{ title, body: text.textContent, text, window }] : [];
})"""


# The sheet that asks the person for a permission.
ALLOW = """(() => {
    const sheet = document.getElementById("web-notifications-notification");
    if (PopupNotifications.panel.state !== "open" || !sheet?.button) return false;
    sheet.button.click();
    return true;
})()"""


class FirefoxMissing(RuntimeError):
    """The browser is not installed; the tests that need it fail, they never skip."""

    def __init__(self) -> None:
        super().__init__("firefox-esr is not installed: run `make setup`, or install the package firefox-esr")


class FirefoxBroken(RuntimeError):
    """Firefox did not start in time; carries the end of its log."""


class Firefox:
    """A running Firefox with a profile of its own."""

    def __init__(self, bidi: BiDi, chrome: str) -> None:
        """Take the connection, and the context of the browser's own window."""
        self.bidi = bidi
        self._chrome = chrome

    async def open(self, url: str) -> Tab:
        """Open *url* in a new tab; return once it has loaded."""
        made = await self.bidi.call("browsingContext.create", type="tab")
        tab = Tab(self.bidi, made["context"])
        await tab.go(url)
        return tab

    async def tabs(self) -> list[Tab]:
        """Return the tabs that are open, oldest first."""
        tree = await self.bidi.call("browsingContext.getTree")
        return [Tab(self.bidi, context["context"], context["url"]) for context in tree["contexts"]]

    async def tab_at(self, part: str, within_s: float = PUSHED_WITHIN_S) -> Tab:
        """Return the tab whose address holds *part*, as soon as there is one."""

        async def found() -> Tab | None:
            return next((tab for tab in await self.tabs() if part in tab.url), None)

        tab: Tab = await until(found, within_s)
        return tab

    async def notifications(self) -> list[dict[str, str]]:
        """Return the title and text of the notifications on the screen."""
        shown: list[dict[str, str]] = await self._in_browser(
            f"{ALERTS}.map(({{ title, body }}) => ({{ title, body }}))"
        )
        return shown

    async def notification(self, within_s: float = PUSHED_WITHIN_S) -> dict[str, str]:
        """Wait for a notification on the screen; return the first."""
        shown: list[dict[str, str]] = await until(self.notifications, within_s)
        return shown[0]

    async def click_notification(self, title: str) -> None:
        """Click on the notification with this *title*, as a person does."""
        clicked = await self._in_browser(
            f"""(() => {{
                const alert = {ALERTS}.find(({{ title }}) => title === {json.dumps(title)});
                alert?.text.click();
                return Boolean(alert);
            }})()"""
        )
        assert clicked, f"no notification called {title!r}"

    async def press_on_notification(self, title: str, action: str) -> None:
        """Press a button of the notification with this *title*, which only some desktops draw."""
        pressed = await self._in_browser(
            f"""(() => {{
                const alert = {ALERTS}.find(({{ title }}) => title === {json.dumps(title)});
                const button = {{
                    QueryInterface: ChromeUtils.generateQI(["nsIAlertAction"]),
                    action: {json.dumps(action)},
                }};
                const {{ gAlertListener, gAlertCookie }} = alert?.window ?? {{}};
                gAlertListener?.observe(button, "alertclickcallback", gAlertCookie);
                return Boolean(gAlertListener);
            }})()"""
        )
        assert pressed, f"no notification called {title!r}"

    async def allow(self, within_s: float = PUSHED_WITHIN_S) -> None:
        """Say yes to notifications, in the browser's own sheet."""

        async def pressed() -> bool:
            done: bool = await self._in_browser(ALLOW)
            return done

        await until(pressed, within_s)

    async def _in_browser(self, expression: str) -> Any:
        return await self.bidi.evaluate(expression, {"context": self._chrome})


@asynccontextmanager
async def firefox(
    folder: Path, push_service: str | None = None, *, asks: bool = False
) -> AsyncIterator[Firefox]:
    """Run Firefox while the context is open; its profile and its log are kept in *folder*.

    Args:
        push_service: the http origin of one that speaks as Mozilla's does; without it nothing is pushed.
        asks: whether notifications have yet to be allowed, by :meth:`Firefox.allow`.

    Raises:
        FirefoxMissing: it is not installed.
        FirefoxBroken: it did not come up within a minute.
    """
    program = shutil.which("firefox-esr")
    if program is None:
        raise FirefoxMissing
    profile = folder / "firefox"
    profile.mkdir(exist_ok=True)
    said = PREFERENCES if asks else PREFERENCES | ALLOWED
    if push_service:
        said = said | {"dom.push.serverURL": push_service.replace("http", "ws", 1) + "/"}
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in said.items()]
    (profile / "user.js").write_text("".join(lines))
    log = folder / "firefox.log"
    with log.open("wb") as out:
        # In a group of its own: its many processes are ended together, whatever becomes of the first.
        process = await asyncio.create_subprocess_exec(
            program,
            *("--headless", "--no-remote", "--profile", str(profile)),
            *("--remote-debugging-port", "0", "--remote-allow-system-access"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        address = await _address(profile, process, log)
        async with websockets.connect(address, max_size=None, compression=None, proxy=None) as connection:
            async with BiDi.over(connection) as bidi:
                await bidi.call("session.new", capabilities={})
                await bidi.call("session.subscribe", events=["log.entryAdded"])
                tree = await bidi.call("browsingContext.getTree", **{"moz:scope": "chrome"})
                yield Firefox(bidi, tree["contexts"][0]["context"])
                with contextlib.suppress(TimeoutError):
                    await bidi.call("browser.close")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _address(profile: Path, process: asyncio.subprocess.Process, log: Path) -> str:
    """Return where it listens, once it does; Firefox writes that into its profile."""
    told = profile / "WebDriverBiDiServer.json"

    def address() -> str | None:
        if process.returncode is not None:
            raise FirefoxBroken(f"Firefox ended at once:\n{_tail(log)}")
        with contextlib.suppress(OSError, ValueError):
            said = json.loads(told.read_text())
            return f"ws://{said['ws_host']}:{said['ws_port']}/session"
        return None

    try:
        found: str = await until(address, START_WITHIN_S)
    except AssertionError as error:
        raise FirefoxBroken(f"Firefox did not start within {START_WITHIN_S} s:\n{_tail(log)}") from error
    return found


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])
