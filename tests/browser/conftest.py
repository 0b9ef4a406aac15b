"""A real browser for the tests in this folder."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.chromium import launch


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium; its absence is a failure, not a skip."""
    async with async_playwright() as playwright, await launch(playwright) as browser:
        yield browser


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """One page in a browser that nobody knows."""
    context = await browser.new_context()
    yield await context.new_page()
    await context.close()
