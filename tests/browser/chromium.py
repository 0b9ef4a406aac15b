"""The browser that the tests drive: the system's Chromium, told to stay off the network."""

import shutil

from playwright.async_api import Browser, Playwright

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


class ChromiumMissing(RuntimeError):
    """The browser is not installed; the tests that need it fail, they never skip."""

    def __init__(self) -> None:
        super().__init__("chromium is not installed: run `make setup`, or install the package chromium")


async def launch(playwright: Playwright, *more: str) -> Browser:
    """Start Chromium, with *more* arguments than usual; raises ChromiumMissing."""
    path = shutil.which("chromium")
    if path is None:
        raise ChromiumMissing
    return await playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *more])
