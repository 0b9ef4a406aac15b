"""A hub with an address of its own, and a phone's browser with the engine in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext

from tests.browser.authenticator.opened import App, Scene, scene
from tests.running import RunningHub


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Scene]:
    """A hub that does not run yet."""
    async with scene(tmp_path) as prepared:
        yield prepared


@pytest.fixture
async def hub(place: Scene) -> AsyncIterator[RunningHub]:
    """The hub, running behind the relay."""
    async with place.running() as running:
        yield running


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """The phone's browser: what it stores is gone afterwards."""
    opened = await browser.new_context()
    yield opened
    await opened.close()


@pytest.fixture
async def app(hub: RunningHub, place: Scene, context: BrowserContext) -> App:
    """A window with the engine in it, no account yet."""
    return await App.open(context, place.way)
