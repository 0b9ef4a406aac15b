"""The authenticator asleep in Firefox: woken by the hub's own push, tapped, and the sign-in goes on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.domain.tenant import MatchPolicy
from tests.browser.firefox import Firefox, firefox
from tests.push.asleep import hub_that_pushes
from tests.push.box import Box
from tests.push.service import PushService
from tests.running import Browser, RunningHub, until

PIN = "2580"
ENTER = "\ue007"
UBUNTU = "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"

World = tuple[RunningHub, PushService]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A hub, and the push service that it may use."""
    async with hub_that_pushes(tmp_path) as running:
        yield running


@pytest.fixture
async def phone(tmp_path: Path, world: World) -> AsyncIterator[Firefox]:
    """The phone's browser: Ada's account is added in the app, which may tell her, and is closed."""
    hub, service = world
    user = await hub.user(await hub.tenant(match=MatchPolicy.ALWAYS))
    code = await hub.activation_code(user)
    async with firefox(tmp_path, service.origin, asks=True) as browser:
        app = await browser.open(f"{hub.url}/authenticator/#enroll={code}")
        await app.sees("Add Demo to this phone?")
        await app.fill("PIN", PIN)
        await app.fill("The same PIN again", PIN)
        await app.press("button", "Add account")
        await app.sees("May this phone tell you?")
        await app.press("button", "Allow")
        await browser.allow()
        await app.sees("This phone is ready")
        await app.close()

        async def is_asleep() -> bool:
            (listed,) = await hub.services.devices.listed(user.id)
            return listed.online is False

        await until(is_asleep)
        yield browser


@pytest.fixture
async def ada(phone: Firefox, world: World) -> Browser:
    """Ada at another screen, whose phone sleeps: she has begun to sign in."""
    browser = world[0].browser(**{"User-Agent": UBUNTU})
    await browser.start(app="Wiki")
    return browser


async def test_a_tap_on_the_notification_leads_to_the_sign_in(
    ada: Browser, phone: Firefox, world: World
) -> None:
    shown = await phone.notification()

    await phone.click_notification(shown["title"])
    app = await phone.tab_at("/authenticator/")
    seen = await app.sees("Is this you?")
    await app.fill("Type the number from your browser", ada.digits)
    await app.press("button", "Approve")
    await app.sees("Approve with your PIN")
    await app.type(PIN + ENTER)
    await app.sees("You are signed in on the other screen.")

    assert shown["title"] == "Is this you?"
    assert "Wiki, from your own network\nFirefox on Ubuntu\nDemo · ada@demo.test" in shown["body"]
    assert ada.digits not in shown["body"]
    assert "Signing in to Wiki" in seen
    assert (await ada.again("complete")).json()["step"] == "done"
    assert await phone.notifications() == []
    assert [line for line in phone.bidi.log if line.startswith("error")] == []
    assert _box(world).refused == []


async def test_it_is_denied_from_the_notification_alone(ada: Browser, phone: Firefox) -> None:
    await phone.notification()

    await phone.press_on_notification("Is this you?", "deny")

    async def denied() -> bool:
        return bool((await ada.look()).json()["step"] == "failed")

    await until(denied)
    await until(lambda: _is_shown(phone, "Denied"))
    assert [tab.url for tab in await phone.tabs() if "/authenticator/" in tab.url] == []


async def test_what_was_called_off_is_said_in_its_place(ada: Browser, phone: Firefox, world: World) -> None:
    await phone.notification()

    await ada.again("cancel")

    await until(lambda: _is_shown(phone, "Sign-in to Wiki was called off"))
    asked, over = _box(world).received
    assert asked.topic == over.topic
    assert _box(world).refused == []


async def _is_shown(phone: Firefox, title: str) -> bool:
    """Whether the phone shows this, and nothing else."""
    return bool([each["title"] for each in await phone.notifications()] == [title])


def _box(world: World) -> Box:
    (box,) = world[1].boxes.values()
    return box
