"""The authenticator as a person uses it: added by code, asked, answered; against a real hub."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from hub.flows.base import by_user
from tests.browser.authenticator.hand import Hand
from tests.browser.authenticator.opened import Scene, ada
from tests.browser.people import awake, digits_on
from tests.running import RunningHub, until

pytestmark = pytest.mark.browser


@pytest.fixture
async def phone(hub: RunningHub, place: Scene, context: BrowserContext) -> Hand:
    """A phone without a fingerprint reader."""
    return await Hand.takes(context, place.way.url)


@pytest.fixture
async def desk(browser: Browser) -> AsyncIterator[Page]:
    """Another browser, where somebody signs in."""
    context = await browser.new_context()
    yield await context.new_page()
    await context.close()


async def signs_in(desk: Page, place: Scene, email: str = "ada@demo.test", slug: str = "demo") -> None:
    """Type the email on the login page."""
    await desk.goto(f"{place.way.url}/t/{slug}/login?app=Acme%20Wiki")
    await desk.get_by_label("Work email").fill(email)
    await desk.keyboard.press("Enter")


async def is_signed_in(desk: Page) -> None:
    """Wait until the login page has gone on by itself."""
    await expect(desk).not_to_have_url(re.compile("/login"), timeout=15_000)


async def test_an_email_becomes_a_session_with_both_sockets_live(
    hub: RunningHub, place: Scene, phone: Hand, desk: Page
) -> None:
    _, user = await ada(hub)
    await phone.enrols(await hub.activation_code(user))
    await phone.reads("Connected")

    await signs_in(desk, place)
    await phone.sees("Is this you?")
    await expect(phone.page.get_by_text("Signing in to Acme Wiki")).to_be_visible()
    await phone.types_number(await digits_on(desk))
    await phone.taps("Approve")
    await phone.gives_pin()

    await phone.sees("Approved")
    await is_signed_in(desk)


async def test_a_code_is_typed_into_the_field(hub: RunningHub, phone: Hand) -> None:
    _, user = await ada(hub)
    await phone.opens("#add")

    await phone.types_code((await hub.activation_code(user)).lower().replace("-", " "))
    await phone.sees("Add Demo to this phone?")
    await expect(phone.page.get_by_text("ada@demo.test")).to_be_visible()
    await phone.adds()
    await phone.declines_notifications()

    await phone.sees("This phone is ready")


async def test_the_code_does_not_stay_in_the_address(hub: RunningHub, phone: Hand) -> None:
    _, user = await ada(hub)

    await phone.opens(f"#enroll={await hub.activation_code(user)}")
    await phone.sees("Add Demo to this phone?")

    assert await phone.page.evaluate("location.hash") == "#enroll"


async def test_one_touch_approves(hub: RunningHub, place: Scene, context: BrowserContext, desk: Page) -> None:
    _, user = await ada(hub, match="off")
    phone = await Hand.takes(context, place.way.url, finger=True)
    await phone.enrols(await hub.activation_code(user), pin=None, finger=True)

    await signs_in(desk, place)
    await phone.sees("Is this you?")
    await phone.taps("Approve")

    await phone.sees("Approved")
    await is_signed_in(desk)


async def test_deny_is_one_tap_and_why_is_asked_after(
    hub: RunningHub, place: Scene, phone: Hand, desk: Page
) -> None:
    tenant, user = await ada(hub)
    await phone.enrols(await hub.activation_code(user))
    await signs_in(desk, place)
    await phone.sees("Is this you?")

    await phone.taps("Deny")
    await phone.sees("Denied.")
    await expect(desk.get_by_role("heading", name="denied")).to_be_visible(timeout=15_000)
    await phone.page.get_by_role("radio", name="Someone is trying to get in").check()
    await phone.taps("Done")

    async def is_reported() -> bool:
        return "challenge.reported" in await hub.audit_types(tenant)

    await until(is_reported)


async def test_a_wrong_pin_tells_how_many_tries_are_left(
    hub: RunningHub, place: Scene, phone: Hand, desk: Page
) -> None:
    _, user = await ada(hub, match="off")
    await phone.enrols(await hub.activation_code(user))
    await signs_in(desk, place)
    await phone.sees("Is this you?")

    await phone.taps("Approve")
    await phone.gives_pin("9999")
    await phone.reads("tries left on this phone")
    await phone.gives_pin()

    await phone.sees("Approved")


async def test_a_wrong_number_ends_it(hub: RunningHub, place: Scene, phone: Hand, desk: Page) -> None:
    _, user = await ada(hub)
    await phone.enrols(await hub.activation_code(user))
    await signs_in(desk, place)
    await phone.sees("Is this you?")
    digits = await digits_on(desk)

    await phone.types_number("".join(str((int(each) + 1) % 10) for each in digits))
    await phone.taps("Approve")
    await phone.gives_pin()

    await phone.sees("The number was wrong")


async def test_a_hub_that_starts_again_finds_the_request_on_the_phone(
    place: Scene, context: BrowserContext, desk: Page
) -> None:
    async with place.running() as hub:
        _, user = await ada(hub, match="off")
        phone = await Hand.takes(context, place.way.url)
        await phone.enrols(await hub.activation_code(user))
        await signs_in(desk, place)
        await awake(desk)
        await phone.sees("Is this you?")

    async with place.running():
        await phone.sees("Is this you?")
        await phone.taps("Approve")
        await phone.gives_pin()

        await phone.sees("Approved")
        await is_signed_in(desk)


async def test_where_sockets_are_blocked_it_works_by_calls(
    hub: RunningHub, place: Scene, phone: Hand, desk: Page
) -> None:
    _, user = await ada(hub, match="off")
    place.way.sockets = False
    await phone.enrols(await hub.activation_code(user))
    await phone.reads("Your network blocks live connections")

    await signs_in(desk, place)
    await phone.sees("Is this you?")
    await phone.taps("Approve")
    await phone.gives_pin()

    await phone.sees("Approved")
    await is_signed_in(desk)


async def test_a_phone_removed_elsewhere_forgets_the_account_and_says_so(
    hub: RunningHub, place: Scene, phone: Hand
) -> None:
    tenant, user = await ada(hub)
    await phone.enrols(await hub.activation_code(user))
    await phone.reads("Connected")
    (listed,) = await hub.services.devices.listed(user.id)

    await hub.services.devices.remove(tenant.id, user.id, listed.device.id, actor=by_user(user.id))

    await phone.sees("This phone was removed from Demo")
    await phone.opens()
    await phone.sees("No account on this phone yet")


async def test_two_accounts_of_two_tenants_are_asked_apart(
    hub: RunningHub, place: Scene, phone: Hand, desk: Page
) -> None:
    _, here = await ada(hub)
    _, there = await ada(hub, "north", match="off")
    await phone.enrols(await hub.activation_code(here))
    await phone.enrols(await hub.activation_code(there))

    await signs_in(desk, place, "ada@north.test", "north")

    await phone.sees("Is this you?")
    await expect(phone.page.get_by_text("ada@north.test")).to_be_visible()


async def test_a_test_request_comes_and_signs_nobody_in(hub: RunningHub, phone: Hand) -> None:
    _, user = await ada(hub)
    await phone.opens(f"#enroll={await hub.activation_code(user)}")
    await phone.sees("Add Demo to this phone?")
    await phone.adds()
    await phone.declines_notifications()

    await phone.taps("Send a test request")
    await phone.sees("This is a test")
    await phone.taps("Approve")
    await phone.gives_pin()

    await phone.sees("It works")


async def test_it_opens_without_a_network_and_says_so(hub: RunningHub, place: Scene, phone: Hand) -> None:
    _, user = await ada(hub)
    await phone.enrols(await hub.activation_code(user))
    await phone.page.evaluate("navigator.serviceWorker.ready")

    place.way.hub = None
    await phone.opens()

    await phone.sees("Waiting for the network")
    await expect(phone.page.get_by_text("ada@demo.test")).to_be_visible()
