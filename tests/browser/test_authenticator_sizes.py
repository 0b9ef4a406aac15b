"""Every screen of the authenticator in a narrow window, with large text, and with the keyboard open."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.authenticator_gallery import PHONE, gallery_page, names, open_state
from tests.running import RunningHub, sqlite_hub

WIDTHS = [(320, 100), (390, 100), (1280, 100), (640, 200), (320, 200)]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[RunningHub]:
    async with sqlite_hub(tmp_path, rate_limits="off") as running:
        yield running


async def test_no_screen_is_wider_than_its_window_nor_with_text_at_twice_its_size(
    browser: Browser, hub: RunningHub
) -> None:
    page = await gallery_page(browser, viewport=PHONE, reduced_motion="reduce")

    wider = []
    for name in await names(page, hub):
        await open_state(page, hub, name)
        for width, text_percent in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 700})
            await page.evaluate(
                "size => { document.documentElement.style.fontSize = size }", f"{text_percent}%"
            )
            if await page.evaluate("document.documentElement.scrollWidth") > width:
                wider.append((name, width, text_percent))

    assert wider == []


async def test_with_the_keyboard_open_the_digits_and_both_answers_are_in_sight(
    browser: Browser, hub: RunningHub
) -> None:
    page = await gallery_page(browser, viewport={"width": 390, "height": 400})
    await open_state(page, hub, "request-far")

    await page.get_by_label("Type the number from your browser").focus()

    for control in (
        page.get_by_label("Type the number from your browser"),
        page.get_by_role("button", name="Deny"),
        page.get_by_role("button", name="Approve"),
    ):
        box = await control.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 400
