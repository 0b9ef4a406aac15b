"""That browsers offer to install the authenticator, and that on iOS only what is installed enrols."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.running import RunningHub

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1"
)
# What headless Chromium says of any page: it has no address bar where the offer could stand.
NOT_ABOUT_THE_APP = {"in-incognito"}
# The two ways in which a browser says it: Safari's own, and everybody's.
INSTALLED = {
    "navigator.standalone": "Object.defineProperty(navigator, 'standalone', {value: true})",
    "display-mode": """{
      const asked = window.matchMedia.bind(window);
      window.matchMedia = (query) =>
        query.includes("display-mode: standalone") ? { matches: true, media: query } : asked(query);
    }""",
}

pytestmark = pytest.mark.browser


@pytest.fixture
async def iphone(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(user_agent=IPHONE, viewport={"width": 390, "height": 844})
    yield context
    await context.close()


async def opened(page: Page, hub: RunningHub, fragment: str = "", *, installed_says: str = "") -> None:
    """Open the app; where *installed_says* something, that is how the browser tells a window of its own."""
    if installed_says:
        await page.add_init_script(INSTALLED[installed_says])
    await page.goto(f"{hub.url}/authenticator/{fragment}")


async def activation(hub: RunningHub) -> str:
    """Return a code of somebody without a phone."""
    return await hub.activation_code(await hub.user(await hub.tenant()))


async def test_chromium_finds_nothing_that_keeps_it_from_being_installed(hub: RunningHub, page: Page) -> None:
    devtools = await page.context.new_cdp_session(page)
    await opened(page, hub)
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")

    read = await devtools.send("Page.getAppManifest")
    errors = await devtools.send("Page.getInstallabilityErrors")

    assert read["errors"] == []
    assert json.loads(read["data"])["name"] == "LumoAuth Authenticator"
    assert {each["errorId"] for each in errors["installabilityErrors"]} <= NOT_ABOUT_THE_APP


async def test_the_worker_is_the_apps_and_of_nothing_else(hub: RunningHub, page: Page) -> None:
    await opened(page, hub)

    scope, script = await page.evaluate(
        "navigator.serviceWorker.ready.then(({scope, active}) => [scope, active.scriptURL])"
    )

    assert (scope, script) == (f"{hub.url}/authenticator/", f"{hub.url}/authenticator/sw.js")


async def test_the_browsers_offer_to_install_is_shown_until_it_is_declined(
    hub: RunningHub, page: Page
) -> None:
    await opened(page, hub)
    await expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    await page.evaluate("dispatchEvent(new Event('beforeinstallprompt', {cancelable: true}))")
    await expect(page.get_by_role("button", name="Install")).to_be_visible()

    await page.get_by_role("button", name="Not now").click()

    await expect(page.get_by_role("button", name="Install")).to_be_hidden()
    await page.reload()
    await page.evaluate("dispatchEvent(new Event('beforeinstallprompt', {cancelable: true}))")
    await expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    await expect(page.get_by_role("button", name="Install")).to_be_hidden()


async def test_a_tab_on_an_iphone_never_enrols_and_keeps_the_code_in_sight(
    hub: RunningHub, iphone: BrowserContext
) -> None:
    code = await activation(hub)
    page = await iphone.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    await opened(page, hub, f"#enroll={code}")

    await expect(page.get_by_role("heading", name="Install the Authenticator")).to_be_visible()
    await expect(page.locator(".pair.code [aria-hidden]")).to_have_text(code.split("-"))
    await expect(page.get_by_text(" left")).to_be_visible()
    assert code not in page.url
    await page.reload()
    await expect(page.locator(".pair.code [aria-hidden]")).to_have_text(code.split("-"))
    for fragment in ("#add", "#history"):
        await page.evaluate("fragment => { location.hash = fragment }", fragment)
        await expect(page.get_by_role("heading", name="Install the Authenticator")).to_be_visible()
    assert not any(address.endswith("/api/v1/enroll") for address in asked)


async def test_where_the_code_ran_out_the_tab_says_how_to_get_a_fresh_one(
    hub: RunningHub, iphone: BrowserContext
) -> None:
    page = await iphone.new_page()

    await opened(page, hub, "#enroll=2222-2222")

    await expect(page.get_by_text("Your code ran out.")).to_be_visible()
    await expect(page.get_by_text("get a fresh code from your account page")).to_be_visible()


@pytest.mark.parametrize("way", INSTALLED)
async def test_the_app_installed_on_an_iphone_enrols(
    hub: RunningHub, iphone: BrowserContext, way: str
) -> None:
    page = await iphone.new_page()

    await opened(page, hub, f"#enroll={await activation(hub)}", installed_says=way)
    await expect(page.get_by_role("heading", name="Add Demo to this phone?")).to_be_visible()
    await expect(page.get_by_label("Name of this phone")).to_have_value("iPhone")
    for label in ("PIN", "The same PIN again"):
        await page.get_by_role("textbox", name=label, exact=True).fill("2580")
    await page.get_by_role("button", name="Add account").click()

    await expect(page.get_by_role("heading", name="May this phone tell you?")).to_be_visible()
    await page.get_by_role("button", name="Not now").click()
    await expect(page.get_by_role("heading", name="This phone is ready")).to_be_visible()


async def test_an_insecure_address_says_why_and_what_to_do(hub: RunningHub, page: Page) -> None:
    insecure: Any = "Object.defineProperty(window, 'isSecureContext', {value: false})"
    await page.add_init_script(insecure)

    await opened(page, hub)

    await expect(page.get_by_role("heading", name="It cannot run at this address")).to_be_visible()
    link = page.get_by_role("link", name="Open it with https instead")
    await expect(link).to_have_attribute("href", hub.url.replace("http:", "https:") + "/authenticator/")
