"""Every screen of the authenticator in every state: the real page, its engine replaced by made-up data.

``python -m tests.browser.authenticator_gallery FOLDER [STATE…]`` writes a picture of each, light and dark.
"""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.async_api import Browser, Page, Route, async_playwright

from tests.browser.chromium import launch
from tests.running import RunningHub, sqlite_hub

MAIN = Path(__file__).with_suffix(".js")
PHONE = {"width": 390, "height": 844}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


async def gallery_page(browser: Browser, **options: object) -> Page:
    """Return a page of a new context in which the app's main module is the gallery's."""
    context = await browser.new_context(service_workers="block", **options)  # type: ignore[arg-type]

    async def gallery(route: Route) -> None:
        await route.fulfill(path=MAIN, content_type="text/javascript")

    await context.route("**/static/authenticator/main.js", gallery)
    return await context.new_page()


async def names(page: Page, hub: RunningHub) -> list[str]:
    """Return the states there are."""
    await page.goto(f"{hub.url}/authenticator/")
    await page.wait_for_function("window.names")
    found: list[str] = await page.evaluate("window.names")
    return found


async def open_state(page: Page, hub: RunningHub, name: str) -> None:
    """Show one state, at rest."""
    # Elsewhere first: the same address with another fragment would not load anew.
    await page.goto("about:blank")
    await page.goto(f"{hub.url}/authenticator/?state={name}")
    await page.wait_for_selector(f"html[data-shown='{name}']")


async def photograph(page: Page, folder: Path, name: str) -> None:
    """Write the picture of the state that is shown, light and dark."""
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        await page.screenshot(path=folder / f"authenticator-{name}-{scheme}.png")


async def photograph_all(folder: Path, only: list[str]) -> None:
    """Write the pictures of all states, or of some."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as database:
        async with (
            sqlite_hub(Path(database), rate_limits="off") as hub,
            async_playwright() as playwright,
            await launch(playwright) as browser,
        ):
            page = await gallery_page(browser, viewport=PHONE, reduced_motion="reduce")
            for name in only or await names(page, hub):
                await open_state(page, hub, name)
                await photograph(page, folder, name)


if __name__ == "__main__":
    asyncio.run(photograph_all(Path(sys.argv[1]), sys.argv[2:]))
