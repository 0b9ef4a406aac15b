"""Web Push as it is in the world: encrypted here, decrypted and shown by Firefox, with no page open."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from hub.server import listen
from tests.browser.firefox import PUSHED_WITHIN_S, Firefox, FirefoxMissing, firefox
from tests.push.sender import Sender
from tests.push.service import PushService, push_service
from tests.push.serving import served
from tests.running import until

PAGE = Path(__file__).with_name("push_page")
SUBSCRIBE = """(async () => {
  const registration = await navigator.serviceWorker.register("/worker.js", { type: "module" });
  await navigator.serviceWorker.ready;
  const subscribed = await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: %r,
  });
  return subscribed.toJSON();
})()"""
SHOWN = """navigator.serviceWorker.ready
  .then((registration) => registration.getNotifications())
  .then((shown) => shown.map((each) => [each.title, each.body, each.tag]))"""
PUSHED = {"id": "chl_7", "app": "Wiki", "words": "Berlin · Firefox on Linux"}


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with push_service() as running:
        yield running


@pytest.fixture
async def browser(tmp_path: Path, service: PushService) -> AsyncIterator[Firefox]:
    async with firefox(tmp_path, service.origin) as running:
        yield running


@pytest.fixture
async def page() -> AsyncIterator[str]:
    with listen("127.0.0.1", 0) as listening:
        async with served(Starlette(routes=[Mount("/", StaticFiles(directory=PAGE))]), listening):
            yield f"http://localhost:{listening.getsockname()[1]}/index.html"


async def test_a_push_is_shown_with_the_page_closed_and_a_click_opens_it(
    browser: Firefox, service: PushService, page: str
) -> None:
    sender = Sender()
    tab = await browser.open(page)
    subscription = await tab.run(SUBSCRIBE % sender.public_key)
    await tab.close()

    response = await sender.push(subscription, PUSHED)

    assert response.status_code == 201, response.text
    shown = await browser.notification()
    assert shown == {"title": "Sign in to Wiki", "body": "Berlin · Firefox on Linux"}
    await browser.click_notification("Sign in to Wiki")
    await browser.tab_at("request=chl_7")
    assert await browser.notifications() == []


async def test_the_page_can_read_what_is_shown(browser: Firefox, service: PushService, page: str) -> None:
    sender = Sender()
    tab = await browser.open(page)
    subscription = await tab.run(SUBSCRIBE % sender.public_key)

    await sender.push(subscription, PUSHED)

    shown = await until(lambda: tab.run(SHOWN), PUSHED_WITHIN_S)
    assert shown == [["Sign in to Wiki", "Berlin · Firefox on Linux", "chl_7"]]


async def test_what_was_pushed_while_the_browser_was_off_comes_when_it_is_back(
    tmp_path: Path, service: PushService, page: str
) -> None:
    sender = Sender()
    async with firefox(tmp_path, service.origin) as browser:
        tab = await browser.open(page)
        subscription = await tab.run(SUBSCRIBE % sender.public_key)

    for words in ("first", "last"):
        response = await sender.push(subscription, {**PUSHED, "words": words})
        assert response.status_code == 201

    async with firefox(tmp_path, service.origin) as browser:
        shown = await browser.notification()
        assert shown["body"] == "last"


async def test_a_subscription_given_up_is_gone(browser: Firefox, service: PushService, page: str) -> None:
    sender = Sender()
    tab = await browser.open(page)
    subscription = await tab.run(SUBSCRIBE % sender.public_key)

    await tab.run(
        """navigator.serviceWorker.ready
          .then((registration) => registration.pushManager.getSubscription())
          .then((subscription) => subscription.unsubscribe())"""
    )

    async def gone() -> bool:
        return (await sender.push(subscription, PUSHED)).status_code == 410

    await until(gone)


async def test_without_firefox_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(FirefoxMissing, match="install the package firefox-esr"):
        async with firefox(tmp_path):
            pass
