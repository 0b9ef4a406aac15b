"""What holds for every screen of the authenticator in every state; pictures go to build/screenshots."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.browser.authenticator_gallery import (
    PHONE,
    SCHEMES,
    gallery_page,
    names,
    open_state,
    photograph,
)
from tests.running import RunningHub, sqlite_hub

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
FOLDER = ROOT / "build" / "screenshots"
SMALL_TARGETS = """[...document.querySelectorAll('button, .btn, input:not([type=radio]), summary, .tabs a')]
    .filter(each => each.checkVisibility() && each.getBoundingClientRect().height < 31.5)
    .map(each => each.outerHTML)"""
UNNAMED = """[...document.querySelectorAll('button, a, input, summary, video, [role=timer]')]
    .filter(each => each.checkVisibility())
    .filter(each => !(each.textContent.trim() || each.ariaLabel || each.labels?.length))
    .map(each => each.outerHTML)"""

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[RunningHub]:
    async with sqlite_hub(tmp_path, rate_limits="off") as running:
        yield running


async def violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong: rule and place."""
    # Injected through the debugger, which the page's policy does not govern.
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{each['id']} at {node['target']}" for each in found["violations"] for node in each["nodes"]]


async def test_every_screen_is_accessible_in_both_schemes_and_pictured(
    browser: Browser, hub: RunningHub
) -> None:
    page = await gallery_page(browser, viewport=PHONE, reduced_motion="reduce")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("authenticator-*.png"):
        old.unlink()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))

    wrong: dict[str, list[str]] = {}
    states = await names(page, hub)
    for name in states:
        await open_state(page, hub, name)
        await photograph(page, FOLDER, name)
        found = [*await page.evaluate(SMALL_TARGETS), *await page.evaluate(UNNAMED)]
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            found += [f"{scheme}: {each}" for each in await violations(page)]
        wrong |= {name: found} if found else {}

    assert wrong == {}
    assert [text for text in complaints if "Content" in text or "Error" in text] == []
    assert len(list(FOLDER.glob("authenticator-*.png"))) == len(states) * len(SCHEMES)
