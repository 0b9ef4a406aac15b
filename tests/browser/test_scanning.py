"""Scanning the square code, by a camera that sees a made picture of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import segno
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from tests.browser.chromium import launch
from tests.running import RunningHub

WIDTH, HEIGHT = 640, 480
MODULE_PX = 6
DESK, PAPER, INK = 90, 235, 20

pytestmark = pytest.mark.browser


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """What the camera sees; filled by ``shows``."""
    return tmp_path / "camera.y4m"


@pytest.fixture
async def context(film: Path, hub: RunningHub) -> AsyncIterator[BrowserContext]:
    arguments = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}")
    async with async_playwright() as playwright, await launch(playwright, *arguments) as browser:
        yield await browser.new_context(viewport={"width": 390, "height": 844})


def shows(film: Path, text: str) -> None:
    """Put a sheet with the code on a desk, in front of the camera (YUV4MPEG2, grey, one frame)."""
    rows = [[DESK] * WIDTH for _ in range(HEIGHT)]
    modules = [list(row) for row in segno.make(text, error="m").matrix_iter(scale=MODULE_PX, border=4)]
    top, left = (HEIGHT - len(modules)) // 2, (WIDTH - len(modules[0])) // 2
    for y, row in enumerate(modules):
        rows[top + y][left : left + len(row)] = [INK if dark else PAPER for dark in row]
    luma = b"".join(bytes(row) for row in rows)
    grey = bytes([128]) * (WIDTH * HEIGHT // 2)
    film.write_bytes(b"YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420jpeg\nFRAME\n" % (WIDTH, HEIGHT) + luma + grey)


async def looks(context: BrowserContext, hub: RunningHub) -> Page:
    """Open the camera; it is allowed."""
    await context.grant_permissions(["camera"], origin=hub.url)
    page = await context.new_page()
    await page.goto(f"{hub.url}/authenticator/#add")
    return page


async def test_the_code_on_the_other_screen_is_read_and_opens_its_account(
    hub: RunningHub, context: BrowserContext, film: Path
) -> None:
    code = await hub.activation_code(await hub.user(await hub.tenant()))
    shows(film, f"{hub.url}/authenticator/#enroll={code}")

    page = await looks(context, hub)

    await expect(page.get_by_role("heading", name="Add Demo to this phone?")).to_be_visible(timeout=20_000)
    await expect(page.get_by_text(code)).to_be_visible()
    assert code not in page.url


async def test_a_code_of_another_hub_says_which_address_to_open(
    hub: RunningHub, context: BrowserContext, film: Path
) -> None:
    shows(film, "https://login.northwind.test/authenticator/#enroll=K7QF-2M9D")

    page = await looks(context, hub)

    await expect(page.get_by_text("This code belongs to another server.")).to_be_visible(timeout=20_000)
    link = page.get_by_role("link", name="login.northwind.test/authenticator/")
    await expect(link).to_have_attribute(
        "href", "https://login.northwind.test/authenticator/#enroll=K7QF-2M9D"
    )


async def test_any_other_code_is_named_as_none(hub: RunningHub, context: BrowserContext, film: Path) -> None:
    shows(film, "https://example.org/menu")

    page = await looks(context, hub)

    await expect(page.get_by_text("That square is not an activation code.")).to_be_visible(timeout=20_000)


async def test_a_refused_camera_leaves_the_field(
    hub: RunningHub, context: BrowserContext, film: Path
) -> None:
    shows(film, "anything")
    await context.grant_permissions([], origin=hub.url)
    page = await context.new_page()
    await page.goto(f"{hub.url}/authenticator/#add")

    await page.get_by_role("button", name="Open the camera").click()

    await expect(page.get_by_text("The camera is not allowed here.")).to_be_visible()
    await expect(page.get_by_label("Activation code")).to_be_visible()
